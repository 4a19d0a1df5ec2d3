package peers_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki/authority"
)

// nginx runs one until the test ends, with these lines for its server, and returns where.
func nginx(t testing.TB, p *papers, lines string) (base, port string) {
	t.Helper()
	program := tool(t, "nginx", "/usr/sbin/nginx")
	dir, err := os.MkdirTemp("", "nginx") // nginx wants no long paths, and another user's rights
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	root := filepath.Join(dir, "root")
	for _, d := range []string{root, filepath.Join(dir, "tmp")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "file.txt"), []byte(strings.Repeat("a line of a file\n", 20_000)))
	write(t, filepath.Join(root, "small.txt"), []byte("small\n"))
	port = freePort(t)
	conf := filepath.Join(dir, "nginx.conf")
	write(t, conf, fmt.Appendf(nil, `daemon off; master_process off; pid %[1]s/pid; error_log stderr warn;
events { worker_connections 512; }
http {
	access_log off; types { text/plain txt; } server_tokens off;
	client_body_temp_path %[1]s/tmp; proxy_temp_path %[1]s/tmp/p; fastcgi_temp_path %[1]s/tmp/f; uwsgi_temp_path %[1]s/tmp/u; scgi_temp_path %[1]s/tmp/s;
	client_max_body_size 100m;
	server {
		listen 127.0.0.1:%[2]s ssl http2; server_name localhost; root %[1]s/root;
		ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate %[3]s; ssl_certificate_key %[4]s;
		%[5]s
	}
}
`, dir, port, p.chain, p.key, lines))
	serves(t, unproxied(t), "", net.JoinHostPort("127.0.0.1", port), program, "-p", dir, "-c", conf, "-e", "stderr")
	return "https://localhost:" + port, port
}

// curls has one curl make requests, and returns what it got but for dates.
func curls(t *testing.T, version, proxy, roots string, asked [][]string) string {
	t.Helper()
	var args []string
	for i, a := range asked {
		if i > 0 {
			args = append(args, "--next")
		}
		args = append(args, "--"+version, "--cacert", roots, "--silent", "--show-error", "--include", "--path-as-is", "--max-time", "30", "--noproxy", "")
		if proxy != "" {
			args = append(args, "--proxy", "http://"+proxy, "--suppress-connect-headers")
		}
		args = append(args, a...)
	}
	out, stderr, err := runs(t, unproxied(t), tool(t, "curl"), args...)
	if err != nil {
		t.Fatalf("curl: %v\n%s%s", err, out, stderr)
	}
	return regexp.MustCompile(`(?mi)^date: .*$`).ReplaceAllString(out, "date: …")
}

// same makes the same requests without the proxy and through it.
func same(t *testing.T, ids *papers, p *station, asked [][]string) {
	t.Helper()
	for _, version := range []string{"http1.1", "http2"} {
		before := len(p.entries())
		want := curls(t, version, "", ids.root, asked)
		got := curls(t, version, p.addr, p.root, asked)
		if got != want {
			t.Errorf("%s: through the proxy it got other things: %s", version, difference(want, got))
		}
		for _, e := range p.await(t, before+len(asked))[before:] {
			if e.Kind != proxy.Request || e.Fault != nil {
				t.Errorf("%s: entry %v", version, e)
			}
		}
		t.Logf("%s: %d replies, %d bytes, are equal", version, len(asked), len(got))
	}
}

