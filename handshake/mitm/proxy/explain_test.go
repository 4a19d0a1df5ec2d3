package proxy_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
)

// speaksHTTP1 has a client speak what can be read without a decoder.
func speaksHTTP1(tr *http.Transport) {
	tr.TLSClientConfig.NextProtos, tr.ForceAttemptHTTP2 = []string{"http/1.1"}, false
}

// TestExplained: what was kept is told in the order in which it happened, in the words of the lesson
// of the interceptor, and no step is told that was not taken.
func TestExplained(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*proxy.Options)
		client func(*tls.Config)
		clear  bool // the server's leg
		flow   string
		want   []event.SceneKey
	}{
		"a request": {flow: "proxy_both client mitm server",
			want: []event.SceneKey{mitm.SceneClientConnects, mitm.SceneConnectUpstream, mitm.SceneForge, mitm.SceneDecrypt, mitm.SceneReencrypt, mitm.SceneBack}},
		"a server that is not believed": {change: func(o *proxy.Options) { o.ToServer.Roots = pki.NewTrustStore() }, flow: "proxy_both client mitm server",
			want: []event.SceneKey{mitm.SceneClientConnects, mitm.SceneConnectUpstream, mitm.SceneDecrypt}},
		"a server in clear": {clear: true, flow: "proxy_to_client client mitm",
			want: []event.SceneKey{mitm.SceneClientConnects, mitm.SceneDecrypt}},
		"nothing in common": {client: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, change: func(o *proxy.Options) { o.ToClient.MinVersion = tls.VersionTLS13 },
			flow: "proxy_no_keys client mitm server", want: []event.SceneKey{mitm.SceneClientConnects, mitm.SceneConnectUpstream, mitm.SceneForge}},
	} {
		t.Run(name, func(t *testing.T) {
			host, o := wwwName, (*origin)(nil)
			change := func(p *proxy.Options) {
				if c.change != nil {
					c.change(p)
				}
			}
			if c.clear {
				host, o = "mapped.test", newPlain(t, hello)
				m, err := proxy.ParseMapRemote("https://" + host + "=http://" + wwwName)
				if err != nil {
					t.Fatal(err)
				}
				change = func(p *proxy.Options) { p.MapRemote = []proxy.MapRemote{m} }
			} else {
				o = newOrigin(t, hello, nil)
			}
			u := start(t, o, change)
			client := u.client(func(tr *http.Transport) {
				speaksHTTP1(tr)
				if c.client != nil {
					c.client(tr.TLSClientConfig)
				}
			})
			if r, err := client.Get("https://" + host + "/"); err == nil {
				_ = r.Body.Close()
			}
			client.CloseIdleConnections()
			u.total(t, 1)
			var flow string
			var steps []event.SceneKey
			numbers, read := true, uint64(0)
			if err := u.Recording(1).Explain(event.ListenerFunc(func(e event.Event) {
				switch e := e.(type) {
				case *event.Flow:
					flow = e.Name + " " + strings.Join(e.Parties, " ")
					return
				case *mitm.Forge:
					if e.Conn != 1 || e.Party != "mitm" || !slices.Equal(e.Real.DNSNames, e.Forged.DNSNames) || e.Real.Equal(e.Forged) {
						t.Errorf("forged on %d by %s: %v of %v", e.Conn, e.Party, e.Forged, e.Real)
					}
				case *mitm.Decrypt:
					if e.Conn != 1 || !strings.HasPrefix(e.Plaintext, "GET / HTTP/1.1\r\n") || e.InClear {
						t.Errorf("read on %d: %q", e.Conn, e.Plaintext)
					}
				case *mitm.Back:
					if e.Conn != 2 || !strings.HasPrefix(e.Plaintext, "HTTP/1.1 200 OK\r\n") {
						t.Errorf("read on %d: %q", e.Conn, e.Plaintext)
					}
				}
				read++
				numbers = numbers && e.Head().Seq == read
				if s, ok := e.(event.Stepped); ok && (len(steps) == 0 || steps[len(steps)-1] != s.Key()) {
					steps = append(steps, s.Key())
				}
			})); err != nil {
				t.Fatal(err)
			}
			if !numbers {
				t.Error("the events are not numbered from 1")
			}
			if flow != c.flow || !slices.Equal(steps, c.want) {
				t.Errorf("%s: %v; want %s: %v", flow, steps, c.flow, c.want)
			}
		})
	}
}

// TestExplainedInTurn: of several requests on one connection each is read and goes on before its
// reply comes, and the next request behind that.
func TestExplainedInTurn(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	c := u.client(speaksHTTP1)
	const n = 3
	for i := range n {
		get(t, c, fmt.Sprintf("https://%s/%d", wwwName, i))
	}
	c.CloseIdleConnections()
	u.total(t, n)
	var told []string
	if err := u.Recording(1).Explain(event.ListenerFunc(func(e event.Event) {
		switch e := e.(type) {
		case *mitm.Decrypt:
			told = append(told, strings.Fields(e.Plaintext)[1])
		case *mitm.Reencrypt:
			told = append(told, "on")
		case *mitm.Back:
			told = append(told, "back")
		}
	})); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(slices.Compact(told), " "), "/0 on back /1 on back /2 on back"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}
