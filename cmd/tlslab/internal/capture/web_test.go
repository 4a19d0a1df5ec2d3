package capture

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/proxy/watch"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// TestWebAddress: without a host the list is this machine's alone, and with another one it is refused.
func TestWebAddress(t *testing.T) {
	for web, want := range map[string]string{":8081": "127.0.0.1:8081", ":0": "127.0.0.1:0", "localhost:8081": "localhost:8081", "[::1]:8081": "[::1]:8081",
		"": "", "8081": "", "0.0.0.0:8081": "", "[::]:8081": "", "example.org:8081": "", ":x": "", "127.0.0.1:": ""} {
		got, err := (&proxyFlags{web: web}).webAddr()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("--web %s: %q, %v", web, got, err)
		}
		var trouble *cli.Trouble
		if err != nil && (!errors.As(err, &trouble) || trouble.Status != 2 || trouble.Remedy == "") {
			t.Errorf("--web %s: %v", web, err)
		}
	}
}

// TestNothingWithoutTheToken: without it nothing is told of any entry, and nothing is asked of the
// proxy, in any way; with it all is, by an address that has no token.
func TestNothingWithoutTheToken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newWebServer(l)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	s.start(watch.Options{Lang: narrate.En, Kept: func(int) bool { asked.Add(1); return true }, Page: func(io.Writer, int, int, page.Options) string { asked.Add(1); return "kept" }})
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	s.feed.Add(watchable(&proxy.Entry{N: 1, Conn: 1, Kind: proxy.Request, Method: "GET", Host: "www.lab.test", Path: "/", Status: 200, ToClient: new(proxy.Leg)}, false))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	ours, stranger := &http.Client{Jar: jar, Timeout: clitest.Patience}, &http.Client{Timeout: clitest.Patience}
	get := func(c *http.Client, address string) (*http.Response, string) {
		t.Helper()
		res, err := c.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", address, res.Header)
		}
		return res, string(b)
	}
	res, text := get(ours, s.address()+"&lang=zh")
	inside := res.Request.URL.String()
	if res.StatusCode != 200 || strings.Contains(inside, "token") || !strings.Contains(inside, "lang=zh") || !strings.Contains(text, "www.lab.test") {
		t.Fatalf("%s at %s", res.Status, inside)
	}
	inside, _, _ = strings.Cut(inside, "?")
	if _, text := get(ours, inside+"?entry=1"); asked.Load() < 2 || !strings.Contains(text, "kept") {
		t.Error("with the token there is no page of an entry")
	}
	asked.Store(0)
	outside := "http://" + l.Addr().String() + "/"
	for _, address := range []string{outside, outside + "?token=x", outside + "feed?after=0", outside + "?entry=1", inside, inside + "?entry=1", inside + "feed?after=0", inside + "?entry=1&download=on"} {
		if res, text := get(stranger, address); res.StatusCode != http.StatusForbidden || strings.Contains(text, "lab.test") || len(res.Cookies()) > 0 {
			t.Errorf("%s: %s\n%.500s", address, res.Status, text)
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the proxy was asked %d times", n)
	}
}

