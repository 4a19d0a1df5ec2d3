package scenario

import (
	"bytes"

	"tlslab/handshake/event"
)

// plain sends the same request and reply over bare TCP. What the listener sees is
// taken from the wire. There are no records: he reads what was sent at once as it is.
func (p *play) plain() error {
	p.begin("plain")
	conn := p.NewConn()
	p.flow.Wire = []Segment{{conn, "client", true, []byte(p.o.request())}, {conn, "server", false, []byte(p.o.reply())}}
	sees := [2]string{}
	for i, s := range p.flow.Wire {
		sees[i] = string(s.Bytes)
		p.Scene(s.From, &event.Onlooked{Meta: event.Meta{Conn: conn}, ToServer: s.ToServer, First: 1, Records: []event.Overheard{
			{Wire: bytes.Clone(s.Bytes), By: []event.Sight{{Onlooker: "listener", Access: event.AccessReads}}}}})
	}
	p.Scene("listener", &PlainHTTP{Request: sees[0], Reply: sees[1]})
	p.end(Outcome{Done: true, Received: sees[1]})
	return nil
}
