package replays

import (
	"io"

	"tlslab/handshake/render"
	"tlslab/handshake/render/page"
	"tlslab/handshake/replay"
)

// NewPage returns the page of an attack, in the words of a Replay. It is a Listener for
// replay.Run under these settings, and is written when it is closed.
func NewPage(w io.Writer, o page.Options, settings replay.Options) *page.Page {
	o.Teller = func(to render.TerminalOptions) page.Teller { return NewReplay(io.Discard, to, settings) }
	return page.New(w, o)
}