// TestWebNeverStarted: what failed before it served is closed with its listener.
func TestWebNeverStarted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newWebServer(l)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// TestWatchable: the browser's list says of an entry what the terminal's says, in each language, and
// holds on to nothing that is long.
func TestWatchable(t *testing.T) {
	long := strings.Repeat("长", 2000)
	for name, test := range map[string]struct {
		e    proxy.Entry
		want []page.Outcome
	}{
		"passed":       {proxy.Entry{Kind: proxy.Request, Method: "GET", Host: "www.lab.test", Path: "/a", Status: 200}, []page.Outcome{page.Passed}},
		"not found":    {proxy.Entry{Kind: proxy.Request, Method: "GET", Host: "www.lab.test", Path: "/a", Status: 404}, []page.Outcome{page.Noted}},
		"warned":       {proxy.Entry{Kind: proxy.Bytes, Host: "www.lab.test", Warnings: []proxy.Warning{proxy.WarnNoTLS}}, []page.Outcome{page.Noted}},
		"changed":      {proxy.Entry{Kind: proxy.Request, Method: "GET", Host: "www.lab.test", Status: 200, Changes: []proxy.Change{{By: "--set-header", Of: proxy.SideClient, Kind: proxy.ChangeSet, Detail: "X-Debug"}}}, []page.Outcome{page.Noted}},
		"untouched":    {proxy.Entry{Kind: proxy.Untouched, Host: "www.lab.test"}, []page.Outcome{page.Untouched}},
		"by client":    {proxy.Entry{Kind: proxy.Failure, Host: "www.lab.test", Fault: &proxy.Fault{Side: proxy.SideClient, By: proxy.SideClient, Alerted: true, Alert: 48, Cause: proxy.CauseUntrustedRoot, Err: io.EOF}}, []page.Outcome{page.Failed, page.ByClient}},
		"by proxy":     {proxy.Entry{Kind: proxy.Failure, Host: "www.lab.test", Fault: &proxy.Fault{Side: proxy.SideServer, By: proxy.SideProxy, Cause: proxy.CauseUnbelieved, Err: io.EOF}}, []page.Outcome{page.Failed, page.ByProxy}},
		"by both ends": {proxy.Entry{Kind: proxy.Failure, Host: "www.lab.test", Fault: &proxy.Fault{Side: proxy.SideServer, By: proxy.SideUpstream, Cause: proxy.CauseUnreachable, What: proxy.WhatClosed, Err: errors.New(long)}, Besides: &proxy.Fault{Side: proxy.SideClient, By: proxy.SideClient, Alerted: true, Cause: proxy.CauseUntrustedRoot, Err: io.EOF}}, []page.Outcome{page.Failed, page.ByServer, page.Failed, page.ByClient}},
		"long":         {proxy.Entry{Kind: proxy.Request, Method: long, Host: long, Path: "/" + long, Status: 200}, []page.Outcome{page.Passed}},
	} {
		test.e.N, test.e.Conn = 3, 2
		x := watchable(&test.e, false)
		if x.N != 3 || x.Conn != 2 || len(x.Host) > maxHost+len("…") {
			t.Errorf("%s: %+v", name, x)
		}
		for _, lang := range narrate.Langs() {
			said := x.Said[lang]
			if !slices.Equal(said.Outcomes, test.want) {
				t.Errorf("%s, %s: %v, want %v", name, lang, said.Outcomes, test.want)
			}
			if n := len(said.Method) + len(said.Where); n > 4*(maxMethod+maxWhere+maxHost) || !utf8.ValidString(said.Where) {
				t.Errorf("%s, %s: %d bytes", name, lang, n)
			}
			l := newProxyList(&proxyFlags{View: cli.View{Lang: lang}}, new(cli.Output), nil)
			l.out.Options.Width = 1 << 20
			terminal := l.text(&test.e)
			for _, r := range said.Remarks {
				if len(r.Text) > maxSaid+len("…") {
					t.Errorf("%s, %s: a remark of %d bytes", name, lang, len(r.Text))
				}
				if !strings.Contains(terminal, strings.TrimSuffix(r.Text, "…")) {
					t.Errorf("%s, %s: %q is not in the terminal's list:\n%s", name, lang, r.Text, terminal)
				}
			}
		}
	}
}

func TestCut(t *testing.T) {
	for _, x := range []struct {
		s    string
		n    int
		want string
	}{{"", 0, ""}, {"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"a长c", 3, "a…"}, {"a长c", 2, "a…"}, {"长", 1, "…"}, {"\x80\x80\x80", 2, "…"}} {
		if got := cut(x.s, x.n); got != x.want {
			t.Errorf("the first %d of %q are %q", x.n, x.s, got)
		}
	}
}
