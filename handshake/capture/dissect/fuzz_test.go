package dissect_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"tlslab/handshake/capture/dissect"
)

// captures are small files of real software.
func captures(f *testing.F) (files [][]byte) {
	f.Helper()
	names, err := filepath.Glob("../../explain/testdata/*.pcapng")
	if err != nil || len(names) == 0 {
		f.Fatal("no captures", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 5000 {
			files = append(files, b)
		}
	}
	return files
}

// oldFormat is a file of pcap: of a byte order, with a number for the resolution of its clock.
func oldFormat(order binary.AppendByteOrder, magic uint32, link layers.LinkType, packets ...[]byte) []byte {
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 1<<16)
	b = order.AppendUint32(b, uint32(link))
	for i, p := range packets {
		for _, n := range []uint32{uint32(i), 5, uint32(len(p)), uint32(len(p))} {
			b = order.AppendUint32(b, n)
		}
		b = append(b, p...)
	}
	return b
}

const (
	microseconds = 0xa1b2c3d4
	nanoseconds  = 0xa1b23c4d
)

// Whatever a file has in it, it is read to an end or to a place that is named, and packets are no
// longer than it.
func FuzzReader(f *testing.F) {
	for _, b := range captures(f) {
		f.Add(b)
	}
	f.Add(oldFormat(binary.LittleEndian, microseconds, layers.LinkTypeRaw, []byte("one"), []byte("another")))
	f.Add(oldFormat(binary.BigEndian, nanoseconds, layers.LinkTypeEthernet, []byte("one")))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := dissect.NewReader(bytes.NewReader(file))
		total := 0
		for n := 0; err == nil; {
			var p dissect.Packet
			if p, err = r.Next(); err != nil {
				break
			}
			if n++; p.Number != n {
				t.Fatalf("packet %d is number %d", n, p.Number)
			}
			total += len(p.Data)
			r.Secrets()
		}
		var broken *dissect.Error
		if !errors.Is(err, io.EOF) && !errors.As(err, &broken) {
			t.Fatalf("%T: %v", err, err)
		}
		if gzip := len(file) > 2 && file[0] == 0x1f; total > len(file) && !gzip {
			t.Fatalf("%d bytes of packets in a file of %d", total, len(file))
		}
		if r != nil {
			if _, again := r.Next(); again == nil || again.Error() != err.Error() {
				t.Fatalf("behind %v comes %v", err, again)
			}
		}
	})
}

