package relay

import (
	"errors"

	"golang.org/x/net/http2"
)

// A block of fields that is longer than what is kept ends its stream alone. So that the next block can
// still be read it has to be read to its end: it may tell the table something (RFC 7541 §2.3.2). Of it
// no more is held than of another one: field by field goes to the decoder, and of a string that is
// longer than all that is not even that, since no table could hold it.

// maxBlock is how long a block may be, in bytes, or 16 times Options.Header if that is more. What is
// longer is no head, and ends its connection: to uncompress it costs time (RFC 9113 §10.5.1).
const maxBlock = 1 << 20

var (
	errBlock = errors.New("a field is not whole, or an update of the table's size stands behind one")
	errInt   = errors.New("a number is too long")
)

// add takes a part of a block. wire is how many bytes it came in.
func (f *blocks) add(p []byte, wire int) *Refusal {
	if f.total += wire; f.total > max(maxBlock, 16*f.header) {
		return &Refusal{From: f.from, Rule: RuleHeadTooLong, Limit: f.header}
	}
	if !f.long && (len(f.block)+len(p) > f.header || f.total > 2*f.header+frameHeader) { // or it is made of nothing but frames
		f.long, f.fields, f.size = true, nil, 0
		f.dec.SetMaxStringLength(2 * f.longest()) // Huffman's code is not shorter than 5/8
	}
	f.block = append(f.block, p...)
	if !f.long {
		return nil
	}
	rest, err := f.skim(f.block)
	if err != nil {
		return &Refusal{From: f.from, Rule: RuleCompression, Detail: quote(err.Error())}
	}
	f.block = append(f.block[:0], rest...)
	return nil
}

// longest is the longest string that is looked at: a longer one empties any table that its receiver
// allows, since Huffman's code is not longer than 30/8.
func (f *blocks) longest() int { return max(f.header, 4*int(f.table)) }

// tooLong reports whether the last block was longer than what is kept.
func (f *blocks) tooLong() *Refusal {
	if f.wasLong || f.size > maxFields*f.header {
		return &Refusal{From: f.from, Rule: RuleHeadTooLong, Limit: f.header}
	}
	return nil
}

// skim gives the decoder what is whole, and returns what is not.
func (f *blocks) skim(b []byte) ([]byte, error) {
	whole := 0 // fields at the beginning of b
	give := func() error {
		_, err := f.dec.Write(b[:whole])
		b, whole = b[whole:], 0
		return err
	}
	for whole < len(b) {
		p := b[whole:]
		n, err := 0, error(nil)
		switch {
		case f.skip > 0:
			n = int(min(f.skip, uint64(len(p))))
			if f.skip -= uint64(n); f.skip == 0 && !f.value {
				f.forgetTable()
			}
		case f.value:
			n, err = f.skimValue(p)
		case sizeUpdate(p) > 0 && f.leading:
			n = sizeUpdate(p)
			f.resized(p[:n])
			err = f.whole(p[:n])
		default:
			if n, err = f.skimField(p); n > 0 && f.skip == 0 && !f.value {
				whole += n
				continue
			}
			if err == nil {
				err = give()
			}
		}
		if n == 0 || err != nil {
			return b, err
		}
		b = b[n:]
	}
	return b[whole:], give()
}

// skimField is the length of a field (RFC 7541 §6), or of that much of it behind which stands what nobody
// needs; 0 if it is not whole.
func (f *blocks) skimField(b []byte) (int, error) {
	prefix, literal := 4, true
	switch {
	case b[0]&0x80 != 0:
		prefix, literal = 7, false
	case b[0]&0x40 != 0:
		prefix = 6
	case b[0]&0x20 != 0: // where none may stand, or one that is not whole
		prefix, literal = 5, false
	}
	index, n := hpackInt(b, prefix)
	if n <= 0 {
		return 0, short(n)
	}
	if prefix == 5 {
		return 0, errBlock // RFC 7541 §4.2
	}
	f.indexed = prefix == 6
	if literal && index == 0 {
		size, k := hpackInt(b[n:], 7)
		if k <= 0 {
			return 0, short(k)
		}
		if n += k; size > uint64(f.longest()) {
			f.leading, f.value, f.skip = false, true, size
			f.size = maxFields*f.header + 1
			return n, nil
		}
		n += int(size)
	}
	if literal {
		if n >= len(b) {
			return 0, nil
		}
		size, k := hpackInt(b[n:], 7)
		if k <= 0 {
			return 0, short(k)
		}
		if n += k; size > uint64(f.longest()) {
			f.leading, f.skip = false, size
			f.size = maxFields*f.header + 1
			return n, nil
		}
		n += int(size)
	}
	if n > len(b) {
		return 0, nil
	}
	f.leading = false
	return n, nil
}

