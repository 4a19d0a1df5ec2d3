package dissect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The blocks of pcapng (draft-ietf-opsawg-pcapng §4).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 0x00000001
	blockPacket    = 0x00000002 // the obsolete one
	blockSimple    = 0x00000003
	blockEnhanced  = 0x00000006
	blockSecrets   = 0x0000000a // Decryption Secrets Block
	blockNobody    = 0x80000000 // "for local use": whoever does not know it goes on behind it
	secretsTLS     = 0x544c534b // "TLSK": an NSS key log

	maxBlock   = 16 << 20 // of one block, as Wireshark has it
	maxSecrets = 64 << 20 // of one of secrets, and of all that were not asked for

	// A section may describe as many interfaces, in as many bytes: gopacket keeps all of them.
	maxInterfaces     = 1 << 12
	maxInterfaceBytes = 1 << 20
)

// blocks passes a pcapng file on, block by block, each only when it is whole and its lengths agree: behind
// one that lies, nothing can be told apart. What is no packet, and not about packets, goes on as a
// block that is nobody's. The lines of its secrets it keeps: gopacket would keep them too, and shows them to nobody.
type blocks struct {
	in    io.Reader
	order binary.ByteOrder
	block []byte   // the one at hand
	ready []byte   // of it, to be passed on
	snap  []uint32 // how much is kept of a packet, by interface of the section
	about int      // bytes of the section's descriptions of interfaces
	lines []byte
	left  int64 // bytes of such that were not kept
	err   error // io.EOF behind the last block; io.ErrUnexpectedEOF in the midst of one
}

func (f *blocks) Read(p []byte) (int, error) {
	for len(f.ready) == 0 {
		if f.err == nil {
			f.err = f.next()
		}
		if f.err != nil {
			return 0, f.err
		}
	}
	n := copy(p, f.ready)
	f.ready = f.ready[n:]
	return n, nil
}

// next reads a block.
func (f *blocks) next() error {
	f.block = append(f.block[:0], make([]byte, 12)...)
	n, err := io.ReadFull(f.in, f.block)
	if err != nil {
		if n == 0 {
			return err
		}
		return cutShort(err)
	}
	kind := binary.BigEndian.Uint32(f.block)
	if kind == blockSection { // a palindrome
		f.order, f.snap, f.about = binary.LittleEndian, nil, 0
		if f.block[8] == 0x1a {
			f.order = binary.BigEndian
		}
	}
	if f.order == nil {
		return errors.New("no section begins it")
	}
	kind = f.order.Uint32(f.block)
	length := f.order.Uint32(f.block[4:])
	if most := uint32(maxBlock); length < 12 || length%4 != 0 || length > most && (kind != blockSecrets || length > maxSecrets) {
		return fmt.Errorf("a block says that it has %d bytes", length)
	}
	for at := len(f.block); at < int(length); at = len(f.block) { // what the file says of its length is believed as it comes
		f.block = append(f.block, make([]byte, min(int(length)-at, 1<<16))...)
		if _, err := io.ReadFull(f.in, f.block[at:]); err != nil {
			return cutShort(err)
		}
	}
	if end := f.order.Uint32(f.block[length-4:]); end != length {
		return fmt.Errorf("a block of %d bytes says at its end that it has %d", length, end)
	}
	f.ready = f.block
	return f.check(kind, f.block[8:length-4])
}

// cutShort is the error of a file that ends where it must not.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// check looks whether the lengths inside of a block agree with its own: where they do not, gopacket would read on
// into the next.
func (f *blocks) check(kind uint32, body []byte) error {
	switch kind {
	case blockSection:
		if len(body) < 16 {
			return errors.New("the head of a section is too short")
		}
		if f.order.Uint16(body[4:]) == 1 && f.order.Uint16(body[6:]) == 2 {
			f.order.PutUint16(body[6:], 0) // 1.2 is to be read as 1.0 is (§4.1)
		}
		return f.options(body[16:])
	case blockInterface:
		if len(body) < 8 {
			return errors.New("the description of an interface is too short")
		}
		if f.about += len(body); len(f.snap) >= maxInterfaces || f.about > maxInterfaceBytes {
			return fmt.Errorf("more than %d interfaces in a section, or more than %d bytes about them", maxInterfaces, maxInterfaceBytes)
		}
		f.snap = append(f.snap, f.order.Uint32(body[4:]))
		return f.options(body[8:])
	case blockPacket, blockEnhanced:
		if len(body) < 20 {
			return errors.New("a block of a packet is too short")
		}
		n := uint64(f.order.Uint32(body[12:]))
		if padded := (n + 3) &^ 3; padded > uint64(len(body)-20) {
			return fmt.Errorf("a packet of %d bytes stands in a block of %d", n, len(body)+12)
		} else if kind == blockEnhanced {
			return f.options(body[20+padded:])
		}
	case blockSimple:
		if len(body) < 4 || len(f.snap) == 0 {
			return errors.New("a block of a packet is too short, or has no interface")
		}
		n := f.order.Uint32(body)
		if snap := f.snap[0]; snap != 0 {
			n = min(n, snap)
		}
		if (uint64(n)+3)&^3 > uint64(len(body)-4) {
			return fmt.Errorf("a packet of %d bytes stands in a block of %d", n, len(body)+12)
		}
	case blockSecrets:
		f.keep(body)
		fallthrough
	default:
		f.order.PutUint32(f.block, blockNobody)
	}
	return nil
}

// options looks whether options end where their block does.
func (f *blocks) options(b []byte) error {
	for len(b) >= 4 {
		kind, n := f.order.Uint16(b), (int(f.order.Uint16(b[2:]))+3)&^3
		if b = b[4:]; kind == 0 {
			return nil
		}
		if n > len(b) {
			return errors.New("an option is longer than its block")
		}
		b = b[n:]
	}
	return nil
}

// keep takes the lines out of the body of a block of secrets.
func (f *blocks) keep(body []byte) {
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
	} else {
		f.left += int64(len(lines))
	}
}
