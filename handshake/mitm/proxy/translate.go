package proxy

import (
	"errors"
	"slices"
	"strings"

	"tlslab/handshake/iana"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
)

// Where the client and the server have no version of HTTP in common the proxy translates, and the
// entry says so. A client's offer goes to the server as it is; only where the server has none of
// it does the proxy ask again, with the version that it can translate from.

// What ALPN calls the two.
const (
	alpn1 = "http/1.1"
	alpn2 = "h2"
)

// speaksHTTP2 reports whether a protocol of ALPN is HTTP/2: gRPC's library in C, and those of
// Python, Ruby, PHP and others above it, know it as "grpc-exp" too, and 1.51 likes that better.
func speaksHTTP2(protocol string) bool { return protocol == alpn2 || protocol == "grpc-exp" }

// otherOffer is what a server is offered that has refused the client's offer; nil if there is
// nothing that could be translated. A client without ALPN speaks HTTP/1.1, if any.
func otherOffer(offered []string) []string {
	switch has1, has2 := slices.Contains(offered, alpn1), slices.Contains(offered, alpn2); {
	case len(offered) == 0:
		return []string{alpn1, alpn2}
	case has1 && !has2:
		return []string{alpn2}
	case has2 && !has1:
		return []string{alpn1}
	}
	return nil
}

// hasNone reports whether a handshake failed because the server has no protocol of the offer: it
// said so, or chose one all the same that was not in it.
func hasNone(err error) bool {
	e := new(reason.Error)
	if !errors.As(err, &e) {
		return false
	}
	return e.Reason == reason.PeerAlert && e.Got == any(iana.NoApplicationProtocol) ||
		e.Reason == reason.NotOffered && strings.HasSuffix(e.Field, ".application_layer_protocol_negotiation")
}

// protocolFor is what the client is told that the server chose: what it did, unless that is to be
// translated. A server without ALPN speaks HTTP/1.1: of HTTP/2 in TLS ALPN is a part (RFC 9113 §3.2).
func protocolFor(offered []string, chosen string) string {
	has1, has2 := slices.Contains(offered, alpn1), slices.Contains(offered, alpn2)
	switch {
	case has2 && !has1 && (chosen == alpn1 || chosen == ""):
		return alpn2
	case has1 && !has2 && chosen == alpn2:
		return alpn1
	case len(offered) == 0:
		return ""
	}
	return chosen
}

// redial ends the connection to the server, and makes another.
func (s *session) redial() error {
	s.mu.Lock()
	old := s.server
	s.server = nil
	s.mu.Unlock()
	_ = old.Close()
	s.recording.ToServer.restart()
	return s.dial()
}

// relay relays what the two legs have agreed to speak, until both ends are done.
func (s *session) relay(client, server duplex) {
	h := &h1{s: s}
	o := h.options(relay.Options{})
	switch toClient, toServer := speaksHTTP2(s.toClient.Protocol), s.toServer != nil && speaksHTTP2(s.toServer.Protocol); {
	case toClient && toServer:
		h.m = relay.NewH2(o)
	case toClient:
		s.addWarning(WarnToHTTP1)
		h.m, h.apart = relay.NewH2toH1(o), relay.Server
	case toServer:
		s.addWarning(WarnToHTTP2)
		h.m, h.apart = relay.NewH1toH2(o), relay.Client
	default:
		h.one = relay.NewH1(o)
		h.m = h.one
	}
	h.begin(client)
	h.serve(server)
	if h.apart != "" {
		h.pumps.Add(1)
		s.p.workers.do(func() {
			defer h.pumps.Done()
			h.writer()
		})
	}
	h.run()
}
