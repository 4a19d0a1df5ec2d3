package live

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// TestEarlyRequests: whatever the pieces are that early data comes in, the same requests are
// taken off it, and what is left is what a parser that begins anew needs.
func TestEarlyRequests(t *testing.T) {
	const get, post = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
	const chunked = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"
	long := "GET / HTTP/1.1\r\nHost: x\r\nLong: " + strings.Repeat("x", maxHead)
	heavy := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 2*maxBody, strings.Repeat("x", 2*maxBody))
	for _, test := range []struct {
		name, data string
		paths      string
		refusal    int
		left       string
	}{
		{"one", get, "/a", 0, ""},
		{"three", get + post + chunked, "/a /b /c", 0, ""},
		{"begun in the head", get + "GET /z HT", "/a", 0, "GET /z HT"},
		{"begun in the body", get + post[:len(post)-1], "/a", 0, post[:len(post)-1]},
		{"begun in a chunk", get + chunked[:len(chunked)-3], "/a", 0, chunked[:len(chunked)-3]},
		{"nothing", "", "", 0, ""},
		{"no request", "\x00\x01\x02\x03 lab", "", 0, "\x00\x01\x02\x03 lab"},
		{"long head", get + long, "/a", http.StatusRequestHeaderFieldsTooLarge, ""},
		{"long head in lines", get + "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", maxHead/6), "/a", http.StatusRequestHeaderFieldsTooLarge, ""},
		{"long body", get + heavy, "/a", http.StatusRequestEntityTooLarge, ""},
	} {
		for _, from := range []struct {
			name string
			how  func(io.Reader) io.Reader
		}{{"at once", func(r io.Reader) io.Reader { return r }}, {"by bytes", iotest.OneByteReader}, {"the end with the data", iotest.DataErrReader}} {
			t.Run(test.name+" "+from.name, func(t *testing.T) {
				e := newEarlyRequests(from.how(strings.NewReader(test.data)))
				var paths []string
				r, refusal := e.next()
				for ; r != nil; r, refusal = e.next() {
					paths = append(paths, r.URL.Path)
				}
				if got := strings.Join(paths, " "); got != test.paths || refusal != test.refusal {
					t.Errorf("requests %q and status %d, want %q and %d", got, refusal, test.paths, test.refusal)
				}
				if refusal == 0 && string(e.kept) != test.left {
					t.Errorf("left %q, want %q", e.kept, test.left)
				}
				if most := len(get) + maxHead + maxBody; len(e.kept) > most {
					t.Errorf("%d bytes are kept of a request that is refused", len(e.kept))
				}
			})
		}
	}
}

// TestEarlyDataBreaksOff: an end that is none is the connection's to tell, not a request's.
func TestEarlyDataBreaksOff(t *testing.T) {
	broken := errors.New("broken")
	e := newEarlyRequests(io.MultiReader(strings.NewReader("GET / HTTP/1.1\r\n"), iotest.ErrReader(broken)))
	if r, refusal := e.next(); r != nil || refusal != 0 {
		t.Errorf("%v, %d", r, refusal)
	}
}

// TestEarlyDataByBytes: what it costs to read early data in records of a byte each grows as
// the data does, counted in bytes allocated: a parser that begins anew after each record
// allocates a reader of 4 KiB for each.
func TestEarlyDataByBytes(t *testing.T) {
	cost := func(n int) uint64 {
		head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nLong: %s\r\n\r\n", n/2, strings.Repeat("x", maxHead/2))
		data := append([]byte(head), bytes.Repeat([]byte("x"), n/2)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e := newEarlyRequests(iotest.OneByteReader(bytes.NewReader(data)))
		if r, _ := e.next(); r == nil {
			t.Fatalf("%d bytes: no request", n)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := cost(64<<10), cost(512<<10)
	if large > 20*small {
		t.Errorf("eight times the data costs %d times as much: %d bytes against %d", large/small, large, small)
	}
	if most := uint64(16 << 20); large > most {
		t.Errorf("512 KiB of early data cost %d bytes, more than %d", large, most)
	}
}

// TestEarlyAsLate: a request that net/http would refuse is not answered because it came early:
// it is left to net/http, whole, and what comes behind it.
func TestEarlyAsLate(t *testing.T) {
	const next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
	for request, status := range map[string]int{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                            200,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab":    200,
		"GET / HTTP/1.0\r\n\r\n":                                       200,
		"GET / HTTP/1.1\r\n\r\n":                                       400,
		"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n":                 400,
		"GET / HTTP/3.1\r\nHost: x\r\n\r\n":                            505,
		"GET / HTTP/2.0\r\nHost: x\r\n\r\n":                            505,
		"GET / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n":       417,
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n": 501,
	} {
		// What net/http says.
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != status {
			t.Errorf("%q: net/http says %v, %v, want %d", request, resp, err, status)
		}
		_ = c.Close()
		srv.Close()

		early := newEarlyRequests(strings.NewReader(request + next))
		r, refusal := early.next()
		if answered := r != nil; answered != (status == 200) || refusal != 0 {
			t.Errorf("%q: answered early %t, refused %d; net/http says %d", request, answered, refusal, status)
		}
		if kept := string(early.kept); r == nil && kept != request+next || r != nil && kept != next {
			t.Errorf("%q: left to net/http is %q", request, kept)
		}
	}
}
