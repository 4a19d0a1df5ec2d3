package proxy_test

import (
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
)

// TestHARURLs: whatever a request has for its host and its target, its URL has one host, which the
// request named, or else the handshake; and what was said otherwise stands beside it.
func TestHARURLs(t *testing.T) {
	for _, x := range []struct{ method, host, path, url, said, target string }{
		{"GET", "www.lab.test", "/a?b=c&d", "https://www.lab.test/a?b=c&d", "", ""},
		{"GET", "WWW.Lab.Test:8443", "/", "https://www.lab.test:8443/", "", ""},
		{"GET", "[2001:DB8::1]:8443", "/", "https://[2001:db8::1]:8443/", "", ""},
		{"GET", "192.0.2.1", "/", "https://192.0.2.1/", "", ""},
		{"GET", "www.mybank.example@www.other.example", "/", "https://hello.lab.test/", "www.mybank.example@www.other.example", ""},
		{"GET", "www.mybank.example/x?", "/y", "https://hello.lab.test/y", "www.mybank.example/x?", ""},
		{"GET", "www.mybank.example:x", "/", "https://hello.lab.test/", "www.mybank.example:x", ""},
		{"GET", "www.mybank.example:65536", "/", "https://hello.lab.test/", "www.mybank.example:65536", ""},
		{"GET", "www.mybank.example\\x", "/", "https://hello.lab.test/", "www.mybank.example\\x", ""},
		{"GET", "1.2.3.4.5", "/", "https://hello.lab.test/", "1.2.3.4.5", ""},
		{"GET", "[::1%eth0]", "/", "https://hello.lab.test/", "[::1%eth0]", ""},
		{"GET", "b\xfccher.example", "/", "https://hello.lab.test/", "bücher.example", ""},
		{"GET", "", "/", "https://hello.lab.test/", "", ""},
		{"GET", "www.lab.test", "/50%/a[]|b", "https://www.lab.test/50%/a[]|b", "", ""},
		{"GET", "www.lab.test", "/\xe9#\"{}?{}\"", "https://www.lab.test/%E9%23%22%7B%7D?{}%22", "", "/é#\"{}?{}\""},
		{"GET", "www.lab.test", "odd", "https://www.lab.test/", "", "odd"},
		{"OPTIONS", "www.lab.test", "*", "https://www.lab.test", "", "*"},
		{"CONNECT", "www.lab.test", "www.other.example:80", "https://www.other.example:80", "", ""},
		{"CONNECT", "www.lab.test", "@:1", "https://www.lab.test", "", "@:1"},
		{"CONNECT", "www.lab.test", "/chat", "https://www.lab.test/chat", "", ""}, // RFC 8441
	} {
		e := &proxy.Entry{Kind: proxy.Request, Scheme: "https", Method: x.method, Host: x.host, Path: x.path,
			ToClient: &proxy.Leg{Summary: handshake.Summary{ServerName: "hello.lab.test"}}}
		if r := e.HAR().Request; r.URL != x.url || r.Host != x.said || r.Target != x.target {
			t.Errorf("%s %s of %q: %s, %q, %q\nwant %s, %q, %q", x.method, x.path, x.host, r.URL, r.Host, r.Target, x.url, x.said, x.target)
		}
	}
	if got := (&proxy.Entry{Kind: proxy.Failure, Scheme: "https"}).HAR().Request.URL; got != "https://host.invalid/" {
		t.Errorf("of no host at all: %s", got)
	}
}
