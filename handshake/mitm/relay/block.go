package relay

import (
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// The blocks of fields of HTTP/2, compressed (RFC 7541).

// blocks are those of one direction.
type blocks struct {
	from Side
	dec  *hpack.Decoder

	header int    // Options.Header
	table  uint32 // the largest that the receiver has allowed
	now    uint32 // what it is

	// The one that is not whole yet:
	block    []byte
	blockOf  uint32 // 0: there is none
	blockEnd bool   // END_STREAM
	total    int    // bytes that it came in

	// If it is longer than what is kept (longblock.go), what is in block is a part of a field, and:
	long    bool
	leading bool   // no field has come
	skip    uint64 // bytes of a string that nobody needs
	value   bool   // a name's; and behind it comes the value
	indexed bool   // the field is to be remembered

	fields  []hpack.HeaderField // of the last one, as far as they are kept
	size    int                 // of them all, in bytes
	wasLong bool
}

// usualFields is what a block has room for from the one before. Browsers send some thirty.
const usualFields = 64

// begin makes it ready. header is Options.Header.
func (f *blocks) begin(header int) {
	f.header, f.table, f.now, f.leading = header, 4096, 4096, true
	f.dec = hpack.NewDecoder(4096, func(h hpack.HeaderField) {
		if f.size += len(h.Name) + len(h.Value) + 32; f.size <= maxFields*header {
			f.fields = append(f.fields, h)
		}
	})
	f.dec.SetMaxStringLength(2 * header) // Huffman's code is not shorter than 5/8
}

// decode uncompresses the block that has come whole, and makes room for the next.
func (f *blocks) decode() *Refusal {
	var err error
	if f.long {
		err = f.endLong()
	} else {
		err = f.decodeKept()
	}
	if err != nil {
		return &Refusal{From: f.from, Rule: RuleCompression, Detail: quote(err.Error())}
	}
	f.block, f.blockOf, f.total = f.block[:0], 0, 0
	if cap(f.block) > 1<<12 {
		f.block = nil
	}
	f.wasLong, f.long, f.leading = f.long, false, true
	return nil
}

func (f *blocks) decodeKept() error {
	if f.fields, f.size = f.fields[:0], 0; cap(f.fields) > usualFields {
		f.fields = nil
	}
	// The decoder takes one update of its table's size in a block. RFC 7541 §4.2 wants two where the
	// size went down and up again, so each is given as a block of its own.
	b := f.block
	for n := sizeUpdate(b); n > 0; n = sizeUpdate(b) {
		f.resized(b[:n])
		if err := f.whole(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return f.whole(b)
}

// whole uncompresses what is whole.
func (f *blocks) whole(b []byte) error {
	if _, err := f.dec.Write(b); err != nil {
		return err
	}
	return f.dec.Close()
}

// sizeUpdate is the length of the update of the table's size that b begins with (RFC 7541 §6.3);
// 0 if it begins with none.
func sizeUpdate(b []byte) int {
	if len(b) == 0 || b[0]>>5 != 1 {
		return 0
	}
	if b[0]&0x1f != 0x1f {
		return 1
	}
	for i := 1; i < len(b); i++ {
		if b[i]&0x80 == 0 {
			return i + 1
		}
	}
	return 0
}

// allow notes the table that the receiver of f allows. Below what it allowed before, the next
// block has to say that the table became smaller (RFC 7541 §4.2).
func (f *flow2) allow(size uint32) {
	f.shrunk = f.shrunk || size < f.allowed
	f.shrinks = f.shrinks || f.shrunk
	f.allowed = size
}

// acknowledged is the sender's acknowledgement of settings: the receiver counts blocks from there.
func (f *flow2) acknowledged() { f.shrunk = f.shrunk || f.shrinks }

// beginBlock begins a block that the relay writes itself. It needs no table; and where it has to say
// that the table is gone, no other may need it.
func (f *flow2) beginBlock() []byte {
	if !f.shrunk {
		return nil
	}
	f.shrunk, f.anew = false, true
	return []byte{0x20}
}

// priorityOf are the five bytes of priority in a HEADERS frame (RFC 9113 §6.2), as they came.
func priorityOf(flags http2.Flags, p []byte) string {
	at := 0
	if flags.Has(http2.FlagHeadersPadded) {
		at = 1
	}
	if !flags.Has(http2.FlagHeadersPriority) || len(p) < at+5 {
		return ""
	}
	return string(p[at : at+5])
}
