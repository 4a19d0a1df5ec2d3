package live

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render"
	"tlslab/handshake/scenario"
	document "tlslab/handshake/transcript"
)

// Transcripts of two connections that happen at once come out one after the other.
func TestTranscriptsDoNotInterleave(t *testing.T) {
	var b bytes.Buffer
	out := &cli.Output{Writer: &b}
	flags := &LiveFlags{Format: "text"}
	one, two := flags.NewTranscript(out, "one"), flags.NewTranscript(out, "two")
	for i := range 4 {
		for _, tr := range []*transcript{one, two} {
			tr.Event(&scenario.RecordingDecrypted{Plaintext: fmt.Sprint(tr.title, i)})
		}
	}
	if b.Len() != 0 {
		t.Errorf("written before it was whole: %q", &b)
	}
	if err := errors.Join(two.Close(), one.Close()); err != nil {
		t.Fatal(err)
	}
	first, second, found := strings.Cut(b.String(), "\n== one ==\n")
	if !found || !strings.HasPrefix(first, "\n== two ==\n") || strings.Count(first, "two0") != 1 || strings.Count(first, "two3") != 1 ||
		strings.Contains(second, "two") || strings.Count(second, "one0") != 1 || strings.Count(second, "one3") != 1 {
		t.Errorf("the transcripts are mixed up:\n%s", &b)
	}
}

// TestHeldTranscript: a connection of which there is always more to tell does not have all of
// it held until it ends, whatever it is and whoever reads. A text goes out meanwhile; a
// document in JSON is one, and the end of it waits in a file.
func TestHeldTranscript(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, format := range []string{"text", "json"} {
		var shown bytes.Buffer
		l := &LiveFlags{Format: format}
		l.Lang = "en"
		tr := l.NewTranscript(&cli.Output{Writer: &shown, Options: render.TerminalOptions{Lang: "en"}}, "1")
		most, told := 0, 0
		for i := 0; told < 4*MaxHeld; i++ {
			if format == "json" { // a text has enough of data before that: TestPieceOfATranscript
				tr.Event(&event.Record{Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1,
					Sequence: uint64(i), Protected: true, Wire: make([]byte, 1000), Payload: make([]byte, 900)})
				tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
				most, told = max(most, tr.show.(*liveDocument).waits.held.Len()), told+2000
			} else {
				tr.Event(&event.Record{Dir: event.Receive, Type: iana.Handshake, Version: iana.TLS12, Epoch: 1,
					Sequence: uint64(i), Protected: true, Wire: make([]byte, 26), Payload: []byte{24, 0, 0, 1, 1}})
				tr.Event(&event.KeyChange{Dir: event.Receive, Epoch: 1})
				told = tr.held.Len() + shown.Len()
			}
			if most = max(most, tr.held.Len()); i > 50_000 {
				t.Fatalf("%s: %d bytes of all that", format, told)
			}
		}
		if most == 0 || most > MaxHeld+MaxHeld/8 {
			t.Errorf("%s: %d bytes held", format, most)
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
		if format == "json" {
			doc, err := document.Decode(&shown) // a whole one
			if err != nil || len(doc.Flows) != 1 || len(doc.Flows[0].Events) != 2*(4*MaxHeld/2000+1) {
				t.Errorf("%v: %d flows", err, len(doc.Flows))
			}
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDocumentLost: a document that cannot be kept until its connection ends is not there at
// all, and that is said; those of other connections are.
func TestDocumentLost(t *testing.T) {
	var shown, log bytes.Buffer
	l := &LiveFlags{Format: "json"}
	l.Lang = "en"
	out := &cli.Output{Writer: &shown, Log: &log}
	for _, long := range []bool{false, true, false} {
		tr := l.NewTranscript(out, "1")
		tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
		if long {
			t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
			for range 2 * MaxHeld / 1800 {
				tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
			}
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for d, err := range document.Documents(&shown) {
		if n++; err != nil || len(d.Flows[0].Events) != 1 {
			t.Errorf("document %d: %v", n, err)
		}
	}
	if n != 2 || !strings.Contains(log.String(), "--format json: ") {
		t.Errorf("%d documents, and said is %q", n, &log)
	}
}

// TestPieceOfATranscript: of data without an end a server's transcript shows the beginning,
// and says how much it has left out.
func TestPieceOfATranscript(t *testing.T) {
	var shown bytes.Buffer
	l := new(LiveFlags)
	l.Lang, l.Format = "en", "text"
	tr := l.NewTranscript(&cli.Output{Writer: &shown, Options: render.TerminalOptions{Lang: "en", Width: 80}}, "connection 1")
	const records = 100 * maxData
	for i := range records {
		tr.Event(&event.Record{Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1,
			Sequence: uint64(i), Protected: true, Wire: make([]byte, 23), Payload: []byte("x")})
		tr.Event(&event.Data{Dir: event.Receive, Data: []byte("x")})
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if n := shown.Len(); n > 1000*maxData {
		t.Errorf("%d bytes of text for %d records", n, records)
	}
	if want := fmt.Sprintf("(%d more records of data are not shown)", records-maxData); !strings.Contains(shown.String(), want) {
		t.Errorf("it does not say %q", want)
	}
}
