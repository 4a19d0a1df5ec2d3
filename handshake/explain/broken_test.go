package explain_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/explain"
)

// block is a part of a file that is there whole or not: one of pcapng's blocks, or a packet of pcap.
type block struct {
	b      []byte
	packet bool
}

// blocksOf takes a file of pcapng apart.
func blocksOf(file []byte) (out []block) {
	for len(file) > 0 {
		n := binary.LittleEndian.Uint32(file[4:])
		out = append(out, block{file[:n], file[0] == 6})
		file = file[n:]
	}
	return out
}

// asPcap is a file of pcapng in the older format.
func asPcap(file []byte) (out []block) {
	h := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	h = append(h, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0)
	for _, b := range blocksOf(file) {
		switch {
		case b.b[0] == 1:
			out = append(out, block{binary.LittleEndian.AppendUint32(h, uint32(binary.LittleEndian.Uint16(b.b[8:]))), false})
		case b.packet:
			n := binary.LittleEndian.Uint32(b.b[20:])
			p := binary.LittleEndian.AppendUint32(nil, 1_700_000_000)
			p = binary.LittleEndian.AppendUint32(p, uint32(len(out)))
			p = append(append(p, b.b[20:28]...), b.b[28:28+n]...)
			out = append(out, block{p, true})
		}
	}
	return out
}

func joined(blocks []block) (out []byte) {
	for _, b := range blocks {
		out = append(out, b.b...)
	}
	return out
}

// small are captures that are small enough to be cut at each byte, in both formats.
func small(t *testing.T) map[string][]block {
	t.Helper()
	out := map[string][]block{}
	for _, name := range []string{"no_suite", "broken_off", "untrusted12"} {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		out[name+".pcapng"], out[name+".pcap"] = blocksOf(file), asPcap(file)
	}
	return out
}

// told is all that is said of a file's connections.
func told(all []*explain.Connection) string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%d %s %v %v %s\n", c.Number, c.Ended, c.Bytes, c.Missing, account(c))
	}
	return b.String()
}

// Whatever of a file is there is told, the same as of a file that has just that, and where a file ends too early
// that is said: every truncation of a file, in both formats, and in gzip.
func TestTruncated(t *testing.T) {
	for name, blocks := range small(t) {
		file := joined(blocks)
		ends := map[int]int{} // how many packets end where
		want := []string{""}  // what is told of so many packets
		at, packets := 0, 0
		for i, b := range blocks {
			at += len(b.b)
			if b.packet {
				packets++
				all, _, err := read(t, joined(blocks[:i+1]), explain.Options{})
				if err != nil {
					t.Fatalf("%s, %d packets: %v", name, packets, err)
				}
				want = append(want, told(all))
			}
			ends[at] = packets
		}
		packets = 0
		for n := range len(file) + 1 {
			k, whole := ends[n]
			if whole {
				packets = k
			}
			all, totals, err := read(t, file[:n], explain.Options{})
			var broken *dissect.Error
			errors.As(err, &broken)
			switch {
			case totals.Packets != packets || told(all) != want[packets]:
				t.Errorf("%s, the first %d bytes: %d packets are told of %d:\n%s\nand a file of just those is told as\n%s", name, n, totals.Packets, packets, told(all), want[packets])
			case whole != (err == nil):
				t.Errorf("%s, the first %d bytes: %v", name, n, err)
			case !whole && (broken == nil || broken.Packets != packets):
				t.Errorf("%s, the first %d bytes: %#v", name, n, err)
			case !whole && n >= 4 && broken.Trouble != dissect.Truncated:
				t.Errorf("%s, the first %d bytes: %v", name, n, err)
			}
		}
		var zipped bytes.Buffer
		z := gzip.NewWriter(&zipped)
		z.Write(file)
		z.Close()
		before := 0
		for n := range zipped.Len() {
			all, totals, err := read(t, zipped.Bytes()[:n], explain.Options{})
			var broken *dissect.Error
			if !errors.As(err, &broken) || broken.Trouble != dissect.Truncated && n > 1 || totals.Packets < before || told(all) != want[totals.Packets] {
				t.Fatalf("%s, the first %d bytes of gzip: %v, %d packets, before %d", name, n, err, totals.Packets, before)
			}
			before = totals.Packets
		}
		if before < packets-1 {
			t.Errorf("%s: of gzip without its end %d packets were told of %d", name, before, packets)
		}
	}
}

// A file with a bit that is another in what its parts begin and end with is read up to there, and where lengths do not
// agree it is said so: what stands in a packet is nobody's to doubt.
func TestBitFlips(t *testing.T) {
	for name, blocks := range small(t) {
		if !strings.HasSuffix(name, ".pcapng") {
			continue
		}
		whole, _, _ := read(t, joined(blocks), explain.Options{})
		packets, at := 0, 0
		for _, b := range blocks {
			length := len(b.b)
			for _, off := range []int{4, 5, 6, 7, length - 4, length - 3, length - 2, length - 1} {
				for bit := range 8 {
					file := slices.Clone(joined(blocks))
					file[at+off] ^= 1 << bit
					all, totals, err := read(t, file, explain.Options{})
					var broken *dissect.Error
					// A longer one may end in the next one's head, which says by chance what is asked for.
					n := totals.Packets - packets
					if !errors.As(err, &broken) || n != 0 && (n != 1 || off >= length-4) || packets > 0 && len(all) != len(whole) {
						t.Errorf("%s, byte %d, bit %d: %d packets, and %d stand before it; %v", name, at+off, bit, totals.Packets, packets, err)
					}
				}
			}
			if b.packet {
				packets++
			}
			at += length
		}
		for off := range 16 { // what the file begins with
			for bit := range 8 {
				file := slices.Clone(joined(blocks))
				file[off] ^= 1 << bit
				_, totals, err := read(t, file, explain.Options{})
				// Version 1.2 is 1.0.
				if var12 := off == 14 && bit == 1; totals.Packets != 0 != var12 || (err == nil) != var12 {
					t.Errorf("%s, byte %d, bit %d: %d packets, %v", name, off, bit, totals.Packets, err)
				}
			}
		}
	}
	// The older format says everything once, so all that can be asked is that what came before stands.
	for name, blocks := range small(t) {
		if strings.HasSuffix(name, ".pcapng") {
			continue
		}
		packets, at := 0, 0
		for _, b := range blocks {
			for off := range 16 {
				for bit := range 8 {
					file := slices.Clone(joined(blocks))
					file[at+off] ^= 1 << bit
					_, totals, err := read(t, file, explain.Options{})
					var broken *dissect.Error
					if err != nil && !errors.As(err, &broken) || totals.Packets < packets {
						t.Errorf("%s, byte %d, bit %d: %d packets, and %d stand before it; %v", name, at+off, bit, totals.Packets, packets, err)
					}
				}
			}
			if b.packet {
				packets++
			}
			at += len(b.b)
		}
	}
}
