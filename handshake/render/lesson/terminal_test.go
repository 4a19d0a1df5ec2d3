package lesson

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
)

// write renders events with a Terminal.
func write(t *testing.T, events []event.Event, o render.TerminalOptions) (string, *render.Terminal) {
	t.Helper()
	var b bytes.Buffer
	term := NewTerminal(&b, o)
	for _, e := range events {
		term.Event(e)
	}
	if err := term.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), term
}

func TestGoldenTranscript(t *testing.T) {
	for _, c := range []struct {
		file, lesson string
		o            render.TerminalOptions
	}{
		{"rsa.brief.en.txt", "rsa", render.TerminalOptions{Lang: narrate.En, Level: render.Brief}},
		{"refused.brief.zh.txt", "refused", render.TerminalOptions{Lang: narrate.Zh, Level: render.Brief}},
		{"ecdhe.en.txt", "ecdhe", render.TerminalOptions{Lang: narrate.En}},
		{"ecdhe.zh.txt", "ecdhe", render.TerminalOptions{Lang: narrate.Zh}},
		{"hello.bytes.en.txt", "hello", render.TerminalOptions{Lang: narrate.En, Level: render.Bytes}},
		{"refused.en.txt", "refused", render.TerminalOptions{Lang: narrate.En}},
		{"tls13.en.txt", "tls13", render.TerminalOptions{Lang: narrate.En}},
		{"tls13.zh.txt", "tls13", render.TerminalOptions{Lang: narrate.Zh}},
		{"tls13.flights.en.txt", "tls13", render.TerminalOptions{Lang: narrate.En, Level: render.Flights}},
		{"rsa.flights.zh.txt", "rsa", render.TerminalOptions{Lang: narrate.Zh, Level: render.Flights}},
		{"refused13.flights.en.txt", "refused13", render.TerminalOptions{Lang: narrate.En, Level: render.Flights}},
		{"0rtt.flights.en.txt", "0rtt", render.TerminalOptions{Lang: narrate.En, Level: render.Flights}},
		{"retry.en.txt", "retry", render.TerminalOptions{Lang: narrate.En}},
		{"retry.brief.zh.txt", "retry", render.TerminalOptions{Lang: narrate.Zh, Level: render.Brief}},
		{"mutual13.en.txt", "mutual13", render.TerminalOptions{Lang: narrate.En}},
		{"mutual13.brief.en.txt", "mutual13", render.TerminalOptions{Lang: narrate.En, Level: render.Brief}},
		{"0rtt.en.txt", "0rtt", render.TerminalOptions{Lang: narrate.En}},
		{"0rtt.brief.zh.txt", "0rtt", render.TerminalOptions{Lang: narrate.Zh, Level: render.Brief}},
		{"psk.zh.txt", "psk", render.TerminalOptions{Lang: narrate.Zh}},
		{"psk_ke.brief.en.txt", "psk_ke", render.TerminalOptions{Lang: narrate.En, Level: render.Brief}},
		{"integrity.en.txt", "integrity", render.TerminalOptions{Lang: narrate.En}},
		{"integrity.zh.txt", "integrity", render.TerminalOptions{Lang: narrate.Zh}},
		{"mitm_changed.en.txt", "mitm_changed", render.TerminalOptions{Lang: narrate.En}},
		{"mitm_changed.zh.txt", "mitm_changed", render.TerminalOptions{Lang: narrate.Zh}},
		{"mitm_click.brief.en.txt", "mitm_click", render.TerminalOptions{Lang: narrate.En, Level: render.Brief}},
		{"mitm_pin.zh.txt", "mitm_pin", render.TerminalOptions{Lang: narrate.Zh}},
		{"mitm_mutual.brief.zh.txt", "mitm_mutual", render.TerminalOptions{Lang: narrate.Zh, Level: render.Brief}},
		{"mitm_mutual13.en.txt", "mitm_mutual13", render.TerminalOptions{Lang: narrate.En}},
		{"mitm_mutual13.brief.zh.txt", "mitm_mutual13", render.TerminalOptions{Lang: narrate.Zh, Level: render.Brief}},
		{"mitm_through.brief.en.txt", "mitm_through", render.TerminalOptions{Lang: narrate.En, Level: render.Brief}},
	} {
		lesson, events := c.lesson, []event.Event(nil)
		if lesson == "hello" { // the first two messages
			events = append(events, rendertest.Play(t, "ecdhe").Messages()[0], rendertest.Play(t, "ecdhe").Messages()[2])
		} else {
			events = rendertest.Play(t, lesson).Events()
		}
		got, _ := write(t, events, c.o)
		rendertest.Golden(t, c.file, []byte(got))
	}
}

