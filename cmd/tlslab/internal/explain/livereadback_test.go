package explain_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/capture"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

const (
	www      = "www.lab.test"
	question = "GET /page HTTP/1.1\r\nHost: " + www + "\r\n\r\n"
	reply    = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
)

// identity is a root and a leaf for www.
func identity(t testing.TB) (root *x509.Certificate, leaf stdtls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, DNSNames: []string{www}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	tmpl.IsCA, tmpl.SerialNumber, tmpl.Subject.CommonName, tmpl.KeyUsage = false, big.NewInt(2), "Leaf", x509.KeyUsageDigitalSignature
	if der, err = x509.CreateCertificate(rand.Reader, tmpl, root, &key.PublicKey, key); err != nil {
		t.Fatal(err)
	}
	return root, stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// dialogue has a client ask and a server answer over TLS, and both end it in order.
func dialogue(client, server net.Conn, shake func() error) error {
	done := make(chan error, 1)
	go func() {
		b := make([]byte, len(question))
		_, err := io.ReadFull(server, b)
		if err == nil {
			_, err = io.WriteString(server, reply)
		}
		_ = server.Close()
		done <- err
	}()
	err := shake()
	if err == nil {
		_, err = io.WriteString(client, question)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, client)
	}
	_ = client.Close()
	if other := <-done; err == nil {
		err = other
	}
	return err
}

// What tlslab client and tlslab server write with --pcap reads back whole, as they told of it: against
// crypto/tls, in both versions, also where a session is resumed.
func TestLiveReadsBack(t *testing.T) {
	root, leaf := identity(t)
	for _, server := range []bool{false, true} {
		for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
			t.Run(fmt.Sprintf("server %v, %s", server, version), func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "live.pcapng")
				p := flags.CaptureFile{Pcap: file}
				if err := p.Open(flags.AsSeen, narrate.En, t.Output()); err != nil {
					t.Fatal(err)
				}
				pool := x509.NewCertPool()
				pool.AddCert(root)
				theirs := &stdtls.Config{Certificates: []stdtls.Certificate{leaf}, RootCAs: pool, ServerName: www, MinVersion: uint16(version), MaxVersion: uint16(version), ClientSessionCache: stdtls.NewLRUClientSessionCache(1)}
				sessions, tickets := session.NewMemory(8), session.NewTicketKeys(rand.Reader, time.Hour)
				var all []*said
				for range 2 {
					s := newSaid()
					cfg := handshake.Config{MinVersion: version, MaxVersion: version, ServerName: www, Roots: pki.NewTrustStore(root), Sessions: sessions, Tickets: tickets, ShowSecrets: true,
						Certificates: []handshake.Certificate{{Chain: leaf.Certificate, Key: leaf.PrivateKey.(*ecdsa.PrivateKey)}}}
					cfg.Listener = event.ListenerFunc(func(e event.Event) { s.both(server, e) })
					if err := livePair(&p, server, &cfg, theirs); err != nil {
						t.Fatal(err)
					}
					all = append(all, s)
				}
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for i, told := range all {
					got, c := readBack(t, b, i+1)
					same(t, fmt.Sprint("connection ", i+1), told, got)
					if c.Version != version || c.Resumed != (i > 0) || c.Session != i || c.Outcome.What != explain.Done || c.Outcome.Cause != "" || c.Read.Sealed != 0 || string(got.data[0]) != question || string(got.data[1]) != reply {
						t.Errorf("connection %d: %+v", i+1, c)
					}
				}
			})
		}
	}
}

// both takes what one end tells of, of both.
func (s *said) both(server bool, e event.Event) {
	if x, ok := e.(*event.Secret); ok {
		s.keep(x)
		return
	}
	me := 0
	if server {
		me = 1
	}
	s.dir = event.Send
	s.hear(me, e)
	s.dir = event.Receive
	s.hear(1-me, e)
}

// livePair has one of our ends and one of crypto/tls talk, below ours the capture.
func livePair(p *flags.CaptureFile, server bool, cfg *handshake.Config, theirs *stdtls.Config) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	b, err := l.Accept()
	if err != nil {
		return err
	}
	for _, c := range []net.Conn{a, b} {
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Minute))
	}
	if server {
		tapped := p.Tap(b, true, cfg)
		ours, err := tls.Server(tapped, cfg)
		if err != nil {
			return err
		}
		c := stdtls.Client(a, theirs)
		return dialogue(c, ours, c.Handshake)
	}
	tapped := p.Tap(a, false, cfg)
	ours, err := tls.Client(tapped, cfg)
	if err != nil {
		return err
	}
	return dialogue(ours, stdtls.Server(b, theirs), ours.Handshake)
}

