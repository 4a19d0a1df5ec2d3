package main

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

	"tlslab/handshake/tls"
)

// What a server does with early data: it prints it, or answers the requests in it, before
// the handshake is over. Nothing shows yet that the client is there.

// earlyTime is how long a client of --www may take from its ClientHello to its Finished,
// as for a handshake without early data.
const earlyTime = 30 * time.Second

// printEarly prints the early data, and returns when the handshake is over.
func (c *liveConn) printEarly() error {
	buf := make([]byte, 1<<14)
	total := 0
	for {
		n, err := c.Conn.ReadEarly(buf)
		if total == 0 && n > 0 {
			fmt.Fprintln(c.host.log, c.title()+":", say(c.host.flags.lang, "early_comes"))
		}
		total += n
		c.host.print(buf[:n])
		switch {
		case err == nil:
			continue
		case err != io.EOF:
			c.ended(err)
			return err
		case total > 0:
			fmt.Fprintln(c.host.log, c.title()+":", say(c.host.flags.lang, "early_came", "n", strconv.Itoa(total)))
		}
		return nil
	}
}

// earlyKey marks the context of a request that is answered before the handshake is over.
type earlyKey struct{}

// answerEarly answers each request that comes whole as early data, and returns when the
// handshake is over. What is left of the early data then is the beginning of a request
// that only this client can have ended, and net/http's to answer.
func (c *liveConn) answerEarly() error {
	_ = c.SetDeadline(time.Now().Add(earlyTime)) // a socket that is closed already says so below
	buf := make([]byte, 1<<14)
	for {
		n, err := c.Conn.ReadEarly(buf)
		if c.left = append(c.left, buf[:n]...); c.noMore {
			c.left = nil // it said that there would be no more
		}
		if err == io.EOF {
			_ = c.SetDeadline(time.Time{})
			return nil
		}
		if err != nil {
			c.ended(err)
			return err
		}
		for len(c.left) > 0 {
			r, size := wholeRequest(c.left)
			if r == nil {
				break
			}
			c.left = c.left[size:]
			if err := c.answer(r); err != nil {
				return err
			}
			if c.noMore = r.Close; c.noMore {
				c.left = nil
			}
		}
	}
}

// wholeRequest is the request at the beginning of b and how long it is, or nil if it is
// not all there, or is none.
func wholeRequest(b []byte) (*http.Request, int) {
	left := bytes.NewReader(b)
	buffered := bufio.NewReader(left)
	r, err := http.ReadRequest(buffered)
	if err != nil {
		return nil, 0
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, 0
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r, len(b) - left.Len() - buffered.Buffered()
}

// answer sends the answer to a request before the client's Finished has come.
func (c *liveConn) answer(r *http.Request) error {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	ctx := context.WithValue(context.WithValue(context.Background(), connKey{}, c), earlyKey{}, true)
	c.host.page(w, r.WithContext(ctx))
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
	c.ended(err)
	return err
}

// answer is an http.ResponseWriter that keeps what is written.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is http.ResponseWriter's.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is http.ResponseWriter's.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write is http.ResponseWriter's.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