// No line is wider than the page, in any lesson, language and level.
func TestWidth(t *testing.T) {
	for name := range rendertest.Lessons() {
		events := rendertest.Play(t, name).Events()
		for _, lang := range narrate.Langs() {
			for _, level := range []render.Level{render.Default, render.Flights, render.Brief, render.Bytes} {
				for _, columns := range []int{sheet.DefaultWidth, 60} {
					got, _ := write(t, events, render.TerminalOptions{Lang: lang, Level: level, Width: columns})
					for i, l := range strings.Split(got, "\n") {
						if sheet.Width(l) > columns && !unbreakable.MatchString(l) {
							t.Errorf("%s, %s, level %d: line %d has %d columns of %d: %s", name, lang, level, i+1, sheet.Width(l), columns, l)
						}
					}
				}
			}
		}
	}
}

// unbreakable is base64 between quotes in a command: it has lines of 64 characters
// of its own, which a narrower page cannot change.
var unbreakable = regexp.MustCompile(`^\s*'?[A-Za-z0-9+/=]{60,66}`)

// Colour adds escape sequences and changes nothing else; without it there are none.
func TestColor(t *testing.T) {
	for _, level := range []render.Level{render.Default, render.Brief, render.Bytes} {
		plain, _ := write(t, rendertest.Play(t, "refused").Events(), render.TerminalOptions{Level: level})
		if strings.ContainsRune(plain, 0x1b) {
			t.Errorf("level %d: an escape sequence without Color", level)
		}
		coloured, _ := write(t, rendertest.Play(t, "refused").Events(), render.TerminalOptions{Level: level, Color: true})
		if level != render.Brief && !strings.ContainsRune(coloured, 0x1b) {
			t.Errorf("level %d: no escape sequence with Color", level)
		}
		if trailing.ReplaceAllString(unpainted(coloured), "") != plain {
			t.Errorf("level %d: colour changes the text", level)
		}
	}
}

// trailing blanks hide behind the sequence that ends a colour.
var trailing = regexp.MustCompile(`(?m) +$`)

// What a peer sends cannot reach the terminal as an escape sequence.
func TestPeerCannotPaint(t *testing.T) {
	for _, level := range []render.Level{render.Default, render.Brief, render.Bytes} {
		got, _ := write(t, []event.Event{
			&event.Data{Meta: event.Meta{Party: "client"}, Dir: event.Receive, Data: []byte("\x1b[31mred\x07")},
			&event.Record{Meta: event.Meta{Party: "client"}, Dir: event.Receive, Type: iana.ApplicationData,
				Protected: true, Wire: []byte("\x17\x03\x03\x00\x01\x1b"), Payload: []byte("\x1b[31mred\x07")},
			&ownScene{values: []event.Value{{Name: "x", Value: "\x1b]0;title\x07"}}},
		}, render.TerminalOptions{Level: level})
		if strings.ContainsAny(got, "\x1b\x07") {
			t.Errorf("level %d: %q", level, got)
		}
	}
}

var heading = regexp.MustCompile(`(?m)^ ?\d+ \S.* (-->|<--) .*$`)

// A message that both ends tell of has one heading. So has one that a single end
// tells of, sent or received: a live peer's, or what an attacker replays as bytes. Data that
// was sent at once and comes in several records was told of where it was sent.
func TestEachMessageOnce(t *testing.T) {
	for name := range rendertest.Lessons() {
		tr := rendertest.Play(t, name)
		want, client := 0, 0
		var alone []event.Event
		for _, f := range tr.Flows {
			times := map[string]*[2]int{} // sent, received
			var whole []string            // data that was sent
			for _, e := range f.Events {
				dir, what := event.Send, ""
				switch e := e.(type) {
				case *event.Message:
					// Both ends send ChangeCipherSpec, in the same byte.
					fromClient := strings.HasPrefix(e.Move, "client") == (e.Dir == event.Send)
					dir, what = e.Dir, fmt.Sprint(fromClient)+string(e.Raw)
				case *event.Data:
					dir, what = e.Dir, "data"+string(e.Data)
					if dir == event.Send {
						whole = append(whole, string(e.Data))
					}
				}
				if e.Head().Party == "client" {
					alone = append(alone, e)
				}
				if what == "" {
					continue
				}
				if e.Head().Party == "client" {
					client++
				}
				if d, ok := e.(*event.Data); ok && times[what] == nil && dir == event.Receive &&
					slices.ContainsFunc(whole, func(s string) bool { return strings.Contains(s, string(d.Data)) }) {
					continue
				}
				if times[what] == nil {
					times[what] = new([2]int)
				}
				times[what][dir]++
			}
			for _, n := range times {
				want += max(n[0], n[1])
			}
		}
		for _, level := range []render.Level{render.Default, render.Brief, render.Bytes} {
			got, _ := write(t, tr.Events(), render.TerminalOptions{Level: level})
			if n := len(heading.FindAllString(got, -1)); n != want {
				t.Errorf("%s, level %d: %d headings for %d messages and data", name, level, n, want)
			}
			got, _ = write(t, alone, render.TerminalOptions{Level: level})
			if n := len(heading.FindAllString(got, -1)); n != client {
				t.Errorf("%s, level %d, the client alone: %d headings for %d", name, level, n, client)
			}
		}
	}
}

