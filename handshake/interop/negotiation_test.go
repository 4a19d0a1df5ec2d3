package interop_test

import (
	"bytes"
	stdtls "crypto/tls"
	"io"
	"net"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// Which version it comes to, in both directions with each peer; and an attacker on the
// wire who makes it TLS 1.2 where both ends know better.

// limits are who knows what, and what it must come to. Where TLS 1.2 is all that one end
// has, the other's sentinel in a random, meant for those who offered TLS 1.3, must not
// disturb (RFC 9846 §4.2.3).
var limits = []struct {
	name       string
	ours, peer iana.Version
	want       iana.Version
}{
	{"both have 1.3", iana.TLS13, iana.TLS13, iana.TLS13},
	{"the peer has 1.2", iana.TLS13, iana.TLS12, iana.TLS12},
	{"we have 1.2", iana.TLS12, iana.TLS13, iana.TLS12},
}

func TestVersionsStdlib(t *testing.T) {
	for _, l := range limits {
		t.Run(l.name, func(t *testing.T) {
			limit := func(c *tls.Config, _ *stdtls.Config) { c.MaxVersion = l.ours }
			k := stdCase{version: l.peer, id: tlstest.Servers()["ecdsa"], ours: limit, std: limit}
			k.bothRoles(t, 100, func(t *testing.T, got settled) {
				if got.ours.Version != l.want || got.std.Version != uint16(l.want) {
					t.Errorf("%v and %#x", got.ours.Version, got.std.Version)
				}
			})
		})
	}
}

// opensslLimit are the arguments that keep openssl from more.
func opensslLimit(v iana.Version) []string {
	if v == iana.TLS12 {
		return []string{"-no_tls1_3"}
	}
	return nil
}

func TestVersionsOpenSSL(t *testing.T) {
	id := tlstest.Servers()["rsa"]
	for _, l := range limits {
		t.Run(l.name, func(t *testing.T) {
			t.Run("our client", func(t *testing.T) {
				_, addr := sServer(t, append(append(show(id), "-rev"), opensslLimit(l.peer)...)...)
				cfg := tlstest.Verifying()
				cfg.MaxVersion = l.ours
				if c, _ := reversed(t, addr, cfg); c.Summary().Version != l.want {
					t.Errorf("settled %v", c.Summary().Version)
				}
			})
			t.Run("our server", func(t *testing.T) {
				cfg := tlstest.Serving(id)
				cfg.MaxVersion = l.ours
				version := "-no_ssl3" // says nothing of what we ask about
				if l.peer == iana.TLS12 {
					version = "-no_tls1_3"
				}
				if got, _, _ := exchangeLineIn(t, version, cfg); got.Version != l.want {
					t.Errorf("settled %v", got.Version)
				}
			})
		})
	}
}

// gnutlsLimit is the priority string of a GnuTLS that has up to v.
func gnutlsLimit(v iana.Version) string {
	if v == iana.TLS12 {
		return gnutlsAll
	}
	return "NORMAL"
}

func TestVersionsGnuTLS(t *testing.T) {
	for _, l := range limits {
		t.Run(l.name, func(t *testing.T) {
			t.Run("our client", func(t *testing.T) {
				addr := gnutlsServer(t, gnutlsLimit(l.peer), "--disable-client-cert")
				cfg := tlstest.Verifying()
				cfg.MaxVersion = l.ours
				if got, _ := echoed(t, addr, cfg); got.Version != l.want {
					t.Errorf("settled %v", got.Version)
				}
			})
			t.Run("our server", func(t *testing.T) {
				cfg := tlstest.Serving(tlstest.Servers()["rsa"])
				cfg.MaxVersion = l.ours
				if got, _ := gnutlsLine(t, cfg, gnutlsLimit(l.peer)); got.Version != l.want {
					t.Errorf("settled %v", got.Version)
				}
			})
		})
	}
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
	id := tlstest.Servers()["ecdsa"]
	ourClient := func(addr string) func(*testing.T) {
		return func(t *testing.T) {
			if _, err := dial(t, "127.0.0.1:"+downgrader(t, addr), tlstest.Verifying()); reason.Of(err) != reason.DowngradeDetected {
				t.Errorf("client: %v", err)
			}
		}
	}
	t.Run("our client and crypto/tls", func(t *testing.T) {
		l, err := stdtls.Listen("tcp", "127.0.0.1:0", &stdtls.Config{Certificates: id.Std()})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		done := make(chan error, 1)
		go func() {
			c, err := l.Accept()
			if err == nil {
				err = c.(*stdtls.Conn).Handshake()
				c.Close()
			}
			done <- err
		}()
		ourClient(l.Addr().String())(t)
		mustHear(t, <-done, reason.DowngradeDetected)
	})
	t.Run("our client and openssl", func(t *testing.T) {
		p, addr := sServer(t, show(id)...)
		ourClient(addr)(t)
		p.waitFor(`alert illegal parameter`)
	})
	t.Run("our client and gnutls", func(t *testing.T) {
		ourClient(gnutlsServer(t, "NORMAL", "--disable-client-cert"))(t)
	})

	ourServer := func(t *testing.T, run func(port string) *program) *program {
		port, wait := accept(t, tlstest.Serving(id), (*tls.Conn).Handshake)
		p := run(downgrader(t, "127.0.0.1:"+port))
		if err := wait(p); tlstest.PeerAlert(err) != iana.IllegalParameter {
			t.Errorf("server: %v", err)
		}
		return p
	}
	t.Run("our server and crypto/tls", func(t *testing.T) {
		ourServer(t, func(port string) *program {
			c, err := stdtls.Dial("tcp", "127.0.0.1:"+port, &stdtls.Config{RootCAs: tlstest.Pool(), ServerName: tlstest.Name})
			if err == nil {
				c.Close()
				t.Error("crypto/tls was content")
			}
			return nil
		})
	})
	t.Run("our server and openssl", func(t *testing.T) {
		ourServer(t, func(port string) *program { return sClient(t, port) }).waitFor(`inappropriate fallback`)
	})
	t.Run("our server and gnutls", func(t *testing.T) {
		ourServer(t, func(port string) *program { return gnutlsClient(t, port, "NORMAL") })
	})
}
