package pcapng

import (
	"encoding/binary"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Block types, option codes and the secrets type of draft-ietf-opsawg-pcapng, sections
// 4.1 (Section Header), 4.2 (Interface Description), 4.3 (Enhanced Packet) and 4.7
// (Decryption Secrets).
const (
	sectionHeader        = 0x0A0D0D0A
	interfaceDescription = 1
	enhancedPacket       = 6
	decryptionSecrets    = 0x0A

	byteOrderMagic = 0x1A2B3C4D
	tlsKeyLog      = 0x544C534B // "TLSK"

	optEnd         = 0
	optComment     = 1
	optHardware    = 2
	optOS          = 3
	optApplication = 4
	optName        = 2 // of an interface
	optDescription = 3
	optResolution  = 9
)

// linkRaw is LINKTYPE_RAW: each packet begins with its IPv4 or IPv6 header, so no
// Ethernet addresses need be invented.
const linkRaw = 101

// Options describe the section; what is "" is left out, but for Application.
type Options struct {
	Hardware    string
	OS          string
	Application string // who writes the file; "" for tlslab
	Comment     string
}

// Writer writes one section of a capture file. It may be used by many goroutines at a
// time, as may what it opens.
type Writer struct {
	mu      sync.Mutex
	w       io.Writer
	err     error // the first; nothing is written after it
	ifaces  int
	streams atomic.Uint32
}

// NewWriter writes the Section Header Block to w. Every block, and what of a handful of
// blocks belongs together, reaches w in one Write: a process that ends at any time
// between two leaves a file of whole blocks.
func NewWriter(w io.Writer, o Options) (*Writer, error) {
	if o.Application == "" {
		o.Application = "tlslab"
	}
	b := begin(nil, sectionHeader)
	b = binary.LittleEndian.AppendUint32(b, byteOrderMagic)
	b = binary.LittleEndian.AppendUint16(b, 1)                     // major version
	b = binary.LittleEndian.AppendUint16(b, 0)                     // minor
	b = binary.LittleEndian.AppendUint64(b, 0xFFFF_FFFF_FFFF_FFFF) // its length is not known yet
	b = options(b, option{optComment, o.Comment}, option{optHardware, o.Hardware},
		option{optOS, o.OS}, option{optApplication, o.Application})
	wr := &Writer{w: w}
	return wr, wr.write(end(b, 0))
}

// Interface writes an Interface Description Block, of raw IP and nanoseconds, and
// returns the number by which Open knows it. Both texts are shown by Wireshark
// (frame.interface_name, frame.interface_description); "" leaves one out.
func (w *Writer) Interface(name, description string) (int, error) {
	b := begin(nil, interfaceDescription)
	b = binary.LittleEndian.AppendUint16(b, linkRaw)
	b = binary.LittleEndian.AppendUint16(b, 0) // reserved
	b = binary.LittleEndian.AppendUint32(b, 0) // snaplen: packets are whole
	b = options(b, option{optName, name}, option{optDescription, description}, option{optResolution, "\x09"})
	b = end(b, 0)
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.ifaces
	if err := w.writeLocked(b); err != nil {
		return 0, err
	}
	w.ifaces++
	return n, nil
}

// Secrets writes lines of an NSS key log (RFC 9850) as a Decryption Secrets Block. A
// reader that goes through the file once, as tshark does, needs it before the packets
// that it opens. No lines are no block.
func (w *Writer) Secrets(keylog []byte) error {
	if len(keylog) == 0 {
		return w.Err()
	}
	b := begin(make([]byte, 0, 24+len(keylog)), decryptionSecrets)
	b = binary.LittleEndian.AppendUint32(b, tlsKeyLog)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(keylog)))
	return w.write(end(pad(append(b, keylog...)), 0))
}

// Err is the first error of writing, which every later call returns too.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// write puts out whole blocks.
func (w *Writer) write(blocks []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writeLocked(blocks)
}

func (w *Writer) writeLocked(blocks []byte) error {
	if w.err == nil {
		_, w.err = w.w.Write(blocks)
	}
	return w.err
}

// packetHead begins an Enhanced Packet Block for n bytes of packet, which the caller
// appends and closes by end.
func packetHead(b []byte, iface int, t time.Time, n int) []byte {
	ns := uint64(max(0, t.UnixNano()))
	b = begin(b, enhancedPacket)
	b = binary.LittleEndian.AppendUint32(b, uint32(iface))
	b = binary.LittleEndian.AppendUint32(b, uint32(ns>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(ns))
	b = binary.LittleEndian.AppendUint32(b, uint32(n)) // captured
	return binary.LittleEndian.AppendUint32(b, uint32(n))
}

// begin appends a block's type and room for its length.
func begin(b []byte, kind uint32) []byte {
	b = binary.LittleEndian.AppendUint32(b, kind)
	return append(b, 0, 0, 0, 0)
}

// end closes the block that begins at b[start], which is padded already: the length
// stands at both ends of it.
func end(b []byte, start int) []byte {
	n := uint32(len(b) - start + 4)
	binary.LittleEndian.PutUint32(b[start+4:], n)
	return binary.LittleEndian.AppendUint32(b, n)
}

// pad fills up to a multiple of four. All that is padded begins at one.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

type option struct {
	code  uint16
	value string
}

// options appends those that have a value, and the end of options.
func options(b []byte, list ...option) []byte {
	for _, o := range list {
		if o.value == "" {
			continue
		}
		v := o.value[:min(len(o.value), 0xFFFF)]
		b = binary.LittleEndian.AppendUint16(b, o.code)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(v)))
		b = pad(append(b, v...))
	}
	return append(b, optEnd, 0, 0, 0)
}
