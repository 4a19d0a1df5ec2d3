package proxy

import (
	"bytes"
	"strings"
	"testing"
)

// TestHeadIsLookedThroughOnce: a head that comes byte by byte costs what it costs at once,
// counted in bytes looked at; and its end is found wherever the pieces are cut.
func TestHeadIsLookedThroughOnce(t *testing.T) {
	head := []byte("GET / HTTP/1.1\r\nLong: " + strings.Repeat("x\r\n\ry: ", 8<<10) + "\r\n\r\n")
	behind := []byte("behind\r\n\r\n")
	whole := append(bytes.Clone(head), behind...)
	for _, piece := range []int{1, 2, 3, 4, 5, 1000, len(whole)} {
		var end headEnd
		n, ok := 0, false
		for at := piece; !ok; at += piece {
			if at > len(head)+piece {
				t.Fatalf("in pieces of %d: no end", piece)
			}
			n, ok = end.find(whole[:min(at, len(whole))])
		}
		if n != len(head) {
			t.Errorf("in pieces of %d the head has %d bytes, not %d", piece, n, len(head))
		}
		if most := 4*len(head) + len(behind); end.looked > most { // the last three bytes of a piece may begin its end
			t.Errorf("in pieces of %d: %d bytes are looked at for a head of %d", piece, end.looked, len(head))
		}
	}
}
