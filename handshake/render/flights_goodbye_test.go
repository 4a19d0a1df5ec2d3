package render_test

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render"
)

// TestAnsweredGoodbye: two goodbyes are one line. One that was shown before the other came is not told
// as both: then the answer has a line of its own, and is not lost.
func TestAnsweredGoodbye(t *testing.T) {
	for _, flushed := range []bool{false, true} {
		var shown bytes.Buffer
		terminal := render.NewTerminal(&shown, render.TerminalOptions{Lang: "en", Width: 80, Level: render.Flights})
		for _, dir := range []event.Direction{event.Send, event.Receive} {
			terminal.Event(&event.Alert{Meta: event.Meta{Conn: 1, Party: "client", State: event.Connected}, Dir: dir, Level: iana.Warning, Description: iana.CloseNotify})
			terminal.Event(&event.Stop{Meta: event.Meta{Conn: 1, Party: "client", State: event.Connected}})
			if flushed {
				if err := terminal.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := terminal.Close(); err != nil {
			t.Fatal(err)
		}
		want := 1
		if flushed {
			want = 2
		}
		if n := strings.Count(shown.String(), "close_notify"); n != want {
			t.Errorf("shown meanwhile: %v: %d lines, want %d:\n%s", flushed, n, want, &shown)
		}
	}
}
