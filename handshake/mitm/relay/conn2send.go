package relay

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// What a conn2 says.

// write adds a frame.
func (c *conn2) write(kind http2.FrameType, flags http2.Flags, id uint32, payload []byte) {
	c.out.add(frame(nil, kind, flags, id, payload))
}

// head says a head or a trailer on a stream.
func (c *conn2) head(st *stream2, fields []Field, end bool) {
	c.made.Reset()
	for _, f := range fields {
		_ = c.enc.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value, Sensitive: secret(f.Name)}) // to memory
	}
	kind, flags := http2.FrameHeaders, http2.Flags(0)
	if end {
		flags, st.said = http2.FlagHeadersEndStream, true
	}
	for b, first := c.made.Bytes(), true; first || len(b) > 0; first = false {
		part := b[:min(len(b), maxFrame)]
		if b = b[len(part):]; len(b) == 0 {
			flags |= http2.FlagHeadersEndHeaders
		}
		c.write(kind, flags, st.id, part)
		kind, flags = http2.FrameContinuation, 0
	}
	if c.made.Cap() > maxFrame {
		c.made = bytes.Buffer{}
	}
}

// secret reports whether no table should remember a field of this name: whoever can have other
// requests made on the connection could guess at it by their sizes (RFC 7541 §7.1).
func secret(name string) bool {
	switch name {
	case "authorization", "proxy-authorization", "cookie", "set-cookie":
		return true
	}
	return false
}

// say adds a part of a body; end says that it was the last.
func (c *conn2) say(st *stream2, b []byte, end bool) {
	st.waiting = append(st.waiting, b...)
	st.ending = st.ending || end
	c.send(st)
}

// send sends what the windows have room for.
func (c *conn2) send(st *stream2) {
	if c.streams[st.id] != st {
		return
	}
	for len(st.waiting) > 0 {
		n := min(int64(len(st.waiting)), st.window, c.window, maxFrame)
		if n <= 0 {
			return
		}
		flags := http2.Flags(0)
		if int(n) == len(st.waiting) && st.ending && st.trailer == nil {
			flags, st.said = http2.FlagDataEndStream, true
		}
		c.write(http2.FrameData, flags, st.id, st.waiting[:n])
		st.waiting, st.window, c.window = st.waiting[n:], st.window-n, c.window-n
	}
	st.waiting = nil
	switch {
	case !st.ending || st.said:
	case st.trailer != nil:
		c.head(st, st.trailer, true)
	default:
		st.said = true
		c.write(http2.FrameData, http2.FlagDataEndStream, st.id, nil)
	}
	if st.said && st.heard || st.rst != nil {
		delete(c.streams, st.id)
		if st.rst != nil {
			c.reset(st, *st.rst)
		}
		c.owner.finished(st)
	}
}

// breakOff ends a stream once what waits has gone. With NO_ERROR what is still to come of the
// other direction is not wanted (RFC 9113 §8.1).
func (c *conn2) breakOff(st *stream2, code http2.ErrCode) {
	st.rst = &code
	c.send(st)
}

// drop ends a stream at once.
func (c *conn2) drop(st *stream2, code http2.ErrCode) {
	if c.streams[st.id] == st {
		delete(c.streams, st.id)
		c.reset(st, code)
	}
}

// reset says RST_STREAM, but not behind the end of both directions.
func (c *conn2) reset(st *stream2, code http2.ErrCode) {
	if !st.said || !st.heard {
		c.write(http2.FrameRSTStream, 0, st.id, binary.BigEndian.AppendUint32(nil, uint32(code)))
	}
}

func (c *conn2) sendAll() {
	for _, st := range c.inOrder() {
		c.send(st)
	}
}

// windowUpdate is RFC 9113 §6.9.1.
func (c *conn2) windowUpdate(id uint32, n int64) *broke2 {
	st := c.streams[id]
	switch {
	case id == 0:
		if c.window += n; c.window > 1<<31-1 {
			return c.broke(http2.ErrCodeFlowControl, "WINDOW_UPDATE")
		}
		c.sendAll()
	case c.idle(id):
		return c.broke(http2.ErrCodeProtocol, "WINDOW_UPDATE")
	case st == nil: // late
	default:
		if st.window += n; st.window > 1<<31-1 {
			return c.broke(http2.ErrCodeFlowControl, "WINDOW_UPDATE")
		}
		c.send(st)
	}
	return nil
}

// give gives credit.
func (c *conn2) give(id uint32, n int64) {
	c.write(http2.FrameWindowUpdate, 0, id, binary.BigEndian.AppendUint32(nil, uint32(n)))
}

// repay gives back what is owed of the connection, and of st, whose body has passed.
func (c *conn2) repay(st *stream2) {
	if c.owed > 0 && c.begun {
		c.give(0, c.owed)
		c.room, c.owed = c.room+c.owed, 0
	}
	if st != nil && st.owed > 0 && !st.heard && c.streams[st.id] == st {
		c.give(st.id, st.owed)
		st.room, st.owed = st.room+st.owed, 0
	}
}
