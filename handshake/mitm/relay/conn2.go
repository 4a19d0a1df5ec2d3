package relay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// conn2 is an end of HTTP/2 that the relay is itself, where it translates: what comes are whole
// frames, read by x/net's Framer; streams, settings and flow control are of this connection alone
// (conn2send.go). What is said on the streams is its owner's affair.
//
// Whatever of RFC 9113 is an error of a stream, and cannot come from a peer that does as it
// should, is one of the connection here: §5.4 lets an end choose so.
type conn2 struct {
	blocks // of what comes; from is the peer
	owner  owner2

	in    []byte // come, and not yet worked on
	out   outbox
	frame bytes.Reader // the one that is being read
	read  *http2.Framer
	enc   *hpack.Encoder
	made  bytes.Buffer // by enc

	streams map[uint32]*stream2
	highest uint32 // of the client's
	begun   bool   // this end's preface was said
	settled bool   // the peer's SETTINGS have come
	acked   bool   // the peer has acknowledged this end's

	window  int64 // what the peer takes of all bodies
	initial int64 // … and of a new one
	room    int64 // what the peer may still send of all bodies
	each    int64 // … and of a new one, once it has acknowledged
	owed    int64 // of room, to be given back
	late    int64 // … once it has acknowledged

	concurrent uint32 // streams that the peer takes at a time
	extended   bool   // it takes extended CONNECT (RFC 8441)
}

// owner2 is what a translator makes of what came.
type owner2 interface {
	opened(st *stream2, h *Head, end bool) // the client has opened a stream; it is in streams already
	fields(st *stream2, h *Head, end bool) // a head or a trailer on one that is there
	data(st *stream2, b []byte, end bool)
	reset(st *stream2, code http2.ErrCode)
	goneAway(last uint32, code http2.ErrCode)
	finished(st *stream2) // all that was to be said on it has been
}

// stream2 is a stream of a conn2.
type stream2 struct {
	id      uint32 // 0: it has not been opened yet
	x       *Exchange
	window  int64 // what the peer takes
	room    int64 // what it may still send
	owed    int64 // of that, to be given back
	heard   bool  // END_STREAM has come
	said    bool  // … has gone
	waiting []byte
	ending  bool // nothing comes behind what waits
	trailer []Field
	rst     *http2.ErrCode // to be said when nothing waits any more

	asked asked
	kind  reply

	x1      *Exchange // the same in HTTP/1.1
	held    held2     // what came in HTTP/2, and is its holder's
	streams bool      // the body that comes in HTTP/1.1 is its holder's
	came    []Field   // that body's trailer
}

// What this end allows.
const (
	maxFrame       = 1 << 14 // RFC 9113 §4.2: what need not be agreed on
	mostStreams    = 100     // RFC 9113 §6.5.2: not fewer than that
	heldOfStream   = 1 << 14 // of a body that has to wait for its turn: a hundred streams hold 1.6 MiB
	windowOfStream = 1 << 17 // of the body that passes: 5 MB/s where a round trip takes 25 ms
)

// newConn2 is an end towards a peer. each is what it lets a new stream send.
func newConn2(peer Side, header int, each int64, owner owner2) *conn2 {
	c := &conn2{owner: owner, streams: map[uint32]*stream2{}, window: firstWindow, initial: firstWindow, room: firstWindow, each: each, concurrent: 1<<32 - 1}
	c.from = peer
	c.begin(header)
	c.read = http2.NewFramer(nil, &c.frame)
	c.read.SetMaxReadFrameSize(maxFrame)
	c.enc = hpack.NewEncoder(&c.made)
	return c
}

// broke2 is why a connection cannot go on.
type broke2 struct {
	refusal *Refusal
	code    http2.ErrCode
}

func (c *conn2) broke(code http2.ErrCode, detail string) *broke2 {
	return &broke2{&Refusal{From: c.from, Rule: RuleFrame, Detail: quote(detail)}, code}
}

// receive takes what came. shut says, between two frames, that no more is wanted.
func (c *conn2) receive(b []byte, shut func() bool) *broke2 {
	c.in = append(c.in, b...)
	b = c.in
	for !shut() {
		n, broke := c.step(b)
		if broke != nil {
			c.in = nil
			return broke
		}
		if n == 0 {
			break
		}
		b = b[n:]
	}
	c.in = append(c.in[:0], b...)
	if len(b) == 0 && cap(c.in) > maxFrame {
		c.in = nil
	}
	return nil
}