// skimValue takes the length of a value whose name was not looked at.
func (f *blocks) skimValue(b []byte) (int, error) {
	size, n := hpackInt(b, 7)
	if n <= 0 {
		return 0, short(n)
	}
	f.value = false
	if f.skip = size; f.skip == 0 {
		f.forgetTable()
	}
	return n, nil
}

// forgetTable is a field that no table can hold, added to it (RFC 7541 §4.4).
func (f *blocks) forgetTable() {
	if f.indexed {
		f.dec.SetMaxDynamicTableSize(0)
		f.dec.SetMaxDynamicTableSize(f.now)
	}
}

// resized notes an update of the table's size.
func (f *blocks) resized(update []byte) {
	if size, n := hpackInt(update, 5); n > 0 {
		f.now = uint32(min(size, 1<<32-1)) // the decoder takes none that is too large
	}
}

// endLong is the end of a block that was too long.
func (f *blocks) endLong() error {
	if len(f.block) > 0 || f.skip > 0 || f.value {
		return errBlock
	}
	return f.dec.Close()
}

func short(n int) error {
	if n < 0 {
		return errInt
	}
	return nil
}

// hpackInt is RFC 7541 §5.1: a number and its length in bytes; 0 if it is not whole, -1 if it has no
// end.
func hpackInt(b []byte, prefix int) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	most := uint64(1)<<prefix - 1
	if v = uint64(b[0]) & most; v < most {
		return v, 1
	}
	for i, c := range b[1:] {
		if i > 4 {
			return 0, -1
		}
		if v += uint64(c&0x7f) << (7 * i); c&0x80 == 0 {
			return v, i + 2
		}
	}
	return 0, 0
}

// stepLong is a frame of a block that is longer than what is kept: it is taken in pieces.
func (m *H2) stepLong(f *flow2, b []byte, kind http2.FrameType, flags http2.Flags, id uint32, length int) int {
	at, pad := 0, 0
	if kind != http2.FrameContinuation {
		at = prefixOf(kind, flags)
		if len(b) < frameHeader+min(at, length) {
			return -1
		}
		p := b[frameHeader : frameHeader+min(at, length)]
		if flags.Has(http2.FlagHeadersPadded) && len(p) > 0 {
			pad = int(p[0])
		}
		r := &Refusal{From: f.from, Rule: RuleFrame, Detail: quote(kind.String())}
		if at+pad <= length && id != 0 {
			r = m.beginFields(f, kind, flags, id, p)
		}
		if r != nil {
			m.refuse(f, r)
			return -1
		}
	}
	f.wire = nil
	f.inBlock, f.isData, f.data, f.end, f.padded = true, false, nil, false, false
	f.left, f.body, f.last = length-at, length-at-pad, flags.Has(http2.FlagHeadersEndHeaders)
	if r := f.add(nil, frameHeader+length); r != nil {
		m.refuse(f, r)
		return -1
	}
	if f.left == 0 {
		m.longOver(f)
	}
	return frameHeader + at
}

// longPiece is a part of such a frame.
func (m *H2) longPiece(f *flow2, p []byte) {
	f.left -= len(p)
	p = p[:min(len(p), f.body)]
	f.body -= len(p)
	if r := f.add(p, 0); r != nil {
		m.refuse(f, r)
		return
	}
	if f.left == 0 {
		m.longOver(f)
	}
}

// longOver is the end of such a frame.
func (m *H2) longOver(f *flow2) {
	f.inBlock = false
	if !f.last {
		return
	}
	if r := m.blockOver(f); r != nil {
		m.refuse(f, r)
	}
}
