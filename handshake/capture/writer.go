package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
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
	optPadding     = 0x8000 // local use, which readers skip
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
	layout  layout
	ifaces  int
	streams uint32

	underWay map[between]underWay
}

// NewWriter writes the Section Header Block to w. What belongs together reaches w in one
// Write, and if w is a file that begins here, a process that is killed, even in the midst
// of a Write, leaves whole blocks: see layout.go.
func NewWriter(w io.Writer, o Options) (*Writer, error) {
	if o.Application == "" {
		o.Application = "tlslab"
	}
	b := binary.LittleEndian.AppendUint32(nil, byteOrderMagic)
	b = binary.LittleEndian.AppendUint16(b, 1)                     // major version
	b = binary.LittleEndian.AppendUint16(b, 0)                     // minor
	b = binary.LittleEndian.AppendUint64(b, 0xFFFF_FFFF_FFFF_FFFF) // its length is not known yet
	b = options(b, option{optComment, o.Comment}, option{optHardware, o.Hardware},
		option{optOS, o.OS}, option{optApplication, o.Application})
	wr := &Writer{w: w}
	wr.layout.block(sectionHeader, b)
	return wr, wr.flush()
}

// Interface writes an Interface Description Block, of raw IP and nanoseconds, and
// returns the number by which Open knows it. Both texts are shown by Wireshark
// (frame.interface_name, frame.interface_description); "" leaves one out.
func (w *Writer) Interface(name, description string) (int, error) {
	b := binary.LittleEndian.AppendUint16(nil, linkRaw)
	b = binary.LittleEndian.AppendUint16(b, 0) // reserved
	b = binary.LittleEndian.AppendUint32(b, 0) // snaplen: packets are whole
	b = options(b, option{optName, name}, option{optDescription, description}, option{optResolution, "\x09"})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.layout.block(interfaceDescription, b)
	w.ifaces++
	return w.ifaces - 1, w.flush()
}

// Secrets writes lines of an NSS key log (RFC 9850) as a Decryption Secrets Block, or as
// several where they fill more than a page. A reader that goes through the file once, as
// tshark does, needs it before the packets that it opens. No lines are no block.
func (w *Writer) Secrets(keylog []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(keylog) > 0 {
		n := len(keylog)
		if most := page - blockOverhead - 8; n > most {
			if n = bytes.LastIndexByte(keylog[:most], '\n') + 1; n == 0 { // no secret is as long
				n = len(keylog)
			}
		}
		b := binary.LittleEndian.AppendUint32(nil, tlsKeyLog)
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
		w.layout.block(decryptionSecrets, pad(append(b, keylog[:n]...)))
		keylog = keylog[n:]
	}
	return w.flush()
}

// Err is the first error of writing, which every later call returns too.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// flush puts out what has been laid out. It needs mu, or that nobody else knows w.
func (w *Writer) flush() error {
	b := w.layout.take()
	if w.err == nil && len(b) > 0 {
		_, w.err = w.w.Write(b)
	}
	return w.err
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

// options appends those that have a value. The end of the options is written by layout.
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
	return b
}
