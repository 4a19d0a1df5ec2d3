package relay

import (
	"encoding/binary"
	"slices"

	"golang.org/x/net/http2"
)

// H2 relays HTTP/2 between one client and one server. Frames go on as they came, byte for byte:
// heads too, since what each end compresses is uncompressed by the other, under the one table
// that the two share; the relay keeps a copy of the tables. So settings, acknowledgements, flow
// control, pings, priorities, pushes, resets and what nobody knows yet are the two ends' own
// affair, as they are without a relay, and the relay holds no more of a body than a piece.
//
// A message that is malformed does not go on (malformed.go): its stream ends on both legs, and no other
// does (refused2.go). What is late of a stream that one end has broken off goes on; what is of no stream does not.
//
// Where bodies are changed (Options.Change) that cannot hold: heads are then written anew, and
// flow control is told what was added and taken away (changed2.go).
//
// It is driven as H1 is.
type H2 struct {
	o       Options
	client  flow2
	server  flow2
	streams map[uint32]*stream
	anew    bool // heads and bodies are written anew

	prefaced bool // the client's preface has come
	settled  bool // the server's SETTINGS have gone on
	unacked  int  // of the client's SETTINGS
	spoken   bool
	heads    int    // what is kept of fields uncompressed, in bytes
	highest  uint32 // of the client's streams: ids rise (RFC 9113 §5.1.1)
	went     uint32 // … and of those that the server knows
	pushed   uint32 // of the server's
	away     uint32 // what the server's last GOAWAY says
	awayCode http2.ErrCode
	room     int64  // what the client takes of all bodies, where they go on as they come
	roomEach int64  // … and of one
	late     []byte // for the client, behind the server's SETTINGS
	withheld error
	broken   error
	over     bool
	extended bool                // the server takes extended CONNECT
	refused  map[uint32]struct{} // streams of which nobody is to hear any more
	nRefused int
	broken2  map[uint32]Side // streams that were broken off, and by whom
	lateIDs  []uint32        // … as they were
	lateNext int             // the oldest, once there are maxLate
	stalled  bool            // the server's next frame has to wait for room
	leaving  func()          // the server has left, and what it said has yet to go on

	// Where messages may be held:
	ups     map[uint32]*stream // by the numbers that the server has them under
	nextUp  uint32
	crossed bool // some are not the client's
	isAway  bool // the server begins no more
	queued  int  // what the holders have not taken and the windows do not count
}

// flow2 is one direction.
type flow2 struct {
	blocks
	in    []byte // come, and not yet worked on
	out   outbox
	fate  Fate
	ended bool // what it says is not heard any more
	gone  bool // it says nothing more
	why   *ErrGoAway

	allowed uint32 // the table that the receiver allows now
	shrinks bool   // it has allowed less than before
	shrunk  bool   // … and a block of the relay's own has yet to say so

	// The frame that does not have to come whole:
	isData  bool
	left    int // bytes of it
	body    int // of those, what is of a body
	padded  bool
	end     bool // END_STREAM
	data    *stream
	passing bool   // it goes on as it comes
	inBlock bool   // it is a part of a block that is too long
	last    bool   // END_HEADERS, then
	behind  []byte // what is to go behind it

	anew bool   // heads are written anew
	raw  bool   // its receiver takes gRPC's binary values as they are
	wire []byte // the frames of the block that is not whole yet, if they are not

	promised uint32
	priority string // as it came; "" if the frame has none

	credit // where bodies are changed
}

// The limits.
const (
	frameHeader = 9
	maxTable    = 1 << 20 // of what HPACK remembers, in bytes: sixteen times what browsers allow
	maxStreams  = 10_000  // at a time, where the server sets no limit: a hundred times what RFC 9113 §6.5.2 recommends
	maxAllHeads = 64      // times Options.Header: the same of all streams at a time
	maxFields   = 4       // times Options.Header: what is kept of fields uncompressed
)

// NewH2 returns a relay that has seen nothing yet. Of the Options Forward is of no use here.
func NewH2(o Options) *H2 {
	if o.Header == 0 {
		o.Header = defaultHeader
	}
	m := &H2{o: o, streams: map[uint32]*stream{}, anew: o.Change != nil || o.Hold != nil, away: 1<<31 - 1, room: firstWindow, roomEach: firstWindow, refused: map[uint32]struct{}{}}
	for _, f := range []*flow2{&m.client, &m.server} {
		f.begin(o.Header)
		f.allowed, f.credit, f.anew = 4096, newCredit(), m.anew
	}
	m.client.from, m.server.from = Client, Server
	if o.Hold != nil {
		m.ups = map[uint32]*stream{}
	}
	return m
}

