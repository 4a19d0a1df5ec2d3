package tls_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	stdtls "crypto/tls"
	"crypto/x509"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// The handshake benchmarks run ours, crypto/tls's and the floor (the bare
// primitives that our engine uses on both ends) in turn, in blocks of one loop, and
// report the ratios of medians: machines are noisy, but not differently for the three. A garbage
// collection before each block lets everybody pay for his own garbage.
//
// Where the time goes, ECDHE-ECDSA-P256 with X25519 and one link, as profiled: three
// quarters in the primitives (a signature made and two verified on P-256, four X25519
// operations), a tenth in waking the other end's goroutine, and what is left in parsing,
// hashing, keys and garbage. crypto/tls pays about 100 µs more for X25519, and
// twice the allocations.
//
// TLS 1.3 with the same (255 µs on one processor, of which the floor is 230): of what is
// over the floor a third is parsing and marshalling, a third allocation and garbage, the
// rest key changes and the table. On two processors waking the other end three times
// comes on top, some 50 µs here, which crypto/tls pays as well; -cpu 1 leaves it out.
// crypto/tls's allocations, three times as many, are mostly HMACs of HKDF.

type benchCase struct {
	name  string
	suite uint16
	alg   string   // of the certificates
	links int      // signatures in the chain: 1, the root signed the leaf; 2, an intermediate stands between
	group kx.Group // X25519 if nil
	auth  bool     // the client shows a certificate, of one link too
}

func (c *benchCase) tls13() bool { return suite.ByID(iana.CipherSuite(c.suite)).Version == iana.TLS13 }

func (c *benchCase) kx() kx.Group {
	if c.group == nil {
		return kx.X25519
	}
	return c.group
}

