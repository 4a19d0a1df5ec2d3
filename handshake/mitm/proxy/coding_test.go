package proxy_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
)

// inCoding is text in a coding.
func inCoding(t testing.TB, coding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		var err error
		if w, err = flate.NewWriter(&b, 9); err != nil {
			t.Fatal(err)
		}
	default:
		return []byte(text)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRewritingCodings: a body that is compressed regardless is decoded, rewritten, and goes on
// without its coding; where that cannot be, it goes on as it came. Either way the entry says so.
func TestRewritingCodings(t *testing.T) {
	long := strings.Repeat("hello, and much that is said again and again. ", 40_000)
	for _, x := range []struct {
		name, coding, as, text string
		tail                   string
		warns                  proxy.Warning // "" for none
		broken                 bool
	}{
		{name: "gzip", coding: "gzip", as: "gzip", text: "hello", warns: proxy.WarnDecoded},
		{name: "gzip, long", coding: "gzip", as: "gzip", text: long, warns: proxy.WarnDecoded},
		{name: "gzip, in capitals", coding: "identity, GZip", as: "gzip", text: "hello", warns: proxy.WarnDecoded},
		{name: "gzip, and something behind it", coding: "gzip", as: "gzip", text: "hello", tail: "\x00\x00\x00", warns: proxy.WarnDecoded},
		{name: "deflate", coding: "deflate", as: "zlib", text: long, warns: proxy.WarnDecoded},
		{name: "deflate, raw", coding: "deflate", as: "flate", text: "hello, hello", warns: proxy.WarnDecoded},
		{name: "Brotli", coding: "br", text: "hello", warns: proxy.WarnOpaque},
		{name: "two", coding: "gzip, br", text: "hello", warns: proxy.WarnOpaque},
		{name: "identity", coding: "identity", text: "hello", warns: proxy.WarnRewritten},
		{name: "gzip of nothing", coding: "gzip"},
		{name: "gzip, and is none", coding: "gzip", text: "hello", broken: true, warns: proxy.WarnDecoded},
	} {
		for _, proto := range []string{"h2", "http/1.1"} {
			t.Run(x.name+", "+proto, func(t *testing.T) {
				t.Parallel()
				body := append(inCoding(t, x.as, x.text), x.tail...)
				heard := make(chan string, 1)
				o := newOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					b, _ := io.ReadAll(r.Body)
					heard <- string(b) + r.Header.Get("Content-Encoding")
					w.Header().Set("Content-Encoding", x.coding)
					w.Header().Set("Content-Length", strconv.Itoa(len(body)))
					_, _ = w.Write(body)
				}), func(c *tls.Config) { c.NextProtos = []string{proto} })
				u := start(t, o, func(p *proxy.Options) { p.Rewrite = []mitm.Rewrite{{Old: "hello", New: "howdy!"}} })
				c := u.client(func(tr *http.Transport) { tr.DisableCompression = true })
				req, err := http.NewRequest("POST", "https://"+wwwName+"/", nil)
				if err != nil {
					t.Fatal(err)
				}
				wantHeard := ""
				if x.warns == proxy.WarnDecoded && !x.broken {
					req.Header.Set("Content-Encoding", x.coding)
					req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
					wantHeard = strings.ReplaceAll(x.text, "hello", "howdy!")
				}
				resp, err := c.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				c.CloseIdleConnections()
				if h := <-heard; h != wantHeard {
					t.Errorf("the server heard %.80q", h)
				}
				e := u.total(t, 1)[0]
				if x.broken {
					faulty(t, e, proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseBadReply)
					if err == nil {
						t.Error("what could not be decoded passed for whole")
					}
					return
				}
				want, coding := strings.ReplaceAll(x.text, "hello", "howdy!"), ""
				if x.warns == proxy.WarnOpaque {
					want = x.text
				}
				if x.as == "" && x.text != "" {
					coding = x.coding
				}
				if h := resp.Header.Get("Content-Encoding"); string(got) != want || err != nil || x.text != "" && h != coding {
					t.Errorf("%.80q, %v, Content-Encoding %q", got, err, h)
				}
				sound(t, e)
				for _, w := range []proxy.Warning{proxy.WarnDecoded, proxy.WarnOpaque} {
					if slices.Contains(e.Warnings, w) != (x.warns == w) {
						t.Errorf("%v", e.Warnings)
					}
				}
			})
		}
	}
}

// TestRewritingTruncated: half of a compressed body must not pass for all of it, and nothing of
// the proxy waits for the rest.
func TestRewritingTruncated(t *testing.T) {
	half := inCoding(t, "gzip", strings.Repeat("hello", 100))
	half = half[:len(half)-9]
	o := newScripted(t, nil)
	u := start(t, o.origin, func(p *proxy.Options) { p.Rewrite = []mitm.Rewrite{{Old: "a", New: "b"}} })
	c := u.tunnel(t)
	const ask = "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"
	play(t, c, o.next(t), []line{{client, ask, ""}, {server, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + strconv.Itoa(len(half)) + "\r\n\r\n" + string(half), silence}})
	if b, _ := io.ReadAll(c); bytes.Contains(b, []byte("\r\n0\r\n")) || bytes.Contains(b, []byte("Encoding: gzip")) {
		t.Errorf("%q", b)
	}
	faulty(t, u.total(t, 1)[0], proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseBadReply)
}

// TestNotShown: a server that asked for a certificate in the handshake, was shown none, and answers
// as such servers do; not one that asked for none, and not every answer.
func TestNotShown(t *testing.T) {
	for _, proto := range []string{"h2", "http/1.1"} {
		for _, x := range []struct {
			asks   tls.ClientAuthType
			status int
			warns  bool
		}{{tls.RequestClientCert, 400, true}, {tls.RequestClientCert, 403, true}, {tls.RequestClientCert, 496, true}, {tls.RequestClientCert, 404, false}, {tls.RequestClientCert, 200, false}, {tls.NoClientCert, 400, false}} {
			o := newOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(x.status) }),
				func(c *tls.Config) { c.NextProtos, c.ClientAuth = []string{proto}, x.asks })
			u := start(t, o, nil)
			c := u.client(nil)
			get(t, c, "https://"+wwwName+"/")
			c.CloseIdleConnections()
			e := u.total(t, 1)[0]
			sound(t, e)
			if slices.Contains(e.Warnings, proxy.WarnNotShown) != x.warns {
				t.Errorf("%s, %d, %v: %v", proto, x.status, x.asks, e.Warnings)
			}
		}
	}
}
