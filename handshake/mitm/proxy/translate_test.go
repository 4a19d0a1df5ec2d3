//lint:file-ignore SA1019 on a connection whose TLS was made here, x/net/http2 is what speaks HTTP/2.

package proxy_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"

	"tlslab/handshake/mitm/proxy"
)

// only1 are servers that have HTTP/1.1 alone, each in its way.
var only1 = map[string]func(*tls.Config){
	"refuses":     func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} },
	"has no ALPN": func(c *tls.Config) { c.NextProtos = nil },
}

// only2 is a server that has HTTP/2 alone and says so. crypto/tls lets clients of HTTP/1.1 in that
// offer nothing else.
func only2(c *tls.Config) {
	c.NextProtos = []string{"h2"}
	c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(h.SupportedProtos, "h2") {
			return nil, nil
		}
		other := c.Clone()
		other.NextProtos, other.GetConfigForClient = []string{"none"}, nil
		return other, nil
	}
}

// echoing answers with what was asked, as it comes.
var echoing = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 is so
	if r.Header.Get("Hint") != "" {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
	}
	w.Header().Set("Trailer", "Sum")
	w.Header().Set("Asked", fmt.Sprintf("%s %s %s %s", r.Method, r.Host, r.RequestURI, r.Header.Get("Cookie")))
	sum := sha256.New()
	_, _ = io.Copy(io.MultiWriter(w, sum), r.Body)
	w.Header().Set("Sum", fmt.Sprintf("%x %v", sum.Sum(nil), r.Trailer))
})

// client2 speaks HTTP/2 and offers nothing else.
func (u *underTest) client2(t testing.TB) *http2.ClientConn {
	t.Helper()
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"h2"}})
	if p := c.ConnectionState().NegotiatedProtocol; p != "h2" {
		t.Fatalf("the client was told %q", p)
	}
	cc, err := new(http2.Transport).NewClientConn(c)
	if err != nil {
		t.Fatal(err)
	}
	return cc
}

// translated checks an entry of what was translated.
func translated(t testing.TB, e *proxy.Entry, asked, answered string, w proxy.Warning) {
	t.Helper()
	sound(t, e)
	if e.Proto != asked || e.ReplyProto != answered || !slices.Contains(e.Warnings, w) {
		t.Errorf("%s %s answered in %s, %v", e.Method, e.Proto, e.ReplyProto, e.Warnings)
	}
}

// TestToHTTP1: a client of HTTP/2 and a server that has only HTTP/1.1.
func TestToHTTP1(t *testing.T) {
	for name, change := range only1 {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, echoing, change)
			u := start(t, o, nil)
			c := u.client2(t)
			const n = 40
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() { exchanged(t, c, i) })
			}
			all.Wait()
			_ = c.Close()
			for _, e := range u.total(t, n) {
				translated(t, e, "HTTP/2.0", "HTTP/1.1", proxy.WarnToHTTP1)
				if e.ToClient.Protocol != "h2" || e.ToServer.Protocol == "h2" || e.Conn != 1 {
					t.Errorf("%s, %s, connection %d", e.ToClient, e.ToServer, e.Conn)
				}
			}
		})
	}
}

// TestToHTTP2: a client of HTTP/1.1 and a server that has only HTTP/2.
func TestToHTTP2(t *testing.T) {
	for name, protos := range map[string][]string{"offers HTTP/1.1": {"http/1.1"}} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, echoing, only2)
			u := start(t, o, nil)
			c := u.client(func(tr *http.Transport) {
				tr.ForceAttemptHTTP2, tr.TLSClientConfig.NextProtos, tr.MaxConnsPerHost = false, protos, 1
			})
			const n = 20
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() { exchanged(t, c.Transport, i) })
			}
			all.Wait()
			c.CloseIdleConnections()
			for _, e := range u.total(t, n) {
				translated(t, e, "HTTP/1.1", "HTTP/2.0", proxy.WarnToHTTP2)
				if e.ToClient.Protocol == "h2" || e.ToServer.Protocol != "h2" {
					t.Errorf("%s, %s", e.ToClient, e.ToServer)
				}
			}
		})
	}
}