var benchCases = []benchCase{
	{"ECDHE-ECDSA-P256-X25519", stdtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ecdsa", 1, nil, false},
	{"ECDHE-RSA-2048-X25519", stdtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "rsa", 1, nil, false},
	{"RSA-2048", stdtls.TLS_RSA_WITH_AES_128_GCM_SHA256, "rsa", 1, nil, false},
	{"ECDHE-ECDSA-P256-X25519-intermediate", stdtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ecdsa", 2, nil, false},
	{"TLS13-ECDSA-P256-X25519", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", 1, nil, false},
	{"TLS13-ECDSA-P256-X25519MLKEM768", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", 1, kx.X25519MLKEM768, false},
	{"TLS13-ECDSA-P256-X25519-client-certificate", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", 1, nil, true},
	{"TLS13-RSA-2048-X25519", stdtls.TLS_AES_128_GCM_SHA256, "rsa", 1, nil, false},
}

// world is one chain, and both libraries' configurations for it: the same suite,
// group, certificates and checks.
type world struct {
	lesson               *lesson.Lesson
	chain                [][]byte            // as sent
	path                 []*x509.Certificate // leaf to root
	clientPath           []*x509.Certificate // the same of the client's, if it has one
	clientKey            crypto.Signer
	client, server       *handshake.Config
	stdClient, stdServer *stdtls.Config
}

func newWorld(tb testing.TB, c benchCase) *world {
	tb.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: c.alg})
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{lesson: l, chain: l.Chain, path: []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert, l.Root.Cert}}
	if c.links == 1 {
		csr, err := authority.NewRequest(l.Key, authority.Request{DNSNames: []string{l.Name}})
		if err != nil {
			tb.Fatal(err)
		}
		is, err := l.Root.Sign(csr, authority.LeafOptions{})
		if err != nil {
			tb.Fatal(err)
		}
		w.chain, w.path = is.Chain, []*x509.Certificate{is.Leaf, l.Root.Cert}
	}
	suites := []*suite.Suite{suite.ByID(iana.CipherSuite(c.suite))}
	groups := []kx.Group{c.kx(), kx.P256} // the second for TLS 1.2: the certificate's curve
	if c.tls13() {
		groups = groups[:1]
	}
	w.client = &handshake.Config{Suites: suites, Groups: groups, Roots: l.Roots, ServerName: l.Name}
	w.server = &handshake.Config{Suites: suites, Groups: groups, Certificates: []handshake.Certificate{{Chain: w.chain, Key: l.Key}}}
	pool := x509.NewCertPool()
	for _, r := range l.Roots.All() {
		pool.AddCert(r)
	}
	var curves []stdtls.CurveID
	for _, g := range groups {
		curves = append(curves, stdtls.CurveID(g.ID()))
	}
	w.stdClient = &stdtls.Config{RootCAs: pool, ServerName: l.Name, MaxVersion: stdtls.VersionTLS12,
		CipherSuites: []uint16{c.suite}, CurvePreferences: curves}
	w.stdServer = &stdtls.Config{Certificates: []stdtls.Certificate{{Certificate: w.chain, PrivateKey: l.Key, Leaf: w.path[0]}},
		MaxVersion: stdtls.VersionTLS12, CipherSuites: []uint16{c.suite}, SessionTicketsDisabled: true,
		CurvePreferences: curves}
	if c.tls13() {
		for _, std := range []*stdtls.Config{w.stdClient, w.stdServer} {
			std.MinVersion, std.MaxVersion, std.CipherSuites = stdtls.VersionTLS13, stdtls.VersionTLS13, nil
		}
	}
	if c.auth {
		w.authenticate(tb, pool)
	}
	return w
}

// authenticate gives the client a certificate, and makes both servers demand it.
func (w *world) authenticate(tb testing.TB, pool *x509.CertPool) {
	key := lesson.KeyECDSA("client")
	csr, err := authority.NewRequest(key, authority.Request{CommonName: "client.lab.test"})
	if err != nil {
		tb.Fatal(err)
	}
	is, err := w.lesson.Root.Sign(csr, authority.LeafOptions{Client: true})
	if err != nil {
		tb.Fatal(err)
	}
	w.clientKey, w.clientPath = key, []*x509.Certificate{is.Leaf, w.lesson.Root.Cert}
	w.client.Certificates = []handshake.Certificate{{Chain: is.Chain, Key: key}}
	w.server.ClientAuth, w.server.Roots = handshake.RequireClientCert, w.lesson.Roots
	w.stdClient.Certificates = []stdtls.Certificate{{Certificate: is.Chain, PrivateKey: key, Leaf: is.Leaf}}
	w.stdServer.ClientAuth, w.stdServer.ClientCAs = stdtls.RequireAndVerifyClientCert, pool
}

type shaker interface{ Handshake() error }

// both runs the two ends of one handshake over a memory pipe.
func both(tb testing.TB, mk func(a, b net.Conn) (shaker, shaker)) {
	a, b := tlstest.Pipe()
	c, s := mk(a, b)
	done := make(chan error, 1)
	go func() { done <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		tb.Fatal("client: ", err)
	}
	if err := <-done; err != nil {
		tb.Fatal("server: ", err)
	}
}

func (w *world) ours(tb testing.TB) {
	both(tb, func(a, b net.Conn) (shaker, shaker) {
		c, err := tls.Client(a, w.client)
		if err != nil {
			tb.Fatal(err)
		}
		s, err := tls.Server(b, w.server)
		if err != nil {
			tb.Fatal(err)
		}
		return c, s
	})
}

func (w *world) std(tb testing.TB) {
	both(tb, func(a, b net.Conn) (shaker, shaker) {
		return stdtls.Client(a, w.stdClient), stdtls.Server(b, w.stdServer)
	})
}

// floor does what no implementation can do without, with our primitives.
func (w *world) floor(tb testing.TB, c benchCase) {
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	for _, path := range [][]*x509.Certificate{w.path, w.clientPath} {
		for i := 1; i < len(path); i++ {
			must(path[i-1].CheckSignatureFrom(path[i]))
		}
	}
	if c.name == "RSA-2048" {
		key := w.lesson.Key.(*rsa.PrivateKey)
		pre := make([]byte, 48)
		//lint:ignore SA1019 RSA key transport is the lesson
		enc, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, pre)
		must(err)
		//lint:ignore SA1019 the same
		must(rsa.DecryptPKCS1v15SessionKey(rand.Reader, key, enc, pre))
		return
	}
	offer, err := c.kx().Offer(rand.Reader)
	must(err)
	answer, err := c.kx().Answer(rand.Reader, offer.Share())
	must(err)
	_, err = offer.Finish(answer.Share())
	must(err)
	id := iana.ECDSAP256SHA256
	if c.alg == "rsa" {
		id = iana.RSAPSSRSAESHA256
	}
	scheme := sig.ByID(id)
	msg := make([]byte, 100)
	s, err := scheme.Sign(rand.Reader, w.lesson.Key, msg)
	must(err)
	must(scheme.Verify(w.path[0].PublicKey, msg, s))
	if c.auth {
		s, err := scheme.Sign(rand.Reader, w.clientKey, msg)
		must(err)
		must(scheme.Verify(w.clientPath[0].PublicKey, msg, s))
	}
	if c.tls13() {
		for range 2 { // ends
			w.floor13(tb)
		}
	}
}

// floor13 is what each end of TLS 1.3 cannot do without beside the asymmetric part: the
// hash of the transcript, 22 HMACs of the key schedule (RFC 9846 §7.1), and four keys
// with which the two flights are sealed or opened.
func (w *world) floor13(tb testing.TB) {
	flight := make([]byte, 1024, 2048)
	h := sha256.New()
	h.Write(flight)
	h.Write(flight)
	th := h.Sum(nil)
	early := keyschedule.NewEarlySecret(crypto.SHA256, nil)
	hs := early.Handshake(th)
	main := hs.Main()
	for _, t := range []keyschedule.TrafficSecret{hs.ClientTraffic(th), hs.ServerTraffic(th), main.ClientTraffic(th), main.ServerTraffic(th)} {
		var key, nonce [16]byte
		t.Key(key[:])
		t.IV(nonce[:12])
		t.VerifyData(th)
		block, err := aes.NewCipher(key[:])
		if err != nil {
			tb.Fatal(err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			tb.Fatal(err)
		}
		aead.Seal(flight[:0], nonce[:12], flight, nil)
	}
	main.Exporter(th)
	main.Resumption(th)
}

func BenchmarkHandshake(b *testing.B) {
	for _, c := range benchCases {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, c)
			var ours, std, floor blocks
			for b.Loop() {
				ours.time(func() { w.ours(b) })
				std.time(func() { w.std(b) })
				floor.time(func() { w.floor(b, c) })
			}
			b.ReportMetric(ours.median()*1e6, "ours-µs")
			b.ReportMetric(ours.median()/std.median(), "ours/crypto-tls")
			b.ReportMetric(ours.median()/floor.median(), "ours/floor")
			b.ReportMetric(std.median()/floor.median(), "crypto-tls/floor")
			a, s := testing.AllocsPerRun(20, func() { w.ours(b) }), testing.AllocsPerRun(20, func() { w.std(b) })
			b.ReportMetric(a, "ours-allocs")
			b.ReportMetric(a/s, "allocs-ours/crypto-tls")
		})
	}
}