// At level Bytes every byte of every message is in the output, at its offset.
func TestEveryByte(t *testing.T) {
	for _, name := range []string{"bare", "mutual", "ticket", "retry", "mutual13", "update"} {
		for _, e := range rendertest.Play(t, name).Messages() {
			got, _ := write(t, []event.Event{e}, render.TerminalOptions{Level: render.Bytes})
			var raw []byte
			for _, l := range strings.Split(got, "\n") {
				if m := dumped.FindStringSubmatch(l); m != nil {
					if want := fmt.Sprintf("%04x", len(raw)); m[1] != want {
						t.Fatalf("%s, %v: offset %s, want %s", name, e.Kind, m[1], want)
					}
					b, err := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
					if err != nil {
						t.Fatal(err)
					}
					raw = append(raw, b...)
				}
			}
			if !bytes.Equal(raw, e.Raw) {
				t.Errorf("%s, %v: %d of %d bytes dumped", name, e.Kind, len(raw), len(e.Raw))
			}
		}
	}
}

// dumped is a line of bytes: beside the name of what they are, or below it where they are many.
var dumped = regexp.MustCompile(`^     ([0-9a-f]{4})   ((?:[0-9a-f]{2} ?){1,16})(?: |$)`)

// A refusal says who, which alert, why, and that the lesson meant it; a completed
// lesson says nothing of the kind.
func TestRefusalIsTold(t *testing.T) {
	got, _ := write(t, rendertest.Play(t, "refused").Events(), render.TerminalOptions{})
	for _, want := range []string{"refused by client", "unknown_ca", "certificate_untrusted", "refused, as this lesson intended"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(got, "certificate_untrusted in"); n != 1 {
		t.Errorf("the error is written %d times", n)
	}
	if got, _ := write(t, rendertest.Play(t, "ecdhe").Events(), render.TerminalOptions{}); strings.Contains(got, "refused by") {
		t.Error("a completed lesson tells of a refusal")
	}
}

// stranger is a kind of event that this package does not know.
type stranger struct{ event.Meta }

func TestUnknownEvents(t *testing.T) {
	for _, level := range []render.Level{render.Default, render.Brief, render.Bytes} {
		var events []event.Event
		for _, e := range rendertest.Play(t, "refused").Events() {
			events = append(events, e, &stranger{event.Meta{Party: "client"}})
		}
		events = append(events, &ownScene{values: []event.Value{{Name: "x", Value: nil},
			{Name: "knowledge", Value: struct{}{}}, {Name: "y", Value: make(chan int)}}},
			&event.Secret{Label: "a_students_own"}, &event.Check{What: "own"}, &event.Decision{What: "own"})
		if got, _ := write(t, events, render.TerminalOptions{Level: level}); level != render.Brief && !strings.Contains(got, "a_students_own") {
			t.Errorf("level %d: a secret without an explanation is not shown", level)
		}
	}
}

// ownScene is a scene of a student's, of which narrate has no words.
type ownScene struct {
	event.Meta
	values []event.Value
}

const sceneUnheardOf event.SceneKey = "unheard_of"

func (*ownScene) Key() event.SceneKey { return sceneUnheardOf }

func (s *ownScene) Values() []event.Value { return s.values }

// failing takes n bytes and then fails.
type failing struct{ n int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteErrorIsReported(t *testing.T) {
	term := render.NewTerminal(&failing{1000}, render.TerminalOptions{})
	for _, e := range rendertest.Play(t, "ecdhe").Events() {
		term.Event(e)
	}
	if err := term.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v, want %v", err, errFull)
	}
}

var phrase = regexp.MustCompile(`(?:ui|UI)\("([a-z_]+)"[,)]`)

// unpainted takes the colours out.
func unpainted(s string) string {
	for {
		a := strings.IndexByte(s, 0x1b)
		if a < 0 {
			return s
		}
		b := strings.IndexByte(s[a:], 'm')
		if b < 0 {
			return s[:a]
		}
		s = s[:a] + s[a+b+1:]
	}
}