// step works on what b begins with, and returns how much of it that is; 0 if it needs more.
func (c *conn2) step(b []byte) (int, *broke2) {
	if c.from == Client && !c.begun {
		n, r := cutPreface(b)
		if r != nil {
			return 0, &broke2{r, http2.ErrCodeProtocol}
		}
		if n > 0 {
			c.preface()
		}
		return n, nil
	}
	if len(b) < frameHeader {
		return 0, nil
	}
	length := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	if length > maxFrame {
		return 0, c.broke(http2.ErrCodeFrameSize, http2.FrameType(b[3]).String())
	}
	if !c.settled && http2.FrameType(b[3]) != http2.FrameSettings { // RFC 9113 §3.4
		return 0, c.broke(http2.ErrCodeProtocol, http2.FrameType(b[3]).String())
	}
	whole := frameHeader + length
	if len(b) < whole {
		return 0, nil
	}
	c.frame.Reset(b[:whole])
	f, err := c.read.ReadFrame()
	if err != nil {
		code := http2.ErrCodeProtocol
		if ce := http2.ConnectionError(0); errors.As(err, &ce) {
			code = http2.ErrCode(ce)
		}
		return 0, c.broke(code, http2.FrameType(b[3]).String())
	}
	return whole, c.came(f)
}

