package scenario

import (
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm"
	"tlslab/pki"
)

// mitm plays one flow through a middle box. Connection 1 is from the client to
// the box, 2 from the box to the server.
func (p *play) mitm(x iana.Kx) error {
	p.begin("mitm", "client", "mitm", "server")
	forgery, err := pki.NewForgery(pki.LessonOptions{KeyAlg: p.o.keyAlg(), Name: p.o.server(), Time: p.now(), Rand: p.stream("mitm ca")})
	if err != nil {
		return err
	}
	forger, err := mitm.NewForger(forgery.Root, p.stream("mitm ca"), pki.LessonKey("mitm-leaf"), pki.LessonKeyECDSA("mitm-leaf"), pki.LessonKeyEd25519("mitm-leaf"))
	if err != nil {
		return err
	}
	if p.o.TrustMITM {
		p.roots.Add(forger.Root())
	}
	p.issue()

	down := &line{conn: p.newConn(), c: end{party: "client"}, s: end{party: "mitm", relay: true}}
	up := &line{conn: p.newConn(), c: end{party: "mitm", relay: true}, s: end{party: "server"}}
	box, err := p.box(x, forger, down, up)
	if err != nil {
		return err
	}
	if err := p.throughBox(box, down, up); err != nil {
		return err
	}
	legs := []int{down.conn, up.conn}
	both := slices.Concat(down.s.keys.Bytes(), up.c.keys.Bytes())
	if err := p.know(x, []viewpoint{
		{party: "client", conns: legs, keys: down.c.keys.Bytes()},
		{party: "mitm", conns: legs, keys: both, accepted: down.c.ep.Done()},
		{party: "server", conns: legs, keys: up.s.keys.Bytes()},
		{party: "listener", conns: legs}, {party: "thief", conns: legs, thief: true}}); err != nil {
		return err
	}
	// Whoever began: the box's own refusal of the client only passes on what
	// happened on its other leg.
	ends := []*end{&down.c, &up.s}
	if up.c.ep != nil {
		ends = append(ends, &up.c)
	}
	p.end(p.outcome(&down.c, &up.s, append(ends, &down.s)...))
	return nil
}

// box makes the three parties.
func (p *play) box(x iana.Kx, forger *mitm.Forger, down, up *line) (*mitm.Box, error) {
	cc, err := p.clientConfig("client", x, down.conn)
	if err != nil {
		return nil, err
	}
	cc.KeyLog = p.keyLog(&down.c)
	if down.c.ep, err = handshake.NewClient(cc); err != nil {
		return nil, err
	}
	sc := p.serverConfig("server", x, up.conn)
	sc.KeyLog = &up.s.keys
	if up.s.ep, err = handshake.NewServer(sc); err != nil {
		return nil, err
	}
	toClient, toServer := p.config("mitm", x, down.conn), p.config("mitm", x, up.conn)
	toClient.KeyLog, toServer.KeyLog = &down.s.keys, &up.c.keys
	toServer.Roots = p.lesson.Roots // the box sees to its own safety
	box, err := mitm.New(mitm.Options{Forger: forger, ToClient: *toClient, ToServer: *toServer, Listener: p,
		Connect: func(toServer *handshake.Endpoint) error {
			up.c.ep = toServer
			return p.converse(up)
		}})
	if err != nil {
		return nil, err
	}
	down.s.ep = box.ToClient()
	return box, nil
}

// throughBox is talk, with a box on the way.
func (p *play) throughBox(box *mitm.Box, down, up *line) error {
	settle := func() error {
		for moved := true; moved; {
			if err := p.converse(down); err != nil {
				return err
			}
			if up.c.ep == nil {
				return nil
			}
			if err := p.converse(up); err != nil {
				return err
			}
			// A leg's error stays in the leg, for the outcome.
			moved, _ = box.Relay()
		}
		return p.converse(up)
	}
	if err := settle(); err != nil {
		return err
	}
	if err := p.say(down, &down.c, p.o.request()); err != nil {
		return err
	}
	if err := settle(); err != nil {
		return err
	}
	if string(up.s.got) == p.o.request() {
		if err := p.say(up, &up.s, p.o.reply()); err != nil {
			return err
		}
		if err := settle(); err != nil {
			return err
		}
	}
	for _, e := range []*end{&up.s, &up.c, &down.c, &down.s} {
		if e.ep != nil && e.ep.Done() {
			if err := e.ep.CloseWrite(); err != nil {
				return err
			}
		}
	}
	return settle()
}