// blockSize is how often each of those compared runs before it is the other's turn:
// often enough for garbage to be collected.
const blockSize = 100

// blocks are the times of one run, in seconds, block by block.
type blocks []float64

// time adds a block of runs of f, and the garbage of none else.
func (t *blocks) time(f func()) {
	runtime.GC()
	d := timed(func() {
		for range blockSize {
			f()
		}
	})
	*t = append(*t, d.Seconds()/blockSize)
}

// median forgets the blocks in which the machine did something else.
func (t blocks) median() float64 {
	sorted := slices.Sorted(slices.Values(t))
	return sorted[len(sorted)/2]
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// keep is a Listener that keeps the whole transcript in memory.
type keep struct{ events []event.Event }

func (k *keep) Event(e event.Event) { k.events = append(k.events, e) }

// BenchmarkListening is the price of being watched: every event of both ends kept.
func BenchmarkListening(b *testing.B) {
	for _, c := range benchCases {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, c)
			loud := *w
			var silent, listening blocks
			for b.Loop() {
				silent.time(func() { w.ours(b) })
				listening.time(func() {
					cc, sc := *w.client, *w.server
					cc.Listener, cc.ShowSecrets = new(keep), true
					sc.Listener, sc.ShowSecrets = new(keep), true
					loud.client, loud.server = &cc, &sc
					loud.ours(b)
				})
			}
			b.ReportMetric(listening.median()/silent.median(), "listening/silent")
		})
	}
}

// BenchmarkBulk sends 16 KiB records through a memory pipe, and beside it seals
// and opens the same with the bare AEAD.
func BenchmarkBulk(b *testing.B) {
	for _, id := range []iana.CipherSuite{0xc02f, 0xcca8, 0x1301, 0x1303} {
		b.Run(id.String(), func(b *testing.B) { bulk(b, id) })
	}
}

