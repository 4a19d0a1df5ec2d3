package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// file is what a reader written from the drafts and RFCs, and not from the writer, finds
// in a capture.
type file struct {
	comment, application string
	ifaces               []string
	fillers              []int // the blocks that only fill a page, in bytes
	crossing             int   // how many blocks cross a multiple of 4096
	order                []any // *packet and secrets, as they stand
}

type secrets string

// packet is one TCP segment.
type packet struct {
	iface    int
	at       time.Time
	src, dst netip.AddrPort
	seq, ack uint32
	flags    byte
	payload  []byte
	comment  string
}

const fin, syn, rst, psh, ack = 1, 2, 4, 8, 16

// read parses a whole file; what is not as it must be fails the test.
func read(t testing.TB, b []byte) *file {
	t.Helper()
	f, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func parse(b []byte) (*file, error) {
	f := new(file)
	le := binary.LittleEndian
	for at := 0; at < len(b); {
		if len(b)-at < 12 {
			return nil, fmt.Errorf("at %d: %d bytes are no block", at, len(b)-at)
		}
		kind, n := le.Uint32(b[at:]), int(le.Uint32(b[at+4:]))
		if n%4 != 0 || n < 12 || n > len(b)-at || int(le.Uint32(b[at+n-4:])) != n {
			return nil, fmt.Errorf("at %d: block %#x of %d bytes", at, kind, n)
		}
		body := b[at+8 : at+n-4]
		if at/4096 != (at+n-1)/4096 {
			f.crossing++
		}
		if (kind == 0x0A0D0D0A) != (at == 0) {
			return nil, fmt.Errorf("at %d: block %#x", at, kind)
		}
		switch kind {
		case 0x0A0D0D0A:
			if !bytes.Equal(body[:16], []byte{0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}) {
				return nil, fmt.Errorf("section header % x", body)
			}
			o, err := readOptions(body[16:])
			if err != nil {
				return nil, err
			}
			f.comment, f.application = o[1], o[4]
		case 1:
			o, err := readOptions(body[8:])
			if err != nil {
				return nil, err
			}
			if le.Uint16(body) != 101 || le.Uint32(body[4:]) != 0 || o[9] != "\x09" {
				return nil, fmt.Errorf("interface % x", body)
			}
			f.ifaces = append(f.ifaces, o[2]+"|"+o[3])
		case 10:
			if string(body[:4]) != "KSLT" {
				return nil, fmt.Errorf("secrets of type %q", body[:4])
			}
			keys := int(le.Uint32(body[4:]))
			if _, err := readOptions(body[8+(keys+3)/4*4:]); err != nil {
				return nil, err
			}
			f.order = append(f.order, secrets(body[8:8+keys]))
		case 4:
			if string(body[:4]) != "\x00\x00\x00\x00" {
				return nil, fmt.Errorf("a filler with names: % x", body)
			}
			if _, err := readOptions(body[4:]); err != nil {
				return nil, err
			}
			f.fillers = append(f.fillers, n)
		case 6:
			p, err := readPacket(body)
			if err != nil {
				return nil, err
			}
			if p.iface >= len(f.ifaces) {
				return nil, fmt.Errorf("interface %d was not described", p.iface)
			}
			f.order = append(f.order, p)
		default:
			return nil, fmt.Errorf("block %#x", kind)
		}
		at += n
	}
	return f, nil
}

func readOptions(b []byte) (map[uint16]string, error) {
	out := map[uint16]string{}
	for len(b) >= 4 {
		code, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if b = b[4:]; code == 0 {
			break
		}
		if (n+3)/4*4 > len(b) {
			return nil, fmt.Errorf("option %d of %d bytes", code, n)
		}
		out[code] = string(b[:n])
		b = b[(n+3)/4*4:]
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("% x behind the options", b)
	}
	return out, nil
}

func readPacket(body []byte) (*packet, error) {
	le, be := binary.LittleEndian, binary.BigEndian
	n := int(le.Uint32(body[12:]))
	if int(le.Uint32(body[16:])) != n || len(body) < 20+(n+3)/4*4 {
		return nil, fmt.Errorf("a packet of %d bytes, %d of them captured, in a block of %d", le.Uint32(body[16:]), n, len(body))
	}
	options, err := readOptions(body[20+(n+3)/4*4:])
	if err != nil {
		return nil, err
	}
	p := &packet{comment: options[1], iface: int(le.Uint32(body)), at: time.Unix(0, int64(le.Uint32(body[4:]))<<32|int64(le.Uint32(body[8:])))}
	ip := body[20 : 20+n]
	var pseudo, tcp []byte
	var src, dst netip.Addr
	switch ip[0] {
	case 0x45:
		if int(be.Uint16(ip[2:])) != n || ip[9] != 6 || plainSum(ip[:20]) != 0xFFFF {
			return nil, fmt.Errorf("IPv4 header % x", ip[:20])
		}
		src, dst, tcp = netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:])), ip[20:]
		pseudo = bytes.Clone(ip[12:20])
	case 0x60:
		if int(be.Uint16(ip[4:])) != n-40 || ip[6] != 6 {
			return nil, fmt.Errorf("IPv6 header % x", ip[:40])
		}
		src, dst, tcp = netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:])), ip[40:]
		pseudo = bytes.Clone(ip[8:40])
	default:
		return nil, fmt.Errorf("IP % x", ip)
	}
	pseudo = be.AppendUint32(pseudo, uint32(len(tcp)))
	pseudo = append(pseudo, 0, 0, 0, 6)
	if got := plainSum(append(pseudo, tcp...)); got != 0xFFFF {
		return nil, fmt.Errorf("the TCP checksum is off by %#x", got)
	}
	p.src, p.dst = netip.AddrPortFrom(src, be.Uint16(tcp)), netip.AddrPortFrom(dst, be.Uint16(tcp[2:]))
	p.seq, p.ack, p.flags = be.Uint32(tcp[4:]), be.Uint32(tcp[8:]), tcp[13]
	p.payload = tcp[tcp[12]>>4*4:]
	return p, nil
}

