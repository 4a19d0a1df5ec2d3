package dissect

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
)

// A Segment is one of TCP. Payload is the packet's own, as Packet.Data is.
type Segment struct {
	From, To            netip.AddrPort
	Seq, Ack            uint32
	Syn, Acks, Fin, Rst bool // Acks: the field Ack counts
	Payload             []byte
	Cut                 int // bytes of the payload that the recorder did not keep
	Time                time.Time
	Packet              int
}

// A Datagram is one of UDP.
type Datagram struct {
	From, To netip.AddrPort
	Payload  []byte
	Time     time.Time
	Packet   int
}

// Layers takes packets apart. Its zero value is ready.
type Layers struct {
	eth  layers.Ethernet
	vlan layers.Dot1Q
	sll  layers.LinuxSLL
	sll2 layers.LinuxSLL2
	loop layers.Loopback
	ip4  layers.IPv4
	ip6  layers.IPv6
	tcp  layers.TCP
	udp  layers.UDP

	frag4          *ip4defrag.IPv4Defragmenter
	frag6          *ip6defrag.IPv6Defragmenter
	count4, count6 int // fragments taken in since the old ones were forgotten

	segment  Segment
	datagram Datagram
}

// cut notes that a layer found less than it had been promised.
type cut bool

func (c *cut) SetTruncated() { *c = true }

// keptFragments is how many fragments may come before all are forgotten whose others have not
// come. When they came does not count: a file may say any time.
const keptFragments = 1024

// Link types that gopacket has no name for (tcpdump.org/linktypes.html).
const (
	linkRawBSD   layers.LinkType = 12 // DLT_RAW, as BSD has it
	linkRawOther layers.LinkType = 14
	linkSLL2     layers.LinkType = 276
)

// Packet returns the segment or the datagram that a packet carries, or that it completes; both nil for
// all else. They are good until the next packet.
func (l *Layers) Packet(p Packet) (*Segment, *Datagram) {
	kind, b := l.link(p)
	switch kind {
	case layers.EthernetTypeIPv4:
		return l.v4(p, b)
	case layers.EthernetTypeIPv6:
		return l.v6(p, b)
	}
	return nil, nil
}

// link takes off what stands around IP; 0 is something else.
func (l *Layers) link(p Packet) (layers.EthernetType, []byte) {
	none := gopacket.NilDecodeFeedback
	var kind layers.EthernetType
	b := p.Data
	switch p.Link {
	case layers.LinkTypeEthernet:
		if l.eth.DecodeFromBytes(b, none) != nil {
			return 0, nil
		}
		kind, b = l.eth.EthernetType, l.eth.Payload
	case layers.LinkTypeLinuxSLL:
		if l.sll.DecodeFromBytes(b, none) != nil {
			return 0, nil
		}
		kind, b = l.sll.EthernetType, l.sll.Payload
	case linkSLL2:
		if l.sll2.DecodeFromBytes(b, none) != nil {
			return 0, nil
		}
		kind, b = layers.EthernetType(l.sll2.ProtocolType), l.sll2.Payload
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		if l.loop.DecodeFromBytes(b, none) != nil {
			return 0, nil
		}
		return bare(l.loop.Payload)
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, linkRawBSD, linkRawOther:
		return bare(b)
	default:
		return 0, nil
	}
	for range 4 { // a VLAN in a VLAN, and no ladder of them
		if kind != layers.EthernetTypeDot1Q && kind != layers.EthernetTypeQinQ && kind != 0x9100 {
			break
		}
		if l.vlan.DecodeFromBytes(b, none) != nil {
			return 0, nil
		}
		kind, b = l.vlan.Type, l.vlan.Payload
	}
	return kind, b
}

// bare says by its first four bits which IP b is.
func bare(b []byte) (layers.EthernetType, []byte) {
	if len(b) == 0 {
		return 0, nil
	}
	switch b[0] >> 4 {
	case 4:
		return layers.EthernetTypeIPv4, b
	case 6:
		return layers.EthernetTypeIPv6, b
	}
	return 0, nil
}

