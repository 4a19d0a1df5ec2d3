package explain

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/quic"
	"tlslab/handshake/wire"
)

// QUIC is what is known of a connection over UDP, beside what the hellos of TLS say.
type QUIC struct {
	Version  quic.Version   // the client's first, or the one in which the server went on
	First    quic.Version   // the client's first
	DCID     []byte         // the connection ID from which the keys of Initial packets come; nil: the beginning is missing
	Retried  bool           // by a Retry packet, which has nothing to do with HelloRetryRequest
	Versions []quic.Version // that the server offers instead, the first 32; nil if it does not
	// Packets counts those of the client and those of the server, by type; Opened are the Initial
	// packets that opened.
	Packets [2][quic.OneRTT + 1]int
	Opened  [2]int
	Close   *Close  // in an Initial packet; nil if there was none
	Partial [2]bool // what the end said in CRYPTO frames is not whole
}

// ClosedQUIC is the reason for which what is behind the hellos stays closed.
const ClosedQUIC observe.Why = "quic"

// Close is a CONNECTION_CLOSE frame (RFC 9000 §19.19).
type Close struct {
	By     string // "client" or "server"
	Code   uint64
	Reason string // a peer's words, the first 256 bytes
}

// Sealed is how many packets of q stayed closed.
func (q *QUIC) Sealed() int {
	n := 0
	for end := range q.Packets {
		for _, t := range [...]quic.Type{quic.Initial, quic.ZeroRTT, quic.Handshake, quic.OneRTT} {
			n += q.Packets[end][t]
		}
		n -= q.Opened[end]
	}
	return n
}

// datagrams follows one connection.
type datagrams struct {
	u    *over
	c    *Connection
	q    *QUIC
	quic *quic.Connection
	told teller

	original []byte // the first of QUIC.DCID

	hello, serverHello bool
	shared             bool // the ServerHello has a key share
	lastBy             int  // who sent last what the other would answer: CRYPTO data, a Retry, other versions
	short              bool // the datagram at hand begins with a short header

	// What both ends do with the keys that follow from the handshake, by the kinds of packets.
	answered bool // the server sent 1-RTT packets behind the client's
	answers  int  // of its datagrams behind those, such as hold nothing else
	behind   int  // the client's 1-RTT packets behind the server's answer

	early []heard // of an account without a beginning, its first datagrams, all of them or none
	came  int     // its datagrams
	gone  bool    // another account goes on with it
	held  int     // of over.held
}

func (d *datagrams) at(now time.Time) {
	d.c.Ended = now
	d.told.now = now
}

func (d *datagrams) take(in *dissect.Datagram) {
	d.at(in.Time)
	d.hears(in.From, in.Payload)
	if !d.c.Midway {
		return
	}
	if d.came++; d.came <= maxEarly && d.keeps()+len(in.Payload) <= maxEarlyBytes {
		d.early = append(d.early, heard{in.From, bytes.Clone(in.Payload)})
	} else {
		d.came, d.early = maxEarly, nil
	}
}

// hears takes what one end sent.
func (d *datagrams) hears(end netip.AddrPort, b []byte) {
	from := side(end == d.c.Server && end != d.c.Client)
	begins := d.c.Bytes == [2]int64{} && !d.c.Midway
	d.c.Bytes[from] += int64(len(b))
	d.short = len(b) > 0 && b[0]&0x80 == 0
	if begins {
		d.quic.Begin(b)
	} else {
		d.quic.Datagram(from, b)
	}
}

// Keys notes what the keys come from.
func (d *datagrams) Keys(s *quic.Schedule) {
	if d.q.DCID == nil {
		d.original = s.DCID
	}
	d.q.Retried = !bytes.Equal(d.original, s.DCID)
	d.q.Version, d.q.DCID = s.Version, s.DCID
	d.tellKeys(s)
}

