package proxy

import (
	"net"
	"slices"
	"strings"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/message"
	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// Where there is no server to stand behind, or none that the proxy believes. A client that speaks
// HTTP is told so in HTTP, under a certificate that is forged from the name that it asked for alone;
// any other by an alert.

// firstWord is how long a client that names no protocol (ALPN) may say nothing before it is taken
// for one that waits to be spoken to, as those of SMTP and IMAP do: there is nobody to speak.
// A person who types a request begins sooner, and so does every program.
const firstWord = 5 * time.Second

// refuse tells the client that there will be no connection, and tells of the failure in an Entry.
// The client's hello has been read, and is read again by the endpoint that answers it.
func (s *session) refuse(side Side, err error) {
	f := s.blame(PhaseHello, side, err)
	if side != SideClient && s.ended.Load() == nil {
		if cfg := s.inItsPlace(); cfg != nil {
			s.answerFor(f, cfg)
			return
		}
	}
	down := s.p.o.ToClient
	down.Certificates, down.KeyLog = nil, s.client.KeyLog()
	if side != SideClient {
		down.ForClient = func(*message.ClientHello) (*handshake.Config, error) {
			return nil, reason.Fault("", err)
		}
	}
	if c, err := tls.Server(s.client, &down); err == nil {
		if err := c.Handshake(); err != nil && side == SideClient {
			f = s.blame(PhaseHello, side, err) // it knows the alert
		}
		_ = c.Close()
	}
	s.failed(f)
}

// inItsPlace is the leg to the client where the proxy answers in the server's place; nil if this
// client speaks something else than HTTP, or no certificate can be made for whom it asks.
func (s *session) inItsPlace() *handshake.Config {
	protocol, ok := "", true
	if a, offers := message.Get[*message.ALPN](&s.hello.Extensions); offers {
		// HTTP/1.1 if there is a choice: for one answer it is the one with less around it.
		switch {
		case slices.Contains(a.Protocols, "http/1.1"):
			protocol = "http/1.1"
		case slices.Contains(a.Protocols, "h2"):
			protocol = "h2"
		default:
			ok = false
		}
	}
	if !ok {
		return nil
	}
	down := s.p.o.ToClient
	cert, err := s.p.o.Forger.For(s.hello, &down).ForNames(s.askedFor()...)
	if err != nil {
		return nil
	}
	down.Certificates, down.KeyLog, down.ALPN = []handshake.Certificate{*cert}, s.client.KeyLog(), nil
	if protocol != "" {
		down.ALPN = []string{protocol}
	}
	return &down
}

// askedFor are the names under which the client may look for the server: the one that it says
// (server_name). One that says none, in reverse mode, came to an address of the proxy's own.
func (s *session) askedFor() []string {
	if name := mitm.Named(s.hello); name != "" {
		return []string{name}
	}
	names := []string{s.name}
	if !s.target.fixed {
		return names
	}
	if host, _, err := net.SplitHostPort(s.client.LocalAddr().String()); err == nil && !strings.EqualFold(host, s.name) {
		names = append(names, host)
	}
	return names
}

// answerFor completes the handshake with the client in the server's place, and answers what is
// asked with why there is no server.
func (s *session) answerFor(f *Fault, cfg *handshake.Config) {
	s.hurry(true) // the server's time is not the client's
	client, err := tls.Server(s.client, cfg)
	if err != nil {
		s.failed(f)
		return
	}
	err = client.Handshake()
	s.toClient.Summary = client.Summary()
	if err != nil {
		s.failedTwice(f, s.blame(PhaseHandshake, SideClient, err)) // also where it is the proxy that found nothing in common
		_ = client.Close()
		return
	}
	h := s.newH1(client, relay.Options{})
	protocol := s.toClient.Protocol
	if protocol == "h2" {
		h.one, h.m = nil, relay.NewH2(h.options(relay.Options{}))
	}
	h.answerAll(f, protocol != "")
}

// answerAll answers whatever the client asks with f. named says that the client has said that it
// will speak HTTP.
func (h *h1) answerAll(f *Fault, named bool) {
	s, conn := h.s, h.toClient.conn
	h.instead, h.hurried = f, true
	if !named {
		_ = conn.SetReadDeadline(time.Now().Add(firstWord)) // fails if it is closed, and then reading tells so
	}
	h.mu.Lock()
	h.m.Withhold(f)
	h.settle(relay.Client)
	h.mu.Unlock()
	h.pump(relay.Client, conn, 0)
	if !h.told {
		s.failedTwice(f, refusalOf(h.left))
	}
	_ = conn.Close()
}

// say tells a client that does not speak HTTP, in TLS, that there is no server.
func (h *h1) say(f *Fault) {
	if c, ok := h.toClient.conn.(*tls.Conn); ok {
		_ = c.Abort(reason.Fault("", f)) // fails if the connection has ended already
	}
}

// refusalOf is f, if it is an alert of the client's: one that has only left, or said what cannot be
// answered, has refused nothing.
func refusalOf(f *Fault) *Fault {
	if f != nil && f.By == SideClient && f.Alerted {
		return f
	}
	return nil
}

// failedTwice tells of a Fault, and of how the client refused the certificate under which it was
// to be told; nil if it did not.
func (s *session) failedTwice(f, client *Fault) {
	e := s.entry(Failure)
	e.Fault, e.Besides = f, client
	s.tell(e)
}