func (l *Layers) v4(p Packet, b []byte) (*Segment, *Datagram) {
	var short cut
	if l.ip4.DecodeFromBytes(b, &short) != nil {
		return nil, nil
	}
	ip := &l.ip4
	missing := 0
	if short {
		missing = int(ip.Length) - len(b)
	}
	if ip.Flags&layers.IPv4MoreFragments != 0 || ip.FragOffset != 0 {
		if short {
			return nil, nil // it can never be whole
		}
		if l.frag4 == nil || l.count4 > keptFragments {
			l.frag4, l.count4 = ip4defrag.NewIPv4Defragmenter(), 0
		}
		l.count4++
		own := *ip
		own.Payload = bytes.Clone(ip.Payload)
		whole, err := l.frag4.DefragIPv4WithTimestamp(&own, p.Time)
		if err != nil || whole == nil {
			return nil, nil
		}
		ip = whole
	}
	from, _ := netip.AddrFromSlice(ip.SrcIP)
	to, _ := netip.AddrFromSlice(ip.DstIP)
	return l.transport(p, ip.Protocol, from, to, ip.Payload, missing)
}

func (l *Layers) v6(p Packet, b []byte) (*Segment, *Datagram) {
	var short cut
	if l.ip6.DecodeFromBytes(b, &short) != nil {
		return nil, nil
	}
	ip := &l.ip6
	missing := 0
	if short {
		missing = 40 + int(ip.Length) - len(b)
	}
	next, payload := ip.NextHeader, ip.Payload
	if ip.HopByHop != nil {
		next, payload = ip.HopByHop.NextHeader, ip.HopByHop.Payload
	}
	for range 8 { // as many extension headers as anybody sends, and more
		switch next {
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			// Eight bytes, and as many times eight as the second says (RFC 8200 §4.2).
			if len(payload) < 8 || len(payload) < 8+8*int(payload[1]) {
				return nil, nil
			}
			next, payload = layers.IPProtocol(payload[0]), payload[8+8*int(payload[1]):]
			continue
		case layers.IPProtocolIPv6Fragment:
			if short {
				return nil, nil
			}
			var f layers.IPv6Fragment
			if f.DecodeFromBytes(payload, gopacket.NilDecodeFeedback) != nil {
				return nil, nil
			}
			f.Payload = bytes.Clone(f.Payload)
			if l.frag6 == nil || l.count6 > keptFragments {
				l.frag6, l.count6 = ip6defrag.NewIPv6Defragmenter(), 0
			}
			l.count6++
			own := *ip
			own.SrcIP, own.DstIP = bytes.Clone(ip.SrcIP), bytes.Clone(ip.DstIP)
			whole := l.frag6.DefragIPv6(&own, &f)
			if whole == nil {
				return nil, nil
			}
			next, payload = whole.NextHeader, whole.Payload
			continue
		}
		break
	}
	from, _ := netip.AddrFromSlice(ip.SrcIP)
	to, _ := netip.AddrFromSlice(ip.DstIP)
	return l.transport(p, next, from, to, payload, missing)
}

func (l *Layers) transport(p Packet, proto layers.IPProtocol, from, to netip.Addr, b []byte, missing int) (*Segment, *Datagram) {
	var short cut
	switch proto {
	case layers.IPProtocolTCP:
		t := &l.tcp
		if t.DecodeFromBytes(b, &short) != nil || short {
			return nil, nil
		}
		l.segment = Segment{From: netip.AddrPortFrom(from, uint16(t.SrcPort)), To: netip.AddrPortFrom(to, uint16(t.DstPort)), Seq: t.Seq, Ack: t.Ack,
			Syn: t.SYN, Acks: t.ACK, Fin: t.FIN, Rst: t.RST, Payload: t.Payload, Cut: max(missing, 0), Time: p.Time, Packet: p.Number}
		return &l.segment, nil
	case layers.IPProtocolUDP:
		u := &l.udp
		if u.DecodeFromBytes(b, &short) != nil || short || missing > 0 {
			return nil, nil
		}
		l.datagram = Datagram{From: netip.AddrPortFrom(from, uint16(u.SrcPort)), To: netip.AddrPortFrom(to, uint16(u.DstPort)), Payload: u.Payload, Time: p.Time, Packet: p.Number}
		return nil, &l.datagram
	}
	return nil, nil
}
