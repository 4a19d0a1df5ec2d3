package proxy_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/proxy/proxytest"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// An upstream proxy of the tests' own: what it was asked, and what it answers.
type upstream struct {
	addr string

	mu    sync.Mutex
	asked []string // CONNECT's head
}

// secret is what must be seen nowhere.
const secret = "s3cr%40t" // and decoded: s3cr@t

// newUpstream answers each head with answer, and connects to to where that is "".
func newUpstream(t testing.TB, over *tls.Config, to, answer string) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{addr: l.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(patience))
			if over != nil {
				c = tls.Server(c, over)
			}
			all.Go(func() {
				defer c.Close()
				u.serve(c, to, answer)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return u
}

func (u *upstream) serve(c net.Conn, to, answer string) {
	r := bufio.NewReader(&oneByOne{c})
	if b, err := r.Peek(1); err == nil && b[0] == 5 { // SOCKS
		_, _ = io.WriteString(c, answer)
		return
	}
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	u.mu.Lock()
	u.asked = append(u.asked, fmt.Sprintf("%s %s %s %s", req.Method, req.RequestURI, req.Host, req.Header.Get("Proxy-Authorization")))
	u.mu.Unlock()
	if answer != "" {
		_, _ = io.WriteString(c, answer)
		return
	}
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	// What a server says first may come with the answer.
	early := make([]byte, 64)
	_ = server.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	n, _ := server.Read(early)
	_ = server.SetReadDeadline(time.Time{})
	if _, err := io.WriteString(c, "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 Fine\r\nX: y\r\n\r\n"+string(early[:n])); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(server, c)
		_ = server.(*net.TCPConn).CloseWrite()
	})
	both.Go(func() {
		_, _ = io.Copy(c, server)
		_ = c.(interface{ CloseWrite() error }).CloseWrite()
	})
	both.Wait()
}

// by is the upstream proxy of a URL.
func by(t testing.TB, url string) func(*proxy.Options) {
	t.Helper()
	up, err := proxy.ParseUpstream(url)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *proxy.Options) { o.Upstream, o.Dial = up.By, nil }
}

