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

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/tls"
)

// earlySend is a client's early data. A nil *earlySend means that there is no early data.
type earlySend struct {
	data []byte
	sent int // how much of it went early
}

// send begins the handshake and sends what the session allows.
func (e *earlySend) send(ctx context.Context, conn *tls.Conn) (err error) {
	if e == nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { _ = conn.NetConn().Close() })()
	if e.sent, err = conn.WriteEarly(e.data); errors.Is(err, tls.ErrEarlyDataOver) {
		return nil // the rest has time
	}
	return err
}

// settle says what became of it, once the handshake is over, and returns what is left to
// send as ordinary data. The error is for early data that was rejected and is not sent
// again.
func (e *earlySend) settle(c *calls, conn *tls.Conn) (rest []byte, err error) {
	if e == nil {
		return nil, nil
	}
	rest = e.data[e.sent:]
	n, left := strconv.Itoa(e.sent), strconv.Itoa(len(rest))
	switch status := conn.Summary().EarlyData; {
	case status == handshake.EarlyDataAccepted && len(rest) == 0:
		fmt.Fprintln(c.log, cli.Say(c.Lang, "early_accepted", "n", n))
	case status == handshake.EarlyDataAccepted:
		fmt.Fprintln(c.log, cli.Say(c.Lang, "early_part", "n", n, "left", left))
	case e.sent == 0:
		// Nobody has seen any of it yet.
		fmt.Fprintln(c.log, cli.Say(c.Lang, "early_none", "left", left))
	case !changesNothing(e.data):
		return nil, cli.Told(c.Lang, nil, "early_rejected")
	default:
		rest = e.data
		fmt.Fprintln(c.log, cli.Say(c.Lang, "early_again", "n", strconv.Itoa(len(rest))))
	}
	return rest, nil
}

// changesNothing reports whether data is made of whole HTTP requests whose methods are
// safe (RFC 9110 §9.2.1). Others must not be repeated without being asked: that this
// server rejected them does not say that no copy reached another one, which took it
// (RFC 8470 §3; RFC 9846 §8).
func changesNothing(data []byte) bool {
	for r := bufio.NewReader(bytes.NewReader(data)); ; {
		switch b, err := r.Peek(1); {
		case err != nil:
			return true
		case b[0] == '\r' || b[0] == '\n': // an empty line too many (RFC 9112 §2.2)
			_, _ = r.Discard(1)
			continue
		}
		q, err := http.ReadRequest(r)
		if err != nil || !safeMethod(q.Method) {
			return false
		}
		if _, err := io.Copy(io.Discard, q.Body); err != nil {
			return false
		}
	}
}

func safeMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}
