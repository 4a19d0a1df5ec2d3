package narrate

import (
	"strings"
	"testing"
	"unicode/utf8"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// columns is how wide a text is on a terminal: a Chinese character takes two.
func columns(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x2E80 {
			n++
		}
	}
	return n
}

// TestCaptions holds that every message, piece of data and alert has a caption, that its
// placeholders are filled, and that it is short. With -v it shows them, to be read aloud.
func TestCaptions(t *testing.T) {
	room := map[Lang]int{En: 50, Zh: 54}
	var out strings.Builder
	seen := map[string]bool{}
	for name, events := range play(t) {
		c := new(Context)
		for _, e := range events {
			caption := Caption(e, c)
			what := ""
			switch e := e.(type) {
			case *event.Message:
				what = e.Kind.String()
			case *event.Data:
				what = "data"
			case *event.Alert:
				what = "alert"
			default:
				if caption.Key != "" {
					t.Errorf("%s: %T has a caption", name, e)
				}
				continue
			}
			if caption.Key == "" {
				t.Errorf("%s: no caption for %s", name, what)
			}
			line := what
			for _, l := range Langs() {
				said := caption.Phrase(l)
				line += " | " + said
				if strings.ContainsAny(said, "{}") || said == "" || !utf8.ValidString(said) {
					t.Errorf("%s: %s in %s is %q", name, what, l, said)
				}
				if n := columns(said); n > room[l] && caption.Kind == Captions {
					t.Errorf("%s: %s in %s has %d columns: %q", name, what, l, n, said)
				}
			}
			if !seen[line] {
				seen[line] = true
				out.WriteString(line + "\n")
			}
		}
	}
	t.Log("\n" + out.String())
}

// TestCaptionTellsOfCompression holds that a connection which compresses what it encrypts does not look like any other.
func TestCaptionTellsOfCompression(t *testing.T) {
	compressed := 0
	for name, events := range play(t) {
		c := new(Context)
		for _, e := range events {
			said := Caption(e, c)
			m, ok := e.(*event.Message)
			if !ok || m.Kind != message.KindServerHello {
				continue
			}
			compresses := m.Msg.(*message.ServerHello).Compression != iana.CompressionNull
			if compresses {
				compressed++
			}
			for lang, word := range map[Lang]string{En: "compression", Zh: "压缩"} {
				if strings.Contains(said.In(lang), word) != compresses {
					t.Errorf("%s: %q, compressing: %v", name, said.In(lang), compresses)
				}
			}
		}
	}
	if compressed == 0 {
		t.Error("no lesson compresses")
	}
}
