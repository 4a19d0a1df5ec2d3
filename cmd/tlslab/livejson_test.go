package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/live"
	"tlslab/handshake/event"
	document "tlslab/handshake/transcript"
)

// TestDocumentWithoutGap: where a disk is full for a while, a client's document ends behind the
// last event before that, and does not go on behind a gap as if it were complete.
func TestDocumentWithoutGap(t *testing.T) {
	var shown bytes.Buffer
	full := false
	f := new(cli.LiveFile)
	out := &cli.Output{File: f, Writer: cli.WriterFunc(func(p []byte) (int, error) {
		if full { // as unfailing does
			f.Told.Store(true)
			return len(p), nil
		}
		return shown.Write(p)
	})}
	d := live.NewLiveDocument(out, true, nil)
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
	l := &live.LiveFlags{Format: "json"}
	l.Lang = "en"
	out := &cli.Output{Writer: &shown, Log: &log}
	data := &event.Data{Dir: event.Receive, Data: make([]byte, live.MaxHeld/4)}
	small, large := l.NewTranscript(out, "1"), l.NewTranscript(out, "2")
	for range 4 { // twice MaxHeld in hexadecimal
		small.Event(data)
	}
	had := out.Kept.Load()
	if had <= live.MaxHeld {
		t.Fatalf("%d bytes are in files", had)
	}
	out.Kept.Add(live.MaxKept - 4*live.MaxHeld - had) // as if others had it
	for range 8 {
		large.Event(data)
	}
	if now := out.Kept.Load(); now != live.MaxKept-4*live.MaxHeld {
		t.Errorf("%d bytes are kept of a document that is lost", now-(live.MaxKept-4*live.MaxHeld))
	}
	if err := errors.Join(large.Close(), small.Close()); err != nil {
		t.Fatal(err)
	}
	if now := out.Kept.Load(); now != live.MaxKept-4*live.MaxHeld-had {
		t.Errorf("%d bytes are kept of documents that are done", now-(live.MaxKept-4*live.MaxHeld-had))
	}
	d, err := document.Decode(&shown)
	if err != nil || len(d.Flows[0].Events) != 4 || !strings.Contains(log.String(), "left out") {
		t.Errorf("%v, %+v, and said is %q", err, d.Flows, &log)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
