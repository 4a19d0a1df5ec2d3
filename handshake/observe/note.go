package observe

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sync"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// dir is the direction as the client sees it; with Options.Ends as the sender does.
func (o *Observer) dir(h *half) event.Direction {
	if h.server && !o.o.Ends {
		return event.Receive
	}
	return event.Send
}

// said is the Meta of what one end said.
func (o *Observer) said(h *half, move string) event.Meta {
	m := o.meta(move)
	if o.o.Ends {
		m.Party = h.role().String()
	}
	return m
}

func (o *Observer) meta(move string) event.Meta {
	o.events++
	return event.Meta{Seq: o.events, Conn: o.o.Conn, Party: o.o.Party, Time: o.o.Time(), Move: move}
}

func (o *Observer) noteRecord(h *half, r record.Record, opened bool) {
	if o.each != nil {
		// TLS has no application data in clear: what says that it is some, before there are keys, is sealed under others.
		o.each(h.server, opened && (r.Protected || r.Type != iana.ApplicationData || o.bare))
	}
	l := o.o.Listener
	if l == nil {
		return
	}
	var e *event.Record
	if o.o.Brief {
		e = records.Get().(*event.Record)
		defer func() { *e = event.Record{}; records.Put(e) }()
	} else {
		e = new(event.Record)
	}
	*e = event.Record{Meta: o.said(h, ""), Dir: o.dir(h), Type: r.Type, Version: r.Version, Epoch: r.Epoch, Keys: o.keysOf(h, r.Protected),
		Sequence: r.Seq, Protected: r.Protected, Wire: o.own(r.Wire), Payload: o.own(r.Payload), Steps: r.Steps}
	l.Event(e)
}

// records and messages are what is told of those with Options.Brief, again and again: there is nothing of which more is told.
var (
	records  = sync.Pool{New: func() any { return new(event.Record) }}
	messages = sync.Pool{New: func() any { return new(event.Message) }}
)

// own is what an event has of b.
func (o *Observer) own(b []byte) []byte {
	if o.o.Brief {
		return b
	}
	return bytes.Clone(b)
}

// walked is where the walk that reads a message notes its fields; nil where nobody listens.
func (o *Observer) walked() *[]wire.Field {
	if o.o.Listener == nil || o.o.Brief {
		return nil
	}
	return new([]wire.Field)
}

func (o *Observer) noteMessage(h *half, m message.Message, raw []byte, walked *[]wire.Field) {
	l := o.o.Listener
	if l == nil {
		return
	}
	if o.o.Brief {
		e := messages.Get().(*event.Message)
		defer func() { *e = event.Message{}; messages.Put(e) }()
		*e = event.Message{Meta: o.said(h, ""), Dir: o.dir(h), Kind: m.Kind(), Msg: m, Raw: raw, Group: event.GroupAt(event.SettledGroup(m))}
		l.Event(e)
		return
	}
	move := event.Move{Role: event.Client, Dir: o.dir(h), Msg: m.Kind()}
	if o.o.Ends {
		move.Role = h.role()
	}
	if o.is13() || m.Kind() == message.KindChangeCipherSpec && o.meansNothing() {
		move.Version, move.In = iana.TLS13, event.WaitServerHello // or a later state
	}
	meta := o.said(h, move.String())
	if move.Version == 0 {
		move.Version = cmp.Or(o.version, offered(m))
	}
	meta.Ref = reference(move)
	raw = o.own(raw)
	var fields []wire.Field
	if walked != nil {
		fields = wire.Over(raw, *walked)
	}
	l.Event(&event.Message{Meta: meta, Dir: o.dir(h), Kind: m.Kind(), Msg: m, Raw: raw, Fields: fields, Group: event.GroupAt(event.SettledGroup(m))})
}

// offered is the version by which a hello is written: the newest that it offers. 0 for
// other messages.
func offered(m message.Message) iana.Version {
	hello, ok := m.(*message.ClientHello)
	if !ok {
		return 0
	}
	if x, ok := message.Get[*message.SupportedVersions](&hello.Extensions); ok && slices.Contains(x.Versions, iana.TLS13) {
		return iana.TLS13
	}
	return iana.TLS12
}

func (o *Observer) noteAlert(h *half, payload []byte) {
	var a message.Alert
	if err := wire.Parse(payload, &a, nil); err != nil {
		o.trouble(err)
		return
	}
	o.broken = o.broken || a.Level == iana.Fatal
	if l := o.o.Listener; l != nil {
		l.Event(&event.Alert{Meta: o.said(h, ""), Dir: o.dir(h), Level: a.Level, Description: a.Description})
	}
}

