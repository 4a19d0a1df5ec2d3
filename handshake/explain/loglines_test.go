package explain_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"tlslab/handshake/explain"
)

// Of the key logs in a file as much is read as has room, in all, and how much is left is counted: of blocks that
// come one behind the other, and of those behind a packet.
func TestLogLines(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads hundreds of megabytes")
	}
	const size = 60 << 20 // of a block
	long := bytes.Repeat([]byte("#"), 32<<10)
	long[len(long)-1] = '\n'
	packet := append(make([]byte, 12), 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
	for _, row := range []struct {
		name    string
		packets bool
		lines   int
	}{{"behind packets", true, 2}, {"one behind the other", false, 1}} {
		in, out := io.Pipe()
		go func() {
			r := record(out)
			r.blocks()
			r.block(1, []byte{101, 0, 0, 0, 0, 0, 0, 0})
			for i := range 3 {
				head := binary.LittleEndian.AppendUint32(nil, 0x0a)
				head = binary.LittleEndian.AppendUint32(head, 20+size)
				head = binary.LittleEndian.AppendUint32(head, 0x544c534b)
				head = binary.LittleEndian.AppendUint32(head, size)
				r.w.Write(head)
				line := fmt.Appendf(nil, "CLIENT_RANDOM %064x %096x\n", i, i)
				r.w.Write(line)
				r.w.Write(long[len(line):])
				for n := len(long); n < size; n += len(long) {
					r.w.Write(long)
				}
				r.w.Write(head[4:8])
				if row.packets {
					r.block(6, packet)
				}
			}
			r.w.Flush()
			out.Close()
		}()
		totals, err := explain.Read(context.Background(), in, explain.Options{})
		if left := int64(3-row.lines) * size; err != nil || totals.LogLines != row.lines || totals.LogLeft>>10 != left>>10 { // it may be a line end more
			t.Errorf("%s: %+v, %v; it should have %d lines and %d bytes left", row.name, totals, err, row.lines, left)
		}
	}
}
