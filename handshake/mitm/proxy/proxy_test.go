package proxy_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// origin is an HTTPS server that we did not write, with a chain of our making.
type origin struct {
	*httptest.Server
	roots *pki.TrustStore
	pool  *x509.CertPool // the same for crypto/tls
}

// wwwName is whom the origin's certificate is for, beside 127.0.0.1.
const wwwName = "www.lab.test"

func newOrigin(t testing.TB, h http.Handler, change func(*tls.Config)) *origin {
	t.Helper()
	o, err := makeOrigin(h, change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func makeOrigin(h http.Handler, change func(*tls.Config)) (*origin, error) {
	root, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
	if err != nil {
		return nil, err
	}
	cert, err := leafOf(root, wwwName)
	if err != nil {
		return nil, err
	}
	o := &origin{Server: httptest.NewUnstartedServer(h), roots: pki.NewTrustStore(root.Cert), pool: x509.NewCertPool()}
	o.pool.AddCert(root.Cert)
	o.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	o.EnableHTTP2 = true
	if change != nil {
		change(o.TLS)
	}
	o.EnableHTTP2 = slices.Contains(o.TLS.NextProtos, "h2")
	o.Config.ErrorLog = quietLog
	o.StartTLS()
	return o, nil
}

// leafOf issues a certificate for name and for 127.0.0.1.
func leafOf(ca *authority.CA, name string) (tls.Certificate, error) {
	key, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		return tls.Certificate{}, err
	}
	csr, err := authority.NewRequest(key, authority.Request{DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		return tls.Certificate{}, err
	}
	is, err := ca.Sign(csr, authority.LeafOptions{})
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: is.Chain, PrivateKey: key.(*ecdsa.PrivateKey)}, nil
}

// underTest is a proxy with what it has told of.
type underTest struct {
	*proxy.Proxy
	addr string
	pool *x509.CertPool // its root

	mu      sync.Mutex
	more    *sync.Cond
	entries []*proxy.Entry
}

func start(t testing.TB, o *origin, change func(*proxy.Options)) *underTest {
	t.Helper()
	ca, made, err := proxy.LoadCA(t.TempDir())
	if err != nil || !made {
		t.Fatal(made, err)
	}
	f, err := proxy.NewForger(ca)
	if err != nil {
		t.Fatal(err)
	}
	u := &underTest{pool: x509.NewCertPool()}
	u.more = sync.NewCond(&u.mu)
	u.pool.AddCert(ca.Cert)
	opts := proxy.Options{Forger: f, Seen: func(e *proxy.Entry) {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.entries = append(u.entries, e)
		u.more.Broadcast()
	}}
	if o != nil {
		opts.ToServer = handshake.Config{Roots: o.roots}
		// Names are the lesson's: all of them are at the origin.
		opts.Dial = o.dial
	}
	if change != nil {
		change(&opts)
	}
	if u.Proxy, err = proxy.New(opts); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- u.Serve(l) }()
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return u
}

// await waits for the nth entry, from 1.
func (u *underTest) await(t testing.TB, n int) *proxy.Entry {
	t.Helper()
	over := false
	stop := time.AfterFunc(patience, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		over = true
		u.more.Broadcast()
	})
	defer stop.Stop()
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.entries) < n {
		if over {
			t.Fatalf("%d entries, waiting for %d", len(u.entries), n)
		}
		u.more.Wait()
	}
	return u.entries[n-1]
}

// client is net/http's, by way of the proxy.
func (u *underTest) client(change func(*http.Transport)) *http.Client {
	tr := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: u.addr}), ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: u.pool}}
	if change != nil {
		change(tr)
	}
	return &http.Client{Transport: tr}
}

func get(t testing.TB, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %q", r.Proto, r.Method, r.URL, b)
})