// plainSum is RFC 1071's own definition, two bytes at a time.
func plainSum(b []byte) uint16 {
	s := uint32(0)
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i]) << 8
		if i+1 < len(b) {
			s += uint32(b[i+1])
		}
		s = s>>16 + s&0xFFFF
	}
	return uint16(s)
}

func (f *file) packets() []*packet {
	var out []*packet
	for _, x := range f.order {
		if p, ok := x.(*packet); ok {
			out = append(out, p)
		}
	}
	return out
}

// conversation is what a receiver of TCP makes of one stream's packets: each in its turn,
// nothing missing, nothing twice, nothing acknowledged that was not sent.
type conversation struct {
	client, server     netip.AddrPort
	toServer, toClient []byte
	story              string // S for SYN, s SYN/ACK, F and f FIN of client and server, R and r RST
}

func follow(t testing.TB, packets []*packet) *conversation {
	t.Helper()
	c := &conversation{client: packets[0].src, server: packets[0].dst}
	var story strings.Builder
	next, started, open := map[netip.AddrPort]uint32{}, map[netip.AddrPort]bool{}, true
	last := packets[0].at
	for i, p := range packets {
		switch {
		case !open && p.flags != ack:
			t.Fatalf("packet %d comes after the end", i)
		case p.at.Before(last):
			t.Fatalf("packet %d is %v before the one in front of it", i, last.Sub(p.at))
		case p.src != c.client && p.src != c.server || p.src == p.dst:
			t.Fatalf("packet %d is from %v", i, p.src)
		case started[p.src] == (p.flags&syn != 0):
			t.Fatalf("packet %d: flags %#x", i, p.flags)
		case started[p.src] && p.seq != next[p.src]:
			t.Fatalf("packet %d: sequence number %d, not %d", i, p.seq, next[p.src])
		case started[p.dst] != (p.flags&ack != 0) || started[p.dst] && p.ack != next[p.dst]:
			t.Fatalf("packet %d acknowledges %d, not %d", i, p.ack, next[p.dst])
		}
		last, started[p.src] = p.at, true
		next[p.src] = p.seq + uint32(len(p.payload))
		if p.flags&(syn|fin) != 0 {
			next[p.src]++
		}
		letter := map[byte]string{syn: "S", fin: "F", rst: "R"}[p.flags&(syn|fin|rst)]
		into := &c.toServer
		if p.src == c.server {
			letter, into = strings.ToLower(letter), &c.toClient
		}
		*into = append(*into, p.payload...)
		story.WriteString(letter)
		open = open && p.flags&rst == 0 && strings.Count(strings.ToUpper(story.String()), "F") < 2
	}
	c.story = story.String()
	return c
}
