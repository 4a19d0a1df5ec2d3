package handshake_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// A session made without believing the certificate is not resumed by a client that
// would not have believed it.
func TestUnverifiedSessionNotOffered(t *testing.T) {
	l := newLesson(t, "ecdsa")
	cc, sc := ends(l)
	sc.Sessions = session.NewMemory(0)
	store := session.NewMemory(0)
	lax := *cc
	lax.Roots, lax.Weak.SkipVerify, lax.Sessions = nil, true, store
	mustShake(t, &lax, sc)
	strict := *cc
	strict.Roots, strict.Sessions = pki.NewTrustStore(), store // trusts nobody
	c, _ := shake(t, &strict, sc)
	if c.Done() {
		t.Errorf("a client that trusts nobody is connected: resumed %v, report %v", c.Summary().Resumed, c.Summary().Report)
	}
}

// A session does not outlive the certificate it was made under.
func TestExpiredServerNotResumed(t *testing.T) {
	l := newLesson(t, "ecdsa")
	cc, sc := ends(l)
	sc.Sessions, cc.Sessions = session.NewMemory(0), session.NewMemory(0)
	now := clock()
	cc.Time = func() time.Time { return now }
	sc.Time = cc.Time
	now = l.Leaf.Leaf.NotAfter.Add(-time.Minute)
	mustShake(t, cc, sc)
	now = now.Add(time.Hour)
	c, _ := shake(t, cc, sc)
	if c.Done() {
		t.Errorf("certificate expired for an hour, and connected: resumed %v", c.Summary().Resumed)
	}
}