func TestNginx(t *testing.T) {
	t.Parallel()
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s, %d bytes %s\n", r.Method, r.URL, len(body), sum(body))
		for range 20 {
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(bytes.Repeat([]byte("chunk "), 1000))
		}
	}))
	t.Cleanup(behind.Close)
	ids := newPapers(t)
	base, _ := nginx(t, ids, `gzip on; gzip_types text/plain; gzip_min_length 1;
		ssl_verify_client optional; ssl_client_certificate `+ids.root+`;
		location /behind { proxy_pass `+behind.URL+`; proxy_http_version 1.1; proxy_buffering off; }
		location /who { return 200 "$ssl_client_verify\n"; }
		location /away { return 301 /small.txt; }`)
	p := stand(t, ids, nil)
	upload := filepath.Join(t.TempDir(), "upload")
	write(t, upload, bytes.Repeat([]byte("more than what curl sends without asking first\n"), 40_000))
	same(t, ids, p, [][]string{
		{base + "/file.txt"}, {base + "/file.txt", "--compressed"}, {base + "/file.txt", "-H", "Accept-Encoding: gzip", "--output", "-"},
		{base + "/file.txt", "--range", "10-29"}, {base + "/file.txt", "--head"}, {base + "/small.txt", "-H", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"},
		{base + "/behind/chunks"}, {base + "/behind/upload", "--data-binary", "@" + upload}, {base + "/behind/put", "--upload-file", upload},
		{base + "/away"}, {base + "/nowhere"}, {base + "/who"}, {base + "/50%/x"}, {base + "/", "--request", "BREW"},
	})

	// A certificate of the client's, if the server asks for one, is the proxy's to show.
	key, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := authority.NewRequest(key, authority.Request{CommonName: "a client"})
	if err != nil {
		t.Fatal(err)
	}
	is, err := ids.ca.Sign(csr, authority.LeafOptions{Client: true})
	if err != nil {
		t.Fatal(err)
	}
	known := stand(t, ids, func(o *proxy.Options) {
		o.ToServer.Certificates = []handshake.Certificate{{Chain: is.Chain, Key: key}}
	})
	for _, version := range []string{"http1.1", "http2"} {
		for _, x := range []struct {
			p    *station
			want string
		}{{p, "NONE\n"}, {known, "SUCCESS\n"}} {
			if got := curls(t, version, x.p.addr, x.p.root, [][]string{{base + "/who"}}); !strings.HasSuffix(got, "\r\n\r\n"+x.want) {
				t.Errorf("%s: the server says of the proxy's certificate\n%s\nnot %s", version, got, x.want)
			}
		}
	}
}

// TestNginxDrains: a server that ends each connection after ten requests, HTTP/2's with a GOAWAY,
// loses none of a hundred: to curl one after the other, and to net/http twenty at a time. (Abreast
// curl 7.88 loses them behind any proxy, "no filter connected", one that only copies too.)
func TestNginxDrains(t *testing.T) {
	t.Parallel()
	ids := newPapers(t)
	base, _ := nginx(t, ids, "keepalive_requests 10;")
	p := stand(t, ids, nil)
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		for name, ask := range map[string]func() int{
			"curl": func() int {
				flag := map[string]string{"HTTP/1.1": "--http1.1", "HTTP/2.0": "--http2"}[version]
				out, stderr, err := runs(t, unproxied(t), tool(t, "curl"), flag, "--silent", "--show-error", "--noproxy", "", "--proxy", p.url, "--cacert", p.root,
					"--output", "/dev/null", "--write-out", "%{http_code}\n", base+"/small.txt?[1-100]")
				if err != nil {
					t.Errorf("curl: %v\n%s", err, stderr)
				}
				return strings.Count(out, "200\n")
			},
			"net/http": func() (n int) {
				c := p.client(version)
				defer c.CloseIdleConnections()
				var answered atomic.Int64
				var all sync.WaitGroup
				for k := range 20 {
					all.Go(func() {
						for i := range 5 {
							if body, err := fetch(c, fmt.Sprintf("%s/small.txt?%d", base, 5*k+i+1), version); err == nil && body == "small\n" {
								answered.Add(1)
							} else {
								t.Errorf("%q, %v", body, err)
							}
						}
					})
				}
				all.Wait()
				return int(answered.Load())
			},
		} {
			before := len(p.entries())
			if n := ask(); n != 100 {
				t.Errorf("%s by %s: %d of 100 were answered", version, name, n)
			}
			asked, conns := map[string]bool{}, map[int]int{}
			again := 0
			for n := before + 100; len(asked) < 100 && !t.Failed(); n++ { // each is told a moment after it was answered
				asked, conns, again = map[string]bool{}, map[int]int{}, 0
				list := p.await(t, n)
				n = len(list)
				for _, e := range list[before:] {
					switch {
					case e.Fault == nil && e.Status == 200:
						asked[e.Path] = true
						conns[e.Conn]++
					case e.Fault != nil && e.Fault.Side == proxy.SideServer && (e.Fault.Cause == proxy.CauseReset || e.Fault.Cause == proxy.CauseLeft):
						again++ // it was asked again
					case e.Kind == proxy.Failure && e.Fault.By == proxy.SideClient: // a connection that net/http made in reserve, and perhaps not to its end
					default:
						t.Errorf("entry %v", e)
					}
				}
			}
			for n, k := range conns {
				if k > 10 {
					t.Errorf("%s by %s: connection %d had %d answers, and the server gives ten", version, name, n, k)
				}
			}
			t.Logf("%s by %s: 100 answered over %d connections, %d asked again", version, name, len(conns), again)
		}
	}
}

