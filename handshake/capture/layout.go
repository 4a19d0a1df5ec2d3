package capture

import "encoding/binary"

// page is what no block crosses a multiple of. A kill stops write(2) between two pages of
// the file, not within one; so it stops between two blocks, and what a killed process
// leaves is a complete file. Where pages are larger, their ends are among these.
const page = 4096

// blockOverhead is what a block has around its body, in bytes: type, length, end of
// options, and length again.
const blockOverhead = 16

// nameResolution is the type of the block that fills up a page (section 4.5): readers take
// it for a list of names, and this list is empty.
const (
	nameResolution = 4
	leastFiller    = 16
)

// layout is blocks on their way to the file.
type layout struct {
	bytes []byte
	off   int64 // of bytes[0], in the file
	start int   // of the block that is being made
}

// room is how much of the page is left: all of it, or leastFiller and more.
func (l *layout) room() int { return page - int((l.off+int64(len(l.bytes)))%page) }

// block appends a whole block. The body is padded, and may end in options.
func (l *layout) block(kind uint32, body []byte) {
	l.begin(kind, len(body))
	l.bytes = append(l.bytes, body...)
	l.end()
}

// begin begins a block whose body will have size bytes; on the next page, if it does not
// fit on this one but fits on a page.
func (l *layout) begin(kind uint32, size int) {
	if room := l.room(); room < size+blockOverhead && size+blockOverhead <= page && room < page {
		l.fill(room)
	}
	l.head(kind)
}

// head appends a block's type and room for its length.
func (l *layout) head(kind uint32) {
	l.start = len(l.bytes)
	l.bytes = binary.LittleEndian.AppendUint32(l.bytes, kind)
	l.bytes = append(l.bytes, 0, 0, 0, 0)
}

// end ends the options, and the block. What would be left of the page and is too little
// for a filler becomes an option that says nothing.
func (l *layout) end() {
	if left := l.room() - 8; left > 0 && left < leastFiller {
		l.nothing(left)
	}
	l.bytes = append(l.bytes, optEnd, 0, 0, 0)
	l.tail()
}

// tail writes the block's length at both ends of it.
func (l *layout) tail() {
	n := uint32(len(l.bytes) - l.start + 4)
	binary.LittleEndian.PutUint32(l.bytes[l.start+4:], n)
	l.bytes = binary.LittleEndian.AppendUint32(l.bytes, n)
}

// nothing is an option of n bytes, header and all: a multiple of four.
func (l *layout) nothing(n int) {
	l.bytes = binary.LittleEndian.AppendUint16(l.bytes, optPadding)
	l.bytes = binary.LittleEndian.AppendUint16(l.bytes, uint16(n-4))
	l.bytes = append(l.bytes, make([]byte, n-4)...)
}

// fill ends a page of which n bytes are left.
func (l *layout) fill(n int) {
	l.head(nameResolution)
	l.bytes = append(l.bytes, 0, 0, 0, 0) // the end of its records
	switch n -= leastFiller; {
	case n == 0: // there need be no options
	case n == 4:
		l.bytes = append(l.bytes, optEnd, 0, 0, 0)
	default:
		l.nothing(n - 4)
		l.bytes = append(l.bytes, optEnd, 0, 0, 0)
	}
	l.tail()
}

// take returns what there is, valid until the next block is begun.
func (l *layout) take() []byte {
	b := l.bytes
	l.off += int64(len(b))
	l.bytes = b[:0]
	if cap(b) > 1<<18 { // of an unusual chunk
		l.bytes = nil
	}
	return b
}