func TestGet(t *testing.T) {
	for _, proto := range []string{"h2", "http/1.1"} {
		t.Run(proto, func(t *testing.T) {
			o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = []string{proto} })
			u := start(t, o, nil)
			c := u.client(nil)
			resp, body := get(t, c, "https://"+wwwName+"/page?q=1")
			want := map[string]string{"h2": "HTTP/2.0", "http/1.1": "HTTP/1.1"}[proto] + ` GET /page?q=1 ""`
			if body != want {
				t.Errorf("the page says %q, not %q", body, want)
			}
			if issuer := resp.TLS.PeerCertificates[0].Issuer.CommonName; issuer != u.Root().Subject.CommonName {
				t.Errorf("the client saw a certificate of %s", issuer)
			}
			e := u.await(t, 1)
			if e.Kind != proxy.Request || e.Method != "GET" || e.Path != "/page?q=1" || e.Status != 200 || e.Host != wwwName || e.Received != int64(len(body)) || e.Fault != nil {
				t.Errorf("the entry is %+v, fault %v", e, e.Fault)
			}
			for _, leg := range []*proxy.Leg{e.ToClient, e.ToServer} {
				if leg.Version.String() != "TLS 1.3" || leg.Group.String() != "X25519MLKEM768" || leg.Protocol != proto {
					t.Errorf("a leg is %v %v %q", leg.Version, leg.Group, leg.Protocol)
				}
			}
			post, err := c.Post("https://"+wwwName+"/form", "text/plain", io.MultiReader(strings.NewReader("a="), strings.NewReader("b")))
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(post.Body)
			post.Body.Close()
			if !strings.HasSuffix(string(b), `POST /form "a=b"`) {
				t.Errorf("the page says %q", b)
			}
			if e := u.await(t, 2); e.Sent != 3 || e.Conn != 1 || e.Fault != nil {
				t.Errorf("the entry is %+v, fault %v", e, e.Fault)
			}
			c.CloseIdleConnections()
		})
	}
}

// TestUntrusted: a client without the root refuses, and the entry says so.
func TestUntrusted(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	c := u.client(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = o.pool })
	if _, err := c.Get("https://" + wwwName + "/"); err == nil {
		t.Fatal("the client believed the forgery")
	}
	e := u.await(t, 1)
	if e.Kind != proxy.Failure || e.Fault == nil || e.Fault.Side != proxy.SideClient || e.Fault.Cause != proxy.CauseCertificateRefused {
		t.Errorf("%+v, fault %v", e, e.Fault)
	}
}

// TestServerUnbelieved: the proxy checks the server's certificate.
func TestServerUnbelieved(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, func(o *proxy.Options) { o.ToServer.Roots = pki.NewTrustStore() })
	if resp, body := get(t, u.client(nil), "https://"+wwwName+"/"); resp.StatusCode != 502 || strings.Contains(body, "GET /") {
		t.Fatalf("a server that the proxy does not believe was shown to the client: %d %q", resp.StatusCode, body)
	}
	e := u.await(t, 1)
	if e.Fault == nil || e.Fault.Side != proxy.SideServer || e.Fault.Cause != proxy.CauseUnbelieved {
		t.Errorf("%+v, fault %v", e, e.Fault)
	}
}

// TestUpgrade: a WebSocket, or whatever an Upgrade leads to, is relayed as bytes.
func TestUpgrade(t *testing.T) {
	o := newOrigin(t, echoes(t), func(c *tls.Config) { c.NextProtos = nil })
	u := start(t, o, nil)
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName})
	fmt.Fprint(c, "GET /chat HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatal(resp, err)
	}
	fmt.Fprint(c, "psst\n")
	if line, err := r.ReadString('\n'); line != "echo psst\n" {
		t.Fatal(line, err)
	}
	c.Close()
	if e := u.await(t, 1); e.Upgraded != "echo" || e.Status != 101 || e.Sent != 5 || e.Received != 10 || e.Fault != nil {
		t.Errorf("%+v, fault %v", e, e.Fault)
	}
}
