package scenario

import (
	"crypto/x509"
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/mitm"
	"tlslab/pki/lesson"
)

// interception is the interceptor's lesson under way: what it has to work with, and its
// two legs. Connection 1 is from the client to the box, 2 from the box to the server.
type interception struct {
	*play
	own      *x509.Certificate // the root of the box's own making
	forger   *mitm.Forger      // signs with that root, or with a stolen CA's key
	box      *mitm.Legs
	down, up *line
}

// mitm plays one flow through an interceptor that ends the client's connection.
func (p *play) mitm(t terms) error {
	p.begin("mitm")
	i := &interception{play: p}
	if err := i.equip(); err != nil {
		return err
	}
	p.issue()
	i.root()
	if err := i.place(t); err != nil {
		return err
	}
	if err := i.talk(); err != nil {
		return err
	}
	i.believe(i.up.c.ep, i.down.s.ep)
	legs := []int{i.down.conn, i.up.conn}
	both := slices.Concat(i.down.s.keys.Bytes(), i.up.c.keys.Bytes())
	if err := p.know(t, legs, []viewpoint{
		{party: "client", keys: i.down.c.keys.Bytes()},
		{party: "mitm", keys: both, accepted: i.down.c.ep.Done()},
		{party: "server", keys: i.up.s.keys.Bytes()},
		{party: "listener"}, {party: "thief", thief: true}}); err != nil {
		return err
	}
	// Whoever began: the box's own refusal of the client only passes on what
	// happened on its other leg.
	ends := []*end{&i.down.c, &i.up.s}
	if i.up.c.ep != nil {
		ends = append(ends, &i.up.c)
	}
	p.end(p.outcome(&i.down.c, &i.up.s, append(ends, &i.down.s)...))
	return nil
}

// equip makes the box's own root, puts it in the client's store if that is the lesson,
// and takes the key that the box will sign with.
func (i *interception) equip() error {
	forgery, err := lesson.NewForgery(lesson.Options{KeyAlg: i.o.keyAlg(), Name: i.o.server(), Time: i.Now(), Rand: i.Stream("mitm ca")})
	if err != nil {
		return err
	}
	i.own = forgery.Root.Cert
	if i.o.TrustMITM {
		i.roots.Add(i.own)
	}
	signs := forgery.Root
	if i.o.StolenCA {
		signs = i.lesson.Intermediate // the certificate and the key, both
	}
	i.forger, err = mitm.NewForger(signs, i.Stream("mitm ca"), lesson.Key("mitm-leaf"), lesson.KeyECDSA("mitm-leaf"), lesson.KeyEd25519("mitm-leaf"))
	return err
}

// root is the first step, or how the box does without it.
func (i *interception) root() {
	scene := &mitm.Root{How: mitm.Untrusted, Authority: i.own}
	switch {
	case i.o.StolenCA:
		scene.How, scene.Authority = mitm.Stolen, i.forger.Root()
	case i.o.TrustMITM:
		scene.How = mitm.Trusted
	}
	i.Scene("mitm", scene)
}

// place makes the three parties.
func (i *interception) place(t terms) error {
	p := i.play
	i.down = &line{conn: p.NewConn(), c: end{party: "client"}, s: end{party: "mitm", relay: true}}
	i.up = &line{conn: p.NewConn(), c: end{party: "mitm", relay: true}, s: end{party: "server"}}
	cc, err := p.clientConfig("client", t, i.down.conn)
	if err != nil {
		return err
	}
	cc.KeyLog = p.keyLog(&i.down.c)
	if i.down.c.ep, err = handshake.NewClient(cc); err != nil {
		return err
	}
	sc := p.serverConfig("server", t, i.up.conn)
	sc.KeyLog = &i.up.s.keys
	if i.up.s.ep, err = handshake.NewServer(sc); err != nil {
		return err
	}
	toClient, toServer := p.config("mitm", t, i.down.conn), p.config("mitm", t, i.up.conn)
	toClient.KeyLog, toServer.KeyLog = &i.down.s.keys, &i.up.c.keys
	toServer.Roots = p.lesson.Roots // the box sees to its own safety
	i.box, err = mitm.NewLegs(mitm.Options{Forger: i.forger, ToClient: *toClient, ToServer: *toServer, Rewrite: p.o.Rewrite,
		Listener: event.ListenerFunc(i.heard)}, func(toServer *handshake.Endpoint) error {
		i.up.c.ep = toServer
		if !p.o.ClientAuth {
			return p.converse(i.up) // the server has nothing to say against the box: the story is simpler so
		}
		return p.converseUntil(i.up, toServer.Done)
	})
	if err != nil {
		return err
	}
	i.down.s.ep = i.box.ToClient()
	return nil
}