func (m *H2) flow(side Side) *flow2 {
	if side == Client {
		return &m.client
	}
	return &m.server
}

// other is the direction against f.
func (m *H2) other(f *flow2) *flow2 { return m.flow(f.from.Other()) }

// Receive takes bytes that came from a side. b is the machine's until Output was taken of both
// sides and sent.
func (m *H2) Receive(from Side, b []byte) {
	m.receive(from, b)
	if from == Client && m.stalled {
		m.receive(Server, nil)
	}
}

func (m *H2) receive(from Side, b []byte) {
	f := m.flow(from)
	if m.over || f.ended {
		return
	}
	f.out.lend = len(f.in) == 0
	if len(f.in) > 0 {
		f.in = append(f.in, b...)
		b = f.in
	}
	all := len(b)
	for !m.over {
		n := m.step(f, b)
		if n < 0 {
			break
		}
		b = b[n:]
		if m.nRefused > maxRefused && !m.over {
			m.refuse(f, &Refusal{From: f.from, Rule: RuleMalformed, Limit: maxRefused})
		}
	}
	switch {
	case m.over || len(b) == 0:
		f.in = nil
	case f.out.lend || len(b) < all:
		f.in = append(f.in[:0], b...)
	}
	f.out.lend = false
}

// step does one thing with b, and returns how much of it is done with; -1 if it needs more.
func (m *H2) step(f *flow2, b []byte) int {
	if f.from == Client && !m.prefaced {
		return m.stepPreface(b)
	}
	if f.left > 0 {
		if len(b) == 0 {
			return -1
		}
		n := min(f.left, len(b))
		if f.inBlock {
			m.longPiece(f, b[:n])
		} else {
			m.piece(f, b[:n])
		}
		return n
	}
	if len(b) < frameHeader {
		return -1
	}
	length := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	kind, flags, id := http2.FrameType(b[3]), http2.Flags(b[4]), binary.BigEndian.Uint32(b[5:])&(1<<31-1)
	if (f.blockOf != 0) != (kind == http2.FrameContinuation) || f.blockOf != 0 && id != f.blockOf {
		m.refuse(f, &Refusal{From: f.from, Rule: RuleFrame, Detail: quote(kind.String())})
		return -1
	}
	switch kind {
	case http2.FrameData:
		return m.stepData(f, b, length, flags, id)
	case http2.FrameHeaders, http2.FrameContinuation, http2.FramePushPromise, http2.FrameSettings, http2.FrameWindowUpdate, http2.FrameRSTStream, http2.FrameGoAway:
	default: // as it comes
		if m.ups != nil && (id != 0 || kind == framePriorityUpdate) {
			break // under the number that the other side has it under
		}
		f.isData, f.left, f.body, f.padded, f.end, f.data = false, length, 0, false, false, nil
		f.out.pass(b[:frameHeader])
		f.passing = length > 0
		return frameHeader
	}
	inBlock := kind == http2.FrameHeaders || kind == http2.FrameContinuation || kind == http2.FramePushPromise
	if inBlock && (f.long || length+len(f.block) > m.o.Header) {
		return m.stepLong(f, b, kind, flags, id, length)
	}
	if length > m.o.Header {
		m.refuse(f, &Refusal{From: f.from, Rule: RuleHeadTooLong, Limit: m.o.Header})
		return -1
	}
	if len(b) < frameHeader+length {
		return -1
	}
	whole := b[:frameHeader+length]
	if r := m.frame(f, kind, flags, id, whole); r != nil {
		m.refuse(f, r)
		return -1
	}
	return len(whole)
}

// stepPreface is RFC 9113 §3.4.
func (m *H2) stepPreface(b []byte) int {
	n, r := cutPreface(b)
	switch {
	case r != nil:
		m.refuse(&m.client, r)
	case n > 0:
		m.prefaced = true
		m.client.out.pass(b[:n])
	}
	return taken(n)
}

// cutPreface is how much of b is the client's preface; 0 while it is not whole.
func cutPreface(b []byte) (int, *Refusal) {
	n := min(len(b), len(http2.ClientPreface))
	if string(b[:n]) != http2.ClientPreface[:n] {
		i := 0
		for b[i] == http2.ClientPreface[i] {
			i++
		}
		return 0, &Refusal{From: Client, Rule: RulePreface, Detail: quote(string(b[:i+1]))}
	}
	if n < len(http2.ClientPreface) {
		return 0, nil
	}
	return n, nil
}