// TestUpstream: servers are reached by way of another proxy, in both versions of HTTP, in plain
// HTTP, where the server speaks first, over TLS to the other proxy, and with SOCKS5.
func TestUpstream(t *testing.T) {
	lend, err := authority.NewRoot(authority.Options{CommonName: "Upstream Root"})
	if err != nil {
		t.Fatal(err)
	}
	leaf := proxytest.SignedBy(t, lend, authority.P256, authority.Request{DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, authority.LeafOptions{})
	h2 := newOrigin(t, hello, nil)
	plain := newPlain(t, hello)
	greets := newScripted(t, func(*tls.Config) *tls.Config { return nil })
	other := start(t, h2, func(o *proxy.Options) { // SOCKS5 that leaves all alone
		all, err := proxy.ParsePattern("*")
		if err != nil {
			t.Fatal(err)
		}
		o.Mode, o.Ignore = proxy.SOCKS5, []proxy.Pattern{all}
	})
	for _, x := range []struct {
		name, url string
		to        *upstream
		do        func(t *testing.T, u *underTest)
		asks      string
	}{
		{"HTTP/2", "http://me:" + secret + "@%s", newUpstream(t, nil, h2.Listener.Addr().String(), ""), func(t *testing.T, u *underTest) {
			if resp, body := get(t, u.client(nil), "https://"+wwwName+"/a"); resp.StatusCode != 200 || !strings.HasPrefix(body, "HTTP/2.0 GET") {
				t.Errorf("%d %q", resp.StatusCode, body)
			}
		}, "CONNECT www.lab.test:443 www.lab.test:443 Basic bWU6czNjckB0"},
		{"over TLS", "https://localhost%s/", newUpstream(t, &tls.Config{Certificates: []tls.Certificate{leaf}}, h2.Listener.Addr().String(), ""), func(t *testing.T, u *underTest) {
			if resp, _ := get(t, u.client(nil), "https://"+wwwName+"/a"); resp.StatusCode != 200 {
				t.Error(resp.StatusCode)
			}
		}, "CONNECT www.lab.test:443 www.lab.test:443 "},
		{"plain HTTP", "http://%s", newUpstream(t, nil, plain.Listener.Addr().String(), ""), func(t *testing.T, u *underTest) {
			if resp, body := get(t, u.client(nil), "http://"+wwwName+"/a"); resp.StatusCode != 200 || !strings.HasPrefix(body, "HTTP/1.1 GET /a") {
				t.Errorf("%d %q", resp.StatusCode, body)
			}
		}, "CONNECT www.lab.test:80 www.lab.test:80 "},
		{"a server that speaks first", "http://%s", newUpstream(t, nil, greets.Listener.Addr().String(), ""), func(t *testing.T, u *underTest) {
			c := u.connect(t, wwwName+":25")
			s := greets.next(t)
			play(t, c, s, []line{{server, "220 hello\r\n", ""}, {client, "EHLO me\r\n", ""}, {server, bye, ""}})
			c.Close()
		}, "CONNECT www.lab.test:25 www.lab.test:25 "},
		{"SOCKS5", "socks5://%s", &upstream{addr: other.addr}, func(t *testing.T, u *underTest) {
			if resp, body := get(t, u.client(nil), "https://"+wwwName+"/a"); resp.StatusCode != 200 || !strings.HasPrefix(body, "HTTP/2.0 GET") {
				t.Errorf("%d %q", resp.StatusCode, body)
			}
		}, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, port, _ := net.SplitHostPort(x.to.addr)
			at := x.to.addr
			if strings.Contains(x.url, "localhost") {
				at = ":" + port
			}
			u := start(t, h2, func(o *proxy.Options) {
				by(t, fmt.Sprintf(strings.Replace(x.url, "%40", "%%40", 1), at))(o)
				o.ToServer.Roots = pki.NewTrustStore(lend.Cert, h2.roots.All()[0])
			})
			x.do(t, u)
			e := u.total(t, 1)[0]
			sound(t, e)
			if _, p, _ := net.SplitHostPort(e.Via); p != port || e.Server != "" {
				t.Errorf("by way of %q to %q", e.Via, e.Server)
			}
			x.to.mu.Lock()
			defer x.to.mu.Unlock()
			if x.asks != "" && (len(x.to.asked) != 1 || x.to.asked[0] != x.asks) {
				t.Errorf("it was asked %q", x.to.asked)
			}
		})
	}
	if e := other.await(t, 1); e.Kind != proxy.Untouched || e.Host != wwwName {
		t.Errorf("it was asked for %+v", e)
	}
}

