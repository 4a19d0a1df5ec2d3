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
	blocks  *blocks         // of pcapng
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

// And pcap, by the resolution of its clock.
const (
	microseconds = 0xa1b2c3d4
	nanoseconds  = 0xa1b23c4d
)

// isOld reports whether b begins as pcap does, in either order of bytes and with either clock.
func isOld(b []byte) bool {
	little, big := binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b)
	return little == microseconds || big == microseconds || little == nanoseconds || big == nanoseconds
}

// NewReader reads the beginning of a file. The error is an *Error, or that of r.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if b, _ := in.Peek(2); string(b) == string(magicGzip) {
		z, err := gzip.NewReader(in)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil, &Error{Trouble: Truncated, Err: err}
		case err != nil:
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
	case errors.Is(err, io.ErrUnexpectedEOF): // of gzip
		return nil, &Error{Trouble: Truncated, Err: err}
	case len(b) < 4:
		return nil, &Error{Trouble: NoCapture, Err: fmt.Errorf("it has %d bytes", len(b))}
	case string(b) == string(magicNg):
		d.blocks = &blocks{in: in}
		ng, err := pcapgo.NewNgReader(d.blocks, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, d.error(err)
		}
		d.packets = ng
	default:
		old, err := pcapgo.NewReader(came)
		if err != nil {
			if isOld(b) && errors.Is(err, io.ErrUnexpectedEOF) {
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
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if r.blocks != nil && ended {
		if err == io.ErrUnexpectedEOF && r.blocks.err == io.EOF {
			err = errors.New("a block says that it has more in it than it has")
		} else {
			err = r.blocks.err
		}
	}
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
func (r *Reader) HasSecrets() bool { return r.blocks != nil }

// SecretsLeft is how many bytes of key logs were left out, because there were too many before Secrets was asked for them.
func (r *Reader) SecretsLeft() int64 {
	if r.blocks == nil {
		return 0
	}
	return r.blocks.left
}

// Secrets returns the lines of an NSS key log that stood in the file since it was asked
// last: pcapng's Decryption Secrets Blocks. Those in front of a packet are there when the
// packet is.
func (r *Reader) Secrets() []byte {
	if r.blocks == nil {
		return nil
	}
	s := r.blocks.lines
	r.blocks.lines = nil
	return s
}
