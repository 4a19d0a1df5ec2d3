package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
)

// webAddress waits for the address that the proxy has printed for browsers.
func webAddress(c *child) (string, error) {
	pattern := regexp.MustCompile(`http://127\.0\.0\.1:\d+/\?token=\S+\n`)
	for end := time.Now().Add(clitest.Patience); ; {
		if at := pattern.FindString(c.said.String()); at != "" {
			return strings.TrimSpace(at), nil
		}
		select {
		case <-c.ended:
			return "", fmt.Errorf("the proxy has ended: %v\n%s", c.err, &c.said)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(end) {
			return "", fmt.Errorf("no address in\n%s", &c.said)
		}
	}
}

// webPeak is how many MiB the proxy may hold while a thousand connections pass, and their list and
// their handshakes are looked at: 60 MB.
const webPeak = 57

// TestProxyWeb: the list of a thousand connections in a browser's place: it is all there, and goes on;
// entries open, with their secrets and without; a reader who stalls holds up nobody; standard output
// is the list that it is without; and the memory has a bound.
func TestProxyWeb(t *testing.T) {
	const entries = 1000
	o := startOrigin(t, "localhost", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat("x", 20_000)) }), "http/1.1")
	c := startChild(t, o, "--web", "127.0.0.1:0", "--format", "json", "--lang", "en")
	address, err := webAddress(c)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: clitest.Patience}
	get := func(address string) (text string, res *http.Response) {
		t.Helper()
		res, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b), res
	}
	text, res := get(address)
	base := res.Request.URL.String()
	if !strings.Contains(text, "Nothing has passed yet") || !strings.Contains(text, "curl --proxy http://"+c.addr) {
		t.Errorf("the empty list does not say what to do:\n%.500s", text)
	}
	// A reader who takes nothing, from before the first entry on.
	u := res.Request.URL
	stalled, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	if err := stalled.(*net.TCPConn).SetReadBuffer(1); err != nil { // the kernel takes the least that it can
		t.Fatal(err)
	}
	fmt.Fprintf(stalled, "GET %sfeed?after=0 HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", u.Path, u.Host, jar.Cookies(u)[0])
	listening, stop := context.WithCancel(t.Context())
	defer stop()
	r, err := http.NewRequestWithContext(listening, http.MethodGet, base+"feed?after=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := (&http.Client{Jar: jar}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	told := make(chan int, 1)
	go func() {
		var all strings.Builder
		part := make([]byte, 32<<10)
		for {
			n, err := stream.Body.Read(part)
			all.Write(part[:n])
			if err != nil || strings.Count(all.String(), "\ndata: <tr") == entries {
				told <- strings.Count(all.String(), "\ndata: <tr")
				return
			}
		}
	}()
	for n := range entries {
		l := newLoader(c.addr, c.root, o)
		res, err := l.Get("https://" + o.host + "/" + strconv.Itoa(n))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		l.CloseIdleConnections()
	}
	select {
	case n := <-told:
		if n != entries {
			t.Errorf("%d entries were told, of %d", n, entries)
		}
	case <-time.After(clitest.Patience):
		t.Fatal("not all entries are told")
	}
	began := time.Now()
	text, _ = get(base)
	took := time.Since(began)
	if n := strings.Count(text, `<tr id="e`); n != entries {
		t.Errorf("the list has %d entries of %d", n, entries)
	}
	if n := strings.Count(text, "kept no more"); n == 0 || n > entries*9/10 {
		t.Errorf("of %d entries it says that their handshakes are not kept", n)
	}
	if text, res := get(base + "?entry=1"); res.StatusCode != http.StatusNotFound || !strings.Contains(text, "newer ones took its place") {
		t.Errorf("entry 1: %s", res.Status)
	}
	secrets := regexp.MustCompile(`client_handshake_traffic_secret`)
	for _, query := range []string{"?entry=950", "?entry=1000&lang=zh", "?entry=900&download=on"} {
		text, res := get(base + query)
		if res.StatusCode != 200 || !strings.Contains(text, `data-flow="proxy_both"`) || !strings.Contains(text, `data-parties="3"`) || !secrets.MatchString(text) {
			t.Errorf("%s: %s, without both handshakes", query, res.Status)
		}
	}
	with, _ := get(base + "?entry=990&download=on")
	without, res := get(base + "?entry=990&download=on&secrets=off")
	if !strings.Contains(with, "holds the secrets of a real connection") || strings.Contains(without, "holds the secrets of a real connection") || !strings.Contains(without, "can be passed on") ||
		!strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
		t.Error("a page to share is no page to share")
	}
	if peak := c.peak(t); peak > webPeak && !raceEnabled { // what finds races holds much more
		t.Errorf("the proxy held %d MiB at the most", peak)
	} else {
		t.Logf("the proxy held %d MiB at the most; the list of %d entries came after %v, with %d bytes", peak, entries, took, len(text))
	}
	c.interrupt(t)
	lines := strings.Split(strings.TrimSpace(c.list.String()), "\n")
	for _, line := range lines {
		if err := json.Unmarshal([]byte(line), new(browsedEntry)); err != nil {
			t.Fatalf("standard output: %q: %v", line, err)
		}
	}
	if len(lines) != entries || strings.Contains(c.list.String(), "token") || strings.Count(c.said.String(), "token=") != 1 {
		t.Errorf("%d lines on standard output, and the token stands %d times on standard error", len(lines), strings.Count(c.said.String(), "token="))
	}
	if _, err := browser.Get(base); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the proxy's end: %v", err)
	}
}
