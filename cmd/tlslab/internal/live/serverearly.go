package live

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/tls"
)

// What a server does with early data: it prints it, or answers the requests in it, before
// the handshake is over. Nothing shows yet that the client is there.

// printEarly prints the early data, and returns when the handshake is over.
func (c *liveConn) printEarly() error {
	buf := make([]byte, 1<<14)
	total := 0
	for {
		n, err := c.Conn.ReadEarly(buf)
		if total == 0 && n > 0 {
			fmt.Fprintln(c.host.log, c.title()+cli.ColonOf(c.host.flags.Lang)+cli.Say(c.host.flags.Lang, "early_comes"))
		}
		total += n
		c.host.print(buf[:n])
		switch {
		case err == nil:
			continue
		case err != io.EOF:
			return err
		case total > 0:
			fmt.Fprintln(c.host.log, c.title()+cli.ColonOf(c.host.flags.Lang)+cli.Say(c.host.flags.Lang, "early_came", "n", strconv.Itoa(total)))
		}
		return nil
	}
}

// earlyKey marks the context of a request that is answered before the handshake is over.
type earlyKey struct{}

// answerEarly answers each request that comes whole as early data, and returns when the
// handshake is over. What is left of the early data then is the beginning of a request
// that only this client can have ended, and net/http's to answer.
//
// In HTTP/2 a request is no piece of the stream by itself, so there all early data waits for the end of
// the handshake, which RFC 8470 §3 allows a server: then nobody can have sent it but this client.
func (c *liveConn) answerEarly() error {
	first := make([]byte, 1<<14)
	n, err := c.Conn.ReadEarly(first) // from here on it is known what ALPN has agreed on
	if err == io.EOF {
		return nil // none came
	}
	if err != nil {
		return err
	}
	early := io.MultiReader(bytes.NewReader(first[:n]), earlyReader{c.Conn})
	if c.Summary().Protocol == overHTTP2 {
		c.waited = true
		c.left, err = io.ReadAll(early) // no more than --early-data
		return err
	}
	requests := newEarlyRequests(early)
	for !c.noMore {
		r, refusal := requests.next()
		switch {
		case r != nil:
			if err := c.answer(r, c.host.page); err != nil {
				return err
			}
			c.noMore = r.Close // it said that there would be no more
		case refusal != 0:
			r := &http.Request{Method: http.MethodGet, ProtoMajor: 1, ProtoMinor: 1, Close: true}
			if err := c.answer(r, func(w http.ResponseWriter, _ *http.Request) { refuse(w, refusal) }); err != nil {
				return err
			}
			c.noMore = true
		default:
			c.left = requests.kept
			return passOver(early)
		}
	}
	return passOver(early)
}

// passOver reads early data that nobody wants, up to the end of the handshake.
func passOver(early io.Reader) error {
	_, err := io.Copy(io.Discard, early)
	return err
}

// earlyReader reads the early data of a connection.
type earlyReader struct{ *tls.Conn }

// Read reads early data, and io.EOF once the handshake is over.
func (e earlyReader) Read(p []byte) (int, error) { return e.ReadEarly(p) }

// earlyRequests takes requests off early data as it comes, each byte once: the parser waits
// for more where it has got to, however small the pieces are. What it has read of a request
// is kept, since net/http must read it again should the rest come later, in other data.
type earlyRequests struct {
	from  io.Reader
	buf   *bufio.Reader // reads from the earlyRequests itself, which keeps it
	kept  []byte        // of the request at hand, and of what is read behind it
	limit int           // most of kept
	err   error         // that from has ended with
}

func newEarlyRequests(from io.Reader) *earlyRequests {
	e := &earlyRequests{from: from}
	e.buf = bufio.NewReader(e)
	return e
}

// errTooMuch is a head or a body beyond what is taken.
var errTooMuch = errors.New("a request that is too long")

// Read reads from the early data, within the limit.
func (e *earlyRequests) Read(p []byte) (int, error) {
	if len(e.kept) >= e.limit {
		return 0, errTooMuch
	}
	var n int
	n, e.err = e.from.Read(p[:min(len(p), e.limit-len(e.kept))])
	e.kept = append(e.kept, p[:n]...)
	return n, e.err
}

// next returns the next request when it is all there. Where there will be none it returns
// nil, and the status to refuse it with if it is too long; else what has been kept is for
// net/http, because the early data or the connection is over, or because this is no request,
// which it will say.
func (e *earlyRequests) next() (r *http.Request, refusal int) {
	e.limit = maxHead
	r, err := http.ReadRequest(e.buf)
	if errors.Is(err, errTooMuch) {
		return nil, http.StatusRequestHeaderFieldsTooLarge
	}
	if err != nil {
		return nil, 0
	}
	e.limit = len(e.kept) + maxBody
	switch _, err := io.Copy(io.Discard, r.Body); {
	case errors.Is(err, errTooMuch):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil || !plainly(r):
		return nil, 0
	}
	e.kept = bytes.Clone(e.kept[len(e.kept)-e.buf.Buffered():])
	return r, 0
}

// plainly reports whether a request is one that net/http's server answers without a word of
// its own. It refuses another version than 1 of HTTP, 1.1 without a Host, and expectations that
// it does not know (RFC 9110 §7.2, §10.1.1), which ReadRequest lets through: it shall do so
// here, too, when the handshake is over.
func plainly(r *http.Request) bool {
	return r.ProtoMajor == 1 && (r.Host != "" || !r.ProtoAtLeast(1, 1)) && r.Header.Get("Expect") == ""
}

// answer sends what handler has to say to a request before the client's Finished has come.
func (c *liveConn) answer(r *http.Request, handler http.HandlerFunc) error {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	ctx := context.WithValue(context.WithValue(context.Background(), connKey{}, c), earlyKey{}, true)
	handler(w, r.WithContext(ctx))
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	err := (&http.Response{StatusCode: w.status, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, Header: w.header,
		Request: r, Close: r.Close, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len())}).Write(&b)
	if err != nil {
		return err
	}
	n, err := c.Conn.WriteEarly(b.Bytes())
	if errors.Is(err, tls.ErrEarlyDataOver) {
		_, err = c.Conn.Write(b.Bytes()[n:])
	}
	return err
}

// answer is an http.ResponseWriter that keeps what is written.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
