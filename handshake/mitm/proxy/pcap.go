package proxy

import (
	"io"
	"net"
	"net/netip"
	"time"

	"tlslab/handshake/capture"
)

// bothLegs writes both legs of every connection into one capture file.
type bothLegs struct {
	w              *capture.Writer
	client, server int // interfaces
}

// NewCapture returns a Tap that writes to w: an interface a leg, and in front of the
// packets the secrets that open them. The error comes from w. w keeps the errors that come
// later: they end no connection.
func NewCapture(w *capture.Writer) (Tap, error) {
	c := &bothLegs{w: w}
	var err error
	if c.client, err = w.Interface("client leg", "between clients and the proxy"); err != nil {
		return nil, err
	}
	c.server, err = w.Interface("server leg", "between the proxy and servers")
	return c, err
}

// Leg begins a stream in the file.
func (c *bothLegs) Leg(_ int, side Side, client, server net.Addr, t time.Time) LegTap {
	iface := c.client
	if side == SideServer {
		iface = c.server
	}
	s, err := c.w.Open(iface, addrPort(client), addrPort(server), t)
	if err != nil {
		return nil
	}
	return legCapture{capture.NewTap(s, side == SideClient)}
}

// addrPort is a socket's address as packets have it.
func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		p := t.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPortFrom(netip.IPv4Unspecified(), 0) // no TCP, and so no address to show
}

// legCapture drops errors, which the Writer keeps.
type legCapture struct{ tap *capture.Tap }

func (l legCapture) Read(t time.Time, b []byte)  { _ = l.tap.Read(t, b) }
func (l legCapture) Wrote(t time.Time, b []byte) { _ = l.tap.Wrote(t, b) }
func (l legCapture) KeyLog() io.Writer           { return l.tap.KeyLog() }
func (l legCapture) Flush()                      { _ = l.tap.Flush() }

func (l legCapture) Close(t time.Time, byPeer bool) { _ = l.tap.Close(t, !byPeer) }