// TestUpstreamFails: what an upstream proxy does not do is blamed on it, by name, and its password
// is nowhere.
func TestUpstreamFails(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := &upstream{addr: closed.Addr().String()}
	_ = closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	for _, x := range []struct {
		name   string
		scheme string
		to     *upstream
		by     proxy.Side
		cause  proxy.Cause
		status int
		says   string
	}{
		{"not there", "http", gone, proxy.SideProxy, proxy.CauseUpstreamUnreachable, 502, "connection refused"},
		{"not there", "socks5", gone, proxy.SideProxy, proxy.CauseUpstreamUnreachable, 502, "connection refused"},
		{"no TLS", "https", newUpstream(t, nil, "", "x"), proxy.SideProxy, proxy.CauseUpstreamUnreachable, 502, ""},
		{"login", "http", newUpstream(t, nil, "", "HTTP/1.1 407 Who are you?\r\nContent-Length: 5\r\n\r\nLogin"), proxy.SideUpstream, proxy.CauseUpstreamLogin, 502, `"407 Who are you?"`},
		{"unreachable", "http", newUpstream(t, nil, "", "HTTP/1.1 502 Bad Gateway\r\n\r\n"), proxy.SideUpstream, proxy.CauseUpstreamRefused, 502, `"502 Bad Gateway"`},
		{"too late", "http", newUpstream(t, nil, "", "HTTP/1.1 504 Gateway Timeout\r\n\r\n"), proxy.SideUpstream, proxy.CauseUpstreamRefused, 504, `"504 Gateway Timeout"`},
		{"forbidden", "http", newUpstream(t, nil, "", "HTTP/1.1 403 No\x1b[2J\r\n\r\n"), proxy.SideUpstream, proxy.CauseUpstreamRefused, 502, `"403 No\x1b[2J"`},
		{"hangs up", "http", newUpstream(t, nil, "", "HTTP/1.1 200 OK\r\n"), proxy.SideUpstream, proxy.CauseUpstreamRefused, 502, "without an answer"},
		{"no HTTP", "http", newUpstream(t, nil, "", "220 mail ESMTP\r\n"), proxy.SideUpstream, proxy.CauseUpstreamRefused, 502, "malformed"},
		{"endless", "http", newUpstream(t, nil, "", "HTTP/1.1 200 OK\r\n"+strings.Repeat("X: y\r\n", 20_000)), proxy.SideUpstream, proxy.CauseUpstreamRefused, 502, "longer than"},
		{"no SOCKS", "socks5", newUpstream(t, nil, "", "HTTP/1.1 400 Bad Request\r\n\r\n"), proxy.SideUpstream, proxy.CauseUpstreamRefused, 502, ""},
		{"mute", "http", &upstream{addr: mute.Addr().String()}, proxy.SideProxy, proxy.CauseUpstreamUnreachable, 504, "longer than"},
	} {
		for _, url := range []string{"https://" + wwwName + "/", "http://" + wwwName + "/"} {
			t.Run(x.name+" "+x.scheme+" "+url[:5], func(t *testing.T) {
				t.Parallel()
				u := start(t, nil, func(o *proxy.Options) {
					by(t, x.scheme+"://me:"+secret+"@"+x.to.addr)(o)
					if x.name == "mute" {
						o.Limits.Handshake = roomy
					}
				})
				resp, body := get(t, u.client(nil), url)
				if resp.StatusCode != x.status {
					t.Errorf("%d %q", resp.StatusCode, body)
				}
				e := u.total(t, 1)[0]
				faulty(t, e, map[bool]proxy.Kind{true: proxy.Failure, false: proxy.Request}[url[:5] == "https"], proxy.SideServer, x.by, x.cause)
				if e.Via != x.to.addr || e.Server != "" || !e.Answered {
					t.Errorf("by way of %q to %q", e.Via, e.Server)
				}
				h, err := json.Marshal(e.HAR())
				if err != nil {
					t.Fatal(err)
				}
				if said := e.Fault.Error(); !strings.Contains(said, "upstream proxy "+x.to.addr) || !strings.Contains(said, x.says) {
					t.Error(said)
				}
				for _, said := range []string{e.Fault.Error(), e.String(), body, string(h), fmt.Sprint(resp.Header)} {
					if strings.Contains(said, "s3cr") || strings.Contains(said, "bWU6") {
						t.Errorf("the password is in %q", said)
					}
				}
			})
		}
	}
}

// TestUpstreamItself: a proxy whose upstream proxy is itself does not call itself for ever.
func TestUpstreamItself(t *testing.T) {
	var up *proxy.Upstream
	u := start(t, nil, func(o *proxy.Options) {
		o.Upstream = func(string, string) *proxy.Upstream { return up }
	})
	var err error
	if up, err = proxy.ParseUpstream("http://" + u.addr); err != nil {
		t.Fatal(err)
	}
	if resp, body := get(t, u.client(nil), "https://"+wwwName+"/"); resp.StatusCode != 502 || resp.Header.Get("Proxy-Status") != "tlslab; error=proxy_loop_detected" {
		t.Errorf("%d %v %q", resp.StatusCode, resp.Header, body)
	}
	told := 0
	for _, e := range u.total(t, 2) { // the other is of the connection that it hung up on
		if e.Fault.Cause == proxy.CauseUpstreamUnreachable {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told of %d times", told)
	}
}

// TestParseUpstream: what is no upstream proxy is refused without being repeated.
func TestParseUpstream(t *testing.T) {
	for text, want := range map[string]string{"http://me:pw@h": "http://h:80", "https://h:1/": "https://h:1", "socks5h://[::1]": "socks5://[::1]:1080"} {
		if up, err := proxy.ParseUpstream(text); err != nil || up.String() != want {
			t.Errorf("%s: %v, %v", text, up, err)
		}
	}
	for _, text := range []string{"", "h:3128", "ftp://x:s3cret@h", "http://x:s3cret@", "http://x:s3cret@h/path", "http://x:s3cret%zz@h", "http://x:s3cret@h:port", "http://h?s3cret"} {
		if up, err := proxy.ParseUpstream(text); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, %v", text, up, err)
		}
	}
}

