package pcapng

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// taken are the TCP ports, of those that a system gives to whoever asks for none (32768 to
// 60999 on Linux, 49152 to 65535 by RFC 6335 §6), at which Wireshark expects another
// protocol. It looks for no TLS there, and a connection that happens to have such a port
// stays shut. So says `tshark -G decodes` of Wireshark 4.0:
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

// untaken moves a connection's ends away from taken ports, and says so.
func untaken(ends *[2]streamEnd) (comment string) {
	var said []string
	for i, name := range []string{"client", "server"} {
		was := ends[i].addr.Port()
		port := was
		for slices.Contains(taken, port) {
			port++
		}
		if port != was {
			ends[i].addr = netip.AddrPortFrom(ends[i].addr.Addr(), port)
			said = append(said, fmt.Sprintf("The %s's port was %d. It is %d here, because Wireshark takes what comes at %d for another protocol than TLS.", name, was, port, was))
		}
	}
	return strings.Join(said, " ")
}
