package explain

import (
	"bytes"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/quic"
	"tlslab/handshake/wire"
)

// The labels of what the keys of Initial packets are made of. None of it is secret.
const (
	LabelInitialSecret       event.SecretLabel = "initial_secret"
	LabelClientInitialSecret event.SecretLabel = "client_initial_secret"
	LabelClientInitialKey    event.SecretLabel = "client_initial_key"
	LabelClientInitialIV     event.SecretLabel = "client_initial_iv"
	LabelClientInitialHP     event.SecretLabel = "client_initial_hp"
	LabelServerInitialSecret event.SecretLabel = "server_initial_secret"
	LabelServerInitialKey    event.SecretLabel = "server_initial_key"
	LabelServerInitialIV     event.SecretLabel = "server_initial_iv"
	LabelServerInitialHP     event.SecretLabel = "server_initial_hp"
)

// SecretLabels lists the labels that only recordings have.
func SecretLabels() []event.SecretLabel {
	return []event.SecretLabel{LabelInitialSecret, LabelClientInitialSecret, LabelClientInitialKey, LabelClientInitialIV, LabelClientInitialHP,
		LabelServerInitialSecret, LabelServerInitialKey, LabelServerInitialIV, LabelServerInitialHP}
}

// labelsOf are those of one end.
var labelsOf = [2]struct{ secret, key, iv, hp event.SecretLabel }{
	client: {LabelClientInitialSecret, LabelClientInitialKey, LabelClientInitialIV, LabelClientInitialHP},
	server: {LabelServerInitialSecret, LabelServerInitialKey, LabelServerInitialIV, LabelServerInitialHP},
}

// teller numbers what is told of a connection over UDP.
type teller struct {
	begun    bool
	seq      uint64
	now      time.Time
	initials int
}

func (d *datagrams) shown() bool { return d.u.r.o.Show == d.c.Number && d.u.r.o.Listener != nil }

func (d *datagrams) head(party string) event.Meta {
	return event.Meta{Conn: d.c.Number, Party: party, Time: d.told.now}
}

func (d *datagrams) tell(e event.Event) {
	d.tellBegin()
	d.told.seq++
	e.Head().Seq = d.told.seq
	d.u.r.o.Listener.Event(e)
}

// listens is who computes what anybody can compute.
const listens = "listener"

// tellBegin tells whose the connection is, once: where the beginning is missing not before there is something else to
// tell, for the beginning may come yet.
func (d *datagrams) tellBegin() {
	if d.shown() && !d.told.begun {
		d.told.begun = true
		d.tell(&Recorded{Meta: d.head(""), File: d.u.r.o.Name, Connection: d.c.Number, Client: d.c.Client.String(), Server: d.c.Server.String()})
	}
}

// tellKeys tells how the keys of Initial packets come about.
func (d *datagrams) tellKeys(s *quic.Schedule) {
	if !d.shown() {
		return
	}
	d.tell(&QUICKeys{Meta: d.head(""), Version: s.Version, DCID: s.DCID, Retried: d.q.Retried, Switched: s.Version != d.q.First})
	if !d.u.r.o.ShowSecrets {
		return
	}
	keyLabel, ivLabel, hpLabel := s.Version.Labels()
	d.tell(&event.Secret{Meta: d.head(listens), Label: LabelInitialSecret, Version: iana.TLS13, Function: event.FunctionExtract, Method: "HKDF-Extract", Op: event.OpHash, Hash: quic.Hash.String(),
		Inputs: []event.Input{event.Public("salt", s.Version.Salt()), event.Public("ikm", bytes.Clone(s.DCID))}, Value: bytes.Clone(s.Secret)})
	for end, of := range labelsOf {
		k := &s.Ends[end]
		d.expand(of.secret, k.Label, LabelInitialSecret, s.Secret, k.Secret)
	}
	for end, of := range labelsOf {
		k := &s.Ends[end]
		d.expand(of.key, keyLabel, of.secret, k.Secret, k.Key)
		d.expand(of.iv, ivLabel, of.secret, k.Secret, k.IV)
	}
	for end, of := range labelsOf {
		k := &s.Ends[end]
		d.expand(of.hp, hpLabel, of.secret, k.Secret, k.HP)
	}
}

