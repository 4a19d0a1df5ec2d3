package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
)

// What a client of --www may make the server hold. The page answers any request, so that none
// needs to be long.
const (
	maxHead = 64 << 10 // bytes of a request's head: what common servers take at the most
	maxBody = 1 << 20  // bytes of its body, which nobody looks at
	slack   = 4 << 10  // that net/http adds to the limit of a head, for its buffer
)

type connKey struct{}

// serveHTTP answers every request with a page about the connection it came over.
func (h *host) serveHTTP(l net.Listener) error {
	srv := &http.Server{
		Handler: http.HandlerFunc(h.page),
		// A request that is under way, in its head, its body or its answer, has the time that a
		// connection may be idle: whoever moves nothing for so long holds nothing.
		ReadHeaderTimeout: h.flags.idleTimeout,
		ReadTimeout:       h.flags.idleTimeout,
		WriteTimeout:      2 * h.flags.idleTimeout, // from the end of the head: the time of a body is in it
		IdleTimeout:       h.flags.idleTimeout,
		MaxHeaderBytes:    maxHead - slack,
		ErrorLog:          log.New(io.Discard, "", 0), // a connection's end is told by its liveConn
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	err := srv.Serve(&liveListener{l, h})
	_ = srv.Close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return h.unlessStopped(err)
}

// page describes the handshake, in plain text.
func (h *host) page(w http.ResponseWriter, r *http.Request) {
	c, ok := r.Context().Value(connKey{}).(*liveConn)
	if !ok {
		http.Error(w, "no connection", http.StatusInternalServerError)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		status := http.StatusRequestTimeout // or the client has left, and will read nothing
		if tooMuch := new(http.MaxBytesError); errors.As(err, &tooMuch) {
			status = http.StatusRequestEntityTooLarge
		}
		refuse(w, status)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	lang := h.flags.Lang
	early := r.Context().Value(earlyKey{}) != nil
	if early && h.safeMethods && !safeMethod(r.Method) {
		w.WriteHeader(http.StatusTooEarly) // RFC 8470 §5.2
		_, _ = io.WriteString(w, cli.Say(lang, "too_early", "method", r.Method)+"\n")
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", cli.Say(lang, "page"))
	for _, line := range settled(lang, c.Conn) {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	switch {
	case early:
		fmt.Fprintf(&b, "\n%s\n", cli.Say(lang, "request_early"))
	case h.cfg.MaxEarlyData > 0:
		fmt.Fprintf(&b, "\n%s\n", cli.Say(lang, "request_late"))
	}
	fmt.Fprintf(&b, "\n%s %s\n", r.Method, r.URL)
	_, _ = io.WriteString(w, b.String())
}

// refuse answers with a status, and its name for a page.
func refuse(w http.ResponseWriter, status int) {
	http.Error(w, strconv.Itoa(status)+" "+http.StatusText(status), status)
}
