package proxy

import (
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
)

// SOCKS5 is a SOCKS proxy (RFC 1928): CONNECT alone, and no authentication.
var SOCKS5 Mode = socks5{}

type socks5 struct{}

// What RFC 1928 numbers, as far as it is of use here.
const (
	socksVersion        = 5
	socksNoAuth         = 0
	socksNoneAcceptable = 0xff
	socksConnect        = 1
	socksIPv4           = 1
	socksDomain         = 3
	socksIPv6           = 4
	socksSucceeded      = 0
	socksNotSupported   = 7
	socksNotAnAddress   = 8
)

func (socks5) target(s *session) (target, bool) {
	t, err := s.socks()
	if err != nil {
		s.failed(s.blame(PhaseOpening, SideClient, err))
		return target{}, false
	}
	s.client.beginTLS()
	return t, true
}

// socks speaks the server's part of SOCKS5. That the server was reached is said at once,
// as after CONNECT: it is called when the client has said hello.
func (s *session) socks() (t target, err error) {
	b, err := s.client.peek(2)
	if err != nil {
		return t, err
	}
	if b[0] != socksVersion {
		return t, &NoRequest{NotSOCKS, fmt.Sprintf("0x%02x", b[0])}
	}
	n := 2 + int(b[1])
	if b, err = s.client.peek(n); err != nil {
		return t, err
	}
	method := byte(socksNoneAcceptable)
	for _, m := range b[2:n] {
		if m == socksNoAuth {
			method = socksNoAuth
		}
	}
	s.client.skip(n)
	if _, err := s.client.Write([]byte{socksVersion, method}); err != nil {
		return t, err
	}
	if method != socksNoAuth {
		return t, &NoRequest{Why: SOCKSAuth}
	}
	if b, err = s.client.peek(5); err != nil { // version, command, reserved, type, first byte
		return t, err
	}
	n = map[byte]int{socksIPv4: net.IPv4len, socksIPv6: net.IPv6len, socksDomain: 1 + int(b[4])}[b[3]]
	switch {
	case b[0] != socksVersion || b[1] != socksConnect:
		return t, s.socksRefuse(socksNotSupported, &NoRequest{SOCKSCommand, strconv.Itoa(int(b[1]))})
	case n == 0:
		return t, s.socksRefuse(socksNotAnAddress, &NoRequest{SOCKSAddress, strconv.Itoa(int(b[3]))})
	case b[3] == socksDomain && b[4] == 0: // to dial it would be to dial ourselves
		return t, s.socksRefuse(socksNotAnAddress, &NoRequest{Why: SOCKSEmptyName})
	}
	if b, err = s.client.peek(4 + n + 2); err != nil {
		return t, err
	}
	addr := b[4 : 4+n]
	if b[3] == socksDomain {
		t.host = string(addr[1:])
	} else {
		t.host = net.IP(addr).String()
	}
	t.port = strconv.Itoa(int(binary.BigEndian.Uint16(b[4+n:])))
	s.client.skip(4 + n + 2)
	return t, s.socksReply(socksSucceeded)
}

func (s *session) socksReply(code byte) error {
	_, err := s.client.Write([]byte{socksVersion, code, 0, socksIPv4, 0, 0, 0, 0, 0, 0}) // bound to no address that matters
	return err
}

func (s *session) socksRefuse(code byte, why error) error {
	_ = s.socksReply(code) // why is what counts
	return why
}