// expand tells of an HKDF-Expand-Label of what was told as from.
func (d *datagrams) expand(label event.SecretLabel, tag string, from event.SecretLabel, secret, value []byte) {
	d.tell(&event.Secret{Meta: d.head(listens), Label: label, Version: iana.TLS13, Function: event.FunctionExpandLabel, Method: "HKDF-Expand-Label", Op: event.OpHash, Hash: quic.Hash.String(), Tag: tag,
		Inputs: []event.Input{{Value: kx.Value{Name: "secret", Bytes: bytes.Clone(secret)}, From: from}, event.Public("context", nil),
			event.Public("hkdf_label", keyschedule.AppendHkdfLabel(nil, tag, nil, len(value)))}, Value: bytes.Clone(value)})
}

// tellPacket tells of a packet that says something to whoever listens.
func (d *datagrams) tellPacket(from int, p *quic.Packet, o *quic.Opened, frames []quic.Frame) {
	if !d.shown() {
		return
	}
	switch {
	case p.Type == quic.Retry:
		d.tell(&QUICRetry{Meta: d.head(names[from]), SCID: bytes.Clone(p.SCID), Token: bytes.Clone(p.Token), Tag: bytes.Clone(p.Tag)})
	case p.Type == quic.VersionNegotiation:
		d.tell(&QUICVersions{Meta: d.head(names[from]), Versions: p.Versions})
	case o != nil:
		d.told.initials++
		d.tell(&QUICInitial{Meta: d.head(names[from]), More: d.told.initials > 1, Version: p.Version, DCID: bytes.Clone(p.DCID), SCID: bytes.Clone(p.SCID), Token: bytes.Clone(p.Token),
			Bytes: len(p.Wire), Protected: bytes.Clone(p.Wire[:len(o.Header)]), Opened: o, Frames: told(frames)})
	}
}

// tellMessage tells of a handshake message: who sent it, and that it came.
func (d *datagrams) tellMessage(from int, m message.Message, raw []byte, fields *[]wire.Field) {
	if !d.shown() {
		return
	}
	role := event.Client
	if from == server {
		role = event.Server
	}
	move := event.Move{Role: role, Msg: m.Kind(), Version: iana.TLS13, In: event.WaitServerHello}
	if m.Kind() == message.KindClientHello && !d.c.Retried {
		move.In = event.Start
	}
	for _, dir := range [...]event.Direction{event.Send, event.Receive} {
		e := &event.Message{Meta: d.head(role.String()), Dir: dir, Kind: m.Kind(), Msg: m, Raw: raw, Fields: *fields, QUIC: true, Group: event.GroupAt(event.SettledGroup(m))}
		if dir == event.Receive {
			if move.Dir, move.Role = dir, event.Client; role == event.Client {
				move.Role = event.Server
			}
			e.Party = move.Role.String()
		}
		e.Move = move.String()
		switch e.Ref = "RFC 9846 §4.2.2"; m.Kind() {
		case message.KindServerHello:
			e.Ref = "RFC 9846 §4.2.3"
		case message.KindHelloRetryRequest:
			e.Ref = "RFC 9846 §4.2.4"
		}
		d.tell(e)
	}
}

// tellEnd tells what stays closed.
func (d *datagrams) tellEnd() {
	if !d.shown() {
		return
	}
	d.tellBegin()
	if c := d.q.Close; c != nil && c.Code>>8 == 1 {
		for _, party := range [...]string{c.By, names[1-side(c.By == names[server])]} {
			dir := event.Send
			if party != c.By {
				dir = event.Receive
			}
			d.tell(&event.Alert{Meta: d.head(party), Dir: dir, Level: iana.Fatal, Description: iana.AlertDescription(c.Code)})
		}
	}
	if d.q.Sealed() > 0 {
		d.tell(&QUICClosed{Meta: d.head(""), Packets: d.q.Packets, Opened: d.q.Opened, Midway: d.c.Midway})
	}
	if d.c.Parts != nil {
		d.tell(&Readers{Meta: d.head(""), Of: d.c})
	}
}