// exchanged has the echo of one request checked: its head, its body, both trailers, 103.
func exchanged(t testing.TB, rt http.RoundTripper, i int) {
	body := bytes.Repeat([]byte{byte(i)}, 1<<(i%18))
	req, err := http.NewRequest(http.MethodPut, fmt.Sprintf("https://%s/%d?%%", wwwName, i), io.MultiReader(bytes.NewReader(body)))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Cookie", "a=1; b=2")
	req.Trailer = http.Header{"Over": {"yes"}}
	hints := 0
	if i%2 == 1 {
		req.Header.Set("Hint", "1")
	}
	req = req.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		hints += code
		return nil
	}}))
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Errorf("%d: %v", i, err)
		return
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d: %d bytes came back of %d, %v", i, len(got), len(body), err)
	}
	if asked := resp.Header.Get("Asked"); asked != fmt.Sprintf("PUT %s /%d?%% a=1; b=2", wwwName, i) {
		t.Errorf("%d: asked %q", i, asked)
	}
	if sum := resp.Trailer.Get("Sum"); sum != fmt.Sprintf("%x map[Over:[yes]]", sha256.Sum256(body)) {
		t.Errorf("%d: trailer %q", i, sum)
	}
	if hints != i%2*103 {
		t.Errorf("%d: %d in replies before the last", i, hints)
	}
}

// TestFullDuplex: a body that is answered while it comes goes both ways, however much of it there
// is: neither end waits for the other for ever.
func TestFullDuplex(t *testing.T) {
	const size = 8 << 20
	for name, x := range map[string]struct {
		change func(*tls.Config)
		client func(*testing.T, *underTest) http.RoundTripper
	}{
		"to HTTP/1.1": {only1["refuses"], func(t *testing.T, u *underTest) http.RoundTripper { return u.client2(t) }},
		"to HTTP/2": {only2, func(_ *testing.T, u *underTest) http.RoundTripper {
			return u.client(func(tr *http.Transport) {
				tr.ForceAttemptHTTP2 = false
				tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
			}).Transport
		}},
	} {
		t.Run(name, func(t *testing.T) {
			u := start(t, newOrigin(t, echoing, x.change), nil)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+wwwName+"/", io.LimitReader(endless{}, size))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := x.client(t, u).RoundTrip(req)
			if err != nil {
				t.Fatal(err, u.await(t, 1).Fault)
			}
			if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
				t.Errorf("%d bytes came back, %v", n, err)
			}
			resp.Body.Close()
			if e := u.await(t, 1); e.Sent != size || e.Received != size {
				t.Errorf("%d sent, %d received, %v, %d", e.Sent, e.Received, e.Fault, e.Status)
			}
		})
	}
}

// TestNothingInCommon: what cannot be translated is refused, as without the proxy.
func TestNothingInCommon(t *testing.T) {
	u := start(t, newOrigin(t, hello, only1["refuses"]), nil)
	c := tls.Client(u.connect(t, wwwName+":443"), &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"other"}})
	if err := c.Handshake(); err == nil {
		t.Error("a client that offers neither version was let in")
	}
	faulty(t, u.await(t, 1), proxy.Failure, proxy.SideServer, proxy.SideServer, proxy.CauseNoCommon)
}

// TestTranslatedPrograms: curl and Python, which know nothing of this.
func TestTranslatedPrograms(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*tls.Config)
		args   []string
		asked  string
		w      proxy.Warning
	}{
		"curl, HTTP/1.1 alone":   {only2, []string{"curl", "-sS", "--http1.1", "-d", "a=b", "https://%/form"}, "HTTP/1.1", proxy.WarnToHTTP2},
		"Python, HTTP/1.1 alone": {only2, []string{"python3", "-c", "import sys,urllib.request\nsys.stdout.write(urllib.request.urlopen(sys.argv[1], b'a=b').read().decode())", "https://%/form"}, "HTTP/1.1", proxy.WarnToHTTP2},
	} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath(x.args[0])
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skipf("%s is not installed: nothing is asked with it here", x.args[0])
			}
			u := start(t, newOrigin(t, hello, x.change), nil)
			root := filepath.Join(t.TempDir(), "root.pem")
			if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: u.Root().Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			args := slices.Clone(x.args[1:])
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "https://%", "https://"+wwwName)
			}
			cmd := exec.CommandContext(t.Context(), program, args...)
			cmd.Env = append(os.Environ(), "https_proxy=http://"+u.addr, "no_proxy=", "NO_PROXY=", "SSL_CERT_FILE="+root, "CURL_CA_BUNDLE="+root)
			out, err := cmd.CombinedOutput()
			if want := map[string]string{"HTTP/2.0": "HTTP/1.1", "HTTP/1.1": "HTTP/2.0"}[x.asked]; err != nil || string(out) != want+` POST /form "a=b"` {
				t.Errorf("%v: %s", err, out)
			} else {
				translated(t, u.await(t, 1), x.asked, want, x.w)
			}
		})
	}
}
