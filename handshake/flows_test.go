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
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// A flow is one way for a handshake to go. Every run of it puts the same bytes on
// the wire, so that what one run recorded can be fed, changed, to an endpoint of
// another.
type flow struct {
	name           string
	client, server handshake.Config // without Rand, which each run gets anew
}

// seeded is a stream of randomness that depends on its name alone.
func seeded(name string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

// config returns one end's own copy.
func (f *flow) config(r handshake.Role) *handshake.Config {
	cfg := f.client
	if r == handshake.Server {
		cfg = f.server
	}
	cfg.Rand = seeded(f.name + r.String())
	return &cfg
}

func newEnd(t testing.TB, r handshake.Role, cfg *handshake.Config) *handshake.Endpoint {
	t.Helper()
	make := handshake.NewClient
	if r == handshake.Server {
		make = handshake.NewServer
	}
	e, err := make(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func other(r handshake.Role) handshake.Role { return handshake.Server - r }

// frozen is a store that never changes, so that each run finds the same session.
type frozen map[string][]byte

func (f frozen) Put(string, []byte, time.Time) error         { return nil }
func (f frozen) Get(key string, _ time.Time) ([]byte, error) { return f[key], nil }
func (f frozen) Delete(string) error                         { return nil }

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
func world(alg string) *pki.Lesson {
	switch alg {
	case "ecdsa":
		return ecdsaWorld()
	case "ed25519":
		return ed25519World()
	}
	return rsaWorld()
}

var (
	rsaWorld     = sync.OnceValue(func() *pki.Lesson { return makeWorld("rsa") })
	ecdsaWorld   = sync.OnceValue(func() *pki.Lesson { return makeWorld("ecdsa") })
	ed25519World = sync.OnceValue(func() *pki.Lesson { return makeWorld("ed25519") })
)

func makeWorld(alg string) *pki.Lesson {
	l, err := pki.NewLesson(pki.LessonOptions{KeyAlg: alg, Name: "www.lab.test", Time: clock(), Staple: "good", Rand: seeded(alg)})
	if err != nil {
		panic(err) // it reads nothing but what this file gives it
	}
	return l
}

// alice is a client certificate of a lesson.
func alice(t testing.TB, l *pki.Lesson) handshake.Certificate {
	t.Helper()
	is, key, err := l.Client("alice")
	if err != nil {
		t.Fatal(err)
	}
	return handshake.Certificate{Chain: is.Chain, Key: key}
}

// flows are the ways a handshake can go: each key exchange, full and resumed by
// ID and by ticket, with a client certificate, with a staple, with every extension.
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
	return list
})

// second is the flow that resumes f.
func (f *flow) second() *flow {
	cc, sc := f.config(handshake.Client), f.config(handshake.Server)
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

func flowNamed(t testing.TB, name string) *flow {
	t.Helper()
	for _, f := range flows() {
		if f.name == name {
			return f
		}
	}
	t.Fatalf("no flow is called %q", name)
	return nil
}

// recording is what a flow put on the wire, one turn for each move that sends.
type recording struct {
	*flow
	turns  []turn
	suite  *suite.Suite
	etm    bool
	secret map[string][]byte // by label
}

type turn struct {
	from handshake.Role
	wire []byte // one record
}

// records records every flow, once.
var records = sync.OnceValues(func() ([]*recording, error) {
	var all []*recording
	for _, f := range flows() {
		r, err := f.record()
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
})

func recorded(t testing.TB) []*recording {
	t.Helper()
	all, err := records()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func recordedAs(t testing.TB, name string) *recording {
	t.Helper()
	for _, r := range recorded(t) {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("no recording is called %q", name)
	return nil
}

func (f *flow) record() (*recording, error) {
	rec := &recording{flow: f, secret: map[string][]byte{}}
	cc, sc := f.config(handshake.Client), f.config(handshake.Server)
	cc.ShowSecrets = true
	cc.Listener = handshake.ListenerFunc(func(e handshake.Event) {
		if s, ok := e.(*handshake.SecretEvent); ok {
			rec.secret[s.Label] = s.Value
		}
	})
	c, err1 := handshake.NewClient(cc)
	s, err2 := handshake.NewServer(sc)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	pair := [2]*handshake.Endpoint{c, s}
	for moved := true; moved; {
		moved = false
		for i, e := range pair {
			for {
				progress, err := e.Step()
				if err != nil {
					return nil, err
				}
				out := slices.Clone(e.Output())
				pair[1-i].Feed(out)
				for b := range eachRecord(out) {
					rec.turns = append(rec.turns, turn{handshake.Role(i), b})
				}
				if !progress {
					break
				}
				moved = true
			}
		}
	}
	if !c.Done() || !s.Done() {
		return nil, errors.New(f.name + " did not complete")
	}
	rec.suite, rec.etm = c.Summary().Suite, c.Summary().EncryptThenMAC
	return rec, nil
}

// eachRecord takes a stream apart.
func eachRecord(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) >= 5 {
			n := min(len(b), 5+int(b[3])<<8+int(b[4]))
			if !yield(b[:n:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// to returns what was sent to a role, record by record.
func (r *recording) to(role handshake.Role) (in [][]byte) {
	for _, t := range r.turns {
		if t.from != role {
			in = append(in, t.wire)
		}
	}
	return in
}

// clear is how many of the records to a role are not protected, ChangeCipherSpec included.
func (r *recording) clear(role handshake.Role) int {
	return 1 + slices.IndexFunc(r.to(role), func(b []byte) bool { return b[0] == byte(iana.ChangeCipherSpec) })
}

// writer speaks as the peer of a role, after the peer has sent n records.
func (r *recording) writer(t testing.TB, role handshake.Role, n int) *record.Writer {
	t.Helper()
	w := new(record.Writer)
	w.SetVersion(iana.TLS12)
	if n < r.clear(role) {
		return w
	}
	side := other(role).String() + "_write_"
	p, err := r.suite.Cipher.Protect(suite.Keys{MAC: r.secret[side+"MAC_key"], Key: r.secret[side+"key"], IV: r.secret[side+"IV"]},
		suite.Options{EncryptThenMAC: r.etm, Rand: seeded("writer")})
	if err != nil {
		t.Fatal(err)
	}
	w.Change(p, nil)
	for range n - r.clear(role) { // use up the sequence numbers of what was sent
		if _, err := w.Append(nil, iana.ApplicationData, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// put seals or frames one payload.
func put(t testing.TB, w *record.Writer, typ iana.ContentType, payload []byte) []byte {
	t.Helper()
	b, err := w.Append(nil, typ, payload, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clearRecord frames a payload.
func clearRecord(typ iana.ContentType, payload []byte) []byte {
	return append([]byte{byte(typ), 3, 3, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

// subject is an endpoint under test with all that it has said.
type subject struct {
	*handshake.Endpoint
	out       []byte
	connected bool // its handshake was complete at some time
	buf       [512]byte
}

// replay makes an endpoint of a role and feeds it the first n records that its
// peer sent in the recording.
func (r *recording) replay(t testing.TB, role handshake.Role, n int) *subject {
	t.Helper()
	s := &subject{Endpoint: newEnd(t, role, r.config(role))}
	s.drive()
	for _, b := range r.to(role)[:n] {
		s.feed(b)
	}
	return s
}

func (s *subject) feed(b []byte) {
	s.Feed(b)
	s.drive()
}

// drive does all that can be done, and reads what lies ready.
func (s *subject) drive() {
	for {
		progress, err := s.Step()
		s.connected = s.connected || s.Done()
		for s.Buffered() > 0 && err == nil {
			_, err = s.Read(s.buf[:])
			progress = true
		}
		if err != nil || !progress {
			break
		}
	}
	s.out = append(s.out, s.Output()...)
}

// refused holds that a subject has given up as it should: with a typed reason that
// is not its own fault, the alert that goes with it, no way on, and the same
// answer to every later question.
func (s *subject) refused(t testing.TB) *reason.Error {
	t.Helper()
	err := s.Err()
	var re *reason.Error
	switch {
	case err == nil:
		t.Fatalf("not refused: the endpoint is in %v", s.State())
	case !errors.As(err, &re) || !slices.Contains(reason.All(), re.Reason):
		t.Fatalf("refused without a typed reason: %T %v", err, err)
	case reason.OurFault(re.Reason):
		t.Fatalf("what the peer sent is called our own fault: %v", err)
	case s.State() != handshake.Failed || s.Done() || len(s.Legal()) != 0:
		t.Fatalf("refused (%v), yet in %v", err, s.State())
	}
	if want, ok := reason.Alert(re.Reason); ok {
		var last []byte
		for b := range eachRecord(s.out) {
			last = b
		}
		if len(last) < 7 || last[0] != byte(iana.Alert) {
			t.Fatalf("refused (%v), and the last record sent is %x, no alert", err, last)
		}
		if len(last) == 7 && (last[5] != byte(iana.Fatal) || last[6] != byte(want)) {
			t.Fatalf("refused (%v) with alert %x, want fatal %v", err, last[5:], want)
		}
	}
	sent := len(s.out)
	s.Feed([]byte("more"))
	s.drive()
	_, again := s.Step()
	_, read := s.Read(make([]byte, 10))
	_, wrote := s.Write([]byte("x"))
	for _, e := range []error{again, read, wrote, s.CloseWrite(), s.Err()} {
		if e != err {
			t.Fatalf("asked again it says %v, before %v", e, err)
		}
	}
	if s.drive(); len(s.out) != sent {
		t.Fatalf("it said more after its last alert: %x", s.out[sent:])
	}
	return re
}

// body is the payload of a record in clear.
func body(wire []byte) []byte { return wire[5:] }

// contextOf is how a message of a recording is to be parsed.
func (r *recording) contextOf(from handshake.Role) message.Context {
	return message.Context{Version: iana.TLS12, Kx: r.suite.Kx, FromServer: from == handshake.Server}
}

// collect is a listener that keeps everything.
type collect []handshake.Event

func (c *collect) Event(e handshake.Event) { *c = append(*c, e) }

// all returns the events of one kind.
func all[T handshake.Event](c collect) (list []T) {
	for _, e := range c {
		if x, ok := e.(T); ok {
			list = append(list, x)
		}
	}
	return list
}
