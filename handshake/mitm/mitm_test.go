package mitm_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/mitm"
	"tlslab/handshake/reason"
	"tlslab/handshake/stage"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

func forger(t *testing.T) *mitm.Forger {
	t.Helper()
	l, err := lesson.NewForgery(lesson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := mitm.NewForger(l.Root, nil, lesson.Key("mitm-leaf"), lesson.KeyECDSA("mitm-leaf"), lesson.KeyEd25519("mitm-leaf"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestForge: the forged leaf says what the real one says, under another key, and
// crypto/x509 believes it exactly if it trusts the root.
func TestForge(t *testing.T) {
	f := forger(t)
	for _, alg := range lesson.KeyAlgs() {
		real, err := lesson.New(lesson.Options{KeyAlg: alg})
		if err != nil {
			t.Fatal(err)
		}
		leaf := real.Leaf.Leaf
		c, err := f.Forge(leaf)
		if err != nil {
			t.Fatal(err)
		}
		forged := c.Leaf
		if !bytes.Equal(forged.RawSubject, leaf.RawSubject) || !slices.Equal(forged.DNSNames, leaf.DNSNames) ||
			!forged.NotAfter.Equal(leaf.NotAfter) ||
			leaf.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm && forged.PublicKeyAlgorithm != leaf.PublicKeyAlgorithm { // of the others it has no key
			t.Errorf("%s: forged %v", alg, forged.Subject)
		}
		if bytes.Equal(forged.RawSubjectPublicKeyInfo, leaf.RawSubjectPublicKeyInfo) {
			t.Errorf("%s: the key is the real one", alg)
		}
		for _, trust := range []bool{true, false} {
			roots := x509.NewCertPool()
			if roots.AddCert(real.Root.Cert); trust {
				roots.AddCert(f.Root())
			}
			if _, err := forged.Verify(x509.VerifyOptions{Roots: roots, DNSName: real.Name}); (err == nil) != trust {
				t.Errorf("%s: root trusted %v, verdict %v", alg, trust, err)
			}
		}
		if again, err := f.Forge(leaf); err != nil || again != c {
			t.Errorf("%s: forged twice", alg)
		}
	}
}

func TestForgerNeedsKeys(t *testing.T) {
	l, err := lesson.NewForgery(lesson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mitm.NewForger(l.Root, nil); err == nil {
		t.Error("a forger without leaf keys was made")
	}
	if _, err := mitm.NewForger(&authority.CA{Cert: l.Root.Cert}, nil, lesson.Key("mitm-leaf")); err == nil {
		t.Error("a forger that cannot sign was made")
	}
	if _, err := mitm.New(mitm.Options{}); err == nil {
		t.Error("a box without a forger was made")
	}
	if _, err := mitm.NewLegs(mitm.Options{Forger: forger(t)}, nil); err == nil {
		t.Error("legs that reach nobody were made")
	}
}

// street is a client, a box and a server.
type street struct {
	client, server *handshake.Endpoint
	box            *mitm.Legs
	scenes         []event.SceneKey
}

func newStreet(t *testing.T, trusted bool, roots *pki.TrustStore, connect func(up, server *handshake.Endpoint) error) *street {
	t.Helper()
	real, err := lesson.New(lesson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, s := forger(t), new(street)
	store := pki.NewTrustStore(real.Root.Cert)
	if trusted {
		store.Add(f.Root())
	}
	if roots == nil {
		roots = real.Roots
	}
	if s.client, err = handshake.NewClient(&handshake.Config{Roots: store, ServerName: real.Name, ALPN: []string{"h2", "http/1.1"}}); err != nil {
		t.Fatal(err)
	}
	if s.server, err = handshake.NewServer(&handshake.Config{Certificates: []handshake.Certificate{{Chain: real.Chain, Key: real.Key}}, ALPN: []string{"http/1.1"}}); err != nil {
		t.Fatal(err)
	}
	s.box, err = mitm.NewLegs(mitm.Options{Forger: f, ToServer: handshake.Config{Roots: roots},
		Listener: event.ListenerFunc(func(e event.Event) {
			s.scenes = append(s.scenes, e.(event.Scene).Key())
		})}, func(up *handshake.Endpoint) error { return connect(up, s.server) })
	if err != nil {
		t.Fatal(err)
	}
	stage.Meet(s.client, s.box.ToClient(), nil)
	return s
}

func pump(up, server *handshake.Endpoint) error {
	stage.Meet(up, server, nil)
	return nil
}

func TestTrustedBox(t *testing.T) {
	s := newStreet(t, true, nil, pump)
	if !s.client.Done() || !s.server.Done() {
		t.Fatalf("client %v, server %v", s.client.Err(), s.server.Err())
	}
	for _, e := range []*handshake.Endpoint{s.client, s.server} {
		if p := e.Summary().Protocol; p != "http/1.1" {
			t.Errorf("%v agreed on %q", e.Role(), p)
		}
	}
	if _, err := s.client.Write([]byte("psst")); err != nil {
		t.Fatal(err)
	}
	if err := s.client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	stage.Meet(s.client, s.box.ToClient(), nil)
	for _, what := range []string{"opened", "passed on"} {
		if moved, err := s.box.Relay(); !moved || err != nil {
			t.Fatal(what, moved, err)
		}
	}
	if moved, err := s.box.Relay(); moved || err != nil { // the goodbye
		t.Fatal(moved, err)
	}
	stage.Meet(s.box.ToServer(), s.server, nil)
	buf := make([]byte, 10)
	if n, err := s.server.Read(buf); err != nil || string(buf[:n]) != "psst" {
		t.Errorf("the server read %q, %v", buf[:n], err)
	}
	if want := mitm.Steps()[1:6]; !slices.Equal(s.scenes, want) { // the first is not the box's to tell, and there was no reply
		t.Errorf("scenes %v", s.scenes)
	}
}

func TestUntrustedBox(t *testing.T) {
	s := newStreet(t, false, nil, pump)
	if reason.Of(s.client.Err()) != reason.CertificateUntrusted || reason.Of(s.box.ToClient().Err()) != reason.PeerAlert {
		t.Errorf("client %v, box %v", s.client.Err(), s.box.ToClient().Err())
	}
	if moved, err := s.box.Relay(); moved || err != nil {
		t.Error(moved, err)
	}
}

// TestBoxRefuses: a server that the box does not believe, or cannot reach, is no
// server to show to the client.
func TestBoxRefuses(t *testing.T) {
	s := newStreet(t, true, pki.NewTrustStore(), pump)
	if s.client.Done() || reason.Of(s.box.ToServer().Err()) != reason.CertificateUntrusted || reason.Of(s.box.ToClient().Err()) != reason.Internal {
		t.Errorf("to server %v, to client %v", s.box.ToServer().Err(), s.box.ToClient().Err())
	}
	down := errors.New("no route")
	s = newStreet(t, true, nil, func(_, _ *handshake.Endpoint) error { return down })
	if s.client.Done() || !errors.Is(s.box.ToClient().Err(), down) {
		t.Errorf("to client %v", s.box.ToClient().Err())
	}
}

// TestRewrite: what is found is changed, wherever it stands, and nothing else is.
func TestRewrite(t *testing.T) {
	for _, c := range []struct {
		r    mitm.Rewrite
		want string
		n    int
	}{
		{mitm.Rewrite{}, "a cat, a hat", 0}, {mitm.Rewrite{Old: "a ", New: "the "}, "the cat, the hat", 2},
		{mitm.Rewrite{Old: "dog", New: "x"}, "a cat, a hat", 0}, {mitm.Rewrite{Old: "a cat, ", New: ""}, "a hat", 1},
	} {
		if got, n := c.r.Apply("a cat, a hat"); got != c.want || n != c.n {
			t.Errorf("%+v: %q, %d", c.r, got, n)
		}
	}
}

// TestUndelivered: what the box has read when its server leg fails it keeps, and says so
// once.
func TestUndelivered(t *testing.T) {
	s := newStreet(t, true, nil, pump)
	if _, err := s.client.Write([]byte("psst")); err != nil {
		t.Fatal(err)
	}
	stage.Meet(s.client, s.box.ToClient(), nil)
	if moved, err := s.box.Relay(); !moved || err != nil {
		t.Fatal(moved, err)
	}
	s.box.ToServer().Feed([]byte("no TLS record"))
	stage.Meet(s.box.ToServer(), s.server, nil)
	for range 2 {
		if moved, err := s.box.Relay(); moved || err != nil {
			t.Fatal(moved, err)
		}
	}
	if n := len(s.scenes); s.scenes[n-1] != mitm.SceneUndelivered || s.scenes[n-2] != mitm.SceneDecrypt {
		t.Errorf("scenes %v", s.scenes)
	}
}

// TestBox: what a box says to the server follows from what it heard from the client, and the
// reverse, with no endpoint and no socket.
func TestBox(t *testing.T) {
	real, err := lesson.New(lesson.Options{Name: "www.lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o         mitm.Options
		says      string   // server_name
		offers    []string // ALPN
		asks      string
		offersOn  []string
		chose     string
		shows     []string // names of the forgery
		addresses []string
		speaks    []string
	}{
		"as the client":       {says: "www.lab.test", offers: []string{"h2", "http/1.1"}, asks: "www.lab.test", offersOn: []string{"h2", "http/1.1"}, chose: "h2", shows: []string{"www.lab.test"}, speaks: []string{"h2"}},
		"nothing offered":     {says: "www.lab.test", asks: "www.lab.test", shows: []string{"www.lab.test"}},
		"nameless":            {o: mitm.Options{ToServer: handshake.Config{ServerName: "by.address"}}, asks: "by.address", shows: []string{"www.lab.test"}},
		"fixed":               {o: mitm.Options{Fixed: true, AlsoFor: []string{"localhost"}, ToServer: handshake.Config{ServerName: "www.lab.test"}}, says: "localhost", asks: "www.lab.test", shows: []string{"www.lab.test", "localhost"}},
		"fixed, same name":    {o: mitm.Options{Fixed: true, AlsoFor: []string{"www.lab.test"}, ToServer: handshake.Config{ServerName: "www.lab.test"}}, says: "www.lab.test", asks: "www.lab.test", shows: []string{"www.lab.test"}},
		"fixed, by address":   {o: mitm.Options{Fixed: true, AlsoFor: []string{"127.0.0.1", "::1"}, ToServer: handshake.Config{ServerName: "www.lab.test"}}, asks: "www.lab.test", shows: []string{"www.lab.test"}, addresses: []string{"127.0.0.1", "::1"}},
		"no protocol chosen":  {says: "www.lab.test", offers: []string{"h2"}, asks: "www.lab.test", offersOn: []string{"h2"}, shows: []string{"www.lab.test"}},
		"what the box offers": {o: mitm.Options{ToServer: handshake.Config{ALPN: []string{"x"}}}, says: "www.lab.test", asks: "www.lab.test", offersOn: []string{"x"}, shows: []string{"www.lab.test"}},
	} {
		c.o.Forger = forger(t)
		b, err := mitm.New(c.o)
		if err != nil {
			t.Fatal(err)
		}
		hello := new(message.ClientHello)
		if c.says != "" {
			hello.Extensions.List = append(hello.Extensions.List, &message.ServerName{Name: c.says})
		}
		if c.offers != nil {
			hello.Extensions.List = append(hello.Extensions.List, &message.ALPN{Protocols: c.offers})
		}
		up := b.Hello(hello)
		if up.ServerName != c.asks || !slices.Equal(up.ALPN, c.offersOn) {
			t.Errorf("%s: the server is asked for %q, %q", name, up.ServerName, up.ALPN)
		}
		down, err := b.Settled(&handshake.Summary{PeerChain: []*x509.Certificate{real.Leaf.Leaf}, Protocol: c.chose})
		if err != nil {
			t.Fatal(err)
		}
		forged := down.Certificates[0].Leaf
		var addresses []string
		for _, ip := range forged.IPAddresses {
			addresses = append(addresses, ip.String())
		}
		if !slices.Equal(forged.DNSNames, c.shows) || !slices.Equal(addresses, c.addresses) || !slices.Equal(down.ALPN, c.speaks) {
			t.Errorf("%s: the client is shown %q, %q, and spoken to in %q", name, forged.DNSNames, addresses, down.ALPN)
		}
	}
}
