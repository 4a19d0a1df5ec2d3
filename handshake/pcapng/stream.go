package pcapng

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// ErrClosed is what comes of bytes for a stream that is closed or reset.
var ErrClosed = errors.New("the captured stream is closed")

// Stream is one TCP connection in the file.
type Stream struct {
	w     *Writer
	iface int

	mu     sync.Mutex
	ends   [2]peerEnd // client, server
	last   time.Time
	closed bool
}

// peerEnd is one of a stream's two ends.
type peerEnd struct {
	addr    netip.AddrPort
	next    uint32 // its next sequence number, modulo 2³²
	unacked int    // bytes it sent since its peer last said something
}

const (
	client = 0
	server = 1
)

// ackEvery is how many bytes one end sends before the other acknowledges them, if it has
// nothing else to say: readers keep what is unacknowledged.
const ackEvery = 1 << 16

// Open writes a three-way handshake between two addresses, at time t, on an interface
// that Interface has described. They must be of one family; an IPv4 address in IPv6
// clothes (::ffff:192.0.2.1) counts as IPv4, and zones, for which a packet has no room,
// are dropped.
func (w *Writer) Open(iface int, clientAddr, serverAddr netip.AddrPort, t time.Time) (*Stream, error) {
	n := w.streams.Add(1)
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
	st := &Stream{w: w, iface: iface, last: t, ends: [2]peerEnd{{addr: c, next: clientSeq}, {addr: s, next: serverSeq}}}
	b := newBatch()
	defer b.free()
	st.put(b, client, flagSYN, nil)
	st.put(b, server, flagSYN|flagACK, nil)
	st.put(b, client, flagACK, nil)
	if err := b.leave(w); err != nil {
		return nil, err
	}
	return st, nil
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.tick(t)
	b := newBatch()
	defer b.free()
	for len(p) > 0 {
		n := min(len(p), maxSegment)
		s.put(b, from, flagPSH|flagACK, p[:n])
		p = p[n:]
		if s.ends[from].unacked >= ackEvery {
			s.put(b, 1-from, flagACK, nil)
		}
		if err := b.leave(s.w); err != nil {
			return err
		}
	}
	return nil
}

// Close writes the end of both directions, begun by the client or the server. A stream
// that is closed or reset stays as it is.
func (s *Stream) Close(t time.Time, byClient bool) error {
	return s.finish(t, func(b *batch) {
		first := server
		if byClient {
			first = client
		}
		s.put(b, first, flagFIN|flagACK, nil)
		s.put(b, 1-first, flagFIN|flagACK, nil)
		s.put(b, first, flagACK, nil)
	})
}

// Reset writes that the client or the server broke the connection off.
func (s *Stream) Reset(t time.Time, byClient bool) error {
	return s.finish(t, func(b *batch) {
		by := server
		if byClient {
			by = client
		}
		s.put(b, by, flagRST|flagACK, nil)
	})
}

func (s *Stream) finish(t time.Time, last func(*batch)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.w.Err()
	}
	s.closed = true
	s.tick(t)
	b := newBatch()
	defer b.free()
	last(b)
	return b.leave(s.w)
}

func (s *Stream) tick(t time.Time) {
	if t.After(s.last) {
		s.last = t
	}
}

// put adds a segment to a batch, and moves the sequence numbers on: SYN and FIN take one
// each (RFC 9293 §3.4).
func (s *Stream) put(b *batch, from int, flags byte, payload []byte) {
	me, peer := &s.ends[from], &s.ends[1-from]
	seg := segment{from: me.addr, to: peer.addr, seq: me.next, flags: flags, payload: payload}
	if flags&flagACK != 0 {
		seg.ack, peer.unacked = peer.next, 0
	}
	start := len(b.bytes)
	b.bytes = packetHead(b.bytes, s.iface, s.last, seg.size())
	b.bytes = end(pad(seg.append(b.bytes)), start)
	me.unacked += len(payload)
	me.next += uint32(len(payload))
	if flags&(flagSYN|flagFIN) != 0 {
		me.next++
	}
}

// batch is blocks that leave in one Write.
type batch struct{ bytes []byte }

var batches = sync.Pool{New: func() any { return new(batch) }}

func newBatch() *batch { return batches.Get().(*batch) }
func (b *batch) free() { batches.Put(b) }

func (b *batch) leave(w *Writer) error {
	err := w.write(b.bytes)
	b.bytes = b.bytes[:0]
	return err
}
