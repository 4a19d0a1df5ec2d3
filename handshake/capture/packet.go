package capture

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Flags of a TCP header (RFC 9293 §3.1).
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

const (
	ipv4Header = 20
	ipv6Header = 40
	tcpHeader  = 20

	// maxSegment is announced: the payload that fits the 16-bit total length of IPv4. No
	// segment comes near it.
	maxSegment = 0xFFFF - ipv4Header - tcpHeader

	window      = 0xFFFF
	windowScale = 14 // RFC 7323 §2.3: the largest. Nobody's window ever fills up here
)

// synOptions are maximum segment size (RFC 9293 §3.7.1), no-operation, window scale.
var synOptions = []byte{2, 4, maxSegment >> 8, maxSegment & 0xFF, 1, 3, 3, windowScale}

// segment is a TCP segment and the addresses around it, of one family.
type segment struct {
	from, to netip.AddrPort
	seq, ack uint32
	flags    byte
	payload  []byte
}

func (s *segment) options() []byte {
	if s.flags&flagSYN != 0 {
		return synOptions
	}
	return nil
}

// size is that of the whole packet, in bytes.
func (s *segment) size() int {
	ip := ipv6Header
	if s.from.Addr().Is4() {
		ip = ipv4Header
	}
	return ip + tcpHeader + len(s.options()) + len(s.payload)
}

// append appends the packet: IPv4 (RFC 791) or IPv6 (RFC 8200), then TCP.
func (s *segment) append(b []byte) []byte {
	opts := s.options()
	length := tcpHeader + len(opts) + len(s.payload)
	ip := len(b)
	src, dst := s.from.Addr().AsSlice(), s.to.Addr().AsSlice()
	if s.from.Addr().Is4() {
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(ipv4Header+length))
		b = append(b, 0, 0, 0x40, 0) // no identification; don't fragment (RFC 6864 §4.1)
		b = append(b, 64, 6, 0, 0)   // time to live, TCP, checksum
		b = append(append(b, src...), dst...)
		binary.BigEndian.PutUint16(b[ip+10:], ^fold(sum(0, b[ip:])))
	} else {
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(length))
		b = append(b, 6, 64) // TCP, hop limit
		b = append(append(b, src...), dst...)
	}

	tcp := len(b)
	b = binary.BigEndian.AppendUint16(b, s.from.Port())
	b = binary.BigEndian.AppendUint16(b, s.to.Port())
	b = binary.BigEndian.AppendUint32(b, s.seq)
	b = binary.BigEndian.AppendUint32(b, s.ack)
	b = append(b, byte(tcpHeader+len(opts))<<2, s.flags)
	b = binary.BigEndian.AppendUint16(b, window)
	b = append(b, 0, 0, 0, 0) // checksum, urgent pointer
	b = append(append(b, opts...), s.payload...)

	pseudo := uint64(fold(sum(sum(0, src), dst))) + 6 + uint64(length) // the pseudo-header of RFC 9293 §3.1
	binary.BigEndian.PutUint16(b[tcp+16:], ^fold(sum(pseudo, b[tcp:])))
	return b
}

// sum adds b to acc as the internet checksum does (RFC 1071): in one's complement, where
// eight bytes at a time come to the same as two. An odd byte counts as if a zero followed.
func sum(acc uint64, b []byte) uint64 {
	var carry uint64
	for ; len(b) >= 8; b = b[8:] {
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b), carry)
	}
	var last [8]byte
	copy(last[:], b)
	acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(last[:]), carry)
	acc, carry = bits.Add64(acc, 0, carry)
	return acc + carry
}

// fold brings a sum down to 16 bits.
func fold(acc uint64) uint16 {
	for acc > 0xFFFF {
		acc = acc>>16 + acc&0xFFFF
	}
	return uint16(acc)
}
