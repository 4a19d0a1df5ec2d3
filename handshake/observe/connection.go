package observe

import (
	"bytes"
	"errors"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
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
}

// maxMessage is what endpoints accept too; a longer message is no handshake's.
const maxMessage = 1 << 18

func (o *Observer) feed(h *half, b []byte) {
	if h.lost {
		return
	}
	h.buf = append(h.buf, b...)
	for !h.lost && o.next(h) {
	}
}

// next takes one record off h.buf, if it is all there.
func (o *Observer) next(h *half) bool {
	if h.closed {
		return o.nextClosed(h)
	}
	// The reader opens in place, and what it cannot open it leaves in ruins.
	before := bytes.Clone(whole(h.buf))
	rec, n, err := h.rd.Next(h.buf, nil, true)
	switch {
	case err != nil && before != nil && reason.Of(err) == reason.BadRecordMAC:
		o.trouble(err)
		o.misfit = !o.verified // else the record was tampered with
		copy(h.buf, before)
		h.closed = true
		return true
	case err != nil:
		o.lose(h, err)
		return false
	case n == 0:
		return false
	}
	h.buf = h.buf[n:]
	h.epoch, h.seq = rec.Epoch, rec.Seq+1
	o.noteRecord(h, rec)
	o.read(h, rec)
	return true
}

// nextClosed measures a record that we have no keys for.
func (o *Observer) nextClosed(h *half) bool {
	b := whole(h.buf)
	if b == nil {
		if len(h.buf) >= record.HeaderLen && h.buf[1] != 3 {
			o.lose(h, reason.New(reason.BadRecordVersion, "record.version", "0x03..", h.buf[1]))
		}
		return false
	}
	h.buf = h.buf[len(b):]
	t := iana.ContentType(b[0])
	protected := t != iana.ChangeCipherSpec // only TLS 1.3 sends one among protected records
	if protected {
		o.report.Sealed++
	}
	o.noteRecord(h, record.Record{Type: t, Version: iana.Version(b[1])<<8 | iana.Version(b[2]),
		Epoch: h.epoch, Seq: h.seq, Protected: protected, Wire: b})
	h.seq++
	return true
}

// whole returns the first record of b, or nil if it is not all there.
func whole(b []byte) []byte {
	if len(b) < record.HeaderLen || b[1] != 3 {
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
		o.noteMessage(h, new(message.ChangeCipherSpec), rec.Payload)
		o.change(h)
	case iana.Alert:
		o.noteAlert(h, rec.Payload)
	case iana.ApplicationData:
		if rec.Protected {
			h.data = append(h.data, rec.Payload...)
			o.noteData(h, rec.Payload)
		}
	case iana.Handshake:
		h.hs = append(h.hs, rec.Payload...)
		for o.nextMessage(h, rec.Protected) {
		}
	}
}

// nextMessage takes one message off h.hs, if it is all there.
func (o *Observer) nextMessage(h *half, protected bool) bool {
	if len(h.hs) < 4 {
		return false
	}
	n := 4 + int(h.hs[1])<<16 + int(h.hs[2])<<8 + int(h.hs[3])
	if n > maxMessage {
		o.lose(h, &reason.Error{Reason: reason.MessageTooLong, Field: "length", Off: 1, Want: maxMessage, Got: n})
		return false
	}
	if len(h.hs) < n {
		return false
	}
	raw := bytes.Clone(h.hs[:n])
	h.hs = h.hs[n:]
	m, err := message.Parse(o.context(h), raw, nil)
	if err != nil {
		o.trouble(err)
		m = &unread{kind: iana.HandshakeType(raw[0])}
		if err := wire.Parse(raw, m, nil); err != nil {
			return true // cannot be: the length was taken from it
		}
	}
	o.noteMessage(h, m, raw)
	o.follow(h, m, raw, protected)
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

// lose gives a direction up: its bytes cannot be told apart any more.
func (o *Observer) lose(h *half, err error) {
	o.trouble(err)
	h.lost, h.buf, h.hs = true, nil, nil
}

// trouble keeps the first thing that went wrong.
func (o *Observer) trouble(err error) {
	var re *reason.Error
	if o.report.Err == nil {
		if !errors.As(err, &re) {
			err = reason.Wrap(reason.Internal, "", err)
		}
		o.report.Err = err
	}
}

// change begins an epoch, as ChangeCipherSpec says.
func (o *Observer) change(h *half) {
	h.hs = nil
	p, c := o.protection(h)
	if p == nil {
		h.closed, h.epoch, h.seq = true, h.epoch+1, 0
		return
	}
	h.rd.Change(p, c)
	if l := o.o.Listener; l != nil {
		l.Event(&handshake.KeyChangeEvent{Meta: o.meta(""), Dir: h.dir(), Epoch: h.epoch + 1, Suite: o.suite.ID})
	}
}

// bare reads the records of a NULL suite: nothing in them is hidden. The MAC is
// cut off unchecked, for its key is a secret even here.
type bare struct{ macLen int }

func (b bare) Seal([]byte, uint64, iana.ContentType, iana.Version, []byte, *suite.Trace) ([]byte, error) {
	return nil, reason.New(reason.Internal, "", "an observer that only reads", "Seal")
}

func (b bare) Open(_ []byte, _ uint64, rec []byte, tr *suite.Trace) (iana.ContentType, []byte, error) {
	body := rec[record.HeaderLen:]
	if len(body) < b.macLen {
		return 0, nil, &reason.Error{Reason: reason.BadRecordMAC, Field: "record.fragment", Off: record.HeaderLen}
	}
	tr.Add(suite.StepMAC, body[len(body)-b.macLen:])
	return iana.ContentType(rec[0]), body[:len(body)-b.macLen], nil
}

func (b bare) Overhead() int { return b.macLen }
