package render

import (
	"bytes"
	"io"
	"testing"
)

// Values that begin alike are shown as far as it takes to tell them apart.
func TestApart(t *testing.T) {
	term := newPen(io.Discard, TerminalOptions{})
	long := bytes.Repeat([]byte{7}, 32)
	for _, end := range [][]byte{append(bytes.Clone(long[:4]), 8), append(bytes.Clone(long[:31]), 8), long[:31], nil} {
		if a, b := term.apart(long, end); a == b {
			t.Errorf("%x and %x are both %s", long, end, a)
		}
	}
}
