package peers_test

import (
	"bufio"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/mitm/relay"
)

// What the relay lets pass is read by the parsers of others: none may find another request in it
// than the relay did. (Whether it refuses what it must is relay's own table.)

var readersSeed = flag.Uint64("readersseed", 1, "have TestReaders draw its requests from this seed")

// reading is a request as a reader understood it.
type reading struct{ method, target, body string }

// relayed is what a relay sends to the server of what a client says, and what it takes it for: the
// requests that were over.
func relayed(say string) (wire []byte, took []reading) {
	bodies := map[*relay.Exchange]string{}
	m := relay.NewH1(relay.Options{Event: func(e relay.Event) {
		switch {
		case e.From != relay.Client:
		case e.Kind == relay.Body:
			bodies[e.Exchange] += string(e.Data)
		case e.Kind == relay.RequestOver:
			took = append(took, reading{e.Exchange.Request.Method, e.Exchange.Request.Target, bodies[e.Exchange]})
		}
	}})
	m.Receive(relay.Client, []byte(say))
	wire = append(wire, m.Output(relay.Server)...)
	m.End(relay.Client, relay.InOrder, io.EOF)
	return append(wire, m.Output(relay.Server)...), took
}

// oddRequests is a connection's requests, of which at least one is odd.
func oddRequests(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	body := pick("", "abc", "GET /evil HTTP/1.1\r\nHost: evil\r\n\r\n", "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n", "5\r\nabcde\r\n0\r\n\r\n", "\r\n")
	n := fmt.Sprint(len(body))
	chunks := func() string {
		if len(body) == 0 {
			return "0\r\n\r\n"
		}
		size := fmt.Sprintf(pick("%x", "%x", "%x", "%X", "0%x", "0000%x", "%x;a=b", "%x ;a", "%x\t", "%x;a=\"b\"", "%x;", "%x;\"", "%x;a=\"\\\"\r\n", " %x", "+%x", "0x%x", "%x,", "%x\x0b", "1%x", "%x\n", "100000000000000%x"), len(body))
		return size + "\r\n" + body + pick("\r\n", "\r\n", "\r\n", "\n", "", " \r\n", "X\r\n") + pick("0", "0", "0", "00", "0;x", "-0") + "\r\n" +
			pick("", "", "X: y\r\n", "Content-Length: 3\r\n", "X : y\r\n", "Transfer-Encoding: chunked\r\n") + "\r\n"
	}
	framings := []string{
		"Content-Length: " + n, "content-length:" + n, "Content-Length:\t" + n, "Content-Length: " + n + " ", "Content-Length: 0" + n, "Content-Length: +" + n, "Content-Length: " + n + ".0",
		"Content-Length: " + n + "\r\nContent-Length: " + n, "Content-Length: " + n + ", " + n, "Content-Length: " + n + "\r\nContent-Length: 0", "Content-Length : " + n, "Content_Length: " + n, "Content-Length\r\n: " + n,
		"Content-Length:\r\n " + n, "Content-Length: " + n + "\r\n 5", "Content-Length: 1e1", "Content-Length: " + n + "\r\nConnection: content-length", "Content-Length:\x0b" + n, "X: y\nContent-Length: " + n, "X: y\rContent-Length: " + n,
		"Transfer-Encoding: chunked", "Transfer-Encoding:chunked", "Transfer-Encoding:\tchunked", "transfer-encoding: CHUNKED", "Transfer-Encoding: chunked \t", "Transfer_Encoding: chunked", "X-Transfer-Encoding: chunked",
		"Transfer-Encoding : chunked", "Transfer-Encoding: identity", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked;x=y", "Transfer-Encoding: \"chunked\"",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: chunked\r\n x", "Transfer-Encoding\x00: chunked",
		"Transfer-Encoding: chunked\r\nContent-Length: " + n, "Content-Length: " + n + "\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nConnection: transfer-encoding", "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,",
		"Transfer-Encoding: \x0bchunked", "Transfer-Encoding: chun\u212aed", "Transfer-Encoding:\xa0chunked", " Transfer-Encoding: chunked", "TE: chunked", "",
	}
	framing := framings[r.IntN(len(framings))]
	b := pick("POST", "POST", "POST", "GET", "PUT", "post", "M-SEARCH", "A_B") + " " +
		pick("/", "/a?b=c", "/50%/x", "//x", "/a#b", "/..%2f", "http://a/x", "/\xe9", "/a;b", "/{}|^`") + " " + pick("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0") + "\r\n" +
		"Host: a\r\n"
	for range r.IntN(3) {
		b += pick("X: y", "X:", "X: \xe9", "X: a\x0bb", "Expect: nothing", "Trailer: Content-Length", "Connection: close, x", "Connection: keep-alive", "Keep-Alive: 5", "X-A: Content-Length: 5", "Proxy-Connection: keep-alive", "A-B: \t c \t", "Host: b", "X\xe9: y", "X: y\r\n\tz") + "\r\n"
	}
	if framing != "" {
		b += framing + "\r\n"
	}
	b += "\r\n"
	if f := strings.ToLower(framing); strings.Contains(f, "chun") && r.IntN(8) > 0 {
		b += chunks()
	} else {
		b += body
	}
	if r.IntN(4) == 0 { // a byte more, somewhere
		i := r.IntN(len(b))
		b = b[:i] + pick("\r", "\n", "\x00", " ", "\t", "\x0b", ",", ";", ":", "\r\n", "\x80", "0") + b[i:]
	}
	return b + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
}