// frame is one that has come whole.
func (m *H2) frame(f *flow2, kind http2.FrameType, flags http2.Flags, id uint32, whole []byte) *Refusal {
	p := whole[frameHeader:]
	bad := func() *Refusal { return &Refusal{From: f.from, Rule: RuleFrame, Detail: quote(kind.String())} }
	switch kind {
	case http2.FrameHeaders, http2.FramePushPromise:
		fragment, ok := fragmentOf(kind, flags, p)
		if !ok || id == 0 {
			return bad()
		}
		if r := m.beginFields(f, kind, flags, id, p); r != nil {
			return r
		}
		return m.fragment(f, fragment, whole, flags.Has(http2.FlagHeadersEndHeaders))
	case http2.FrameContinuation:
		return m.fragment(f, p, whole, flags.Has(http2.FlagContinuationEndHeaders))
	case http2.FrameSettings:
		if len(p)%6 != 0 {
			return bad()
		}
		m.settings(f, flags.Has(http2.FlagSettingsAck), whole)
		return nil
	case http2.FrameWindowUpdate:
		if len(p) != 4 {
			return bad()
		}
		n := int64(binary.BigEndian.Uint32(p) & (1<<31 - 1))
		if f.from == Client && id == 0 {
			m.room += n
		}
		if m.anew {
			m.window(f, id, n)
			return nil
		}
		if m.unheard(id) {
			return nil
		}
		if o := m.other(f); id == 0 && o.debt > 0 {
			if n = o.paid(n); n > 0 {
				f.out.add(frame(nil, http2.FrameWindowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, uint32(n))))
			}
			return nil
		}
	case http2.FrameRSTStream:
		if len(p) != 4 {
			return bad()
		}
		st := m.find(f, id)
		if m.unheard(id) {
			return nil
		}
		if m.ups != nil {
			whole = m.renumbered(f, id, whole)
		}
		if m.hold(f, st, whole) {
			return nil
		}
		f.out.pass(whole)
		m.reset(f, st, http2.ErrCode(binary.BigEndian.Uint32(p)))
		return nil
	case http2.FrameGoAway:
		if len(p) < 8 {
			return bad()
		}
		if f.from == Server && m.ups != nil {
			m.goAwayHeld(whole)
			return nil
		}
		f.out.pass(whole)
		if code := http2.ErrCode(binary.BigEndian.Uint32(p[4:])); code != http2.ErrCodeNo {
			f.why = &ErrGoAway{Code: code, Ended: true}
		}
		if f.from == Server {
			m.away = min(m.away, binary.BigEndian.Uint32(p)&(1<<31-1))
			m.awayCode = http2.ErrCode(binary.BigEndian.Uint32(p[4:]))
			m.goAway()
		}
		return nil
	default: // where messages may be held
		if whole = m.renumbered(f, id, whole); whole != nil {
			f.out.add(whole)
		}
		return nil
	}
	f.out.pass(whole)
	return nil
}

// settings notes what the two ends agree on, as far as it is of use here.
func (m *H2) settings(f *flow2, ack bool, whole []byte) {
	if ack {
		f.acknowledged()
		if f.from == Server {
			m.unacked--
		}
		f.out.pass(whole)
		return
	}
	if f.from == Server {
		m.settled = true
	} else {
		m.unacked++
	}
	clamped := false
	for p := whole[frameHeader:]; len(p) > 0; p = p[6:] {
		value := binary.BigEndian.Uint32(p[2:])
		switch http2.SettingID(binary.BigEndian.Uint16(p)) {
		case http2.SettingHeaderTableSize:
			o := m.other(f)
			o.table = max(o.table, min(value, maxTable))
			o.allow(min(value, maxTable))
			o.dec.SetAllowedMaxDynamicTableSize(o.table)
			clamped = clamped || value > maxTable
		case settingRawBinary:
			m.other(f).raw = value == 1
		case http2.SettingEnableConnectProtocol:
			m.extended = m.extended || f.from == Server && value == 1
		case http2.SettingInitialWindowSize:
			if f.from == Client {
				m.roomEach = int64(value)
			}
			m.initialWindow(m.other(f), int64(value))
		}
	}
	if f.from == Server {
		defer m.settle()
	}
	if !clamped {
		f.out.pass(whole)
		return
	}
	whole = slices.Clone(whole) // what is remembered here is bounded
	for p := whole[frameHeader:]; len(p) > 0; p = p[6:] {
		if http2.SettingID(binary.BigEndian.Uint16(p)) == http2.SettingHeaderTableSize {
			binary.BigEndian.PutUint32(p[2:], min(binary.BigEndian.Uint32(p[2:]), maxTable))
		}
	}
	f.out.add(whole)
}
