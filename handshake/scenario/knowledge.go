package scenario

import (
	"bytes"
	"crypto/rsa"
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/stage"
)

// WhoKnows is what each party can do with the bytes of a flow. If the flow has no such
// bytes, it means nothing that a party cannot read them.
type WhoKnows struct {
	event.Meta
	Connections []int // whose recordings were read, by number
	HasFinished bool  // there is an encrypted Finished on one of them
	HasData     bool  // there is application data
	HasSecrets  bool  // there are keys of the handshake, or of application data
	Parties     []Knowledge
}

// Key returns SceneKnowledge.
func (*WhoKnows) Key() event.SceneKey { return SceneKnowledge }

// Values are the connections, what is there, and what each party knows.
func (w *WhoKnows) Values() []event.Value {
	values := []event.Value{value("connections", w.Connections), value("has_finished", w.HasFinished), value("has_data", w.HasData),
		value("has_secrets", w.HasSecrets)}
	for _, k := range w.Parties {
		values = append(values, value(k.Party, k))
	}
	return values
}

// Of is what a party knows; the zero Knowledge if it is not among them.
func (w *WhoKnows) Of(party string) Knowledge {
	for _, k := range w.Parties {
		if k.Party == party {
			return k
		}
	}
	return Knowledge{}
}

// Knowledge is what one party can do with the bytes of one flow. Every line of it was run:
// an observer was given the recording and that party's keys, and this is what it read.
type Knowledge struct {
	Party          string // "client", "server", "listener", "thief", "ticket_thief", "psk_thief"; "attacker", "mitm"
	ReadsHandshake bool   // opened the encrypted Finished messages
	ReadsData      bool   // opened application data
	EarlyOnly      bool   // … and of it only what was sent early
	HasMaster      bool   // has, or recovered, the master secret; in TLS 1.3 every traffic secret
	CanImpersonate bool   // can be the server to this client: it was tried
	Plaintext      string // the application data it read, both ways; "" if none
}

// Values are all of it.
func (k Knowledge) Values() []event.Value {
	return []event.Value{value("party", k.Party), value("reads_handshake", k.ReadsHandshake), value("reads_data", k.ReadsData),
		value("early_only", k.EarlyOnly), value("has_master", k.HasMaster), value("can_impersonate", k.CanImpersonate), value("plaintext", k.Plaintext)}
}

// viewpoint is a party, and what it has besides the recording.
type viewpoint struct {
	party    string
	keys     []byte           // its own key log
	thief    bool             // it stole the server's private key afterwards
	masters  []observe.Master // what was in the tickets that it opened
	psks     [][]byte
	accepted bool // the client took it for the server
}

// know tells what each party could read of the flow's connections. The listener has the
// recording; the thief has the recording and, later, the server's private key.
func (p *play) know(t terms, conns []int, views []viewpoint) error {
	impersonates, err := p.keyImpersonates(t)
	if err != nil {
		return err
	}
	scene := &WhoKnows{Connections: conns}
	p.there(scene)
	for _, v := range views {
		k := Knowledge{Party: v.party, CanImpersonate: v.accepted || impersonates && (v.thief || v.party == "server")}
		for _, conn := range conns {
			if err := p.view(v, conn, &k); err != nil {
				return err
			}
		}
		scene.Parties = append(scene.Parties, k)
	}
	p.Scene("", scene)
	return nil
}

// knowAttack tells what attacker and server could read of all attempts of an attack, and
// whether a client took the attacker, with what he has, for the server.
func (p *play) knowAttack(t terms, accepted bool, attempts ...*line) error {
	attacker, server := viewpoint{party: "attacker", accepted: accepted}, viewpoint{party: "server"}
	var conns []int
	for _, l := range attempts {
		conns = append(conns, l.conn)
		attacker.keys = append(attacker.keys, l.c.keys.Bytes()...)
		server.keys = append(server.keys, l.s.keys.Bytes()...)
	}
	return p.know(t, conns, []viewpoint{attacker, server})
}

// there says what there is to know on connections.
func (p *play) there(w *WhoKnows) {
	for _, e := range p.flow.Events {
		if !slices.Contains(w.Connections, e.Head().Conn) {
			continue
		}
		switch e := e.(type) {
		case *event.Message:
			w.HasFinished = w.HasFinished || e.Kind == message.KindFinished
		case *event.Data:
			w.HasData = true
		case *event.KeyChange:
			w.HasSecrets = w.HasSecrets || e.Keys == event.HandshakeKeys || e.Keys == event.ApplicationKeys
		}
	}
	for _, l := range p.lines { // a recorded request is there, whether it opens or not
		w.HasData = w.HasData || l.recorded && slices.Contains(w.Connections, l.conn)
	}
}

// view adds to k what a party reads of one recording.
func (p *play) view(v viewpoint, conn int, k *Knowledge) error {
	finished := false // EndOfEarlyData is a handshake message, too, and no proof of this
	later := false    // data was read that was not sent early
	o := observe.Options{Conn: conn, Suites: p.o.Suites, Masters: v.masters, PSKs: v.psks, Listener: event.ListenerFunc(func(e event.Event) {
		switch e := e.(type) {
		case *event.Message:
			finished = finished || e.Kind == message.KindFinished
		case *event.Record:
			later = later || e.Type == iana.ApplicationData && len(e.Payload) > 0 && e.Keys != event.EarlyKeys
		}
	})}
	if v.keys != nil {
		o.KeyLog = bytes.NewReader(v.keys)
	}
	if v.thief {
		o.RSAKey, _ = p.lesson.Key.(*rsa.PrivateKey)
		o.Masters = p.loot
	}
	r, err := p.flow.Observe(o)
	if err != nil {
		return err
	}
	if v.thief && r.Master != nil {
		p.loot = append(p.loot, *r.Master)
	}
	k.ReadsHandshake = k.ReadsHandshake || finished
	if r.ReadData {
		k.EarlyOnly = !later && (k.EarlyOnly || !k.ReadsData)
		k.ReadsData = true
	}
	k.HasMaster = k.HasMaster || r.Master != nil || r.Traffic.Complete() || logged(v.keys)
	if k.Plaintext == "" { // the two legs of an interceptor carry the same
		k.Plaintext = string(r.FromClient) + string(r.FromServer)
	}
	return nil
}

// logged reports whether a key log of TLS 1.3 has every traffic secret, used or not.
func logged(keys []byte) bool {
	for _, label := range []string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} {
		if !bytes.Contains(keys, []byte(label)) {
			return false
		}
	}
	return true
}

// keyImpersonates tries whether the client would take anybody who has the server's
// chain and private key for the server. Nobody listens to this handshake.
func (p *play) keyImpersonates(t terms) (bool, error) {
	cc, err := p.clientConfig("victim", t, 0)
	if err != nil {
		return false, err
	}
	sc := p.serverConfig("thief", t, 0)
	sc.Listener, sc.ClientAuth = nil, handshake.NoClientCert // a thief asks for none
	client, err := unheard(cc, sc)
	return client != nil && client.Done(), err
}

// unheard runs a handshake to which nobody listens, unless a Listener has been set on
// the server's side.
func unheard(cc, sc *handshake.Config) (*handshake.Endpoint, error) {
	cc.Listener, cc.ShowSecrets, sc.ShowSecrets = nil, false, false
	client, err := handshake.NewClient(cc)
	if err != nil {
		return nil, err
	}
	server, err := handshake.NewServer(sc)
	if err != nil {
		return nil, err
	}
	stage.Meet(client, server, nil)
	return client, nil
}
