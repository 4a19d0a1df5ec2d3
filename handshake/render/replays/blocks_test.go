package replays

import (
	"io"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
)

// What is dropped from the terminal, because an attempt went as the one before, is in no block
// either; what is told is.
func TestBlocksOfAnAttack(t *testing.T) {
	var text strings.Builder
	blocks := 0
	to := []*Replay{
		NewReplay(&text, render.TerminalOptions{Width: 120}, replay.Options{}),
		NewReplay(io.Discard, render.TerminalOptions{Take: func(e event.Event, b sheet.Block) {
			blocks++
			if e == nil {
				t.Errorf("%q is about no event", b.Text)
			}
		}}, replay.Options{}),
	}
	both := event.ListenerFunc(func(e event.Event) {
		for _, r := range to {
			r.Event(e)
		}
	})
	if _, err := replay.Run(t.Context(), "early-data", []string{replay.SingleUse}, replay.Options{Seed: "blocks", Listener: both}); err != nil {
		t.Fatal(err)
	}
	for _, r := range to {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(text.String(), "\n"); blocks < lines/3 || blocks > lines {
		t.Errorf("%d blocks for %d lines", blocks, lines)
	}
}
