package dissect

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A Packet is one of a file's. Data is the Reader's own until the next is read.
type Packet struct {
	Number int       // from 1, as Wireshark counts
	Time   time.Time // of the recording; zero where the file has none
	Link   layers.LinkType
	Data   []byte
	Length int // on the wire; more than len(Data) if the recorder cut it short
}

// Trouble is what can be wrong with a file.
type Trouble string

// What is wrong with a file.
const (
	NoCapture Trouble = "no_capture" // it does not begin as pcap or pcapng do
	Truncated Trouble = "truncated"  // it ends in the midst of a block or a packet
	Corrupt   Trouble = "corrupt"    // a length or a number in it cannot be
)

// Troubles lists every Trouble.
func Troubles() []Trouble { return []Trouble{NoCapture, Truncated, Corrupt} }

// An Error says where a file could not be read on. What was read before stands.
type Error struct {
	Trouble Trouble
	Packets int // that were read whole
	Err     error
}

func (e *Error) Error() string {
	switch e.Trouble {
	case NoCapture:
		return fmt.Sprintf("this is no capture file: %v; pcap and pcapng are read, also in gzip", e.Err)
	case Truncated:
		return fmt.Sprintf("the file ends in the middle of a packet, after %d whole ones", e.Packets)
	}
	return fmt.Sprintf("the file is damaged behind packet %d: %v", e.Packets, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// source is what gopacket's two readers have in common.
type source interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// A Reader reads the packets of a file, pcap or pcapng, gzip around it or not.
type Reader struct {
	packets source
	link    layers.LinkType // of all packets; pcapng has one for each interface
	secrets *secretsFilter
	n       int

	// Of pcap, whose end says nothing: what has come in all, and what the packets took.
	came *counted
	took int64
	done error
}

// What a pcapng file begins with, and gzip.
var (
	magicNg   = []byte{0x0a, 0x0d, 0x0d, 0x0a}
	magicGzip = []byte{0x1f, 0x8b}
)

// NewReader reads the beginning of a file. The error is an *Error, or that of r.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if b, _ := in.Peek(2); string(b) == string(magicGzip) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, &Error{Trouble: NoCapture, Err: err}
		}
		in = bufio.NewReaderSize(z, 1<<16)
	}
	b, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	came := &counted{Reader: in, n: 0}
	d := &Reader{}
	switch {
	case len(b) < 4:
		return nil, &Error{Trouble: NoCapture, Err: fmt.Errorf("it has %d bytes", len(b))}
	case string(b) == string(magicNg):
		d.secrets = &secretsFilter{in: in}
		ng, err := pcapgo.NewNgReader(d.secrets, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
		if err != nil {
			return nil, d.error(err)
		}
		d.packets = ng
	default:
		old, err := pcapgo.NewReader(came)
		if err != nil {
			if d.error(err); errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, &Error{Trouble: Truncated, Err: err}
			}
			return nil, &Error{Trouble: NoCapture, Err: fmt.Errorf("it begins with %x", b)}
		}
		d.packets, d.link = old, old.LinkType()
		d.came, d.took = came, pcapHeader
	}
	return d, nil
}

// What pcap has before all packets, and before each.
const (
	pcapHeader = 24
	pcapPacket = 16
)

// counted counts what is read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// error is what ended the file.
func (r *Reader) error(err error) error {
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Trouble: Truncated, Packets: r.n, Err: err}
	}
	return &Error{Trouble: Corrupt, Packets: r.n, Err: err}
}

// Next returns the next packet; io.EOF behind the last; an *Error where the file cannot be
// read on.
func (r *Reader) Next() (Packet, error) {
	if r.done != nil {
		return Packet{}, r.done
	}
	data, info, err := r.packets.ZeroCopyReadPacketData()
	if err != nil {
		if r.done = r.error(err); r.done == io.EOF && r.came != nil && r.came.n > r.took { // behind a packet's header, before its first byte
			r.done = r.error(io.ErrUnexpectedEOF)
		}
		return Packet{}, r.done
	}
	r.n++
	r.took += int64(pcapPacket + len(data))
	p := Packet{Number: r.n, Time: info.Timestamp, Link: r.link, Data: data, Length: info.Length}
	if len(info.AncillaryData) > 0 {
		p.Link, _ = info.AncillaryData[0].(layers.LinkType)
	}
	return p, nil
}

