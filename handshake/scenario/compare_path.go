package scenario

import (
	"bytes"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/stage"
)

// path is a connection over a simulated network: what one end sends at one moment is a
// flight, and arrives half a round-trip time later. Only flights under way make time
// pass; while an end computes, the clock stands still.
type path struct {
	stage          *stage.Stage
	rtt            time.Duration
	client, server host
	flights        []flight // under way, in the order of their arrival
	largest        int      // bytes of the largest one
}

type flight struct {
	arrives time.Time
	to      *host
	bytes   []byte
}

// host is an end, and the program behind it: the client's says its request as soon as it
// can, the server's its reply as soon as it has the request.
type host struct {
	ep     *handshake.Endpoint
	end    *stage.End
	peer   *host
	delay  time.Duration // to the peer
	says   []byte
	awaits []byte // before it says anything
	spoken int    // bytes of says
	got    []byte
}

// open makes both ends, and TCP's connection between them: SYN and SYN-ACK take a round
// trip, and the ACK goes with the client's first flight.
func (p *path) open(client, server *handshake.Config, request, reply string) (err error) {
	there := p.rtt / 2
	p.client = host{peer: &p.server, delay: there, says: []byte(request)}
	p.server = host{peer: &p.client, delay: p.rtt - there, says: []byte(reply), awaits: []byte(request)}
	if p.client.ep, err = handshake.NewClient(client); err != nil {
		return err
	}
	if p.server.ep, err = handshake.NewServer(server); err != nil {
		return err
	}
	for _, h := range []*host{&p.client, &p.server} {
		h.end = &stage.End{Endpoint: h.ep, Take: h.take, Say: h.say}
	}
	p.stage.Pass(p.client.delay + p.server.delay)
	return p.wake(&p.client)
}

// run lets time pass until nothing is under way. Both directions take as long, give or
// take the odd nanosecond, and each end answers at once: flights arrive as they left.
func (p *path) run() error {
	for len(p.flights) > 0 {
		f := p.flights[0]
		p.flights = p.flights[1:]
		p.stage.SetClock(f.arrives)
		f.to.ep.Feed(f.bytes)
		if err := p.wake(f.to); err != nil {
			return err
		}
	}
	return nil
}

// wake lets a host do all that it can, and sends what came of it.
func (p *path) wake(h *host) error {
	if _, err := p.stage.Go(h.end); err != nil {
		return err
	}
	b := bytes.Clone(h.end.Output())
	if len(b) > 0 {
		p.flights = append(p.flights, flight{p.stage.Now().Add(h.delay), h.peer, b})
		p.largest = max(p.largest, len(b))
	}
	return h.ep.Err()
}

func (h *host) take(data []byte, _ bool) error {
	h.got = append(h.got, data...)
	return nil
}

// say says what the program behind the end has to say, if it may.
func (h *host) say() (said bool, err error) {
	rest := h.says[h.spoken:]
	if len(rest) == 0 || !bytes.Equal(h.got, h.awaits) {
		return false, nil
	}
	var n int
	switch h.ep.MayWrite() {
	case event.EarlyData:
		n, err = h.ep.WriteEarly(rest)
	case event.ApplicationData:
		n, err = h.ep.Write(rest)
	}
	h.spoken += n
	return n > 0, err
}
