package interop_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// The peers in this file are gnutls-serv and gnutls-cli.

// gnutlsAll is GnuTLS's priority string for all that it has of TLS 1.2, NULL and
// the CBC suites with SHA-2 included.
const gnutlsAll = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+RSA:+DHE-RSA:+AES-128-CBC:+AES-256-CBC:+AES-128-CCM-8:+AES-256-CCM-8:+NULL:+SHA256:+SHA384:+SIGN-RSA-SHA1"

// gnutlsServer starts gnutls-serv, which echoes what it reads, with an RSA and an ECDSA
// certificate, and returns its address.
func gnutlsServer(t testing.TB, priority string, args ...string) (addr string) {
	t.Helper()
	for _, kind := range []string{"rsa", "ecdsa"} {
		id := tlstest.Servers()[kind]
		args = append(args, "--x509certfile", filesOf(id).cert, "--x509keyfile", filesOf(id).key)
	}
	return gnutlsServerOf(t, priority, args...)
}

func gnutlsServerOf(t testing.TB, priority string, args ...string) (addr string) {
	t.Helper()
	args = append([]string{"--echo", "--priority", priority, "--x509cafile", rootsFile()}, args...)
	for {
		port := freePort(t)
		p := start(t, "gnutls-serv", append(args, "--port", port)...)
		if p.waitFor(`IPv4 0\.0\.0\.0 port \d+\.\.\.(done|.*bind)`)[1] == "done" {
			return "127.0.0.1:" + port
		} // somebody took the port in between: another one
	}
}

// echoed shakes hands with gnutls-serv, gets a line back, and ends cleanly.
func echoed(t testing.TB, addr string, cfg *tls.Config) (handshake.Summary, *tlstest.Witness) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 5 {
		line := fmt.Sprintf("line %d, %s\n", i, strings.Repeat("hello gnutls ", 20*i))
		if _, err := io.WriteString(c, line); err != nil {
			t.Fatal(err)
		}
		if got, err := tlstest.ReadLine(c); err != nil || got != line {
			t.Fatalf("sent %q, got %q, %v", line, got, err)
		}
	}
	if err := tlstest.Goodbye(c); err != nil {
		t.Fatal(err)
	}
	met(theGnuTLS, event.Client, cfg, c.Summary(), w)
	return c.Summary(), w
}

func TestGnuTLSServerSuites(t *testing.T) {
	for _, etm := range []bool{true, false} {
		t.Run(fmt.Sprintf("etm %v", etm), func(t *testing.T) {
			priority := gnutlsAll
			if !etm {
				priority += ":%NO_ETM"
			}
			addr := gnutlsServer(t, priority, "--disable-client-cert")
			for _, s := range suite.Of(iana.TLS12) {
				if !etm && s.Cipher.Kind != suite.CBC {
					continue
				}
				for _, g := range gnutlsGroupsOf(s) {
					t.Run(tlstest.CaseName(s, g), func(t *testing.T) {
						t.Parallel()
						cfg := tlstest.Verifying()
						cfg.Suites, cfg.EncryptThenMAC, cfg.Weak.NULL = []*suite.Suite{s}, true, true
						if g != nil {
							cfg.Groups = []kx.Group{g, kx.P256}
						}
						got, _ := echoed(t, addr, cfg)
						if got.Suite != s || !got.ExtendedMasterSecret || got.EncryptThenMAC != (etm && s.Cipher.Kind == suite.CBC) {
							t.Errorf("settled %+v", got)
						}
					})
				}
			}
		})
	}
}

// gnutlsGroupsOf lists what to try a suite with: GnuTLS negotiates finite fields too.
func gnutlsGroupsOf(s *suite.Suite) []kx.Group {
	if s.Kx == iana.KxDHE {
		return fields
	}
	return groupsOf(s)
}

// TestGnuTLSServerGroups settles each group, as the only one that we offer.
func TestGnuTLSServerGroups(t *testing.T) {
	addr := gnutlsServer(t, gnutlsAll, "--disable-client-cert")
	for _, c := range curves {
		t.Run(c.name, func(t *testing.T) {
			cfg := tlstest.Verifying()
			cfg.Groups, cfg.Suites = []kx.Group{c.group}, []*suite.Suite{suite.ByID(0xc02f)}
			if got, _ := echoed(t, addr, cfg); got.Group != c.group.ID() {
				t.Errorf("settled %v", got.Group)
			}
		})
	}
	for _, g := range fields {
		t.Run(g.Name(), func(t *testing.T) {
			cfg := tlstest.Verifying()
			cfg.Groups, cfg.Suites = []kx.Group{g}, []*suite.Suite{suite.ByID(0x009e)}
			if got, _ := echoed(t, addr, cfg); got.Group != g.ID() {
				t.Errorf("settled %v", got.Group)
			}
		})
	}
}

