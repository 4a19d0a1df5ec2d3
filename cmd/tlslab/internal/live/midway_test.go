package live

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/render"
	"tlslab/pki/lesson"
)

type keeps []event.Event

func (k *keeps) Event(e event.Event) { *k = append(*k, e) }

// sends is all that a client tells which shakes hands and sends twice.
func sends(t *testing.T) []event.Event {
	t.Helper()
	lab, err := lesson.New(lesson.Options{Name: "lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	told := new(keeps)
	c, err := handshake.NewClient(&handshake.Config{ServerName: "lab.test", Roots: lab.Roots, Listener: told})
	if err != nil {
		t.Fatal(err)
	}
	s, err := handshake.NewServer(&handshake.Config{Certificates: []handshake.Certificate{{Chain: lab.Chain, Key: lab.Key}}})
	if err != nil {
		t.Fatal(err)
	}
	for !c.Done() || !s.Done() {
		for _, way := range [][2]*handshake.Endpoint{{c, s}, {s, c}} {
			for progress := true; progress; {
				if progress, err = way[0].Step(); err != nil {
					t.Fatal(err)
				}
			}
			way[1].Feed(way[0].Output())
		}
	}
	for range 2 {
		if _, err := c.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	return *told
}

// TestDataKeepsItsRecord: a client reads in one goroutine and sends in another, and each has shown what happened. What
// is sent is told in two events: a piece that ends between them must not show the data alone, as if it went in clear.
func TestDataKeepsItsRecord(t *testing.T) {
	events := sends(t)
	for _, level := range []render.Level{render.Flights, render.Default, render.Brief} {
		show := func(midway bool) (string, int) {
			var shown bytes.Buffer
			l := &LiveFlags{Format: "text"}
			l.Lang = "en"
			tr := l.NewTranscript(&cli.Output{Writer: &shown, Options: render.TerminalOptions{Lang: "en", Width: 80, Level: level}}, "")
			sent := 0
			for _, e := range events {
				tr.Event(e)
				switch e := e.(type) {
				case *event.Data:
					if sent++; midway {
						tr.flush()
					}
				case *event.Record:
					if sent > 0 && e.Dir == event.Send {
						tr.flush()
					}
				}
			}
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
			return shown.String(), sent
		}
		want, sent := show(false)
		if got, _ := show(true); got != want || sent != 2 || !strings.Contains(want, "application data") {
			t.Errorf("level %v, %d sent; shown in the middle:\n%s\nshown behind the record:\n%s", level, sent, got, want)
		}
	}
}
