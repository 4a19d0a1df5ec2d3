package render

import (
	"tlslab/handshake/event"
	"tlslab/handshake/http2"
)

// HTTP/2 as a person reads it. Whether application data is HTTP/2 its first bytes say: each
// end has to begin with what nothing else begins with (RFC 9113 §3.4).

// talk is what each direction of each connection has said, as far as a frame is unfinished.
type talk map[way]*http2.Reader

// frames are those that end in e; ok is false where it is no HTTP/2.
func (t talk) frames(e *event.Data) (frames []http2.Frame, ok bool) {
	w := legOf(e.Head()).way(e.Dir)
	if t[w] == nil {
		t[w] = new(http2.Reader)
	}
	return t[w].Feed(e.Data)
}

// spoken is what application data holds of HTTP/2.
type spoken struct {
	http2  bool
	frames []http2.Frame
}

// add takes the next piece of the data. No piece may be taken twice.
func (s *spoken) add(t talk, e *event.Data) {
	frames, ok := t.frames(e)
	s.http2, s.frames = ok, append(s.frames, frames...)
}

// fewFrames is how many frames of one piece of data are shown each in a line.
const fewFrames = 8

// about is what application data begins with, in n columns: the names of its frames, or its
// first line.
func (s *spoken) about(say voice, data []byte, n int) string {
	if !s.http2 {
		return beginning(data, n)
	}
	var names []string
	for _, f := range s.frames[:min(len(s.frames), fewFrames)] {
		names = append(names, f.Brief())
	}
	if len(names) == 0 || len(names) < len(s.frames) {
		names = append(names, "…") // or its end comes with the next piece
	}
	return cut(say.list(names), n)
}

// framed writes the frames that a move's application data holds.
func (t *Pen) framed(m *move) {
	if !m.http2 {
		return
	}
	if t.first("ui/http2_frames") {
		t.text(3, t.say.ui("http2_frames"), nil)
	}
	shown := m.frames
	if t.o.Level != Bytes {
		shown = shown[:min(len(shown), fewFrames)]
	}
	for _, line := range http2.Lines(shown) {
		t.hang("     ", 7, line, nil)
	}
	if n := len(m.frames); len(shown) < n {
		t.line("     " + t.say.aside("…", t.say.ui("in_all", "n", text(n))))
	}
}