// Packets of any kind come to an end, and what is in one was in it, or in the fragments before it.
func FuzzLayers(f *testing.F) {
	links := []layers.LinkType{layers.LinkTypeEthernet, layers.LinkTypeLinuxSLL, 276, layers.LinkTypeNull, layers.LinkTypeLoop, layers.LinkTypeRaw, 12, 14, layers.LinkTypeIPv4, layers.LinkTypeIPv6, 9999}
	for _, b := range captures(f) {
		r, err := dissect.NewReader(bytes.NewReader(b))
		if err != nil {
			f.Fatal(err)
		}
		var packets []byte
		for {
			p, err := r.Next()
			if err != nil {
				break
			}
			packets = append(binary.BigEndian.AppendUint16(packets, uint16(len(p.Data))), p.Data...)
		}
		f.Add(uint8(0), packets)
		f.Add(uint8(5), packets)
	}
	for _, b := range framesOfAllKinds() {
		for i := range links {
			f.Add(uint8(i), append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
		}
	}
	f.Fuzz(func(t *testing.T, link uint8, packets []byte) {
		var l dissect.Layers
		all := 0
		for n := 1; len(packets) > 2; n++ {
			k := min(int(binary.BigEndian.Uint16(packets)), len(packets)-2)
			data := packets[2 : 2+k]
			packets = packets[2+k:]
			all += k
			segment, datagram := l.Packet(dissect.Packet{Number: n, Time: time.Unix(int64(n), 0), Link: links[int(link)%len(links)], Data: data, Length: k})
			switch {
			case segment != nil && datagram != nil:
				t.Fatal("it is TCP and UDP")
			case segment != nil:
				if len(segment.Payload) > all || segment.Cut < 0 || segment.Cut > 1<<17 || !segment.From.IsValid() || !segment.To.IsValid() || segment.Packet != n {
					t.Fatalf("%+v of %d bytes", segment, all)
				}
			case datagram != nil:
				if len(datagram.Payload) > all || !datagram.From.IsValid() || !datagram.To.IsValid() || datagram.Packet != n {
					t.Fatalf("%+v of %d bytes", datagram, all)
				}
			}
		}
	})
}

// framesOfAllKinds are packets of IPv4 and IPv6 with fragments and extension headers.
func framesOfAllKinds() (out [][]byte) {
	tcp := append([]byte{0, 80, 1, 187, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}, "GET"...)
	v4 := func(fragment uint16, b []byte) []byte {
		h := []byte{0x45, 0, 0, byte(20 + len(b)), 0, 7, byte(fragment >> 8), byte(fragment), 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2}
		return append(h, b...)
	}
	v6 := func(next byte, b []byte) []byte {
		h := append([]byte{0x60, 0, 0, 0, 0, byte(len(b)), next, 64}, make([]byte, 32)...)
		h[23], h[39] = 1, 2
		return append(h, b...)
	}
	out = append(out, v4(0, tcp), v4(0x2000, tcp[:16]), v4(2, tcp[16:]), v6(6, tcp),
		v6(44, append([]byte{6, 0, 0, 1, 0, 0, 0, 9}, tcp[:16]...)), v6(44, append([]byte{6, 0, 0, 16, 0, 0, 0, 9}, tcp[16:]...)),
		v6(0, append([]byte{60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0}, tcp...)))
	for _, ip := range slices.Clone(out) {
		out = append(out, append(append(make([]byte, 12), 8, 0), ip...), append(append(make([]byte, 12), 0x81, 0, 0, 1, 8, 0), ip...))
	}
	return out
}

// FuzzAssembler plays segments of one connection, in any order and number, doubled, with other bytes, with holes, and holds what is told
// against a reassembler that keeps everything: each byte that came is told once, in its place, as one of those that
// were sent there; what never came is a gap; and two versions of a byte are told of.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte{0, 0, 10, 0, 0, 10, 10, 0, 1, 0, 9, 0, 2, 10, 0, 0})
	f.Add([]byte{0, 20, 10, 0, 0, 0, 5, 0, 0, 3, 30, 7, 2, 30, 0, 0, 3, 4, 4, 1})
	f.Add([]byte{0, 5, 5, 0, 4, 0, 12, 0, 0, 0, 3, 1, 8, 0, 0, 0})
	f.Add([]byte{0x51, 0, 9, 0, 0x10, 0, 160, 0, 0x31, 3, 80, 0, 2, 10, 0, 0})
	f.Add([]byte("00000000"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		const most = 40 // fewer than the segments for which a hole is waited
		var m model
		a := dissect.NewAssembler(func(*dissect.Conversation) dissect.Follower { return &m })
		n := 0
		give := func(s dissect.Segment) {
			n++
			s.Time, s.Packet = time.Unix(int64(n), 0), n
			a.Segment(&s)
		}
		first := [2]uint32{0xfffffff0, 77}
		give(dissect.Segment{From: client, To: server, Seq: first[0] - 1, Syn: true})
		give(dissect.Segment{From: server, To: client, Seq: first[1] - 1, Syn: true, Acks: true, Ack: first[0]})
		for ; len(ops) >= 4 && n < most && !m.over(); ops = ops[4:] {
			by, fin, rst := int(ops[0]&1), ops[0]&2 != 0, ops[0]&12 == 12
			off, size, other := int(ops[1])*3, int(ops[2]), ops[3]
			b := make([]byte, size)
			for i := range b {
				b[i] = byte((off + i) * 7)
				if other != 0 && i%int(other) == 0 {
					b[i] ^= 0x80
				}
			}
			from, to := [2]netip.AddrPort{client, server}[by], [2]netip.AddrPort{client, server}[1-by]
			s := dissect.Segment{From: from, To: to, Seq: first[by] + uint32(off), Payload: bytes.Clone(b), Fin: fin, Rst: rst}
			if ack := ops[0] >> 4; ack > 0 { // also of what was never sent
				s.Acks, s.Ack = true, first[1-by]+uint32(ack-1)*40
				m.halves[1-by].acked = max(m.halves[1-by].acked, int(ack-1)*40)
			}
			m.sent(by, off, b, fin, rst)
			give(s)
			clear(s.Payload) // it is the packet's own
		}
		a.Close()
		m.check(t)
	})
}

