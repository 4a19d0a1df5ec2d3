package replays

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
)

// NewPage returns the page of an attack, in the words of a Replay. It is a Listener for
// replay.Run under these settings, and is written when it is closed.
func NewPage(w io.Writer, o page.Options, settings replay.Options) *page.Page {
	o.Teller = func(to render.TerminalOptions) page.Teller { return NewReplay(io.Discard, to, settings) }
	o.Leads, o.Title = leads, func(s event.Scene) string {
		if b, ok := s.(*replay.Begun); ok {
			return sheet.Speak(o.Lang).UI("replay_attack." + string(b.Attack))
		}
		return ""
	}
	return page.New(w, o)
}

// leads reports whether a scene leads to the connection behind it; the others say what came of
// the one before.
func leads(s event.Scene) bool {
	switch s.Key() {
	case replay.SceneLogin, replay.SceneCaptured, replay.SceneRoute, replay.SceneTime, replay.SceneBytes, replay.SceneTampered, replay.SceneRestart, replay.SceneRetry:
		return true
	}
	return false
}

// WriteReplayMatrixPage writes what WriteReplayMatrix writes as a page.
func WriteReplayMatrixPage(w io.Writer, rows [][]replay.Verdict, settings replay.Options, o page.Options) error {
	return page.Write(w, narrate.Must(o.Lang, narrate.UI, "replay_matrix").Title, o, func(to render.TerminalOptions) error {
		return WriteReplayMatrix(io.Discard, rows, settings, to)
	})
}
