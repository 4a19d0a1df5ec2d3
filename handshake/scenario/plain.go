package scenario

// plain sends the same request and reply over bare TCP. What the listener sees is
// taken from the wire.
func (p *play) plain() error {
	p.begin("plain")
	conn := p.NewConn()
	p.flow.Wire = []Segment{{conn, "client", true, []byte(p.o.request())}, {conn, "server", false, []byte(p.o.reply())}}
	sees := [2]string{}
	for i, s := range p.flow.Wire {
		sees[i] = string(s.Bytes)
	}
	p.Scene("listener", &PlainHTTP{Request: sees[0], Reply: sees[1]})
	p.end(Outcome{Done: true, Received: sees[1]})
	return nil
}
