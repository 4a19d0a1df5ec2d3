package observe

import (
	"bytes"

	"tlslab/handshake"
	"tlslab/handshake/message"
	"tlslab/handshake/record"
	"tlslab/handshake/wire"
)

// dir is the direction as the client sees it.
func (h *half) dir() handshake.Direction {
	if h.server {
		return handshake.Receive
	}
	return handshake.Send
}

func (o *Observer) meta(move string) handshake.Meta {
	o.events++
	return handshake.Meta{Seq: o.events, Conn: o.o.Conn, Party: o.o.Party, Time: o.o.Time(), Move: move}
}

func (o *Observer) noteRecord(h *half, r record.Record) {
	if l := o.o.Listener; l != nil {
		l.Event(&handshake.RecordEvent{Meta: o.meta(""), Dir: h.dir(), Type: r.Type, Version: r.Version, Epoch: r.Epoch,
			Sequence: r.Seq, Protected: r.Protected, Wire: bytes.Clone(r.Wire), Payload: bytes.Clone(r.Payload), Steps: r.Steps})
	}
}

func (o *Observer) noteMessage(h *half, m message.Message, raw []byte) {
	l := o.o.Listener
	if l == nil {
		return
	}
	var fields []wire.Field
	if _, err := wire.Append(nil, m, &fields); err != nil {
		return // it was parsed a moment ago
	}
	move := handshake.Move{Role: handshake.Client, Dir: h.dir(), Msg: m.Kind()}
	meta := o.meta(move.String())
	meta.Ref = reference(move)
	l.Event(&handshake.MessageEvent{Meta: meta, Dir: h.dir(), Kind: m.Kind(), Msg: m, Raw: bytes.Clone(raw), Fields: wire.Clone(fields)})
}

// reference is where the client's table says that a move is specified.
func reference(move handshake.Move) string {
	for _, m := range handshake.Moves(handshake.Client) {
		if m.Dir == move.Dir && m.Msg == move.Msg {
			return m.Ref
		}
	}
	return ""
}

func (o *Observer) noteAlert(h *half, payload []byte) {
	var a message.Alert
	if err := wire.Parse(payload, &a, nil); err != nil {
		o.trouble(err)
		return
	}
	if l := o.o.Listener; l != nil {
		l.Event(&handshake.AlertEvent{Meta: o.meta(""), Dir: h.dir(), Level: a.Level, Description: a.Description})
	}
}

func (o *Observer) noteData(h *half, p []byte) {
	if l := o.o.Listener; l != nil {
		l.Event(&handshake.DataEvent{Meta: o.meta(""), Dir: h.dir(), Data: bytes.Clone(p)})
	}
}

func (o *Observer) noteSecret(e *handshake.SecretEvent) {
	if l := o.o.Listener; l != nil && o.o.ShowSecrets {
		e.Meta = o.meta("")
		l.Event(e)
	}
}
