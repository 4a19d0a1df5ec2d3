package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// headerTimeout is how long a client may take to ask for the page after its
// handshake, so that one that never does holds nothing for ever.
const headerTimeout = time.Minute

type connKey struct{}

// serveHTTP answers every request with a page about the connection it came over.
func (h *host) serveHTTP(l net.Listener) error {
	srv := &http.Server{
		Handler:           http.HandlerFunc(h.page),
		ReadHeaderTimeout: headerTimeout,
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
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	lang := h.flags.lang
	early := r.Context().Value(earlyKey{}) != nil
	if early && h.safeMethods && !safeMethod(r.Method) {
		w.WriteHeader(http.StatusTooEarly) // RFC 8470 §5.2
		_, _ = io.WriteString(w, say(lang, "too_early", "method", r.Method)+"\n")
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", say(lang, "page"))
	for _, line := range settled(lang, c.Conn) {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	switch {
	case early:
		fmt.Fprintf(&b, "\n%s\n", say(lang, "request_early"))
	case h.cfg.MaxEarlyData > 0:
		fmt.Fprintf(&b, "\n%s\n", say(lang, "request_late"))
	}
	fmt.Fprintf(&b, "\n%s %s\n", r.Method, r.URL)
	_, _ = io.WriteString(w, b.String())
}
