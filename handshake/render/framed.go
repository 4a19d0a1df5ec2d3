package render

import (
	"tlslab/handshake/http2"
	"tlslab/handshake/render/sheet"
)

// framed writes the frames that a move's application data holds.
func (t *Pen) framed(m *move) {
	if !m.HTTP2 {
		return
	}
	if t.First("ui/http2_frames") {
		t.Text(3, t.Say.UI("http2_frames"), nil)
	}
	shown := m.Frames
	if t.o.Level != Bytes {
		shown = shown[:min(len(shown), sheet.FewFrames)]
	}
	for _, line := range http2.Lines(shown) {
		t.Hang("     ", 7, line, nil)
	}
	if n := len(m.Frames); len(shown) < n {
		t.Line("     " + t.Say.Aside("…", t.Say.UI("in_all", "n", sheet.Text(n))))
	}
}
