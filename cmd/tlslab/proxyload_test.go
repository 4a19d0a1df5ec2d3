package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"tlslab/cmd/tlslab/internal/clitest"
)

// Load for a proxy: bodies that can be checked without being kept. Each is the output
// of a generator whose seed is in the request's path, so no two are the same, and one
// that is lost, cut, reordered or mixed up with another has another SHA-256.

// stream is the body of n bytes that belongs to a seed.
func stream(seed uint64, n int64) io.Reader {
	var s [32]byte
	binary.BigEndian.PutUint64(s[:], seed)
	return io.LimitReader(rand.NewChaCha8(s), n)
}

// sumOf is the SHA-256 of what r has to say, in hexadecimal.
func sumOf(r io.Reader) (sum string, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// loadHandler serves what the load asks for:
//
//	GET  /length/SEED/N   N bytes, announced by Content-Length
//	GET  /chunked/SEED/N  the same in chunks, or frames, of uneven sizes
//	POST /sum/SEED/N      the SHA-256 of what came
//	POST /echo/SEED/N     what came
//	GET  /vanish/SEED/N   N bytes of a body of no known length; then, amid a record, a reset
func loadHandler() http.Handler {
	mux := http.NewServeMux()
	give := func(w http.ResponseWriter, r *http.Request, piece func(i int64) int64) {
		seed, n, err := seedAndLength(r.URL.Path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body := stream(seed, n)
		for i := int64(0); err == nil; i++ {
			_, err = io.CopyN(w, body, piece(i))
			if i < 4 {
				_ = http.NewResponseController(w).Flush()
			}
		}
	}
	mux.HandleFunc("GET /length/", func(w http.ResponseWriter, r *http.Request) {
		_, n, _ := seedAndLength(r.URL.Path)
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		give(w, r, func(int64) int64 { return 1 << 16 })
	})
	mux.HandleFunc("GET /chunked/", func(w http.ResponseWriter, r *http.Request) {
		give(w, r, func(i int64) int64 { return 1 + i*i*i*977%(1<<16) })
	})
	mux.HandleFunc("GET /vanish/", func(w http.ResponseWriter, r *http.Request) {
		give(w, r, func(int64) int64 { return 1 << 10 })
		_ = http.NewResponseController(w).Flush()
		_ = vanish(r.Context().Value(originConn{}).(*stdtls.Conn).NetConn()) // the client will tell
	})
	mux.HandleFunc("POST /sum/", func(w http.ResponseWriter, r *http.Request) {
		sum, _, err := sumOf(r.Body)
		if err != nil {
			return // whoever sent it has gone
		}
		_, _ = io.WriteString(w, sum)
	})
	mux.HandleFunc("POST /echo/", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		_, _ = w.Write(b)
	})
	return mux
}

func seedAndLength(path string) (seed uint64, n int64, err error) {
	parts := strings.Split(path, "/")
	if len(parts) != 4 {
		return 0, 0, fmt.Errorf("%q is not /KIND/SEED/N", path)
	}
	seed, err = strconv.ParseUint(parts[2], 10, 64)
	if err != nil {
		return 0, 0, err
	}
	n, err = strconv.ParseInt(parts[3], 10, 64)
	return seed, n, err
}

// loader is a client with one connection through the proxy, over which it speaks one
// version of HTTP.
type loader struct {
	http.Client
	host string // the origin's

	mu   sync.Mutex
	raw  net.Conn // the last one to the proxy
	open int
}

// newLoader does not connect yet.
func newLoader(addr string, root *x509.Certificate, o *origin) *loader {
	pool := x509.NewCertPool()
	pool.AddCert(root)
	var talks http.Protocols
	talks.SetHTTP1(!o.http2)
	talks.SetHTTP2(o.http2)
	l := &loader{host: o.host}
	l.Transport = &http.Transport{
		Proxy:              http.ProxyURL(&url.URL{Scheme: "http", Host: addr}),
		DialContext:        l.dial,
		TLSClientConfig:    &stdtls.Config{RootCAs: pool},
		Protocols:          &talks,
		MaxConnsPerHost:    1,
		DisableCompression: true,
	}
	return l
}

func (l *loader) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.raw = c
	l.open++
	return &loaderConn{Conn: c, l: l}, nil
}

// loaderConn counts itself.
type loaderConn struct {
	net.Conn
	l    *loader
	once sync.Once
}