// Trust in the client's root is withdrawn; that an unrelated certificate at the end of
// its chain names another root does not help it.
func TestWithdrawnAnchorNotResumed(t *testing.T) {
	srv, cli := newLesson(t, "ecdsa"), newLesson(t, "rsa")
	cc, sc := ends(srv)
	leaf := cli.Leaf.Leaf
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: leaf.SerialNumber, Subject: leaf.Subject, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, cli.Intermediate.Cert, leaf.PublicKey, cli.Intermediate.Key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := authority.NewRoot(authority.Options{CommonName: "Other Root", NotBefore: clock().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	// public, and nothing of the client's: a certificate that the other root issued
	junk, err := other.NewIntermediate(authority.Options{CommonName: "Somebody", NotBefore: clock().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	chain := append([][]byte{der}, cli.Chain[1:]...)
	cc.Certificates = []handshake.Certificate{{Chain: append(chain, junk.Cert.Raw), Key: cli.Key}}
	cc.Sessions, sc.Sessions = session.NewMemory(0), session.NewMemory(0)
	sc.ClientAuth = handshake.RequireClientCert
	sc.Roots = pki.NewTrustStore(cli.Root.Cert, other.Cert)
	mustShake(t, cc, sc)
	sc.Roots.Remove(cli.Root.Cert)
	if _, s := shake(t, cc, sc); s.Done() {
		t.Errorf("resumed %v although the anchor was withdrawn", s.Summary().Resumed)
	}
}

// A ticket made by a server that verified nobody is no login at one that does, even if
// its root has the same name.
func TestUnverifiedTicketNotResumed(t *testing.T) {
	srv, cli := newLesson(t, "ecdsa"), newLesson(t, "rsa")
	cc, sc := ends(srv)
	forgery, err := lesson.New(lesson.Options{KeyAlg: "ecdsa", Time: clock()})
	if err != nil {
		t.Fatal(err)
	}
	_ = forgery
	cc.Certificates = []handshake.Certificate{{Chain: cli.Chain, Key: cli.Key}}
	cc.Sessions = session.NewMemory(0)
	tickets := session.NewTicketKeys(rand.Reader, 0)
	lax := *sc
	lax.Tickets, lax.ClientAuth, lax.Weak.SkipVerify = tickets, handshake.RequireClientCert, true
	mustShake(t, cc, &lax)
	// a root of the same name, but another key
	root, err := authority.NewRoot(authority.Options{CommonName: cli.Root.Cert.Subject.CommonName, NotBefore: clock().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(root.Cert.Subject, "|", cli.Root.Cert.Subject)
	root.Cert.RawSubject = cli.Root.Cert.RawSubject
	strict := *sc
	strict.Tickets, strict.ClientAuth, strict.Roots = tickets, handshake.RequireClientCert, pki.NewTrustStore(root.Cert)
	_, s := shake(t, cc, &strict)
	if s.Done() {
		t.Errorf("believed a client that no root of ours vouches for: resumed %v", s.Summary().Resumed)
	}
}

// Keying material is exported after the handshake, and only if extended master secret
// binds it (RFC 7627 §5.4).
func TestExport(t *testing.T) {
	cc, sc := ends(newLesson(t, "ecdsa"))
	cc.Weak.NoExtendedMasterSecret = true
	c, _ := mustShake(t, cc, sc)
	if _, err := c.Export("EXPORTER-x", nil, 32); err == nil {
		t.Error("exports without extended master secret (RFC 7627 §5.4 MUST NOT)")
	}
	cc.Weak.NoExtendedMasterSecret = false
	c, _ = handshake.NewClient(cc)
	s, _ := handshake.NewServer(sc)
	for !c.Done() {
		if p, err := c.Step(); err != nil {
			t.Fatal(err)
		} else if !p {
			s.Feed(c.Output())
			for {
				if p, err := s.Step(); err != nil || !p {
					break
				}
			}
			c.Feed(s.Output())
		}
		if _, err := c.Export("EXPORTER-x", nil, 32); err == nil && !c.Done() {
			t.Fatalf("exports in state %v", c.State())
		}
	}
}

// A client that verifies must say whom it wants to reach: a chain that leads to a root
// says only that somebody has a certificate.
func TestNoServerName(t *testing.T) {
	cc, sc := ends(newLesson(t, "ecdsa"))
	cc.ServerName = ""
	if c, err := handshake.NewClient(cc); err == nil {
		c2, _ := shake(t, cc, sc)
		t.Errorf("a client that verifies but names nobody: %v, done %v", c.State(), c2.Done())
	}
}

// RFC 7919 §4 wants insufficient_security where the client named finite fields and
// none is ours.
func TestNoCommonField(t *testing.T) {
	cc, sc := ends(newLesson(t, "rsa"))
	cc.Exchanges = []kx.Exchange{kx.DHE}
	cc.Groups = []kx.Group{kx.FFDHE4096}
	sc.Groups = []kx.Group{kx.X25519, kx.FFDHE2048}
	c, s := shake(t, cc, sc)
	var e *reason.Error
	errors.As(c.Err(), &e)
	if e == nil || e.Got != iana.InsufficientSecurity {
		t.Errorf("RFC 7919 §4 MUST insufficient_security; client got %v; server %v", c.Err(), s.Err())
	}
}

// A client certificate whose key may not sign cannot log anybody in (RFC 5246 §7.4.6).
func TestClientKeyUsage(t *testing.T) {
	srv, cli := newLesson(t, "ecdsa"), newLesson(t, "rsa")
	for _, e := range cli.Leaf.Leaf.Extensions {
		_ = e
	}
	cc, sc := ends(srv)
	leaf := *cli.Leaf.Leaf
	leaf.KeyUsage = x509.KeyUsageKeyEncipherment
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: leaf.SerialNumber, Subject: leaf.Subject, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		KeyUsage: x509.KeyUsageKeyEncipherment, ExtKeyUsage: leaf.ExtKeyUsage}, cli.Intermediate.Cert, leaf.PublicKey, cli.Intermediate.Key)
	if err != nil {
		t.Fatal(err)
	}
	cc.Certificates = []handshake.Certificate{{Chain: append([][]byte{der}, cli.Chain[1:]...), Key: cli.Key}}
	sc.ClientAuth, sc.Roots = handshake.RequireClientCert, cli.Roots
	_, s := shake(t, cc, sc)
	if s.Done() {
		t.Error("a client certificate for keyEncipherment alone signed CertificateVerify")
	}
}

// What we cannot write is our fault, and said to be.
func TestOwnFault(t *testing.T) {
	cc, sc := ends(newLesson(t, "ecdsa"))
	cc.Weak.SkipVerify, cc.ServerName = true, strings.Repeat("a.", 1<<15)+"test"
	c, _ := shake(t, cc, sc)
	if !reason.OurFault(reason.Of(c.Err())) {
		t.Errorf("a name that no message has room for is told as %v, alert %x", c.Err(), c.Output())
	}
	// a long name and a server that keeps sessions
	cc, sc = ends(newLesson(t, "ecdsa"))
	cc.Weak.SkipVerify = true
	cc.ServerName = strings.Repeat("a.", 130) + "test"
	sc.Sessions = session.NewMemory(0)
	c, s := shake(t, cc, sc)
	if !s.Done() {
		t.Errorf("a name of %d bytes: client %v server %v", len(cc.ServerName), c.Err(), s.Err())
	}
}

// server_name carries a DNS name without a final dot, and never an address (RFC 6066 §3).
func TestServerNameSent(t *testing.T) {
	for _, name := range []string{"www.lab.test.", "[::1]", "fe80::1%eth0"} {
		cc, sc := ends(newLesson(t, "ecdsa"))
		cc.ServerName = name
		_, s := shake(t, cc, sc)
		if got := s.Summary().ServerName; got != "" && got != "www.lab.test" {
			t.Errorf("ServerName %q: SNI %q (RFC 6066 §3), %v", name, got, s.Err())
		}
	}
}

// The engine sends no name that its own server refuses, and says where A-labels come from
// (RFC 6066 §3: ASCII; a label of another script as an A-label).
func TestServerNameBeyondASCII(t *testing.T) {
	for _, name := range []string{"例子.example", "bücher.example", "www.lab.test\xff"} {
		cc, _ := ends(newLesson(t, "ecdsa"))
		cc.ServerName = name
		if _, err := handshake.NewClient(cc); reason.Of(err) != reason.Misuse || !strings.Contains(err.Error(), "idn.ToASCII") {
			t.Errorf("ServerName %q: %v", name, err)
		}
	}
	cc, sc := ends(newLesson(t, "ecdsa"))
	cc.ServerName, cc.Weak.SkipVerify = "xn--fsqu00a.example", true
	if _, s := shake(t, cc, sc); s.Summary().ServerName != cc.ServerName {
		t.Errorf("an A-label arrived as %q, %v", s.Summary().ServerName, s.Err())
	}
}

// A client that could do better than TLS 1.2 refuses both sentinels (RFC 9846 §4.2.3).
func TestBothSentinels(t *testing.T) {
	cc, _ := ends(newLesson(t, "ecdsa"))
	cc.MaxVersion = iana.TLS13
	c, _ := handshake.NewClient(cc)
	c.Step()
	c.Output()
	m := &message.ServerHello{Version: iana.TLS12, CipherSuite: 0xc02b}
	copy(m.Random[24:], "DOWNGRD\x00")
	b, _ := message.Marshal(m, nil)
	c.Feed(append([]byte{22, 3, 3, 0, byte(len(b))}, b...))
	for range 3 {
		if _, err := c.Step(); err != nil {
			if reason.Of(err) != reason.DowngradeDetected {
				t.Error(err)
			}
			return
		}
	}
	t.Errorf("RFC 9846 §4.2.3: accepted, state %v", c.State())
}

// No ticket is opened after two ages of its key.
func TestTicketAges(t *testing.T) {
	keys := session.NewTicketKeys(rand.Reader, time.Hour)
	t0 := clock()
	if _, err := keys.Seal(new(session.Session), rand.Reader, t0); err != nil {
		t.Fatal(err)
	}
	tk, err := keys.Seal(&session.Session{Created: t0}, rand.Reader, t0.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	keys.Open(tk, t0.Add(119*time.Minute))
	if _, _, err := keys.Open(tk, t0.Add(178*time.Minute)); err == nil {
		t.Error("a ticket is good after almost three Ages: the doc says one to two")
	}
}

// Connections that share a Config share its key log, line by line.
func TestKeyLogShared(t *testing.T) {
	cc, sc := ends(newLesson(t, "ecdsa"))
	cc.KeyLog = new(bytes.Buffer)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { shake(t, cc, sc) })
	}
	wg.Wait()
}

// A Certificate without a chain is found when the endpoint is made.
func TestEmptyChain(t *testing.T) {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("panic: %v", p)
		}
	}()
	cc, sc := ends(newLesson(t, "ecdsa"))
	sc.Certificates = append([]handshake.Certificate{{}}, sc.Certificates...)
	if _, err := handshake.NewServer(sc); err == nil {
		shake(t, cc, sc)
	}
}

// A client that wants no tickets any more still resumes by the session ID it kept.
func TestTicketsSwitchedOff(t *testing.T) {
	cc, sc := ends(newLesson(t, "ecdsa"))
	cc.Sessions, sc.Sessions = session.NewMemory(0), session.NewMemory(0)
	mustShake(t, cc, sc)
	// give the kept session a ticket, too, as a server may
	b, _ := cc.Sessions.Get("client:"+cc.ServerName, clock())
	s, err := session.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	s.Ticket = []byte("ticket")
	b, _ = s.Marshal()
	cc.Sessions.Put("client:"+cc.ServerName, b, clock().Add(time.Hour))
	cc.NoTickets = true
	c, _ := mustShake(t, cc, sc)
	if !c.Summary().Resumed {
		t.Error("NoTickets, and yet the session's own ID is not offered")
	}
}

// A key that can only sign serves no RSA key transport, and the server says so at
// once, by choosing another suite or none.
func TestSignerOnly(t *testing.T) {
	l := newLesson(t, "rsa")
	cc, sc := ends(l)
	sc.Certificates[0].Key = struct{ crypto.Signer }{l.Key}
	c, _ := mustShake(t, cc, sc)
	if kx := c.Summary().Suite.Kx; kx == iana.KxRSA {
		t.Errorf("chose %v", c.Summary().Suite)
	}
	cc.Suites = []*suite.Suite{suite.ByID(0x009c)}
	if _, s := shake(t, cc, sc); reason.Of(s.Err()) != reason.NoCommonSuite {
		t.Errorf("got %v", s.Err())
	}
}