// client is net/http's, through the proxy; it speaks this version.
func (s *station) client(version string) *http.Client {
	trusted := x509.NewCertPool()
	trusted.AddCert(s.Root())
	var talks http.Protocols
	talks.SetHTTP1(version == "HTTP/1.1")
	talks.SetHTTP2(version == "HTTP/2.0")
	return &http.Client{Timeout: patience, Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: s.addr}),
		TLSClientConfig: &tls.Config{RootCAs: trusted}, Protocols: &talks}}
}

// fetch is the body of a page that is there.
func fetch(c *http.Client, page, version string) (string, error) {
	resp, err := c.Get(page)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || resp.Proto != version) {
		err = fmt.Errorf("%s %s", resp.Proto, resp.Status)
	}
	return string(b), err
}

// TestIdleServer: a server that closes connections after a tenth of a second without a request.
// Clients that ask again at just that time get their answers, by asking once more where need be:
// what they see of the connection's end is what they would without the proxy.
func TestIdleServer(t *testing.T) {
	t.Parallel()
	ids := newPapers(t)
	base, _ := nginx(t, ids, "keepalive_timeout 100ms;")
	p := stand(t, ids, nil)
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c := p.client(version)
			defer c.CloseIdleConnections()
			pause(func() {
				if body, err := fetch(c, base+"/small.txt", version); err != nil || body != "small\n" {
					t.Errorf("a client that asked when the server had closed, or just did: %q, %v", body, err)
				}
			})
		})
	}
	t.Run("the end is an end in order", func(t *testing.T) {
		t.Parallel()
		c := tunnel(t, p, base, "http/1.1")
		fmt.Fprint(c, "GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
		all, err := io.ReadAll(c)
		if err != nil || !strings.HasSuffix(string(all), "\r\n\r\nsmall\n") {
			t.Errorf("%q, %v", all, err)
		}
	})
	t.Cleanup(func() { // when those above have ended
		for _, e := range p.entries() {
			if e.Status != http.StatusOK && e.Status != 0 {
				t.Errorf("entry %v: nobody but the server was to answer", e)
			}
		}
	})
}

