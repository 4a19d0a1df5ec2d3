package tls_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/message"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// TLS 1.3 between our two ends: every suite with every group and every kind of
// certificate, RFC 9150, bare ML-KEM, private groups and compressed certificates included,
// which no peer has.
func TestEveryMatch13(t *testing.T) {
	xwing, err := private.ByName("X-Wing")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, s := range suite.Of(iana.TLS13) {
		for _, g := range append(kx.All(), xwing) {
			for _, kind := range tlstest.Kinds {
				at++
				t.Run(tlstest.CaseName(s, g)+" "+kind, func(t *testing.T) {
					t.Parallel()
					cc, sc := tlstest.Verifying13(), tlstest.Serving13(tlstest.Servers()[kind])
					for _, cfg := range []*tls.Config{cc, sc} {
						cfg.Suites, cfg.Groups, cfg.Weak.NULL = []*suite.Suite{s}, []kx.Group{g}, true
					}
					run13(t, tlstest.WithExtra(cc, at%len(tlstest.Extras)), tlstest.WithExtra(sc, (at/2)%len(tlstest.Extras)), func(c, sv handshake.Summary, _ *tlstest.Witness) {
						for _, got := range []handshake.Summary{c, sv} {
							tlstest.CheckMatrix(t, got, s, g, tlstest.Servers()[kind])
						}
					})
				})
			}
		}
	}
}

// run13 makes one connection.
func run13(t testing.TB, cc, sc *tls.Config, check func(c, s handshake.Summary, w *tlstest.Witness)) {
	t.Helper()
	cc, w := tlstest.Witnessed(t, cc)
	sc, _ = tlstest.Witnessed(t, sc)
	a, b := tlstest.Pipe()
	c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
	tlstest.Converse(t, c, s, 3000)
	check(c.Summary(), s.Summary(), w)
}

// TestCompression13 compresses both ends' certificates with each algorithm, and with none
// in common neither.
func TestCompression13(t *testing.T) {
	type algorithms = []*certcompress.Method
	for _, k := range []struct {
		client, server algorithms
		want           int
	}{
		{algorithms{certcompress.Zlib}, algorithms{certcompress.Zlib}, 2},
		{algorithms{brotli.Method}, algorithms{certcompress.Zlib, brotli.Method}, 2},
		{algorithms{zstd.Method, certcompress.Zlib}, algorithms{zstd.Method}, 2},
		{algorithms{zstd.Method}, algorithms{certcompress.Zlib}, 0},
		{nil, algorithms{certcompress.Zlib}, 0},
	} {
		t.Run(strings.ReplaceAll(fmt.Sprint(k.client, k.server), " ", ","), func(t *testing.T) {
			cc, sc := tlstest.Verifying(), tlstest.Serving(tlstest.Servers()["rsa"])
			cc.CertificateCompression, sc.CertificateCompression = k.client, k.server
			cc.Certificates, sc.ClientAuth = tlstest.Clients()["rsa"].Ours(), handshake.RequireClientCert
			run13(t, cc, sc, func(_, sv handshake.Summary, w *tlstest.Witness) {
				if n := w.Saw(message.KindCompressedCertificate); n != k.want || len(sv.PeerChain) == 0 {
					t.Errorf("%d compressed; messages %v", n, w.Kinds)
				}
			})
		})
	}
}

// TestUpdateKeys has both ends update while data goes both ways.
func TestUpdateKeys(t *testing.T) {
	c, s, _, _ := pair(t)
	tlstest.Rekey(t, c, s, c.UpdateKeys, 20)
	tlstest.Rekey(t, s, c, s.UpdateKeys, 20)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.UpdateKeys(true); err == nil {
		t.Error("a closed connection updates its keys")
	}
}

// TestUpdateIsAnswered: an end that only reads still answers a KeyUpdate at once, be there
// data behind it or not.
func TestUpdateIsAnswered(t *testing.T) {
	for _, behind := range []string{"", "data"} {
		t.Run("then "+behind, func(t *testing.T) {
			cfg, _ := tlstest.Witnessed(t, tlstest.Verifying())
			updates := tlstest.OnUpdates(cfg)
			a, b := tlstest.Pipe()
			gathered := &gather{Conn: a}
			c, s := tlstest.Client(t, gathered, cfg), tlstest.Server(t, b, tlstest.Serving(tlstest.Servers()["ecdsa"]))
			defer c.Close()
			defer s.Close()
			if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
				t.Fatal(cerr, serr)
			}
			gathered.hold = true
			if err := c.UpdateKeys(true); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, behind); err != nil {
				t.Fatal(err)
			}
			if err := gathered.release(); err != nil {
				t.Fatal(err)
			}
			go s.Read(make([]byte, 100)) // once
			c.SetDeadline(time.Now().Add(tlstest.Patience))
			go c.Read(make([]byte, 1)) // what it would read never comes
			select {
			case <-updates:
			case <-time.After(tlstest.Patience):
				t.Error("no answer")
			}
		})
	}
}

// gather is a net.Conn that holds back what is written, and writes it as one.
type gather struct {
	net.Conn
	hold bool
	held []byte
}

func (g *gather) Write(p []byte) (int, error) {
	if !g.hold {
		return g.Conn.Write(p)
	}
	g.held = append(g.held, p...)
	return len(p), nil
}

func (g *gather) release() error {
	g.hold = false
	_, err := g.Conn.Write(g.held)
	return err
}
