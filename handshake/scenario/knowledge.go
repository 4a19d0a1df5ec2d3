package scenario

import (
	"bytes"
	"crypto/rsa"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/tamper"
)

// Knowledge is what one party can do with the bytes of one flow. It is the Value
// of each value of a "knowledge" scene, and every line of it was run: an
// observer was given the recording and that party's keys, and this is what it read.
type Knowledge struct {
	Party          string // "client", "server", "listener", "thief"; "attacker", "mitm"
	ReadsHandshake bool   // opened the encrypted Finished messages
	ReadsData      bool   // opened application data
	HasMaster      bool   // has, or recovered, the master secret; in TLS 1.3 every traffic secret
	CanImpersonate bool   // can be the server to this client: it was tried
	Plaintext      string // the application data it read, both ways; "" if none
}

// viewpoint is a party, and what it has besides the recording.
type viewpoint struct {
	party    string
	conns    []int  // the recordings it has
	keys     []byte // its own key log
	thief    bool   // it stole the server's private key afterwards
	accepted bool   // the client took it for the server
}

// know tells what each party could read of the flow. The listener has the
// recording; the thief has the recording and, later, the server's private key.
func (p *play) know(x iana.Kx, views []viewpoint) error {
	impersonates, err := p.keyImpersonates(x)
	if err != nil {
		return err
	}
	var values []handshake.SceneValue
	for _, v := range views {
		k := Knowledge{Party: v.party, CanImpersonate: v.accepted || impersonates && (v.thief || v.party == "server")}
		for _, conn := range v.conns {
			if err := p.view(v, conn, &k); err != nil {
				return err
			}
		}
		values = append(values, value(v.party, k))
	}
	p.scene("", "knowledge", values...)
	return nil
}

// view adds to k what a party reads of one recording.
func (p *play) view(v viewpoint, conn int, k *Knowledge) error {
	o := observe.Options{Conn: conn, Suites: p.o.Suites}
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
	k.ReadsHandshake = k.ReadsHandshake || r.ReadHandshake
	k.ReadsData = k.ReadsData || r.ReadData
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
func (p *play) keyImpersonates(x iana.Kx) (bool, error) {
	cc, err := p.clientConfig("victim", x, 0)
	if err != nil {
		return false, err
	}
	sc := p.serverConfig("thief", x, 0)
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
	new(tamper.Link).Pump(client, server)
	return client, nil
}