// Packet notes a packet.
func (d *datagrams) Packet(from int, p *quic.Packet, o *quic.Opened, frames []quic.Frame) {
	q := d.q
	q.Packets[from][p.Type]++
	switch {
	case p.Type == quic.VersionNegotiation && from == server && !d.serverHello:
		q.Versions = slices.Clone(p.Versions[:min(len(p.Versions), maxVersions)])
	case p.Type == quic.OneRTT && from == server && q.Packets[client][quic.OneRTT] > 0:
		if d.answered = true; d.short {
			d.answers++
		}
	case p.Type == quic.OneRTT && from == client && d.answered:
		d.behind++
	}
	if from == server && (p.Type == quic.Retry || p.Type == quic.VersionNegotiation) || slices.ContainsFunc(frames, func(f quic.Frame) bool { return f.Type == quic.Crypto }) {
		d.lastBy = from
	}
	if o != nil {
		q.Opened[from]++
	}
	for i := range frames {
		if f := &frames[i]; f.Type == quic.ConnectionClose && q.Close == nil {
			q.Close = &Close{By: names[from], Code: f.Code, Reason: strings.Clone(f.Reason[:min(len(f.Reason), maxReason)])}
		}
	}
	d.tellPacket(from, p, o, frames)
}

// Message notes a handshake message.
func (d *datagrams) Message(from int, raw []byte) {
	var fields *[]wire.Field
	if d.shown() {
		fields = new([]wire.Field)
	}
	m, err := message.Parse(message.Context{Version: iana.TLS13, FromServer: from == server, QUIC: true}, raw, fields)
	if err != nil {
		d.c.Read.Trouble = err
		return
	}
	switch m := m.(type) {
	case *message.ClientHello:
		if from == client {
			d.hello = true
			d.c.asks(m)
		}
	case *message.ServerHello:
		if from == server {
			d.c.answers(m)
			if m.Kind() == message.KindServerHello {
				d.serverHello, d.shared = true, m.Extensions.Find(iana.ExtKeyShare) != nil
				d.c.Resumed = m.Extensions.Find(iana.ExtPreSharedKey) != nil
			}
		}
	}
	if g := event.GroupAt(event.SettledGroup(m)); g.ID != 0 {
		d.c.Group = g
	}
	d.tellMessage(from, m, raw, fields)
}

// done closes the account.
func (d *datagrams) done() {
	c, q, r := d.c, d.q, d.u.r
	d.u.held -= d.held
	d.held = 0
	if d.gone {
		return
	}
	q.Partial = [2]bool{d.quic.Waits(client), d.quic.Waits(server)}
	for from := range q.Partial {
		if err := d.quic.Trouble(from); err != nil && c.Read.Trouble == nil {
			c.Read.Trouble = err
		}
	}
	c.Outcome = d.outcome()
	c.Read.Initial, c.Read.Hello = q.Opened != [2]int{}, d.hello
	if c.Read.Sealed = q.Sealed(); c.Read.Sealed > 0 {
		c.Read.Closed = ClosedQUIC
		c.Read.Needs = []Need{NeedEnd}
		if q.DCID == nil {
			c.Read.Needs = []Need{NeedWhole, NeedEnd}
		}
	}
	r.totals.TLS++
	if r.o.Onlookers || d.shown() {
		d.onlookers()
	}
	d.tellEnd()
	if r.o.Each != nil {
		r.o.Each(c)
	}
}

// outcome is how it ended, as far as Initial packets and the kinds of the others tell.
func (d *datagrams) outcome() Outcome {
	q := d.q
	o := Outcome{Phase: PhaseHello}
	// One answer may be no more than the word that the client's certificate is refused, and so may what it sends before
	// it has heard that.
	over := (d.answers >= 2 || d.behind >= 2) && q.Packets[client][quic.Handshake] > 0
	switch {
	case over:
		o.Phase = PhaseData
	case d.serverHello:
		o.Phase = PhaseServer
	}
	switch {
	case q.Close != nil:
		o.What, o.By = Refused, q.Close.By
		if q.Close.Code>>8 == 1 { // RFC 9001 §4.8
			o.Alert, o.HasAlert = iana.AlertDescription(q.Close.Code), true
		}
	case over:
		o.What, o.Inferred = Done, true
	case q.Versions != nil && !d.serverHello:
		o.What, o.By = Refused, names[server]
	case d.serverHello || q.Packets[client][quic.Handshake]+q.Packets[server][quic.Handshake] > 0:
		o.What = Unseen
	case q.DCID == nil || q.Partial[client]:
		o.What = Unfollowed
	default:
		o.What, o.By = Silent, names[1-d.lastBy]
	}
	return o
}
