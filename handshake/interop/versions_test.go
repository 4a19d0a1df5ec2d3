package interop_test

import (
	"bytes"
	stdtls "crypto/tls"
	"io"
	"net"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// Which version it comes to; and an attacker on the wire who makes it TLS 1.2 where both
// ends know better.

// TestVersions: where TLS 1.2 is all that one end has, the other's sentinel in a random, meant
// for those who offered TLS 1.3, must not disturb (RFC 9846 §4.2.3).
func TestVersions(t *testing.T) {
	for _, l := range []struct {
		name       string
		ours, peer iana.Version
		want       iana.Version
	}{
		{"both have 1.3", iana.TLS13, 0, iana.TLS13},
		{"the peer has 1.2", iana.TLS13, iana.TLS12, iana.TLS12},
		{"we have 1.2", iana.TLS12, 0, iana.TLS12},
	} {
		t.Run(l.name, func(t *testing.T) {
			meetings(t, "versions", l.peer, func(t *testing.T, m meeting) {
				got := m.meet(t, nil, deal{server: []string{"rsa"}, ours: func(cfg *tls.Config) { cfg.MaxVersion = l.ours }})
				if got.Version != l.want {
					t.Errorf("settled %v", got.Version)
				}
			})
		})
	}
}

// TestFallback: a client marks a retry at TLS 1.2, and is welcome only where that is the best
// there is (RFC 7507).
func TestFallback(t *testing.T) {
	best, better := meeting{openssl, iana.TLS12, 0}, meeting{openssl, 0, 0}
	best.role, better.role = event.Client, event.Client
	retry := deal{server: []string{"rsa"}, ours: func(cfg *tls.Config) { cfg.Fallback, cfg.MaxVersion = true, iana.TLS12 }}
	t.Run("our client", func(t *testing.T) {
		modern := better.host(t, retry)
		if err := better.refuse(t, modern, retry, noAlert); tlstest.PeerAlert(err) != iana.InappropriateFallback {
			t.Errorf("from a server with TLS 1.3: %v", err)
		}
		better.meet(t, modern, deal{server: []string{"rsa"}}) // not marked, it is welcome
		best.meet(t, nil, retry)
	})
	best.role = event.Server
	marked := deal{server: []string{"rsa"}, words: []string{"-fallback_scsv"}}
	t.Run("our server", func(t *testing.T) {
		if err := best.refuse(t, nil, marked, iana.InappropriateFallback); reason.Of(err) != reason.InappropriateFallback {
			t.Errorf("server: %v", err)
		}
		marked.ours = func(cfg *tls.Config) { cfg.MaxVersion = iana.TLS12 }
		best.meet(t, nil, marked)
	})
}

// downgrader carries one connection to addr, and makes the client's supported_versions
// into an extension that nobody knows: to the server it is a client of TLS 1.2.
func downgrader(t testing.TB, addr string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		near, err := l.Accept()
		if err != nil {
			return // the test is over
		}
		defer near.Close()
		far, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		defer far.Close()
		hello := make([]byte, 5)
		if _, err := io.ReadFull(near, hello); err != nil {
			t.Errorf("no record header: %v", err)
			return
		}
		hello = append(hello, make([]byte, int(hello[3])<<8|int(hello[4]))...)
		if _, err := io.ReadFull(near, hello[5:]); err != nil {
			t.Errorf("half a ClientHello: %v", err)
			return
		}
		if !hideVersions(hello) {
			t.Error("the ClientHello has no supported_versions")
		}
		if _, err := far.Write(hello); err != nil {
			t.Error(err)
			return
		}
		go func() {
			_, _ = io.Copy(far, near) // ends as the two ends please
			far.Close()
		}()
		_, _ = io.Copy(near, far)
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// hideVersions gives supported_versions a reserved number (RFC 8701).
func hideVersions(hello []byte) bool {
	for n := byte(2); n < 40; n += 2 { // bytes of versions
		head := []byte{0, 43, 0, n + 1, n}
		i := bytes.Index(hello, head)
		if i < 0 || !bytes.Contains(hello[i+len(head):i+len(head)+int(n)], []byte{3, 4}) {
			continue
		}
		hello[i], hello[i+1] = 0x7a, 0x7a
		return true
	}
	return false
}

// TestDowngrade attacks each pairing: the client must see the sentinel in the server's
// random and go no further.
func TestDowngrade(t *testing.T) {
	meetings(t, "downgrade", 0, func(t *testing.T, m meeting) {
		d := deal{server: []string{"ecdsa"}}
		if m.role == event.Client {
			addr, wait := m.listen(t, d)
			if _, err := dial(t, "127.0.0.1:"+downgrader(t, addr), m.config(d)); reason.Of(err) != reason.DowngradeDetected {
				t.Errorf("client: %v", err)
			}
			wait()
			return
		}
		port, wait := accept(t, m.config(d), (*tls.Conn).Handshake)
		port = downgrader(t, "127.0.0.1:"+port)
		var p *program
		if m.peer == stdlib {
			if c, err := stdtls.Dial("tcp", "127.0.0.1:"+port, stdConfig(m, d)); err == nil {
				c.Close()
				t.Error("crypto/tls was content")
			}
		} else {
			p = m.client(t, port, m, d)
		}
		if err := wait(p); tlstest.PeerAlert(err) != iana.IllegalParameter {
			t.Errorf("server: %v", err)
		}
		if m.peer == openssl {
			p.waitFor(`inappropriate fallback`)
		}
	})
}

// listen has the peer's server listen; wait demands that it was told why the client went, where it says.
func (m meeting) listen(t *testing.T, d deal) (addr string, wait func()) {
	t.Helper()
	switch s := m.host(t, d).(type) {
	case opensslServer:
		return s.addr, func() { s.waitFor(`alert illegal parameter`) }
	case gnutlsEcho:
		return s.addr, func() {}
	}
	l, err := stdtls.Listen("tcp", "127.0.0.1:0", stdConfig(m, d))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = c.(*stdtls.Conn).Handshake()
			c.Close()
		}
		done <- err
	}()
	return l.Addr().String(), func() { heardOf(t, <-done, iana.IllegalParameter) }
}
