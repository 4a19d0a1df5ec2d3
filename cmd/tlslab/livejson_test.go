package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render"
	document "tlslab/handshake/transcript"
)

// TestHeldTranscript: a connection of which there is always more to tell does not have all of
// it held until it ends, whatever it is and whoever reads. A text goes out meanwhile; a
// document in JSON is one, and the end of it waits in a file.
func TestHeldTranscript(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, format := range []string{"text", "json"} {
		var shown bytes.Buffer
		l := &liveFlags{format: format}
		l.lang = "en"
		tr := l.newTranscript(&output{w: &shown, options: render.TerminalOptions{Lang: "en"}}, "1")
		most, told := 0, 0
		for i := 0; told < 4*maxHeld; i++ {
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
		if most == 0 || most > maxHeld+maxHeld/8 {
			t.Errorf("%s: %d bytes held", format, most)
		}
		if err := tr.close(); err != nil {
			t.Fatal(err)
		}
		if format == "json" {
			doc, err := document.Decode(&shown) // a whole one
			if err != nil || len(doc.Flows) != 1 || len(doc.Flows[0].Events) != 2*(4*maxHeld/2000+1) {
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
	l := &liveFlags{format: "json"}
	l.lang = "en"
	out := &output{w: &shown, log: &log}
	for _, long := range []bool{false, true, false} {
		tr := l.newTranscript(out, "1")
		tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
		if long {
			t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
			for range 2 * maxHeld / 1800 {
				tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
			}
		}
		if err := tr.close(); err != nil {
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

// TestDocumentWithoutGap: where a disk is full for a while, a client's document ends behind the
// last event before that, and does not go on behind a gap as if it were complete.
func TestDocumentWithoutGap(t *testing.T) {
	var shown bytes.Buffer
	full := false
	f := new(liveFile)
	out := &output{file: f, w: writerFunc(func(p []byte) (int, error) {
		if full { // as unfailing does
			f.told.Store(true)
			return len(p), nil
		}
		return shown.Write(p)
	})}
	d := newLiveDocument(out, true, nil)
	for n := range 5 {
		full = n == 3
		d.Event(&event.Data{Meta: event.Meta{Seq: uint64(n)}, Dir: event.Receive, Data: make([]byte, 900)})
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if doc, err := document.Decode(&shown); !errors.Is(err, document.ErrCutOff) || len(doc.Flows[0].Events) != 3 {
		t.Errorf("%v: %+v", err, doc.Flows)
	}
}

// TestDocumentsBounded: what waits in files has a bound that all connections share. Which
// document finds no room is lost, and gives back at once what it had; the others are whole.
func TestDocumentsBounded(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var shown, log bytes.Buffer
	l := &liveFlags{format: "json"}
	l.lang = "en"
	out := &output{w: &shown, log: &log}
	data := &event.Data{Dir: event.Receive, Data: make([]byte, maxHeld/4)}
	small, large := l.newTranscript(out, "1"), l.newTranscript(out, "2")
	for range 4 { // twice maxHeld in hexadecimal
		small.Event(data)
	}
	had := out.kept.Load()
	if had <= maxHeld {
		t.Fatalf("%d bytes are in files", had)
	}
	out.kept.Add(maxKept - 4*maxHeld - had) // as if others had it
	for range 8 {
		large.Event(data)
	}
	if now := out.kept.Load(); now != maxKept-4*maxHeld {
		t.Errorf("%d bytes are kept of a document that is lost", now-(maxKept-4*maxHeld))
	}
	if err := errors.Join(large.close(), small.close()); err != nil {
		t.Fatal(err)
	}
	if now := out.kept.Load(); now != maxKept-4*maxHeld-had {
		t.Errorf("%d bytes are kept of documents that are done", now-(maxKept-4*maxHeld-had))
	}
	d, err := document.Decode(&shown)
	if err != nil || len(d.Flows[0].Events) != 4 || !strings.Contains(log.String(), "left out") {
		t.Errorf("%v, %+v, and said is %q", err, d.Flows, &log)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
