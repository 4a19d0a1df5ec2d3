package proxy_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// TestParseBlock: hosts and URLs, and nothing else.
func TestParseBlock(t *testing.T) {
	for text, ok := range map[string]bool{"www.lab.test": true, "*.lab.test": true, "*:8443": true, "https://www.lab.test/ads/": true, "HTTP://*.lab.test": true, "https://www.lab.test:8443/": true,
		"": false, "www.lab.test/ads": false, "ftp://www.lab.test/": false, "https://": false, "https://a@b/": false, "https://a?b": false} {
		if b, err := proxy.ParseBlock(text); (err == nil) != ok || ok && b.String() != text {
			t.Errorf("%q: %v, %v", text, b, err)
		}
	}
}

// TestBlock: what is blocked is answered with 403, under the forged certificate too, and where the
// host alone decides nobody is dialled.
func TestBlock(t *testing.T) {
	for _, x := range []struct {
		rule   string
		dialed bool
		open   bool // the other path
	}{{wwwName, false, false}, {"*.lab.test", false, false}, {"https://" + wwwName + "/ads", true, true}, {"http://" + wwwName + "/ads", true, true}} {
		for _, way := range []string{"plain", "http/1.1", "h2"} {
			t.Run(x.rule+" "+way, func(t *testing.T) {
				b, err := proxy.ParseBlock(x.rule)
				if err != nil {
					t.Fatal(err)
				}
				o, base := (*origin)(nil), "https://"+wwwName
				if way == "plain" {
					o, base = newPlain(t, hello), "http://"+wwwName
				} else {
					o = newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = []string{way} })
				}
				dialed := make(chan bool, 10)
				u := start(t, o, func(p *proxy.Options) {
					p.Block = []proxy.Block{b}
					dial := p.Dial
					p.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
						dialed <- true
						return dial(ctx, network, addr)
					}
				})
				c := u.client(nil)
				defer c.CloseIdleConnections()
				want := http.StatusForbidden
				if x.open && base[:5] != x.rule[:5] {
					want = http.StatusOK
				}
				resp, _ := get(t, c, base+"/ads/1")
				if resp.StatusCode != want {
					t.Error(resp.Status)
				}
				if x.open {
					if resp, _ := get(t, c, base+"/"); resp.StatusCode != http.StatusOK {
						t.Error(resp.Status)
					}
				}
				if got := len(dialed) > 0; got != x.dialed {
					t.Errorf("dialled: %v", got)
				}
				c.CloseIdleConnections()
				n := 1
				if x.open {
					n = 2
				}
				all := u.total(t, n)
				e := all[slices.IndexFunc(all, func(e *proxy.Entry) bool { return e.Path == "/ads/1" || n == 1 })]
				if want == http.StatusOK {
					sound(t, e)
					return
				}
				blocked := (*proxy.ErrBlocked)(nil)
				if e.Fault == nil || e.Fault.Cause != proxy.CauseBlocked || !errors.As(e.Fault, &blocked) || blocked.Rule.String() != x.rule {
					t.Errorf("%v", e.Fault)
				}
			})
		}
	}
}