// TestGnuTLSKinds has either end show each kind of certificate.
func TestGnuTLSKinds(t *testing.T) {
	for _, kind := range tlstest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			id := tlstest.Servers()[kind]
			echoed(t, gnutlsServerOf(t, gnutlsAll, "--x509certfile", filesOf(id).cert, "--x509keyfile", filesOf(id).key, "--disable-client-cert"), tlstest.Verifying())
			gnutlsLine(t, tlstest.Serving(id), gnutlsAll)
		})
	}
}

func TestGnuTLSServerClientAuth(t *testing.T) {
	addr := gnutlsServer(t, gnutlsAll, "--require-client-cert", "--verify-client-cert")
	for _, kind := range tlstest.Kinds {
		t.Run(kind, func(t *testing.T) {
			cfg := tlstest.Verifying()
			cfg.Certificates = tlstest.Clients()[kind].Ours()
			if _, w := echoed(t, addr, cfg); w.Saw(message.KindCertificateVerify) != 1 {
				t.Errorf("messages %v", w.Kinds)
			}
		})
	}
}

func TestGnuTLSServerResumption(t *testing.T) {
	for _, how := range []string{"ticket", "session ID"} {
		t.Run(how, func(t *testing.T) {
			args := []string{"--disable-client-cert"}
			if how == "session ID" {
				args = append(args, "--noticket")
			}
			addr := gnutlsServer(t, gnutlsAll, args...)
			store := session.NewMemory(0)
			for i := range 3 {
				cfg := tlstest.Verifying()
				cfg.Sessions = store
				if got, _ := echoed(t, addr, cfg); got.Resumed != (i > 0) {
					t.Errorf("connection %d: resumed %v", i, got.Resumed)
				}
			}
		})
	}
}

func TestGnuTLSServerStaple(t *testing.T) {
	id := tlstest.Servers()["rsa"]
	addr := gnutlsServer(t, gnutlsAll, "--disable-client-cert", "--ocsp-response", filesOf(id).ocsp, "--ignore-ocsp-response-errors")
	cfg := tlstest.Verifying()
	cfg.Stapling, cfg.Suites = true, []*suite.Suite{suite.ByID(0xc02f)}
	if got, _ := echoed(t, addr, cfg); !bytes.Equal(got.Staple, id.Staple) {
		t.Errorf("a staple of %d bytes, of %d sent", len(got.Staple), len(id.Staple))
	}
}

// gnutlsLine runs one gnutls-cli against a server of ours.
func gnutlsLine(t testing.TB, cfg *tls.Config, priority string, args ...string) (handshake.Summary, *tlstest.Witness) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	var got handshake.Summary
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		defer func() { got = c.Summary() }()
		return answerFirst(c)
	})
	p := gnutlsClient(t, port, priority, args...)
	p.say("hello from gnutls")
	p.waitFor("you said 18 bytes: hello from gnutls")
	p.stdin.Close()
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	met(theGnuTLS, event.Server, cfg, got, w)
	return got, w
}

// answerFirst is answer for gnutls-cli, which leaves without a word once we have
// said goodbye: it goes first.
func answerFirst(c *tls.Conn) error {
	if err := tlstest.Reply(c); err != nil {
		return err
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		return fmt.Errorf("instead of a goodbye came %q, %w", rest, err)
	}
	return c.CloseWrite()
}

func gnutlsClient(t testing.TB, port, priority string, args ...string) *peer {
	t.Helper()
	return start(t, "gnutls-cli", append([]string{"--port", port, "--priority", priority, "--x509cafile", rootsFile(),
		"--verify-hostname", tlstest.Name, "--sni-hostname", tlstest.Name, "127.0.0.1"}, args...)...)
}

// gnutlsCiphers are GnuTLS's words for what our rows call by their parts.
var gnutlsCiphers = map[string]string{
	"AES-128-GCM": "+AES-128-GCM:+AEAD", "AES-256-GCM": "+AES-256-GCM:+AEAD", "ChaCha20-Poly1305": "+CHACHA20-POLY1305:+AEAD",
	"AES-128-CCM": "+AES-128-CCM:+AEAD", "AES-256-CCM": "+AES-256-CCM:+AEAD", "AES-128-CCM-8": "+AES-128-CCM-8:+AEAD", "AES-256-CCM-8": "+AES-256-CCM-8:+AEAD",
	"AES-128-CBC HMAC-SHA-1": "+AES-128-CBC:+SHA1", "AES-256-CBC HMAC-SHA-1": "+AES-256-CBC:+SHA1",
	"AES-128-CBC HMAC-SHA-256": "+AES-128-CBC:+SHA256", "AES-256-CBC HMAC-SHA-256": "+AES-256-CBC:+SHA256",
	"AES-256-CBC HMAC-SHA-384": "+AES-256-CBC:+SHA384", "NULL HMAC-SHA-1": "+NULL:+SHA1", "NULL HMAC-SHA-256": "+NULL:+SHA256",
}

