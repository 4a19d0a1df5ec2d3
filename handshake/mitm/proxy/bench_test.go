package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// These are for profiles: what a proxy costs beside others is measured in
// cmd/tlslab, where each has a process of its own.

func BenchmarkConnect(b *testing.B) {
	o := newOrigin(b, hello, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	u := start(b, o, nil)
	cfg := &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"http/1.1"}}
	for b.Loop() {
		c := u.dial(b, wwwName+":443", cfg)
		ask(b, c, bufio.NewReader(c))
		c.Close()
	}
}

func BenchmarkRequest(b *testing.B) {
	o := newOrigin(b, hello, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	u := start(b, o, nil)
	c := u.dial(b, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"http/1.1"}})
	r := bufio.NewReader(c)
	for b.Loop() {
		ask(b, c, r)
	}
}

// ask sends a request and reads the reply.
func ask(b *testing.B, c *tls.Conn, r *bufio.Reader) {
	fmt.Fprintf(c, "GET /small HTTP/1.1\r\nHost: %s\r\n\r\n", wwwName)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStreams is HTTP/2 with 100 streams at a time on one connection.
func BenchmarkStreams(b *testing.B) {
	o := newOrigin(b, hello, func(c *tls.Config) { c.NextProtos = []string{"h2"} })
	u := start(b, o, nil)
	c := u.client(nil)
	var asked, wrong atomic.Int64
	fetch := func() {
		resp, err := c.Get("https://" + wwwName + "/small")
		if err != nil {
			wrong.Add(1)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	fetch() // after it there is a connection to share
	b.ResetTimer()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			for asked.Add(1) <= int64(b.N) {
				fetch()
			}
		})
	}
	all.Wait()
	if n := wrong.Load(); n > 0 {
		b.Errorf("%d requests failed", n)
	}
}
