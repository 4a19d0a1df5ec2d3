package observe

import (
	"bytes"
	"errors"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/wire"
)

// half is one direction.
type half struct {
	server bool // it carries what the server sends
	rd     record.Reader
	buf    []byte // not yet a whole record
	hs     []byte // handshake bytes not yet a whole message
	data   []byte // application data, opened

	closed bool // under keys that we lack: records are counted, not opened
	epoch  int
	seq    uint64
	lost   bool // these bytes are no records

	half13
}

// maxMessage is what endpoints accept too, if nobody tells them otherwise: what is longer is not followed.
const maxMessage = 1 << 18

func (o *Observer) feed(h *half, b []byte) {
	if h.lost {
		return
	}
	waits, n := len(h.buf) > 0, len(h.buf)+len(b)
	var joined []byte
	if waits {
		joined = h.join(b)
		h.buf = joined
	} else {
		h.buf = b // as a rule there are whole records in it, and nothing to be kept
	}
	for !h.lost && o.next(h) {
	}
	o.release()
	switch {
	case len(h.buf) == 0:
		h.buf = nil
	case !waits || len(h.buf) < n:
		h.buf = bytes.Clone(h.buf) // alone, and not with what stood before it
	default:
		return // it waits on
	}
	leave(joined)
}

// join puts b behind what waits: in place for the whole record, once a fourth of it is here.
func (h *half) join(b []byte) []byte {
	n := len(h.buf) + len(b)
	if n <= cap(h.buf) || len(h.buf) < record.HeaderLen {
		return append(h.buf, b...)
	}
	all := record.HeaderLen + int(h.buf[3])<<8 + int(h.buf[4])
	if n = max(n, min(all, 4*n)); n <= shortLen/4 { // it would wait in too wide a room
		return append(slices.Grow(h.buf, n-len(h.buf)), b...)
	}
	before := h.buf
	defer leave(before)
	return append(append(room(n), before...), b...)
}

// next takes one record off h.buf, if it is all there.
func (o *Observer) next(h *half) bool {
	o.consult()
	if o.clientStarts(h) {
		o.startClient()
	}
	if h.inEarly() && hides(h.buf) {
		if rec := whole(h.buf); rec != nil && o.endsEarly(h, rec) {
			return true
		}
	}
	if h.closed || o.isEarly(h) && !o.opensEarly(h) {
		return o.nextClosed(h)
	}
	buf := framed(h.buf)
	if buf != nil { // it is opened in place, and what does not open is left in ruins
		buf = append(room(len(buf)), buf...)
		defer leave(buf)
	} else {
		buf = h.buf // of which nothing is opened: the reader looks at what there is of the header
	}
	rec, n, err := h.rd.Next(buf, nil, !o.o.Brief)
	switch {
	case err != nil && whole(h.buf) != nil && reason.Of(err) == reason.BadRecordMAC:
		o.trouble(err)
		o.refused, o.misfit = true, !o.verified // else the record was tampered with
		h.closed = true
		return true
	case err != nil:
		o.lose(h, err)
		return false
	case n == 0:
		return false
	}
	if o.o.Brief {
		rec.Wire = h.buf[:n]
	}
	h.buf = h.buf[n:]
	h.epoch, h.seq = rec.Epoch, rec.Seq
	if rec.Protected || rec.Epoch == 0 {
		h.seq++
	}
	s := h.stage
	if s == inClear && rec.Protected {
		s = early
	}
	h.opens[s] = h.opens[s] || rec.Protected
	o.noteRecord(h, rec, true)
	o.read(h, rec)
	return true
}

// nextClosed measures a record that we have no keys for.
func (o *Observer) nextClosed(h *half) bool {
	b := whole(h.buf)
	if b == nil {
		if len(h.buf) >= record.HeaderLen && h.buf[1] != 3 {
			o.lose(h, reason.New(reason.BadRecordVersion, o.rule("RFC 9846 §5.2", "RFC 5246 §6.2.1"), "record.version", "0x03..", h.buf[1]))
		}
		return false
	}
	hidden := hides(b)
	if o.settle12(h, b) {
		return true
	}
	if o.is13() && hidden && (o.begins(h, b) || o.seek(h, b)) {
		return true // open from here on
	}
	if !h.early && !h.inEarly() && hidden && (o.is13() && h.stage == inClear || o.isEarly(h)) {
		h.early, h.epoch, h.seq = true, 1, 0
	}
	h.buf = h.buf[len(b):]
	t := iana.ContentType(b[0])
	rec := record.Record{Type: t, Version: iana.Version(b[1])<<8 | iana.Version(b[2]), Epoch: h.epoch, Seq: h.seq,
		Protected: hidden || !o.is13() && !changesInClear(b), Wire: b}
	if rec.Protected {
		o.report.Sealed++
		s := h.stage
		if s == inClear && !h.server {
			s = early
		}
		h.sealed[s]++
		o.tallySealed(h, &rec)
		h.missed = h.missed || h.stage == handshaking
	}
	if rec.Protected || !o.is13() {
		if h.seq++; !o.is13() && rec.Protected && t == iana.ChangeCipherSpec { // of a renegotiation: the next keys count anew
			h.epoch, h.seq = h.epoch+1, 0
		}
		o.noteRecord(h, rec, false)
		return true
	}
	rec.Payload = b[record.HeaderLen:]
	o.noteRecord(h, rec, true)
	if t == iana.ChangeCipherSpec || t == iana.Alert {
		o.read(h, rec)
	}
	return true
}

// changesInClear reports whether a record is a ChangeCipherSpec and in clear: one byte. That of a renegotiation
// is protected by the keys before it, and longer.
func changesInClear(b []byte) bool {
	return b[0] == byte(iana.ChangeCipherSpec) && len(b) <= record.HeaderLen+1
}