// What tlslab proxy writes with --pcap reads back whole, both legs: forward, SOCKS5 and reverse; and where the client
// does not believe the forgery, that is what is said of its leg.
func TestProxyReadsBack(t *testing.T) {
	root, leaf := identity(t)
	for name, mode := range map[string]proxy.Mode{"forward": proxy.Forward, "socks5": proxy.SOCKS5, "reverse": proxy.Reverse(www, "443")} {
		for _, believed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, believed %v", name, believed), func(t *testing.T) {
				var file bytes.Buffer
				w, err := capture.NewWriter(&file, capture.Options{})
				if err != nil {
					t.Fatal(err)
				}
				tap, err := proxy.NewCapture(w)
				if err != nil {
					t.Fatal(err)
				}
				origin, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer origin.Close()
				go func() {
					for {
						c, err := origin.Accept()
						if err != nil {
							return
						}
						go func() {
							s := stdtls.Server(c, &stdtls.Config{Certificates: []stdtls.Certificate{leaf}})
							defer s.Close()
							b := make([]byte, len(question))
							if _, err := io.ReadFull(s, b); err == nil {
								_, _ = io.WriteString(s, reply)
								_, _ = io.Copy(io.Discard, s)
							}
						}()
					}
				}()
				ca, _, err := proxy.LoadCA(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				forger, err := proxy.NewForger(ca)
				if err != nil {
					t.Fatal(err)
				}
				told := make(chan bool, 8)
				px, err := proxy.New(proxy.Options{Mode: mode, Forger: forger, Tap: tap, ToServer: handshake.Config{Roots: pki.NewTrustStore(root)}, Seen: func(*proxy.Entry) { told <- true },
					Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
						return new(net.Dialer).DialContext(ctx, "tcp", origin.Addr().String())
					}})
				if err != nil {
					t.Fatal(err)
				}
				front, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				served := make(chan error, 1)
				go func() { served <- px.Serve(front) }()
				heard := ask(t, front.Addr().String(), name, ca.Cert, believed)
				<-told
				if err := px.Close(); err != nil {
					t.Fatal(err)
				}
				<-served
				if err := w.Err(); err != nil {
					t.Fatal(err)
				}
				legs := 0
				for n := 1; n <= 2; n++ {
					got, c := readBack(t, file.Bytes(), n)
					if !c.TLS || c.ServerName != www {
						t.Fatalf("connection %d: %+v", n, c)
					}
					toClient := c.Carrier != explain.Bare || name == "reverse" && c.Server.Port() == port(front)
					switch {
					case !believed && toClient:
						if o := c.Outcome; o.What != explain.Refused || o.By != "client" || o.Cause != explain.CauseCertificateRefused {
							t.Errorf("connection %d: %+v", n, o)
						}
					case believed:
						legs++
						if string(got.data[0]) != question || string(got.data[1]) != reply || c.Read.Sealed != 0 || c.Outcome.What != explain.Done || len(got.secrets) == 0 {
							t.Errorf("connection %d: %q %q %+v", n, got.data[0], got.data[1], c)
						}
					}
				}
				if believed && (legs != 2 || heard != reply) {
					t.Errorf("%d legs, and the client heard %q", legs, heard)
				}
			})
		}
	}
}

func port(l net.Listener) uint16 { return uint16(l.Addr().(*net.TCPAddr).Port) }

// ask is a client's of the proxy; what it heard.
func ask(t *testing.T, addr, how string, root *x509.Certificate, believes bool) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	switch how {
	case "forward":
		fmt.Fprintf(c, "CONNECT %s:443 HTTP/1.1\r\n\r\n", www)
		resp, err := http.ReadResponse(bufio.NewReader(oneByOne{c}), &http.Request{Method: http.MethodConnect})
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
	case "socks5":
		fmt.Fprintf(c, "\x05\x01\x00")
		_, _ = io.ReadFull(c, make([]byte, 2))
		fmt.Fprintf(c, "\x05\x01\x00\x03%c%s\x01\xbb", len(www), www)
		if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	if believes {
		pool.AddCert(root)
	}
	s := stdtls.Client(c, &stdtls.Config{RootCAs: pool, ServerName: www})
	if err := s.Handshake(); err != nil {
		if believes {
			t.Fatal(err)
		}
		return ""
	}
	if _, err := io.WriteString(s, question); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(reply))
	_, _ = io.ReadFull(s, b)
	_ = s.Close()
	return string(b)
}

// oneByOne gives a reader no more than it asks for at least.
type oneByOne struct{ io.Reader }

func (r oneByOne) Read(b []byte) (int, error) { return r.Reader.Read(b[:1]) }