// came takes a frame.
func (c *conn2) came(f http2.Frame) *broke2 {
	id := f.Header().StreamID
	switch f := f.(type) {
	case *http2.HeadersFrame:
		c.blockOf, c.blockEnd = id, f.StreamEnded()
		return c.fragment(f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.ContinuationFrame:
		return c.fragment(f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.DataFrame:
		return c.dataCame(f)
	case *http2.SettingsFrame:
		return c.settings(f)
	case *http2.PingFrame:
		if !f.IsAck() {
			c.write(http2.FramePing, http2.FlagPingAck, 0, f.Data[:])
		}
	case *http2.WindowUpdateFrame:
		return c.windowUpdate(id, int64(f.Increment))
	case *http2.RSTStreamFrame:
		if c.idle(id) {
			return c.broke(http2.ErrCodeProtocol, "RST_STREAM")
		}
		if st := c.streams[id]; st != nil {
			c.owner.reset(st, f.ErrCode)
		}
	case *http2.GoAwayFrame:
		c.owner.goneAway(f.LastStreamID, f.ErrCode)
	case *http2.PushPromiseFrame: // a client may not, and a server was told not to
		return c.broke(http2.ErrCodeProtocol, "PUSH_PROMISE")
	}
	return nil // priorities say nothing here, and what nobody knows goes no further (RFC 9113 §5.5)
}

// idle reports whether no stream of this number was ever opened.
func (c *conn2) idle(id uint32) bool { return id%2 == 0 || id > c.highest }

// fragment takes a part of a block, and looks into the block once it is whole.
func (c *conn2) fragment(p []byte, last bool) *broke2 {
	if r := c.add(p, frameHeader+len(p)); r != nil {
		return &broke2{r, r.code2()}
	}
	if !last {
		return nil
	}
	id, end := c.blockOf, c.blockEnd
	if r := c.decode(); r != nil {
		return &broke2{r, http2.ErrCodeCompression}
	}
	h, st := headOf(c.blocks.fields), c.streams[id]
	switch {
	case st != nil && st.heard:
		return c.broke(http2.ErrCodeStreamClosed, "HEADERS")
	case st != nil:
		st.heard = end
		c.owner.fields(st, h, end)
		c.send(st) // it may be over
	case c.from == Server && c.idle(id), id%2 == 0:
		return c.broke(http2.ErrCodeProtocol, "HEADERS")
	case c.from == Client && c.idle(id):
		c.highest = id
		st = c.open(id, &Exchange{Request: h})
		st.heard = end
		c.owner.opened(st, h, end)
	} // others are late: of a stream that is over
	return nil
}

// open is a new stream.
func (c *conn2) open(id uint32, x *Exchange) *stream2 {
	st := &stream2{x: x}
	x.apart = st
	c.number(st, id)
	return st
}

// number gives a stream its number, and with it its windows.
func (c *conn2) number(st *stream2, id uint32) {
	st.id, st.window, st.room = id, c.initial, firstWindow
	if c.acked || c.from == Server { // which hears the settings before any request
		st.room = c.each
	}
	c.streams[id] = st
}

func (c *conn2) dataCame(f *http2.DataFrame) *broke2 {
	id, n := f.StreamID, int64(f.Length)
	if c.idle(id) {
		return c.broke(http2.ErrCodeProtocol, "DATA")
	}
	st := c.streams[id]
	if c.room -= n; c.room < 0 || st != nil && st.room < n {
		return c.broke(http2.ErrCodeFlowControl, "DATA")
	}
	if c.acked || c.from == Server {
		c.owed += n // each stream is bounded on its own; but before the peer knows that, this is what bounds them
	} else {
		c.late += n
	}
	switch {
	case st == nil: // late: of a stream that is over
	case st.heard:
		return c.broke(http2.ErrCodeStreamClosed, "DATA")
	default:
		st.room -= n
		st.owed += n - int64(len(f.Data())) // padding
		st.heard = f.StreamEnded()
		c.owner.data(st, f.Data(), st.heard)
		c.send(st) // it may be over
	}
	return nil
}

// settings takes the peer's (RFC 9113 §6.5), or its acknowledgement.
func (c *conn2) settings(f *http2.SettingsFrame) *broke2 {
	if f.IsAck() {
		if !c.acked && c.begun {
			c.acked = true
			c.owed, c.late = c.owed+c.late, 0
			for _, st := range c.streams {
				if c.from == Client { // a server's have had it from the beginning
					st.room += c.each - firstWindow
				}
			}
		}
		return nil
	}
	var broke *broke2
	_ = f.ForeachSetting(func(s http2.Setting) error { // its error is the function's, which has none
		if err := s.Valid(); err != nil && broke == nil {
			code := http2.ErrCodeProtocol
			if s.ID == http2.SettingInitialWindowSize {
				code = http2.ErrCodeFlowControl
			}
			broke = c.broke(code, s.String())
			return nil
		}
		switch s.ID {
		case http2.SettingHeaderTableSize:
			c.enc.SetMaxDynamicTableSize(s.Val) // the encoder has a limit of its own
		case http2.SettingInitialWindowSize:
			for _, st := range c.streams {
				if st.window += int64(s.Val) - c.initial; st.window > 1<<31-1 && broke == nil {
					broke = c.broke(http2.ErrCodeFlowControl, s.String())
				}
			}
			c.initial = int64(s.Val)
		case http2.SettingMaxConcurrentStreams:
			c.concurrent = s.Val
		case http2.SettingEnableConnectProtocol:
			c.extended = s.Val == 1
		}
		return nil
	})
	if broke != nil {
		return broke
	}
	c.settled = true
	c.preface()
	c.write(http2.FrameSettings, http2.FlagSettingsAck, 0, nil)
	c.sendAll()
	return nil
}

// inOrder are the streams as they began.
func (c *conn2) inOrder() []*stream2 {
	return slices.SortedFunc(maps.Values(c.streams), func(a, b *stream2) int { return int(a.id) - int(b.id) })
}

// preface says, once, what this end begins with (RFC 9113 §3.4).
func (c *conn2) preface() {
	if c.begun {
		return
	}
	c.begun = true
	var s []byte
	set := func(id http2.SettingID, n uint32) {
		s = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(s, uint16(id)), n)
	}
	if c.from == Server {
		c.out.add([]byte(http2.ClientPreface))
		set(http2.SettingEnablePush, 0)
	} else {
		set(http2.SettingMaxConcurrentStreams, mostStreams)
	}
	set(http2.SettingInitialWindowSize, uint32(c.each))
	set(http2.SettingMaxHeaderListSize, uint32(c.header))
	c.write(http2.FrameSettings, 0, 0, s)
	if more := windowOfStream - firstWindow; c.from == Server { // as for a stream: there is one at a time
		c.room += int64(more)
		c.give(0, int64(more))
	}
}
