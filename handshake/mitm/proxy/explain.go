package proxy

import (
	"bytes"
	"slices"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/mitm"
	"tlslab/handshake/observe"
)

// Parties of the explanation, by where they stand.
const (
	partyClient = "client"
	partyProxy  = "mitm"
	partyServer = "server"
)

// Explain tells listener of a connection that was kept, as the lesson does of its interceptor: one
// flow, both legs in the order in which the proxy saw their bytes, what a listener and the proxy
// made of each record, and the steps of the interceptor (mitm.Steps, but for the first: what a
// client trusts the proxy does not see). The error is about the kept secrets.
func (r *Recording) Explain(listener event.Listener) error {
	listener.Event(r.flow())
	var seq uint64
	numbered := event.ListenerFunc(func(e event.Event) {
		seq++
		e.Head().Seq = seq
		listener.Event(e)
	})
	x := &explanation{to: numbered, legs: r.legs.Load(), box: mitm.Telling{Listener: numbered, Time: time.Now,
		ToClient: event.Meta{Party: partyProxy, Conn: 1}, ToServer: event.Meta{Party: partyProxy, Conn: 2}}}
	toClient, err := r.ToClient.replay(observe.Line{Conn: 1, Client: partyClient, Server: partyProxy}, &ownEnd{to: x, role: event.Server})
	if err != nil {
		return err
	}
	toServer, err := r.ToServer.replay(observe.Line{Conn: 2, Client: partyProxy, Server: partyServer}, &ownEnd{to: x, role: event.Client})
	if err != nil {
		return err
	}
	if !r.ToServer.tls() {
		toServer.segments = nil
	}
	for toClient.more() || toServer.more() {
		if toClient.before(toServer) {
			x.onClient(toClient)
		} else {
			x.onServer(toServer)
		}
	}
	return nil
}

// flow heads the explanation.
func (r *Recording) flow() *event.Flow {
	f := &event.Flow{Name: "proxy_both", Parties: []string{partyClient, partyProxy, partyServer}, Host: r.Host}
	if !r.ToServer.tls() {
		f.Name, f.Parties = "proxy_to_client", f.Parties[:2]
	}
	if !r.ToClient.keyed() {
		f.Name = "proxy_no_keys"
	}
	return f
}

// explanation tells of the legs what their observers see, and in between what the box makes of it.
type explanation struct {
	to      event.Listener
	box     mitm.Telling
	legs    *legs
	heard   []event.Event // from one segment
	offered []string      // ALPN of the client
	forged  bool          // it was told of
	asked   bool          // the server: what it says is a reply
}

// Event takes what an observer tells.
func (x *explanation) Event(e event.Event) { x.heard = append(x.heard, e) }

// onClient tells of what one end of the client's leg has said.
func (x *explanation) onClient(leg *replaying) {
	toServer := leg.play()
	if !toServer && !x.forged && x.legs != nil {
		x.forged = true
		x.box.Forged(x.legs.toServer.Shown, x.legs.forged)
	}
	hello, text := x.pass()
	if hello != nil {
		x.offered = mitm.Offered(hello, nil)
		x.box.Called(mitm.Named(hello))
	}
	if toServer && len(text) > 0 {
		x.box.Read(mitm.Request, string(text), inClear(x.legs.client()))
	}
}

// onServer tells of what one end of the server's leg has said.
func (x *explanation) onServer(leg *replaying) {
	toServer := leg.play()
	hello, text := x.said()
	if hello != nil {
		x.box.Calls(mitm.Named(hello), x.passedOn(mitm.Offered(hello, nil)))
	}
	if toServer && len(text) > 0 {
		x.asked = true
		x.box.GoesOn(len(text), inClear(x.legs.server()))
	}
	x.pass()
	if !toServer && x.asked && len(text) > 0 {
		x.box.Read(mitm.Reply, string(text), inClear(x.legs.server()))
	}
}

// passedOn is the offer to the server if it is the client's, and the client was told what the
// server chose of it; nil where the proxy translates.
func (x *explanation) passedOn(offer []string) []string {
	if !slices.Equal(offer, x.offered) {
		return nil
	}
	if c, s := x.legs.client(), x.legs.server(); c != nil && s != nil && c.Protocol != s.Protocol {
		return nil
	}
	return offer
}

