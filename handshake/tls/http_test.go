package tls_test

import (
	stdtls "crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
	"tlslab/handshake/tls/https"
)

// ourClient and stdClient are HTTP clients that trust what is issued here.
func ourClient(t testing.TB, cfg *tls.Config) *http.Client {
	tr := https.Transport(cfg)
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: tlstest.Patience}
}

func stdClient(t testing.TB) *http.Client {
	tr := &http.Transport{TLSClientConfig: &stdtls.Config{RootCAs: tlstest.Pool(), ServerName: tlstest.Name}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: tlstest.Patience}
}

// fetch posts n bytes and returns the page.
func fetch(c *http.Client, url string, n int) (string, error) {
	resp, err := c.Post(url, "text/plain", strings.NewReader(strings.Repeat("x", n)))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, b)
	}
	return string(b), err
}

// versions are what HTTP is carried over; the subtests have their names.
var versions = []iana.Version{iana.TLS12, iana.TLS13}

func TestHTTP(t *testing.T) {
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) { testHTTP(t, v) })
	}
}

func testHTTP(t *testing.T, v iana.Version) {
	cfg := tlstest.Serving(tlstest.Servers()["rsa"])
	cfg.MaxVersion = v
	ours := tlstest.ServeHTTP(t, cfg, nil)
	theirs := httptest.NewUnstartedServer(http.HandlerFunc(tlstest.Page))
	theirs.TLS = &stdtls.Config{Certificates: tlstest.Servers()["ecdsa"].Std(), MaxVersion: uint16(v)}
	theirs.StartTLS()
	defer theirs.Close()
	for _, k := range []struct {
		name   string
		client *http.Client
		url    string
	}{
		{"our client, our server", ourClient(t, tlstest.Verifying()), ours},
		{"net/http's client, our server", stdClient(t), ours},
		{"our client, httptest's server", ourClient(t, tlstest.Verifying()), theirs.URL},
	} {
		t.Run(k.name, func(t *testing.T) {
			got, err := fetch(k.client, k.url+"/a", 100_000)
			if want := "POST /a: " + v.String() + ", 100000 bytes, 0 client certificates, resumed false"; err != nil || got != want {
				t.Errorf("%q, %v", got, err)
			}
			if n := connections(t, k.client, k.url, 3); n != 0 {
				t.Errorf("%d new connections for three more requests", n)
			}
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					path := fmt.Sprintf("/%d", i)
					got, err := fetch(k.client, k.url+path, 1000*i)
					if err != nil || !strings.HasPrefix(got, "POST "+path+": ") || !strings.Contains(got, fmt.Sprintf(" %d bytes", 1000*i)) {
						t.Errorf("%q, %v", got, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// connections counts those that n requests, one after the other, had made for them.
func connections(t testing.TB, c *http.Client, url string, n int) (made int) {
	t.Helper()
	for range n {
		trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
			if !i.Reused {
				made++
			}
		}}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		resp.Body.Close()
	}
	return made
}

// TestHTTPConnectionState has the server see a client's certificate, and in TLS 1.2 both
// ends a resumed session.
func TestHTTPConnectionState(t *testing.T) {
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) { testConnectionState(t, v) })
	}
}

func testConnectionState(t *testing.T, v iana.Version) {
	sc := tlstest.Serving(tlstest.Servers()["ecdsa"])
	sc.ClientAuth, sc.Sessions, sc.ALPN = handshake.RequireClientCert, session.NewMemory(0), []string{"http/1.1"}
	url := tlstest.ServeHTTP(t, sc, nil)
	cc := tlstest.Verifying()
	cc.MaxVersion = v
	cc.Certificates, cc.Sessions, cc.ALPN = tlstest.Clients()["rsa"].Ours(), session.NewMemory(0), []string{"http/1.1"}
	for i := range 2 {
		resumed := i > 0 && v == iana.TLS12
		var s stdtls.ConnectionState
		trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { s = i.Conn.(*tls.Conn).ConnectionState() }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := ourClient(t, cc).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := fmt.Sprintf("GET /: %v, 0 bytes, 2 client certificates, resumed %v", v, resumed); err != nil || string(body) != want {
			t.Errorf("%q, %v", body, err)
		}
		if s.Version != uint16(v) || s.CipherSuite == 0 || s.NegotiatedProtocol != "http/1.1" || s.ServerName != tlstest.Name ||
			len(s.PeerCertificates) == 0 || s.DidResume != resumed || len(s.VerifiedChains) == 0 && !resumed || s.CurveID == 0 && !resumed {
			t.Errorf("connection %d: %+v", i, s)
		}
	}
}

// TestHTTPSlowClients has clients that connect and say nothing, or half a
// ClientHello: others are served meanwhile.
func TestHTTPSlowClients(t *testing.T) {
	url := tlstest.ServeHTTP(t, tlstest.Serving(tlstest.Servers()["rsa"]), nil)
	for i := range 20 {
		slow, err := net.Dial("tcp", strings.TrimPrefix(url, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Close()
		if i%2 == 0 {
			slow.Write([]byte{22, 3, 1, 2, 0, 1, 0})
		}
	}
	if got, err := fetch(ourClient(t, tlstest.Verifying()), url, 10); err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestHTTPStrangers has a client that speaks no TLS, and one that does not trust
// us: the server goes on.
func TestHTTPStrangers(t *testing.T) {
	url := tlstest.ServeHTTP(t, tlstest.Serving(tlstest.Servers()["rsa"]), nil)
	plain, err := net.Dial("tcp", strings.TrimPrefix(url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	plain.SetDeadline(time.Now().Add(tlstest.Patience))
	fmt.Fprint(plain, "GET / HTTP/1.1\r\n\r\n")
	if got, _ := io.ReadAll(plain); len(got) == 0 || got[0] != byte(iana.Alert) {
		t.Errorf("told the plain client %q", got)
	}
	if _, err := fetch(ourClient(t, &tls.Config{ServerName: tlstest.Name}), url, 1); err == nil {
		t.Error("a client without roots trusts us")
	}
	if _, err := fetch(stdClient(t), url, 1); err != nil {
		t.Error(err)
	}
}

// A Config that allows h2 is no reason to agree on what nobody would speak.
func TestHTTPAgreesOnNoHTTP2(t *testing.T) {
	for _, protocols := range [][]string{{"h2"}, {"h2", "http/1.1"}, {"for the client", "h2", "http/1.1"}} {
		cfg := tlstest.Serving(tlstest.Servers()["rsa"])
		if cfg.ALPN = protocols; protocols[0] == "for the client" {
			chosen := *cfg
			chosen.ALPN, cfg.ALPN = protocols[1:], []string{"h2"}
			cfg.ForClient = func(*message.ClientHello) (*tls.Config, error) { return &chosen, nil }
		}
		c := stdClient(t)
		c.Transport.(*http.Transport).ForceAttemptHTTP2 = true
		r, err := c.Get(tlstest.ServeHTTP(t, cfg, nil))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.ProtoMajor != 1 || r.StatusCode != http.StatusOK || cfg.ALPN[0] != "h2" {
			t.Errorf("%q: %s %s", protocols, r.Proto, r.Status)
		}
	}
}
