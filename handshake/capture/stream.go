package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// ErrClosed is what comes of bytes for a stream that is closed or reset.
var ErrClosed = errors.New("the captured stream is closed")

// Stream is one TCP connection in the file. The Writer's lock is its lock.
type Stream struct {
	w      *Writer
	iface  int
	ends   [2]streamEnd // client, server
	last   time.Time
	closed bool
	moved  bool // to another port than it had
}

// streamEnd is one of a stream's two ends.
type streamEnd struct {
	addr    netip.AddrPort
	next    uint32 // its next sequence number, modulo 2³²
	unacked int    // bytes it sent since its peer last said something
}

const (
	client = 0
	server = 1
)

const (
	// ackEvery is how many bytes one end sends before the other acknowledges them, if it
	// has nothing else to say: readers keep what is unacknowledged.
	ackEvery = 1 << 16

	// whole is the payload that is not cut in two for the sake of a page: that of a
	// segment on Ethernet, as most of what begins a conversation is. Wireshark knows a
	// CONNECT at any port by its first line, if that is in one segment.
	whole = 1400

	// leastPiece is not worth a segment of its own where there is more to come.
	leastPiece = 256
)

// Open writes a three-way handshake between two addresses, at time t, on an interface
// that Interface has described. They must be of one family; an IPv4 address in IPv6
// clothes (::ffff:192.0.2.1) counts as IPv4, and zones, for which a packet has no room,
// are dropped. A port at which Wireshark expects another protocol (Taken) is the next free
// one in the file, and a comment on the first packet says what it was.
func (w *Writer) Open(iface int, clientAddr, serverAddr netip.AddrPort, t time.Time) (*Stream, error) {
	w.mu.Lock()
	w.streams++
	n := w.streams
	w.mu.Unlock()
	// Streams may reuse a pair of ports, and Wireshark tells them apart by the initial
	// sequence number. Odd factors make it another one for each of 2³² streams.
	return w.open(iface, clientAddr, serverAddr, t, n*0x9E3779B1, n*0x85EBCA6B)
}

// open is Open with the initial sequence numbers given.
func (w *Writer) open(iface int, clientAddr, serverAddr netip.AddrPort, t time.Time, clientSeq, serverSeq uint32) (*Stream, error) {
	c, s := bare(clientAddr), bare(serverAddr)
	if !c.IsValid() || !s.IsValid() || c.Addr().Is4() != s.Addr().Is4() {
		return nil, fmt.Errorf("no TCP connection is from %v to %v", clientAddr, serverAddr)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if iface < 0 || iface >= w.ifaces {
		return nil, fmt.Errorf("interface %d was not described", iface)
	}
	st := &Stream{w: w, iface: iface, last: t, ends: [2]streamEnd{{addr: c, next: clientSeq}, {addr: s, next: serverSeq}}}
	said := w.untaken(st)
	w.begin(st)
	st.putWith(said, client, flagSYN, nil)
	st.put(server, flagSYN|flagACK, nil)
	st.put(client, flagACK, nil)
	return st, w.flush()
}

func bare(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// FromClient writes what the client sent, at time t. Times of one stream do not go
// backwards: an earlier one counts as the last.
func (s *Stream) FromClient(t time.Time, b []byte) error { return s.send(client, t, b) }

// FromServer writes what the server sent.
func (s *Stream) FromServer(t time.Time, b []byte) error { return s.send(server, t, b) }

func (s *Stream) send(from int, t time.Time, p []byte) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.tick(t)
	for len(p) > 0 {
		n := s.piece(len(p))
		flags := byte(flagACK)
		if n == len(p) {
			flags |= flagPSH
		}
		s.put(from, flags, p[:n])
		p = p[n:]
		if s.ends[from].unacked >= ackEvery {
			s.put(1-from, flagACK, nil)
		}
	}
	return s.w.flush()
}

// piece is how many of n bytes the next segment takes: all, or what the page has room
// for, or what a page has.
func (s *Stream) piece(n int) int {
	around := blockOverhead + packetHead + (&segment{from: s.ends[0].addr}).size()
	room := s.w.layout.room() - around
	if n <= room {
		return n
	}
	if n <= whole || room < leastPiece {
		room = page - around
	}
	return min(n, room)
}

// Close writes the end of both directions, begun by the client or the server. A stream
// that is closed or reset stays as it is.
func (s *Stream) Close(t time.Time, byClient bool) error {
	return s.finish(t, func() {
		first := by(byClient)
		s.put(first, flagFIN|flagACK, nil)
		s.put(1-first, flagFIN|flagACK, nil)
		s.put(first, flagACK, nil)
	})
}

// Reset writes that the client or the server broke the connection off.
func (s *Stream) Reset(t time.Time, byClient bool) error {
	return s.finish(t, func() { s.put(by(byClient), flagRST|flagACK, nil) })
}

func by(byClient bool) int {
	if byClient {
		return client
	}
	return server
}

func (s *Stream) finish(t time.Time, last func()) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.closed {
		return s.w.err
	}
	s.closed = true
	s.w.end(s)
	s.tick(t)
	last()
	return s.w.flush()
}

func (s *Stream) tick(t time.Time) {
	if t.After(s.last) {
		s.last = t
	}
}

// packetHead is what an Enhanced Packet Block has in front of the packet, in bytes.
const packetHead = 20

// put lays out a segment, and moves the sequence numbers on: SYN and FIN take one each
// (RFC 9293 §3.4).
func (s *Stream) put(from int, flags byte, payload []byte) { s.putWith("", from, flags, payload) }

// putWith is put of a packet that has a comment, if that is not "".
func (s *Stream) putWith(comment string, from int, flags byte, payload []byte) {
	me, peer := &s.ends[from], &s.ends[1-from]
	seg := segment{from: me.addr, to: peer.addr, seq: me.next, flags: flags, payload: payload}
	if flags&flagACK != 0 {
		seg.ack, peer.unacked = peer.next, 0
	}
	said := options(nil, option{optComment, comment})
	l, n, ns := &s.w.layout, seg.size(), uint64(max(0, s.last.UnixNano()))
	l.begin(enhancedPacket, packetHead+(n+3)/4*4+len(said))
	b := binary.LittleEndian.AppendUint32(l.bytes, uint32(s.iface))
	b = binary.LittleEndian.AppendUint32(b, uint32(ns>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(ns))
	b = binary.LittleEndian.AppendUint32(b, uint32(n)) // captured
	b = binary.LittleEndian.AppendUint32(b, uint32(n)) // on the wire
	l.bytes = append(pad(seg.append(b)), said...)
	l.end()
	me.unacked += len(payload)
	me.next += uint32(len(payload))
	if flags&(flagSYN|flagFIN) != 0 {
		me.next++
	}
}