// said is what the segment at hand says: a hello, or the plaintext of what was sealed.
func (x *explanation) said() (hello *message.ClientHello, text []byte) {
	for _, e := range x.heard {
		switch e := e.(type) {
		case *event.Message:
			if m, ok := e.Msg.(*message.ClientHello); ok {
				hello = m
			}
		case *event.Data:
			text = append(text, e.Data...)
		}
	}
	return hello, text
}

// pass tells of the segment.
func (x *explanation) pass() (hello *message.ClientHello, text []byte) {
	hello, text = x.said()
	for _, e := range x.heard {
		x.to.Event(e)
	}
	x.heard = nil
	return hello, text
}

// client is the leg to the client, if it has come to something.
func (l *legs) client() *Leg {
	if l == nil {
		return nil
	}
	return l.toClient
}

// server is the leg to the server, if it has come to something.
func (l *legs) server() *Leg {
	if l == nil {
		return nil
	}
	return l.toServer
}

// inClear reports whether a leg's suite encrypts nothing.
func inClear(l *Leg) bool { return l != nil && l.Suite != nil && !l.Suite.Cipher.Encrypts() }

// tls reports whether TLS was kept: the leg to the server can also be in clear (--map-remote), or
// there is none.
func (l *LegRecording) tls() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.bytes) > 0 && iana.ContentType(l.bytes[0]) == iana.Handshake
}

// replaying is a leg that an observer hears once more.
type replaying struct {
	bytes    []byte
	segments []segment // yet to be heard
	at       int       // in bytes
	ob       *observe.Observer
	end      *ownEnd // nil: the observer tells by itself
}

// replay is the leg of line, as the proxy's end of it tells.
func (l *LegRecording) replay(line observe.Line, end *ownEnd) (*replaying, error) {
	keys := l.secrets()
	panel, err := observe.NewPanel(line, observe.Options{Conn: line.Conn},
		observe.Onlooker{Party: partyProxy, Has: observe.Options{Conn: line.Conn, KeyLog: bytes.NewReader(keys)}})
	if err != nil {
		return nil, err
	}
	p, err := l.replayTo(observe.Options{Listener: observe.Overhear(end, event.Client, panel), ShowSecrets: true, Conn: line.Conn}, keys)
	if err == nil {
		p.end = end
	}
	return p, err
}

func (l *LegRecording) replayTo(o observe.Options, keys []byte) (*replaying, error) {
	l.mu.Lock()
	b, segments := bytes.Clone(l.bytes), slices.Clone(l.segments)
	l.mu.Unlock()
	o.KeyLog = bytes.NewReader(keys)
	ob, err := observe.New(o)
	if err != nil {
		return nil, err
	}
	return &replaying{bytes: b, segments: segments, ob: ob}, nil
}

func (p *replaying) more() bool { return len(p.segments) > 0 }

// before reports whether p goes on before other does.
func (p *replaying) before(other *replaying) bool {
	return p.more() && (!other.more() || p.segments[0].turn < other.segments[0].turn)
}

// play lets the observer hear one segment, and says which way that went.
func (p *replaying) play() (toServer bool) {
	s := p.segments[0]
	b := p.bytes[p.at:s.end]
	p.segments, p.at = p.segments[1:], s.end
	if s.toServer {
		p.ob.ClientBytes(b)
	} else {
		p.ob.ServerBytes(b)
	}
	if p.end != nil {
		p.end.flush()
	}
	return s.toServer
}

// secrets are what the proxy's end of the leg has logged so far.
func (l *LegRecording) secrets() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.keys.Bytes())
}

// Observe plays the leg to an observer with o's listener and the leg's own secrets.
func (l *LegRecording) Observe(o observe.Options) (observe.Report, error) {
	p, err := l.replayTo(o, l.secrets())
	if err != nil {
		return observe.Report{}, err
	}
	for p.more() {
		p.play()
	}
	return p.ob.Report(), nil
}
