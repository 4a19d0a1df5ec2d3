package explain

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"tlslab/handshake/starttls"
)

// Carrier is what TLS was carried in, as what was said before it tells.
type Carrier string

// What can stand before TLS.
const (
	Bare     Carrier = ""         // nothing
	Connect  Carrier = "connect"  // HTTP CONNECT (RFC 9110 §9.3.6)
	SOCKS    Carrier = "socks"    // SOCKS 4, 4a, 5
	StartTLS Carrier = "starttls" // a protocol that went over to TLS, such as SMTP (RFC 3207)
	PROXY    Carrier = "proxy"    // a header that says whom a balancer speaks for (HAProxy's PROXY protocol)
	Some     Carrier = "some"     // something else
)

// Carriers lists every Carrier.
func Carriers() []Carrier { return []Carrier{Bare, Connect, SOCKS, StartTLS, PROXY, Some} }

// starters are how the protocols ask for TLS: what a line of the client's begins with, upper case
// and without an IMAP tag, and which protocol that is.
var starters = []struct{ line, server, protocol string }{
	{"STARTTLS", "220", string(starttls.SMTP)},
	{"STARTTLS", "* ", string(starttls.IMAP)},
	{"STLS", "+OK", string(starttls.POP3)},
	{"AUTH TLS", "220", "ftp"},
	{"AUTH SSL", "220", "ftp"},
	{"STARTTLS", "20", "nntp"},
	{"STARTTLS", "\"", "sieve"}, // ManageSieve (RFC 5804)
	{"STARTTLS", ":", "irc"},
	{"STARTTLS", "", ""},
}

// carrierOf says what was said before TLS, and to whom it led.
func carrierOf(fromClient, fromServer []byte) (Carrier, string) {
	switch {
	case len(fromClient) == 0 && len(fromServer) == 0:
		return Bare, ""
	case bytes.HasPrefix(fromClient, []byte("CONNECT ")):
		if f := strings.Fields(firstLine(fromClient)); len(f) >= 2 {
			return Connect, f[1]
		}
		return Connect, ""
	case len(fromClient) > 8 && fromClient[0] == 5:
		return SOCKS, socks5(fromClient)
	case len(fromClient) > 8 && fromClient[0] == 4:
		return SOCKS, socks4(fromClient)
	case bytes.HasPrefix(fromClient, []byte("PROXY ")):
		if f := strings.Fields(firstLine(fromClient)); len(f) == 6 {
			return PROXY, f[2]
		}
		return PROXY, ""
	case bytes.HasPrefix(fromClient, proxy2):
		return PROXY, ""
	case len(fromClient) > 6 && fromClient[0] == 3 && fromClient[1] == 0 && fromClient[5] == 0xe0:
		return StartTLS, "rdp" // a connection request of X.224 in TPKT
	case string(fromClient) == starttls.SSLRequest:
		return StartTLS, string(starttls.Postgres)
	case bytes.Contains(fromClient, []byte(starttls.StartTLSOperation)):
		return StartTLS, string(starttls.LDAP)
	case bytes.Contains(fromClient, []byte("urn:ietf:params:xml:ns:xmpp-tls")) && bytes.Contains(fromClient, []byte("jabber:server")):
		return StartTLS, string(starttls.XMPPServer)
	case bytes.Contains(fromClient, []byte("urn:ietf:params:xml:ns:xmpp-tls")):
		return StartTLS, string(starttls.XMPP)
	case len(fromServer) > 5 && fromServer[3] == 0 && fromServer[4] == 10 && len(fromClient) == 36:
		return StartTLS, string(starttls.MySQL) // an initial handshake, version 10, and an SSLRequest
	}
	last := strings.ToUpper(lastLine(fromClient))
	if _, after, found := strings.Cut(last, " "); found && strings.HasPrefix(string(fromServer), "* ") {
		last = after
	}
	if bytes.HasPrefix(bytes.ToUpper(fromClient), []byte("LHLO")) && last == "STARTTLS" {
		return StartTLS, "lmtp"
	}
	for _, p := range starters {
		if strings.HasPrefix(last, p.line) && strings.HasPrefix(string(fromServer), p.server) {
			return StartTLS, p.protocol
		}
	}
	return Some, ""
}

var proxy2 = []byte("\r\n\r\n\x00\r\nQUIT\n")

// wraps: TLS stands in packets of another protocol, one by one, and not behind a word of it: TDS's, of
// Microsoft's SQL Server. That is not taken apart here.
func wraps(fromClient []byte) bool {
	return len(fromClient) > 1 && fromClient[0] == 0x12 && fromClient[1] == 1
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return strings.TrimSpace(string(line))
}

func lastLine(b []byte) string {
	b = bytes.TrimSpace(b)
	return strings.TrimSpace(string(b[bytes.LastIndexByte(b, '\n')+1:]))
}

// socks5 is the target of the request behind the greeting (RFC 1928 §4); a password may
// stand between them (RFC 1929).
func socks5(b []byte) string {
	b = b[min(len(b), 2+int(b[1])):]
	if len(b) > 2 && b[0] == 1 {
		n := 2 + int(b[1])
		if len(b) <= n {
			return ""
		}
		b = b[min(len(b), n+1+int(b[n])):]
	}
	if len(b) < 5 || b[0] != 5 {
		return ""
	}
	kind, b := b[3], b[4:]
	host := ""
	switch n := map[byte]int{1: 4, 4: 16}[kind]; {
	case n > 0 && len(b) >= n+2:
		a, _ := netip.AddrFromSlice(b[:n])
		host, b = a.String(), b[n:]
	case kind == 3 && len(b) >= int(b[0])+3:
		host, b = string(b[1:1+int(b[0])]), b[1+int(b[0]):]
	default:
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(b))))
}

// socks4 is the target of the request; 4a has a name behind the user's.
func socks4(b []byte) string {
	a, _ := netip.AddrFromSlice(b[4:8])
	host := a.String()
	if _, rest, found := bytes.Cut(b[8:], []byte{0}); found && b[4] == 0 && b[5] == 0 && b[6] == 0 && b[7] != 0 {
		if name, _, found := bytes.Cut(rest, []byte{0}); found {
			host = string(name)
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(b[2:]))))
}
