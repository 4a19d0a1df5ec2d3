package proxy_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// TestParseMapRemote: two URLs.
func TestParseMapRemote(t *testing.T) {
	for text, ok := range map[string]bool{"https://a.test=http://localhost:3000": true, "https://a.test/=https://b.test:8443/": true, "http://a.test=http://[::1]:80": true,
		"": false, "a.test=b.test": false, "https://a.test": false, "http://a.test=https://b.test": false, "https://a.test/x=https://b.test/": false, "https://a.test=https://b.test/x": true, "https://a.test/x=https://a.test:443/y/": true, "https://a.test/x=https://a.test/x/": false,
		"https://a.test=https://a.test": false, "https://a.test/x?y=https://a.test/z": false, "https://a.test/x#y=https://a.test/z": false, "https://u@a.test=https://b.test": false, "https://a.test/x=http://a.test/x": false, "https://=https://b": false, "https://a:x=https://b": false, "https://*.test=https://b": false} {
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

// TestMapPath: the beginning of a path becomes another one, where the server stays and where it does
// not, in HTTP/1.1, HTTP/2 and plain HTTP.
func TestMapPath(t *testing.T) {
	says := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.RequestURI) })
	for _, proto := range []string{"h2", "http/1.1", ""} {
		t.Run(proto, func(t *testing.T) {
			scheme, server, o := "https://", "https://"+wwwName, (*origin)(nil)
			if proto == "" {
				scheme, server = "http://", "http://"+wwwName
				o = newPlain(t, says)
			} else {
				o = newOrigin(t, says, func(c *tls.Config) { c.NextProtos = []string{proto} })
			}
			u := start(t, o, func(p *proxy.Options) {
				for _, rule := range []string{server + "/v1/=" + server + "/v2", scheme + "old.test=" + server + "/below/it", server + "/gone=" + server + "/"} {
					m, err := proxy.ParseMapRemote(rule)
					if err != nil {
						t.Fatal(err)
					}
					p.MapRemote = append(p.MapRemote, m)
				}
			})
			c := u.client(nil)
			defer c.CloseIdleConnections()
			rows := [][3]string{
				{server, "/v1/a?b", "/v2/a?b"}, {server, "/v1", "/v2"}, {server, "/v1?x", "/v2?x"}, {server, "/v12", ""}, {server, "/", ""}, {server, "/V1/", ""},
				{server, "/gone", "/"}, {server, "/gone/", "/"}, {server, "/gone?x", "/?x"}, {server, "/gone/a%2fb/../c", "/a%2fb/../c"},
				{scheme + "old.test", "/a", "/below/it/a"}, {scheme + "old.test", "/", "/below/it/"}, {scheme + "old.test", "/v1/", "/below/it/v1/"},
			}
			for _, r := range rows {
				want := r[2]
				if want == "" {
					want = r[1]
				}
				if _, body := get(t, c, r[0]+r[1]); body != wwwName+want {
					t.Errorf("%v: the server heard %q", r, body)
				}
			}
			c.CloseIdleConnections()
			// Entries are listed as exchanges end, which over HTTP/2 need not be as they began.
			type asked struct {
				elsewhere bool // the rule names another server
				path      string
			}
			of := map[asked][3]string{}
			for _, r := range rows {
				of[asked{r[0] != server, r[1]}] = r
			}
			for _, e := range u.total(t, len(rows)) {
				sound(t, e)
				is := asked{slices.ContainsFunc(e.Changes, func(c proxy.Change) bool { return c.Kind == proxy.ChangeServer }), e.Path}
				r, ok := of[is]
				delete(of, is)
				line := proxy.Change{By: "--map-remote", Of: proxy.SideClient, Kind: proxy.ChangeLine, Detail: "GET " + r[2]}
				if !ok || slices.Contains(e.Changes, line) != (r[2] != "") {
					t.Errorf("%v: the entry has %s, %v", r, e.Path, e.Changes)
				}
			}
		})
	}
}
