package capture

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// taken are the TCP ports, of those that a system gives to a program that asks for no
// particular port (32768 to 60999 on Linux, 49152 to 65535 by RFC 6335 §6), at which
// Wireshark expects another protocol. It looks for no TLS there, and a connection that
// happens to have such a port stays shut. So says `tshark -G decodes` of Wireshark 4.0:
var taken = []uint16{
	34980, // EtherCAT
	44321, // Performance Co-Pilot
	44322, // its proxy
	44818, // EtherNet/IP
	48049, // cell broadcast (3GPP TS 48.049)
	48898, // AMS
	57000, // IRC
}

// Taken are the ports of which a Stream shows another one: see Open.
func Taken() []uint16 { return slices.Clone(taken) }

// between is who talks to whom, whoever began.
type between [2]netip.AddrPort

func (s *Stream) between() between {
	b := between{s.ends[client].addr, s.ends[server].addr}
	if b[0].Compare(b[1]) > 0 {
		b[0], b[1] = b[1], b[0]
	}
	return b
}

// untaken moves a connection's ends away from taken ports, and says so. The port that it
// moves to may be another connection's: two that are under way at a time must not look like
// one, nor the two ends of one. It needs w's mu.
func (w *Writer) untaken(s *Stream) (comment string) {
	var said []string
	for i, name := range []string{"client", "server"} {
		was := s.ends[i].addr.Port()
		why := fmt.Sprintf("Wireshark takes what comes at %d for another protocol than TLS", was)
		if !slices.Contains(taken, was) {
			if i != client || !w.underWay[s.between()].moved {
				continue
			}
			why = "a connection whose port was changed has that one"
		}
		port := was
		for {
			port++
			s.ends[i].addr = netip.AddrPortFrom(s.ends[i].addr.Addr(), port)
			b := s.between()
			if port != 0 && !slices.Contains(taken, port) && b[0] != b[1] && w.underWay[b].n == 0 {
				break
			}
		}
		s.moved = true
		said = append(said, fmt.Sprintf("The %s's port was %d. It is %d here, because %s.", name, was, port, why))
	}
	return strings.Join(said, " ")
}

// underWay is how many streams there are between two ends, and whether one of them was moved.
type underWay struct {
	n     int
	moved bool
}

// begin and end keep the books of them. They need w's mu.
func (w *Writer) begin(s *Stream) {
	if w.underWay == nil {
		w.underWay = map[between]underWay{}
	}
	u := w.underWay[s.between()]
	w.underWay[s.between()] = underWay{u.n + 1, u.moved || s.moved}
}

func (w *Writer) end(s *Stream) {
	u := w.underWay[s.between()]
	if u.n--; u.n == 0 {
		delete(w.underWay, s.between())
		return
	}
	w.underWay[s.between()] = u
}