// HasSecrets reports whether the file's format has a place for secrets: pcap has none.
func (r *Reader) HasSecrets() bool { return r.secrets != nil }

// Secrets returns the lines of an NSS key log that stood in the file since it was asked
// last: pcapng's Decryption Secrets Blocks. Those in front of a packet are there when the
// packet is.
func (r *Reader) Secrets() []byte {
	if r.secrets == nil {
		return nil
	}
	s := r.secrets.lines
	r.secrets.lines = nil
	return s
}

const (
	blockSection = 0x0a0d0d0a
	blockSecrets = 0x0000000a // Decryption Secrets Block
	blockNobody  = 0x80000000 // "for local use": whoever does not know it goes on behind it
	secretsTLS   = 0x544c534b // "TLSK": an NSS key log

	maxBlock   = 64 << 20 // of one block; Wireshark has 16 MiB
	maxSecrets = 32 << 20 // of all that were not asked for
)

// secretsFilter passes a pcapng file on and keeps its secrets. A block of secrets goes on as
// a block that is nobody's: gopacket would keep it too, and shows it to nobody.
type secretsFilter struct {
	in    io.Reader
	order binary.ByteOrder
	ready []byte // to be passed on
	rest  uint32 // of a block, to be passed on as it comes
	lines []byte
	head  [12]byte
	err   error
}

func (f *secretsFilter) Read(p []byte) (int, error) {
	for len(f.ready) == 0 && f.rest == 0 {
		if f.err == nil {
			f.err = f.block()
		}
		if f.err != nil && len(f.ready) == 0 {
			return 0, f.err
		}
	}
	if len(f.ready) > 0 {
		n := copy(p, f.ready)
		f.ready = f.ready[n:]
		return n, nil
	}
	n, err := f.in.Read(p[:min(len(p), int(f.rest))])
	f.rest -= uint32(n)
	if err == io.EOF && f.rest > 0 {
		err = io.ErrUnexpectedEOF
	} else if err == io.EOF {
		err = nil // the next block will find it
	}
	return n, err
}

// block reads the head of a block, and all of one that has secrets.
func (f *secretsFilter) block() error {
	n, err := io.ReadFull(f.in, f.head[:8])
	f.ready = f.head[:n]
	if err != nil {
		return err
	}
	section := binary.BigEndian.Uint32(f.head[:]) == blockSection // a palindrome
	if section {
		if n, err = io.ReadFull(f.in, f.head[8:12]); err != nil {
			f.ready = f.head[:8+n]
			return io.ErrUnexpectedEOF
		}
		f.ready, f.order = f.head[:12], binary.LittleEndian
		if f.head[8] == 0x1a {
			f.order = binary.BigEndian
		}
	}
	if f.order == nil {
		return errors.New("no section begins it")
	}
	length := f.order.Uint32(f.head[4:])
	if length < 12 || length%4 != 0 || length > maxBlock || section && length < 28 {
		f.ready = nil
		return fmt.Errorf("a block says that it has %d bytes", length)
	}
	f.rest = length - uint32(len(f.ready))
	if f.order.Uint32(f.head[:]) != blockSecrets {
		return nil
	}
	f.order.PutUint32(f.head[:], blockNobody)
	body := make([]byte, 0, min(f.rest, 1<<16))
	for f.rest > 0 { // what the file says of its length is believed as it comes
		k := min(f.rest, 1<<16)
		at := len(body)
		body = append(body, make([]byte, k)...)
		n, err := io.ReadFull(f.in, body[at:])
		f.rest -= uint32(n)
		if err != nil {
			f.ready, f.rest = append(f.ready, body[:at+n]...), 0
			return io.ErrUnexpectedEOF
		}
	}
	f.keep(body[:len(body)-4])
	f.ready = append(f.ready, body...)
	return nil
}

// keep takes the lines out of the body of a block of secrets.
func (f *secretsFilter) keep(body []byte) {
	if len(body) < 8 || f.order.Uint32(body) != secretsTLS {
		return
	}
	n := f.order.Uint32(body[4:])
	lines := body[8:]
	if uint64(n) < uint64(len(lines)) {
		lines = lines[:n]
	}
	if len(f.lines)+len(lines) < maxSecrets {
		f.lines = append(append(f.lines, lines...), '\n')
	}
}