// TestUpstreamsOfEnvironment: the variables mean what they mean to others.
func TestUpstreamsOfEnvironment(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	if _, named, err := proxy.UpstreamsOfEnvironment(); named != nil || err != nil {
		t.Error(named, err)
	}
	t.Setenv("HTTPS_PROXY", "http://me:"+secret+"@secure.test:1")
	t.Setenv("HTTP_PROXY", "plain.test:2")
	t.Setenv("NO_PROXY", ".lab.test")
	by, named, err := proxy.UpstreamsOfEnvironment()
	if err != nil || len(named) != 2 || named["HTTPS_PROXY"].String() != "http://secure.test:1" {
		t.Fatal(named, err)
	}
	for _, x := range []struct{ scheme, addr, want string }{{"https", "example.org:443", "secure.test:1"}, {"http", "example.org:80", "plain.test:2"}, {"https", "www.lab.test:443", ""}, {"https", "127.0.0.1:443", ""}} {
		got := ""
		if up := by(x.scheme, x.addr); up != nil {
			got = up.Addr()
		}
		if got != x.want {
			t.Errorf("%s %s: by way of %q, want %q", x.scheme, x.addr, got, x.want)
		}
	}
	t.Setenv("HTTPS_PROXY", "gopher://x:"+secret+"@h")
	if _, _, err := proxy.UpstreamsOfEnvironment(); err == nil || strings.Contains(err.Error(), "s3cr") || !strings.Contains(err.Error(), "HTTPS_PROXY") {
		t.Error(err)
	}
}

// TestClientCertificates: a chosen server is shown what was chosen for it, and no other is.
func TestClientCertificates(t *testing.T) {
	users, err := authority.NewRoot(authority.Options{CommonName: "Users"})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var shown string
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		o := newOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			shown = "none"
			if len(r.TLS.PeerCertificates) > 0 {
				shown = r.TLS.PeerCertificates[0].Subject.CommonName
			}
		}), func(c *tls.Config) {
			c.ClientAuth, c.MinVersion, c.MaxVersion = tls.RequestClientCert, version, version
		})
		for _, x := range []struct {
			patterns []string
			all      bool
			want     string
		}{{nil, false, "none"}, {nil, true, "all"}, {[]string{"*.lab.test"}, true, "*.lab.test"}, {[]string{"other.test", "*.lab.test:443"}, false, "*.lab.test:443"}, {[]string{"other.test"}, true, "all"}, {[]string{"other.test"}, false, "none"}} {
			u := start(t, o, func(p *proxy.Options) {
				p.ToServer.Weak.SkipVerify = true
				for _, text := range x.patterns {
					pattern, err := proxy.ParsePattern(text)
					if err != nil {
						t.Fatal(err)
					}
					p.ClientCertificates = append(p.ClientCertificates, proxy.ClientCertificate{Pattern: pattern, Certificate: ours(signedBy(t, users, authority.P256, authority.Request{CommonName: text}, authority.LeafOptions{Client: true}))})
				}
				if x.all {
					p.ToServer.Certificates = append(p.ToServer.Certificates, ours(signedBy(t, users, authority.P256, authority.Request{CommonName: "all"}, authority.LeafOptions{Client: true})))
				}
			})
			get(t, u.client(nil), "https://"+wwwName+"/")
			mu.Lock()
			if shown != x.want {
				t.Errorf("%s, %v, %t: it was shown %q, want %q", tls.VersionName(version), x.patterns, x.all, shown, x.want)
			}
			mu.Unlock()
		}
	}
}

// ours is a certificate as our own engine has it.
func ours(c tls.Certificate) handshake.Certificate {
	return handshake.Certificate{Chain: c.Certificate, Key: c.PrivateKey}
}

// oneByOne keeps a buffered reader from taking more than it needs.
type oneByOne struct{ io.Reader }

func (o *oneByOne) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(1, len(p))]) }
