package handshake_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// A flow is one way for a handshake to go. Every run of it puts the same bytes on
// the wire, so that what one run recorded can be fed, changed, to an endpoint of
// another.
type flow struct {
	name           string
	client, server handshake.Config             // without Rand, which each run gets anew
	after          [2]func(*handshake.Endpoint) // what an end does once it is connected
}

// seeded is a stream of randomness that depends on its name alone.
func seeded(name string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

// config returns one end's own copy.
func (f *flow) config(r event.Role) *handshake.Config {
	cfg := f.client
	if r == event.Server {
		cfg = f.server
	}
	cfg.Rand = seeded(f.name + r.String())
	return &cfg
}

func newEnd(t testing.TB, r event.Role, cfg *handshake.Config) *handshake.Endpoint {
	t.Helper()
	make := handshake.NewClient
	if r == event.Server {
		make = handshake.NewServer
	}
	e, err := make(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func other(r event.Role) event.Role { return event.Server - r }

// frozen is a store that never changes, so that each run finds the same session.
type frozen map[string][]byte

func (f frozen) Put(string, []byte, time.Time) error          { return nil }
func (f frozen) Get(key string, _ time.Time) ([]byte, error)  { return f[key], nil }
func (f frozen) Take(key string, _ time.Time) ([]byte, error) { return f[key], nil }
func (f frozen) Delete(string) error                          { return nil }

// Nothing is ever the first of its kind here, and nothing is forgotten.
func (f frozen) Once(string, time.Time, time.Time) (bool, error) { return false, nil }
func (f frozen) Began(time.Time) (time.Time, error)              { return time.Time{}, nil }

// growing is a store without ends, whose content can be taken out.
type growing struct{ frozen }

func (g growing) Put(key string, value []byte, _ time.Time) error {
	g.frozen[key] = value
	return nil
}

// The suites that name a key exchange each.
const (
	ecdheECDSA = iana.CipherSuite(0xc02b)
	ecdheRSA   = iana.CipherSuite(0xc02f)
	dheRSA     = iana.CipherSuite(0x009e)
	rsaRSA     = iana.CipherSuite(0x009c)
	ecdheCBC   = iana.CipherSuite(0xc009)
	rsaNULL    = iana.CipherSuite(0x003b)
	aes128GCM  = iana.CipherSuite(0x1301) // TLS 1.3's name none
	sha256Only = iana.CipherSuite(0xc0b4) // RFC 9150
)

func only(ids ...iana.CipherSuite) []*suite.Suite {
	var rows []*suite.Suite
	for _, id := range ids {
		rows = append(rows, suite.ByID(id))
	}
	return rows
}

// world is a lesson with all that the flows need of it: made once, since nothing
// in it is ever changed.
func world(alg string) *lesson.Lesson {
	l, _ := worlds.LoadOrStore(alg, sync.OnceValue(func() *lesson.Lesson { return makeWorld(alg) }))
	return l.(func() *lesson.Lesson)()
}

var worlds sync.Map // of a kind of key to how its lesson is made, once

func makeWorld(alg string) *lesson.Lesson {
	l, err := lesson.New(lesson.Options{KeyAlg: alg, Name: "www.lab.test", Time: clock(), Staple: "good", Rand: seeded(alg)})
	if err != nil {
		panic(err) // it reads nothing but what this file gives it
	}
	return l
}

// alice is a client certificate of a lesson.
func alice(t testing.TB, l *lesson.Lesson) handshake.Certificate {
	t.Helper()
	is, key, err := l.Client("alice")
	if err != nil {
		t.Fatal(err)
	}
	return handshake.Certificate{Chain: is.Chain, Key: key}
}

// flows are the ways a handshake can go: in TLS 1.2 each key exchange, full and resumed by
// ID and by ticket, with a client certificate, with a staple, with every extension; flows13; and flowsWithKey.
var flows = sync.OnceValue(func() []*flow {
	make := func(name, alg string, id iana.CipherSuite, change func(c, s *handshake.Config)) *flow {
		c, s := ends(world(alg))
		c.Suites, s.Suites = only(id), only(id)
		change(c, s)
		return &flow{name: name, client: *c, server: *s}
	}
	everything := func(c, s *handshake.Config) {
		c.Stapling, c.GREASE, c.EncryptThenMAC, s.EncryptThenMAC = true, true, true, true
		c.ALPN, s.ALPN = []string{"h2", "http/1.1"}, []string{"http/1.1"}
		c.MaxFragmentLength = 4
	}
	mutual := func(alg string) func(c, s *handshake.Config) {
		return func(c, s *handshake.Config) {
			l := world(alg)
			is, key, err := l.Client("alice")
			if err != nil {
				panic(err)
			}
			c.Certificates = []handshake.Certificate{{Chain: is.Chain, Key: key}}
			s.ClientAuth, s.Roots = handshake.RequireClientCert, l.Roots
		}
	}
	both := func(fs ...func(c, s *handshake.Config)) func(c, s *handshake.Config) {
		return func(c, s *handshake.Config) {
			for _, f := range fs {
				f(c, s)
			}
		}
	}
	plain := func(c, s *handshake.Config) {}
	ticketed := func(c, s *handshake.Config) {
		c.Sessions, s.Tickets = frozen{}, session.NewTicketKeys(seeded("ticket keys"), 0)
	}
	named := func(c, s *handshake.Config) { c.Sessions, s.Sessions, c.NoTickets = frozen{}, frozen{}, true }
	list := []*flow{
		make("ecdhe", "ecdsa", ecdheECDSA, plain),
		make("ecdhe, signed by RSA", "rsa", ecdheRSA, plain),
		make("dhe", "rsa", dheRSA, func(c, s *handshake.Config) { s.Groups = []kx.Group{kx.FFDHE2048} }),
		make("rsa", "rsa", rsaRSA, plain),
		make("rsa, client certificate", "rsa", rsaRSA, mutual("rsa")),
		make("rsa, stapled", "rsa", rsaRSA, func(c, s *handshake.Config) { c.Stapling = true }),
		make("rsa, every extension", "rsa", rsaRSA, both(everything, mutual("rsa"))),
		make("every extension", "ecdsa", ecdheCBC, everything),
		make("client certificate", "ecdsa", ecdheECDSA, both(everything, mutual("ecdsa"))),
		make("first of an id", "ecdsa", ecdheECDSA, named),
		make("first of a ticket", "ecdsa", ecdheECDSA, ticketed),
		make("first of a ticket, client certificate", "ecdsa", ecdheECDSA, both(ticketed, mutual("ecdsa"))),
		make("by rsa, first of an id", "rsa", rsaRSA, named),
	}
	for _, first := range slices.Clone(list) {
		if strings.Contains(first.name, "first of") {
			list = append(list, first.second())
		}
	}
	return slices.Concat(list, flows13(), flowsWithKey())
})

// second is the flow that resumes f.
func (f *flow) second() *flow {
	cc, sc := f.config(event.Client), f.config(event.Server)
	kept := growing{frozen{}}
	cc.Sessions = kept
	if sc.Sessions != nil {
		sc.Sessions = kept
	}
	c, err1 := handshake.NewClient(cc)
	s, err2 := handshake.NewServer(sc)
	if err := errors.Join(err1, err2); err != nil {
		panic(err)
	}
	pump(c, s)
	if !c.Done() || !s.Done() {
		panic(errors.Join(c.Err(), s.Err()))
	}
	again := &flow{name: strings.Replace(f.name, "first of", "resumed by", 1), client: f.client, server: f.server}
	again.client.Sessions = kept.frozen
	if sc.Sessions != nil {
		again.server.Sessions = kept.frozen
	}
	return again
}