// gnutlsOnly is the priority string for one suite, and all groups.
func gnutlsOnly(t testing.TB, s *suite.Suite) string {
	t.Helper()
	exchange := fmt.Sprintf("%v-%v", s.Kx, s.Auth)
	if s.Kx == iana.KxRSA {
		exchange = "RSA"
	}
	exchange = strings.TrimSuffix(strings.ReplaceAll(exchange, "_", "-"), "-RSA-RSA")
	ciphers := gnutlsCiphers[s.Cipher.Name]
	if ciphers == "" {
		t.Fatalf("no word of GnuTLS's for %s", s.Cipher.Name)
	}
	return "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+" + exchange + ":-CIPHER-ALL:-MAC-ALL:" + ciphers
}

func TestGnuTLSClientSuites(t *testing.T) {
	for _, etm := range []bool{true, false} {
		for _, s := range suite.Of(iana.TLS12) {
			if !etm && s.Cipher.Kind != suite.CBC {
				continue
			}
			t.Run(fmt.Sprintf("%v etm %v", s, etm), func(t *testing.T) {
				t.Parallel()
				priority := gnutlsOnly(t, s)
				if !etm {
					priority += ":%NO_ETM"
				}
				cfg := tlstest.Serving(serverFor(s))
				cfg.EncryptThenMAC, cfg.Weak.NULL, cfg.Suites = true, true, suite.Of(iana.TLS12)
				got, _ := gnutlsLine(t, cfg, priority)
				if got.Suite != s || !got.ExtendedMasterSecret || got.EncryptThenMAC != (etm && s.Cipher.Kind == suite.CBC) {
					t.Errorf("settled %+v", got)
				}
			})
		}
	}
}

// gnutlsGroups are the words of GnuTLS for our groups.
var gnutlsGroups = map[iana.Group]string{
	iana.X25519: "X25519", iana.X448: "X448", iana.P256: "SECP256R1", iana.P384: "SECP384R1", iana.P521: "SECP521R1",
	iana.FFDHE2048: "FFDHE2048", iana.FFDHE3072: "FFDHE3072", iana.FFDHE4096: "FFDHE4096",
}

func TestGnuTLSClientGroups(t *testing.T) {
	for _, g := range kx.Defaults12() {
		word, ok := gnutlsGroups[g.ID()]
		if !ok {
			t.Errorf("no word of GnuTLS's for %s", g.Name())
			continue
		}
		t.Run(g.Name(), func(t *testing.T) {
			t.Parallel()
			id := iana.CipherSuite(0xc02f)
			if kx.Serves(iana.KxDHE, g) {
				id = 0x009e
			}
			got, _ := gnutlsLine(t, tlstest.Serving(tlstest.Servers()["rsa"]), gnutlsOnly(t, suite.ByID(id))+":-GROUP-ALL:+GROUP-"+word)
			if got.Group != g.ID() {
				t.Errorf("settled %v", got.Group)
			}
		})
	}
}

func TestGnuTLSClientAuth(t *testing.T) {
	for _, kind := range tlstest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
			cfg.ClientAuth = handshake.RequireClientCert
			id := tlstest.Clients()[kind]
			got, w := gnutlsLine(t, cfg, gnutlsAll, "--x509certfile", filesOf(id).cert, "--x509keyfile", filesOf(id).key)
			if len(got.PeerChain) == 0 || w.Saw(message.KindCertificateVerify) != 1 {
				t.Errorf("messages %v", w.Kinds)
			}
		})
	}
}

// TestGnuTLSClientResumes makes gnutls-cli's two connections.
func TestGnuTLSClientResumes(t *testing.T) {
	for _, how := range []string{"ticket", "session ID"} {
		t.Run(how, func(t *testing.T) {
			cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
			cfg.Sessions = session.NewMemory(0)
			args := []string{"--resume"}
			if how == "ticket" {
				cfg.Tickets = session.NewTicketKeys(rand.Reader, 0)
			} else {
				args = append(args, "--noticket")
			}
			var resumed []bool
			cfg, w := tlstest.Witnessed(t, cfg)
			port, wait := acceptMany(t, cfg, 2, func(c *tls.Conn) error {
				if err := c.Handshake(); err != nil {
					return err
				}
				met(theGnuTLS, event.Server, cfg, c.Summary(), w)
				if resumed = append(resumed, c.Summary().Resumed); len(resumed) == 2 {
					return answerFirst(c)
				}
				_, err := io.ReadAll(c) // it says goodbye at once
				return err
			})
			p := gnutlsClient(t, port, gnutlsAll, args...)
			p.waitFor(`Connecting again`)
			p.waitFor(`Resume Handshake was completed`)
			p.say("hello again")
			p.waitFor(`you said 12 bytes`)
			p.stdin.Close()
			if err := wait(p); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(resumed) != "[false true]" {
				t.Errorf("resumed: %v", resumed)
			}
		})
	}
}