func (c *loaderConn) Close() error {
	c.once.Do(func() {
		c.l.mu.Lock()
		defer c.l.mu.Unlock()
		c.l.open--
	})
	return c.Conn.Close()
}

// close closes in order. A connection of HTTP/2 may be idle only a moment after the last
// body was read.
func (l *loader) close() error {
	return eventually(clitest.Patience, func() error {
		l.CloseIdleConnections()
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.open > 0 {
			return fmt.Errorf("a client cannot close %d of its connections", l.open)
		}
		return nil
	})
}

// exchange makes one request of the given kind and checks what comes back.
func (l *loader) exchange(ctx context.Context, kind string, seed uint64, n int64) error {
	path := fmt.Sprintf("/%s/%d/%d", kind, seed, n)
	fail := func(err error) error { return fmt.Errorf("%s: %w", path, err) }
	method, body, want := http.MethodGet, io.Reader(nil), stream(seed, n)
	length := int64(0)
	switch kind {
	case "sum", "echo":
		method, body = http.MethodPost, stream(seed, n)
		if length = n; seed%2 == 1 {
			length = -1 // in chunks, where there are chunks
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://"+l.host+path, body)
	if err != nil {
		return fail(err)
	}
	req.ContentLength = length
	resp, err := l.Do(req)
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fail(fmt.Errorf("%s: %s", resp.Status, said))
	}
	if kind == "sum" {
		sum, _, err := sumOf(want)
		if err != nil {
			return fail(err)
		}
		want, n = strings.NewReader(sum), int64(len(sum))
	}
	wantSum, _, err := sumOf(want)
	if err != nil {
		return fail(err)
	}
	gotSum, got, err := sumOf(resp.Body)
	switch {
	case err != nil:
		return fail(err)
	case got != n:
		return fail(fmt.Errorf("got %d bytes, want %d", got, n))
	case gotSum != wantSum:
		return fail(errors.New("the bytes are others than were sent"))
	}
	return nil
}

// lengths are around what matters: nothing, a byte, one record and one more, what
// common buffers hold, several records.
var lengths = []int64{0, 1, 300, 1000, 4095, 4097, 16384, 16385, 40000}

// wave is one load: clients at once, each with one connection, half of which speak each
// of the protocols that there is an origin for.
type wave struct {
	clients  int
	requests int    // of each client
	first    uint64 // seed
}

// run makes all requests and returns their paths.
func (w wave) run(ctx context.Context, u underTest, origins ...*origin) (paths []string, err error) {
	kinds := []string{"length", "chunked", "sum", "echo"}
	var (
		wg, ready sync.WaitGroup // ready: all connections are open at once
		mu        sync.Mutex
		errs      []error
		seed      = w.first
	)
	complain := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil && len(errs) < 10 { // more say no more
			errs = append(errs, err)
		}
	}
	ready.Add(w.clients)
	for i := range w.clients {
		o := origins[i%len(origins)]
		first := seed
		for j := range w.requests {
			paths = append(paths, fmt.Sprintf("/%s/%d/%d", kinds[(i/2+j)%len(kinds)], seed, lengths[(i+j)%len(lengths)]))
			seed++
		}
		wg.Go(func() {
			l := newLoader(u.Addr(), u.Root(), o)
			one := func(j int) {
				complain(l.exchange(ctx, kinds[(i/2+j)%len(kinds)], first+uint64(j), lengths[(i+j)%len(lengths)]))
			}
			one(0)
			ready.Done()
			ready.Wait()
			abreast := 1
			if o.http2 {
				abreast = 4 // streams of one connection
			}
			var streams sync.WaitGroup
			for k := range abreast {
				streams.Go(func() {
					for j := 1 + k; j < w.requests; j += abreast {
						one(j)
					}
				})
			}
			streams.Wait()
			complain(l.close())
		})
	}
	wg.Wait()
	return paths, errors.Join(errs...)
}

// clientHello is one of crypto/tls's, as a record.
func clientHello(name string) ([]byte, error) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go func() { _ = stdtls.Client(b, &stdtls.Config{ServerName: name}).Handshake() }() // the pipe's end is its end
	head := make([]byte, 5)
	if _, err := io.ReadFull(a, head); err != nil {
		return nil, err
	}
	var record bytes.Buffer
	record.Write(head)
	_, err := io.CopyN(&record, a, int64(binary.BigEndian.Uint16(head[3:])))
	return record.Bytes(), err
}
