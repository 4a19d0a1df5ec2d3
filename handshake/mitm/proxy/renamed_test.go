package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// TestReverseRenamed: where the client knows the server by another name, or by the address at which
// it finds the proxy, the server is asked under its own: SNI, the check of its name, Host. The client
// gets a certificate that is for what it asked for, and for what the server is.
func TestReverseRenamed(t *testing.T) {
	const host = wwwName + ":8443"
	for _, proto := range []string{"http/1.1", "h2"} {
		for name, c := range map[string]struct {
			sni     string
			check   string
			renamed bool
		}{
			"another name": {"localhost", "localhost", true},
			"its address":  {"", "127.0.0.1", true},
			"the same":     {wwwName, wwwName, false},
			"no host's":    {"*.lab", wwwName, true}, // no certificate may name that, so that it has the real one's names
		} {
			t.Run(proto+", "+name, func(t *testing.T) {
				var mu sync.Mutex
				var asked []string
				o := newOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					asked = append(asked, r.Host+" "+r.TLS.ServerName+" "+r.URL.Path)
					mu.Unlock()
					w.Header().Set("Location", "https://"+r.Host+"/else")
					fmt.Fprint(w, "ok")
				}), func(c *tls.Config) { c.NextProtos = []string{proto} })
				u := start(t, o, func(p *proxy.Options) { p.Mode = proxy.Reverse(wwwName, "8443") })
				conn := tls.Client(u.raw(t), &tls.Config{InsecureSkipVerify: true, ServerName: c.sni, NextProtos: []string{proto}, // it is checked below, for two names
					VerifyConnection: func(s tls.ConnectionState) error {
						for _, dns := range []string{c.check, wwwName} {
							if _, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: u.pool, DNSName: dns}); err != nil {
								return err
							}
						}
						return nil
					}})
				said := c.check
				if !c.renamed {
					said = host
				}
				req, err := http.NewRequest("GET", "https://"+said+"/path", nil)
				if err != nil {
					t.Fatal(err)
				}
				tr := &http.Transport{ForceAttemptHTTP2: true, DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return conn, conn.HandshakeContext(ctx) }}
				defer tr.CloseIdleConnections()
				reply, err := tr.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, reply.Body) // closed before its end, a stream is reset
				reply.Body.Close()
				mu.Lock()
				defer mu.Unlock()
				if want := []string{host + " " + wwwName + " /path"}; !slices.Equal(asked, want) {
					t.Errorf("the server was asked %q", asked)
				}
				if l := reply.Header.Get("Location"); l != "https://"+host+"/else" {
					t.Errorf("what the server says went on as %q", l)
				}
				e := u.total(t, 1)[0]
				sound(t, e)
				if noted := slices.Contains(e.Notes, relay.NoteFixedHost); e.Host != host || noted != c.renamed {
					t.Errorf("listed under %s, noted: %v", e.Host, noted)
				}
				saidThen := ""
				for _, f := range e.RequestFields {
					if n := strings.ToLower(f.Name); n == "host" || n == ":authority" {
						saidThen = f.Value
					}
				}
				if saidThen != said {
					t.Errorf("the client said %q, and the entry has %q", said, saidThen)
				}
				conn.Close()
			})
		}
	}
}
