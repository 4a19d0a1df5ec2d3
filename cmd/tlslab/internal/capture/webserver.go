package capture

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"tlslab/cmd/tlslab/internal/guard"
	"tlslab/handshake/mitm/proxy/watch"
)

// What the proxy holds while the list is served: with readers it stays under 60 MB, of which 25 are the
// program's own.
const (
	// webKept is for recordings: the handshakes of some five hundred connections, as servers with short
	// chains have them.
	webKept = 6 << 20
	// webGC is the collector's percentage. What is kept is the most of the heap, and none of it garbage:
	// left to itself, the collector would let it double.
	webGC = 25
)

// webServer serves the list to browsers that have the token.
type webServer struct {
	feed     *watch.Feed
	listener net.Listener
	token    *guard.Token
	http     *http.Server
	served   chan struct{} // closed when no more is answered; nil before start
}

func newWebServer(l net.Listener) (*webServer, error) {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, err
	}
	return &webServer{feed: watch.NewFeed(), listener: l, token: guard.NewToken(port)}, nil
}

// address is where a browser is let in: it has the token in it.
func (s *webServer) address() string { return s.token.Address("http://" + s.listener.Addr().String()) }

// start answers from now on.
func (s *webServer) start(o watch.Options) {
	list := watch.New(s.feed, o)
	// A reader who is slow, or says nothing, costs a goroutine; not for ever. A stream sees to its own time.
	s.http = &http.Server{Handler: guard.Local(s.listener.Addr().String(), s.token.Require(list, http.HandlerFunc(list.Refuse))), ErrorLog: log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.http.Serve(s.listener) // until close
	}()
}

// closing is how long readers may take to get the end of the list.
const closing = time.Second

// close ends the streams, which tell their readers so, and then whatever is left.
func (s *webServer) close() error {
	s.feed.Close()
	if s.served == nil {
		return s.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	_ = s.http.Shutdown(ctx) // who takes longer is cut off
	err := s.http.Close()
	<-s.served
	return err
}