func (o *Observer) noteData(h *half, p []byte) {
	if l := o.o.Listener; l != nil {
		l.Event(&event.Data{Meta: o.said(h, ""), Dir: o.dir(h), Data: o.own(p)})
	}
}

// tellsSecrets: somebody is told of secrets. If not, they need not be copied for it.
func (o *Observer) tellsSecrets() bool { return o.o.Listener != nil && o.o.ShowSecrets }

func (o *Observer) noteSecret(e *event.Secret) {
	if o.tellsSecrets() {
		e.Meta, e.Version = o.meta(""), cmp.Or(e.Version, o.version)
		o.o.Listener.Event(e)
	}
}

// noteKeys tells of the keys in use, and on the first epoch of a stage also of the
// secret from the key log.
func (o *Observer) noteKeys(h *half, k *trafficKeys, s stage, first bool) {
	if !o.tellsSecrets() {
		return
	}
	labels, of := h.role().Labels(), s.keys()
	secret, from := k.secret.Bytes(), labels.Traffic[of]
	if first {
		o.noteSecret(&event.Secret{Label: from, Version: iana.TLS13, Function: event.FunctionGiven, Method: "known", Value: bytes.Clone(secret)})
	} else {
		from = labels.NextTraffic
	}
	o.noteExpanded(k.suite, labels.Key[of], "key", from, secret, k.key)
	o.noteExpanded(k.suite, labels.IV[of], "iv", from, secret, k.iv)
}

// noteExpanded tells of an HKDF-Expand-Label without a context, of the secret told as from.
func (o *Observer) noteExpanded(su *suite.Suite, label event.SecretLabel, tag string, from event.SecretLabel, secret, value []byte) {
	if !o.tellsSecrets() {
		return
	}
	o.noteSecret(&event.Secret{Label: label, Version: iana.TLS13, Function: event.FunctionExpandLabel, Method: "HKDF-Expand-Label", Op: event.OpHash, Hash: su.Hash.String(), Tag: tag,
		Inputs: []event.Input{event.Private("secret", bytes.Clone(secret), from), event.Public("context", nil),
			event.Public("hkdf_label", keyschedule.AppendHkdfLabel(nil, tag, nil, len(value)))}, Value: bytes.Clone(value)})
}

// keysOf is what protects a record: of a closed one of TLS 1.3 only as far as what went by
// in clear tells.
func (o *Observer) keysOf(h *half, protected bool) event.Keys {
	switch {
	case !protected:
		return event.InClear
	case h.stage == inClear && (h.early || h.inEarly()):
		return event.EarlyKeys
	case !o.is13():
		return event.ApplicationKeys
	case h.stage == handshaking && h.closed:
		return event.InClear // of the handshake's or the application's
	}
	return h.stage.keys()
}

// keys are those of a stage that is reached.
func (s stage) keys() event.Keys {
	return [...]event.Keys{event.InClear, event.HandshakeKeys, event.ApplicationKeys, event.EarlyKeys}[s]
}

func (o *Observer) noteKeyChange(h *half, k event.Keys, s iana.CipherSuite) {
	if l := o.o.Listener; l != nil {
		l.Event(&event.KeyChange{Meta: o.said(h, ""), Dir: o.dir(h), Epoch: h.rd.Epoch(), Keys: k, Suite: s})
	}
}

// noteFinished tells whether verify_data was what the secret says it must be; told is the
// label under which that has been told, if it has.
func (o *Observer) noteFinished(want []byte, told event.SecretLabel, got []byte, ok bool) {
	var err error
	if !ok {
		err = &reason.Error{Reason: reason.BadFinished, Ref: o.rule("RFC 9846 §4.5.3", "RFC 5246 §7.4.9"), Field: "finished.verify_data", Off: 4,
			Want: fmt.Sprintf("%x", want), Got: fmt.Sprintf("%x", got)}
		o.trouble(err)
	}
	if l := o.o.Listener; l != nil {
		in := []event.Input{event.Public("expected", bytes.Clone(want)), event.Public("received", bytes.Clone(got))}
		if o.o.ShowSecrets {
			in[0].From = told
		}
		l.Event(&event.Check{Meta: o.meta(""), What: event.CheckFinished, OK: ok, Op: event.OpHash, Method: o.suite.Hash.String(), Err: err, Inputs: in})
	}
}