// byNetHTTP is what the parser of net/http's server finds.
func byNetHTTP(wire []byte) (found []reading) {
	r := bufio.NewReader(strings.NewReader(string(wire)))
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return found
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return found
		}
		found = append(found, reading{req.Method, req.RequestURI, string(body)})
	}
}

var said = regexp.MustCompile(`@@(\S*) (\S*) (\S*)@@`)

// bySocket is what a server finds that answers each request with what it understood.
func bySocket(t *testing.T, addr string, wire []byte) (found []reading) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = c.Write(wire) // it may refuse before it has read all
	_ = c.(*net.TCPConn).CloseWrite()
	answers, _ := io.ReadAll(c)
	for _, m := range said.FindAllSubmatch(answers, -1) {
		var parts [3]string
		for i := range parts {
			b, err := base64.StdEncoding.DecodeString(string(m[i+1]))
			if err != nil {
				t.Error(err)
			}
			parts[i] = string(b)
		}
		found = append(found, reading{parts[0], parts[1], parts[2]})
	}
	return found
}

// among reports whether each that was found is one that was taken, in order: those between a reader
// may refuse by themselves, and go on behind them.
func among(found, took []reading) bool {
	for _, t := range took {
		if len(found) > 0 && found[0].method == t.method && found[0].body == t.body && inOrigin(found[0].target) == inOrigin(t.target) {
			found = found[1:]
		}
	}
	return len(found) == 0
}

var absolute = regexp.MustCompile(`^http://[^/]*`)

// inOrigin is a target in origin form, as nginx makes it of one in absolute form.
func inOrigin(target string) string { return absolute.ReplaceAllString(target, "") }

// TestReaders: of many thousand odd connections, whatever passes is read by the parsers of net/http,
// Node and nginx as the relay has read it; or they refuse it.
func TestReaders(t *testing.T) {
	t.Parallel()
	node := net.JoinHostPort("127.0.0.1", serves(t, unproxied(t), `listening on (\d+)\n`, "", tool(t, "node"), "testdata/reader.js"))
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		say := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
		fmt.Fprintf(w, "@@%s %s %s@@\n", say(r.Method), say(r.RequestURI), say(string(body)))
	}))
	t.Cleanup(behind.Close)
	plain := freePort(t)
	nginx(t, newPapers(t), "listen 127.0.0.1:"+plain+"; location / { proxy_pass "+behind.URL+"; proxy_http_version 1.1; proxy_ignore_client_abort on; }")

	readers := []struct {
		name string
		read func(wire []byte) []reading
		all  int // what it read to its end
	}{
		{"net/http", byNetHTTP, 0},
		{"node", func(wire []byte) []reading { return bySocket(t, node, wire) }, 0},
		{"nginx", func(wire []byte) []reading { return bySocket(t, "127.0.0.1:"+plain, wire) }, 0},
	}
	t.Logf("-readersseed %d", *readersSeed)
	r := rand.New(rand.NewPCG(*readersSeed, 0))
	const cases = 10_000
	if two := "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"; among(byNetHTTP([]byte(two)), []reading{{"GET", "/1", ""}}) || among(readers[1].read([]byte(two)), []reading{{"GET", "/2", ""}}) {
		t.Error("a request that was not taken for one is not noticed")
	}
	passed, whole := 0, 0
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		sem = make(chan struct{}, 16)
	)
	for range cases {
		say := oddRequests(r)
		wire, took := relayed(say)
		if len(wire) == 0 {
			continue
		}
		passed++
		if len(took) > 0 {
			whole++
		}
		sem <- struct{}{}
		all.Go(func() {
			defer func() { <-sem }()
			for i := range readers {
				x := &readers[i]
				found := x.read(wire)
				mu.Lock()
				if len(took) > 0 && len(found) == len(took) {
					x.all++
				}
				if !among(found, took) {
					t.Errorf("%q goes on as %q: %s reads %q, the relay %q", say, wire, x.name, found, took)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, x := range readers {
		t.Logf("%s reads %d of %d as the relay does, and refuses the others or a part", x.name, x.all, whole)
		if x.all < whole/4 {
			t.Errorf("%s reads hardly any", x.name)
		}
	}
	t.Logf("of %d connections %d pass, %d with a whole request", cases, passed, whole)
}