// tunnel is a connection of crypto/tls's through the proxy.
func tunnel(t testing.TB, p *station, base, protocol string) *tls.Conn {
	t.Helper()
	host := strings.TrimPrefix(base, "https://")
	raw, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	fmt.Fprintf(raw, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", host)
	const granted = "HTTP/1.1 200 Connection established\r\n\r\n"
	b := make([]byte, len(granted))
	if _, err := io.ReadFull(raw, b); err != nil || string(b) != granted {
		t.Fatalf("%q, %v", b, err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(p.Root())
	c := tls.Client(raw, &tls.Config{RootCAs: trusted, ServerName: "localhost", NextProtos: []string{protocol}})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNodeServer(t *testing.T) {
	t.Parallel()
	ids := newPapers(t)
	port := serves(t, unproxied(t), `listening on (\d+)\n`, "", tool(t, "node"), "testdata/server.js", ids.chain, ids.key)
	base := "https://localhost:" + port
	p := stand(t, ids, nil)
	upload := filepath.Join(t.TempDir(), "upload")
	write(t, upload, bytes.Repeat([]byte("up it goes\n"), 30_000))
	same(t, ids, p, [][]string{
		{base + "/hello"}, {base + "/hints"}, {base + "/pieces"}, {base + "/pieces", "--head"}, {base + "/none"}, {base + "/teapot"}, {base + "/50%/x"},
		{base + "/echo", "--data-binary", "@" + upload}, {base + "/echo", "--upload-file", upload}, {base + "/", "--request", "OPTIONS"},
	})

	// A WebSocket is relayed, and told as one.
	c := tunnel(t, p, base, "http/1.1")
	fmt.Fprint(c, "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	for i, text := range []string{"hello", "", strings.Repeat("w", 125)} {
		if _, err := c.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := c.Write([]byte{0x88, 0x80, 1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c)
	want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" +
		"\x81\x05hello\x81\x00\x81\x7d" + strings.Repeat("w", 125) + "\x88\x00"
	if string(all) != want || err != nil {
		t.Errorf("the socket said %q, %v", all, err)
	}
	_ = c.Close()
	for _, e := range p.await(t, 21) {
		if e.Path == "/chat" && (e.Status != 101 || e.Upgraded != "websocket" || e.Fault != nil || e.Sent != 6*4+5+125 || e.Received != 2*4+5+125) {
			t.Errorf("entry %v, %q, %d bytes sent, %d received", e, e.Upgraded, e.Sent, e.Received)
		}
	}
}

// TestH2load is 10,000 requests over 100 streams at a time, in reverse mode.
func TestH2load(t *testing.T) {
	t.Parallel()
	h2load := tool(t, "h2load")
	s := open(t, "h2")
	ids := newPapers(t)
	_, port := nginx(t, ids, "keepalive_requests 1000000; http2_max_concurrent_streams 128;")
	_, sitePort, _ := net.SplitHostPort(s.addr)
	for _, x := range []struct {
		name, port, path string
		ids              *papers
		conns, streams   string
	}{
		{"nginx", port, "/small.txt", ids, "1", "100"}, {"nginx", port, "/small.txt", ids, "10", "10"}, {"net/http", sitePort, "/hello", s.papers, "1", "100"},
	} {
		t.Run(x.name+" "+x.conns, func(t *testing.T) {
			p := stand(t, x.ids, func(o *proxy.Options) { o.Mode = proxy.Reverse("localhost", x.port) })
			_, own, _ := net.SplitHostPort(p.addr)
			out, stderr, err := runs(t, unproxied(t), h2load, "-n", "10000", "-c", x.conns, "-m", x.streams, "https://localhost:"+own+x.path)
			if err != nil || !strings.Contains(out, "10000 done, 10000 succeeded, 0 failed, 0 errored, 0 timeout") || !strings.Contains(out, "status codes: 10000 2xx, 0 3xx, 0 4xx, 0 5xx") {
				t.Errorf("%v\n%s%s", err, out, stderr)
			}
			list := p.await(t, 10_000)
			for _, e := range list {
				if e.Fault != nil || e.Status != 200 || e.Path != x.path || e.Proto != "HTTP/2.0" {
					t.Fatalf("entry %v", e)
				}
			}
			if len(list) != 10_000 {
				t.Errorf("%d entries", len(list))
			}
			t.Log(regexp.MustCompile(`finished in .*`).FindString(out))
		})
	}
}