// model is the reassembler that keeps everything, and what the other told.
type model struct {
	halves [2]struct {
		versions map[int][]byte // by offset, what was sent there
		fin      int            // where it ends; 0: not known, for a stream without bytes has nothing to be checked
		hasFin   bool
		acked    int   // as much the other end says it has, whether or not the file does
		told     []int // a byte, or -1 in a gap
		differ   bool  // some byte was sent in two versions, at least one of them behind what was told
		overlaps int
		closed   bool
	}
	reset, done bool
}

func (m *model) sent(by, off int, b []byte, fin, rst bool) {
	h := &m.halves[by]
	if rst { // it is heeded only in its place, and has no bytes
		return
	}
	if h.versions == nil {
		h.versions = map[int][]byte{}
	}
	keepAlive := len(b) == 1 && off == len(h.told)-1
	for i, x := range b {
		at := off + i
		if at < len(h.told) && h.told[at] >= 0 && byte(h.told[at]) != x && !keepAlive {
			h.differ = true
		}
		h.versions[at] = append(h.versions[at], x)
	}
	if end := off + len(b); fin && !h.hasFin && end >= len(h.told) {
		h.hasFin, h.fin = true, end
	}
}

func (m *model) over() bool { return m.done }

func side(server bool) int {
	if server {
		return 1
	}
	return 0
}

func (m *model) Bytes(server bool, _ dissect.At, b []byte) {
	h := &m.halves[side(server)]
	for _, x := range b {
		h.told = append(h.told, int(x))
	}
}

func (m *model) Gap(server bool, _ dissect.At, n int64) {
	h := &m.halves[side(server)]
	for range n {
		h.told = append(h.told, -1)
	}
}

func (m *model) Overlap(server bool, _ dissect.At, first, again []byte) {
	h := &m.halves[side(server)]
	h.overlaps++
	if len(first) != len(again) || bytes.Equal(first, again) {
		panic("an overlap that is none")
	}
}

func (m *model) Fin(server bool, _ dissect.At) { m.halves[side(server)].closed = true }
func (m *model) Rst(bool, dissect.At)          { m.reset = true }
func (m *model) Done() {
	if m.done {
		panic("it is over twice")
	}
	m.done = true
}

func (m *model) check(t *testing.T) {
	if !m.done {
		t.Fatal("it is never over")
	}
	for i := range m.halves {
		h := &m.halves[i]
		end := 0
		for at, sent := range h.versions {
			end = max(end, at+1)
			switch {
			case at >= len(h.told):
				if !h.closed && !m.reset {
					t.Fatalf("end %d: byte %d was sent and not told", i, at)
				}
			case h.told[at] < 0:
				t.Fatalf("end %d: byte %d was sent, and is said to be missing", i, at)
			case bytes.IndexByte(sent, byte(h.told[at])) < 0:
				t.Fatalf("end %d: byte %d is told as %x, and was sent as %x", i, at, h.told[at], sent)
			}
		}
		for at, x := range h.told {
			if _, sent := h.versions[at]; x >= 0 && !sent {
				t.Fatalf("end %d: byte %d was never sent", i, at)
			}
		}
		if ends := max(end, h.fin, h.acked); len(h.told) > ends {
			t.Fatalf("end %d: %d bytes are told of, and it ends at %d", i, len(h.told), ends)
		}
		if h.differ && h.overlaps == 0 {
			t.Fatalf("end %d: two versions, and nothing is said", i)
		}
	}
}
