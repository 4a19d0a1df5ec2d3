package proxy_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// TestParseMapRemote: two URLs.
func TestParseMapRemote(t *testing.T) {
	for text, ok := range map[string]bool{"https://a.test=http://localhost:3000": true, "https://a.test/=https://b.test:8443/": true, "http://a.test=http://[::1]:80": true,
		"": false, "a.test=b.test": false, "https://a.test": false, "http://a.test=https://b.test": false, "https://a.test/x=https://b.test/": false, "https://=https://b": false, "https://a:x=https://b": false, "https://*.test=https://b": false} {
		if _, err := proxy.ParseMapRemote(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestMapRemote: another server is asked, by its own name, and the client's certificate is for the
// name that it asked for.
func TestMapRemote(t *testing.T) {
	says := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.URL.Path) })
	for _, x := range []struct{ from, to, proto string }{
		{"https://old.test", "https://" + wwwName, "h2"}, {"https://old.test", "https://" + wwwName, "http/1.1"}, {"https://old.test", "http://" + wwwName + ":3000", ""}, {"http://old.test", "http://" + wwwName + ":3000", ""},
	} {
		for _, hooked := range []bool{false, true} {
			t.Run(fmt.Sprint(x, hooked), func(t *testing.T) {
				m, err := proxy.ParseMapRemote(x.from + "=" + x.to)
				if err != nil {
					t.Fatal(err)
				}
				o := (*origin)(nil)
				if x.proto == "" {
					o = newPlain(t, says)
				} else {
					o = newOrigin(t, says, func(c *tls.Config) { c.NextProtos = []string{x.proto} })
				}
				var addr string
				u := start(t, o, func(p *proxy.Options) {
					p.MapRemote = []proxy.MapRemote{m}
					if hooked {
						p.Hooks = []proxy.Hook{{Request: func(r *proxy.HeldRequest) { r.Set("X", "1") }}}
					}
					dial := p.Dial
					p.Dial = func(ctx context.Context, network, a string) (net.Conn, error) {
						addr = a
						return dial(ctx, network, a)
					}
				})
				c := u.client(nil)
				defer c.CloseIdleConnections()
				want, port := wwwName, ":443"
				if x.proto == "" {
					want, port = wwwName+":3000", ":3000"
				}
				if _, body := get(t, c, x.from+"/p"); body != want+"/p" {
					t.Errorf("the server heard %q", body)
				}
				c.CloseIdleConnections()
				e := u.total(t, 1)[0]
				sound(t, e)
				if addr != wwwName+port || e.Host != "old.test" || len(e.Changes) == 0 || e.Changes[0].Kind != proxy.ChangeServer || e.Changes[0].Detail != x.to {
					t.Errorf("dialled %s; %s, %v", addr, e.Host, e.Changes)
				}
			})
		}
	}
}