func bulk(b *testing.B, id iana.CipherSuite) {
	w := newWorld(b, benchCase{alg: "rsa", links: 1, suite: uint16(id)})
	c, err := handshake.NewClient(w.client)
	if err != nil {
		b.Fatal(err)
	}
	s, err := handshake.NewServer(w.server)
	if err != nil {
		b.Fatal(err)
	}
	carry(c, s)
	if !c.Done() || !s.Done() {
		b.Fatal(c.Err(), s.Err())
	}
	su := suite.ByID(id)
	aead := bareAEAD(b, su)
	data := bytes.Repeat([]byte("tlslab!\n"), 1<<11)
	buf := make([]byte, 1<<14+256)
	sealed, opened := make([]byte, 0, 1<<14+64), make([]byte, 0, 1<<14)
	nonce, aad := make([]byte, 12), make([]byte, 13)
	one := func() {
		if _, err := c.Write(data); err != nil {
			b.Fatal(err)
		}
		out := c.Output()
		s.Fed(copy(s.Space(len(out)), out))
		n, err := s.Read(buf)
		if err != nil || n != len(data) {
			b.Fatal(n, err)
		}
	}
	var ours, bare time.Duration
	for b.Loop() {
		ours += timed(func() {
			for range 16 {
				one()
			}
		})
		bare += timed(func() {
			for range 16 {
				sealed = aead.Seal(sealed[:0], nonce, data, aad)
				if opened, err = aead.Open(opened[:0], nonce, sealed, aad); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.ReportMetric(float64(b.N*16*len(data))/ours.Seconds()/1e9, "ours-GB/s")
	b.ReportMetric(float64(bare)/float64(ours), "throughput/bare-AEAD")
	b.ReportMetric(testing.AllocsPerRun(100, one), "allocs/record")
}

// carry pumps two endpoints until neither can go on.
func carry(c, s *handshake.Endpoint) {
	for moved := true; moved; {
		moved = false
		for _, p := range [][2]*handshake.Endpoint{{c, s}, {s, c}} {
			for progress := true; progress; {
				var err error
				if progress, err = p[0].Step(); err != nil {
					break
				}
			}
			if out := p[0].Output(); len(out) > 0 {
				p[1].Feed(out)
				moved = true
			}
		}
	}
}

// BenchmarkIdle holds connections over loopback that say nothing, and weighs the
// server's side of them after two garbage collections, against crypto/tls's: heap
// and stack, the socket and the goroutine that waits in Read included.
//
// Ours weigh half because Read's frames are small enough for the stack to shrink to
// 4 KB, no buffer is held between records, and a key's expansion is held weakly.
func BenchmarkIdle(b *testing.B) {
	w := newWorld(b, benchCases[0])
	ours := weigh(b, w, func(conn net.Conn) (net.Conn, error) { return tls.Server(conn, w.server) })
	std := weigh(b, w, func(conn net.Conn) (net.Conn, error) { return stdtls.Server(conn, w.stdServer), nil })
	b.ReportMetric(ours, "ours-B/conn")
	b.ReportMetric(std, "crypto-tls-B/conn")
	b.ReportMetric(ours/std, "ours/crypto-tls")
}

// idle is how many, whatever b.N: it is a weight, not a time. Each takes two file
// descriptors, of which a process commonly gets 20,000.
const idle = 9_500

// weigh returns the bytes of one connection.
func weigh(b *testing.B, w *world, server func(net.Conn) (net.Conn, error)) float64 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	clients := make([]net.Conn, idle)
	ended := make(chan error, idle)
	before := inUse()
	for i := range clients {
		if clients[i], err = net.Dial("tcp", l.Addr().String()); err != nil {
			b.Fatal(err)
		}
		raw, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		s, err := server(raw)
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			var p [1]byte
			_, err := s.Read(p[:])
			ended <- err
			raw.Close()
		}()
		c := stdtls.Client(clients[i], w.stdClient) // nothing of it is kept
		if err := c.Handshake(); err != nil {
			b.Fatal(err)
		}
	}
	after := inUse()
	for i := range clients {
		clients[i].Close()
		<-ended
	}
	return float64(after-before) / idle
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