// heard passes the box's scenes on, and sets beside the forgery what it imitates.
func (i *interception) heard(e event.Event) {
	i.Event(e)
	if f, ok := e.(*mitm.Forge); ok {
		i.Scene("", &CertificatesCompared{Sides: i.certificates(f.Real, f.Forged)})
	}
}

// talk is play.talk with a box on the way that sits near the client: what the client
// sends it has before the server has answered the box's Finished. In TLS 1.3 that is the
// difference between a request that was read and one that was never sent.
func (i *interception) talk() error {
	if err := i.converse(i.down); err != nil {
		return err
	}
	if i.up.c.ep != nil && i.up.c.ep.Done() && i.down.c.ep.Done() {
		i.Scene("", &LegsCompared{Sides: i.legs()})
	}
	if err := i.say(i.down, &i.down.c, i.o.request()); err != nil {
		return err
	}
	if err := i.settle(); err != nil {
		return err
	}
	if request, _ := i.o.Rewrite.Apply(i.o.request()); string(i.up.s.got) == request {
		if err := i.say(i.up, &i.up.s, i.o.reply()); err != nil {
			return err
		}
		if err := i.settle(); err != nil {
			return err
		}
	}
	if bye := i.o.farewell(); bye != "" && string(i.down.c.got) == i.changed(i.o.reply()) {
		if err := i.say(i.down, &i.down.c, bye); err != nil {
			return err
		}
		if err := i.settle(); err != nil {
			return err
		}
	}
	for _, e := range []*end{&i.up.s, &i.up.c, &i.down.c, &i.down.s} {
		if e.ep != nil && e.ep.Done() {
			if err := e.ep.CloseWrite(); err != nil {
				return err
			}
		}
	}
	return i.settle()
}

// settle carries bytes on both legs until nothing moves.
func (i *interception) settle() error {
	for moved := true; moved; {
		// What the client sent is opened before the server is heard again.
		moved, _ = i.box.Relay() // a leg's error stays in the leg, for the outcome
		if err := i.converse(i.down); err != nil {
			return err
		}
		if i.up.c.ep == nil {
			continue
		}
		if err := i.converse(i.up); err != nil {
			return err
		}
	}
	_, _ = i.box.Relay() // to hear that there is nobody to pass something on to
	return nil
}

// passthrough plays one flow past a box that forwards bytes: one connection, between
// client and server.
func (p *play) passthrough(t terms) error {
	p.begin("mitm")
	i := &interception{play: p}
	if err := i.equip(); err != nil {
		return err
	}
	p.issue()
	p.Scene("mitm", &Passthrough{Trusted: p.o.TrustMITM})
	l, err := p.connect(t, "client", nil)
	if err != nil {
		return err
	}
	if err := p.talk(l); err != nil {
		return err
	}
	i.down, i.up = l, l
	i.believe(nil, nil)
	if l.c.ep.Done() || l.s.ep.Done() {
		if err := p.know(t, []int{l.conn}, []viewpoint{{party: "client", keys: l.c.keys.Bytes()}, {party: "mitm"}, {party: "server", keys: l.s.keys.Bytes()},
			{party: "listener"}, {party: "thief", thief: true}}); err != nil {
			return err
		}
	}
	p.end(p.outcome(&l.c, &l.s, &l.c, &l.s))
	return nil
}

// changed is a text as the other end gets it.
func (p *play) changed(text string) string {
	after, _ := p.o.Rewrite.Apply(text)
	return after
}
