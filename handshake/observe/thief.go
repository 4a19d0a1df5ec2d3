package observe

import (
	"crypto"
	"crypto/rsa"
	"sync"
)

// Thief has recorded a server's connections, and steals the private key of its certificate
// when they are over. With RSA key transport that key opens a handshake (RFC 5246 §7.4.7.1);
// and the master secret that he finds there opens the connections that resume it, in which
// the key itself plays no part. It is safe for concurrent use.
type Thief struct {
	key *rsa.PrivateKey

	mu   sync.Mutex
	loot []Master
}

// maxLoot is how many master secrets a Thief remembers: a server that runs for long has no
// end of sessions, but forgets most of them by the time there are so many others.
const maxLoot = 1 << 10

// NewThief returns the thief of a server's key. One that is no RSA key opens nothing.
func NewThief(key crypto.PrivateKey) *Thief {
	t := new(Thief)
	t.key, _ = key.(*rsa.PrivateKey)
	return t
}

// Onlooker is the thief on one more connection of that server's, as "thief". o.Suites and
// o.Conn are taken from o, and the keys are the thief's.
func (t *Thief) Onlooker(o Options) Onlooker {
	t.mu.Lock()
	defer t.mu.Unlock()
	o.RSAKey, o.Masters = t.key, t.loot[:len(t.loot):len(t.loot)]
	return Onlooker{Party: "thief", Later: true, Has: o, learnt: t.learn}
}

func (t *Thief) learn(m *Master) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loot = append(t.loot[max(0, len(t.loot)+1-maxLoot):], *m)
}