// hides reports whether b begins with a record that says application_data: in TLS 1.3
// every record that is not in clear says so.
func hides(b []byte) bool { return len(b) > 0 && b[0] == byte(iana.ApplicationData) }

// isEarly reports whether h.buf begins with 0-RTT data, which a client sends before the
// server has said anything.
func (o *Observer) isEarly(h *half) bool {
	return !h.server && !h.inEarly() && o.serverHello == nil && hides(h.buf) && o.earlyOffered()
}

func (o *Observer) earlyOffered() bool {
	return o.hello != nil && o.hello.Extensions.Find(iana.ExtEarlyData) != nil
}

// whole returns the first record of b, or nil if it is not all there.
func whole(b []byte) []byte {
	if len(b) > 1 && b[1] != 3 {
		return nil
	}
	return framed(b)
}

// framed is whole, whatever version the record says.
func framed(b []byte) []byte {
	if len(b) < record.HeaderLen {
		return nil
	}
	n := record.HeaderLen + int(b[3])<<8 + int(b[4])
	if len(b) < n {
		return nil
	}
	return b[:n:n]
}

// read does what an endpoint would do with an opened record.
func (o *Observer) read(h *half, rec record.Record) {
	switch rec.Type {
	case iana.ChangeCipherSpec:
		m, walked := new(message.ChangeCipherSpec), o.walked()
		if err := wire.Parse(rec.Payload, m, walked); err != nil {
			o.trouble(err)
			return
		}
		o.noteMessage(h, m, rec.Payload, walked)
		if !o.meansNothing() {
			o.change(h)
		}
	case iana.Alert:
		o.noteAlert(h, rec.Payload)
	case iana.ApplicationData:
		if rec.Protected {
			if len(rec.Payload) > 0 {
				o.readData = true
				o.report.Tally.Read[o.dataOf(h)]++
			}
			if !o.o.Forget {
				h.data = append(h.data, rec.Payload...)
			}
			o.noteData(h, rec.Payload)
		}
	case iana.Handshake:
		h.hs = append(h.hs, rec.Payload...)
		taken := false
		for o.nextMessage(h, rec.Protected, !taken) {
			taken = true
		}
		if taken && len(h.hs) > 0 {
			h.hs = bytes.Clone(h.hs) // alone, and not with the messages before it
		}
	}
}

// nextMessage takes one message off h.hs, if it is all there; first: none was before it there. What is kept of it keeps its
// bytes, and so it has a place for itself.
func (o *Observer) nextMessage(h *half, protected, first bool) bool {
	if len(h.hs) < 4 {
		return false
	}
	n := 4 + int(h.hs[1])<<16 + int(h.hs[2])<<8 + int(h.hs[3])
	if n > maxMessage {
		o.lose(h, &reason.Error{Reason: reason.MessageTooLong, Ref: o.rule("RFC 9846 §4", "RFC 5246 §7.4"), Field: "length", Off: 1,
			Want: reason.Say("at most %d bytes, which is our limit", maxMessage-4), Got: n - 4})
		return false
	}
	if len(h.hs) < n {
		return false
	}
	raw := h.hs
	if alone := first && len(raw) == n && cap(raw) <= n+n/4; !alone {
		raw = bytes.Clone(raw[:n])
	}
	if h.hs = h.hs[n:]; len(h.hs) == 0 {
		h.hs = nil
	}
	walked := o.walked()
	m, err := message.Parse(o.context(h), raw, walked)
	if err != nil {
		o.trouble(err)
		m = &unread{kind: iana.HandshakeType(raw[0])}
		walked = o.walked()
		if err := wire.Parse(raw, m, walked); err != nil {
			return true // cannot be: the length was taken from it
		}
	}
	o.settle(h, m)
	o.tallyMessage(h, m, protected)
	o.noteMessage(h, m, raw, walked)
	o.follow(h, m, raw, protected)
	o.weigh(m, raw)
	return true
}

// unread is a message that cannot be parsed, or not without knowing the suite.
type unread struct {
	kind iana.HandshakeType
	body []byte
}

func (m *unread) Kind() message.Kind { return message.Kind(m.kind) }

func (m *unread) Walk(c *wire.Codec) {
	g := c.Enter(m.Kind().String())
	wire.Const8(c, "msg_type", m.kind)
	b := c.Length(3, "length", 0)
	c.Rest("body", &m.body)
	c.End(b)
	c.End(g)
}

// rule is where a rule stands that both versions have.
func (o *Observer) rule(tls13, tls12 string) string {
	if o.is13() {
		return tls13
	}
	return tls12
}

// lose gives a direction up: its bytes can no longer be told apart.
func (o *Observer) lose(h *half, err error) {
	o.trouble(err)
	h.lost, h.buf, h.hs = true, nil, nil
}

// trouble keeps the first thing that went wrong.
func (o *Observer) trouble(err error) {
	var re *reason.Error
	if o.report.Err == nil {
		if !errors.As(err, &re) {
			err = reason.Fault("", err)
		}
		o.report.Err = err
	}
}

// change begins an epoch, as TLS 1.2's ChangeCipherSpec says.
func (o *Observer) change(h *half) {
	h.hs = nil
	p, c := o.protection(h)
	if p == nil {
		if h.before = nil; len(o.rivals) > 0 {
			before := h.rd
			h.before = &before
		}
		h.closed, h.epoch, h.seq = true, h.epoch+1, 0
		return
	}
	h.rd.Change(p, c)
	o.noteKeyChange(h, event.ApplicationKeys, o.suite.ID)
}
