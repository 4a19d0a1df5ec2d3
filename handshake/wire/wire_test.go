package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// every is a structure with one of everything a Walk can say.
type every struct {
	A     uint8
	B     uint16
	C     uint32
	Fixed [3]byte
	Data  []byte
	Short []byte // 1 to 4 bytes
	Name  string
	Nums  []uint16
	Bytes []uint8
	Pairs []pair
	Flat  []uint16
	Tail  []byte
	mark  int
}

type pair struct {
	K uint8
	V []byte
}

func (e *every) Walk(c *wire.Codec) {
	g := c.Enter("every")
	wire.U8(c, "a", &e.A)
	wire.U16(c, "b", &e.B)
	wire.U32(c, "c", &e.C)
	wire.Const8[uint8](c, "const8", 0xc8)
	wire.Const16[uint16](c, "const16", 0xc016)
	c.Array("fixed", e.Fixed[:])
	c.Opaque(3, "data", &e.Data, 0)
	c.OpaqueMax(1, "short", &e.Short, 1, 4)
	c.Text(1, "name", &e.Name, 1)
	c.Mark(&e.mark)
	wire.List16(c, 2, "nums", "num", &e.Nums, 2)
	wire.List8(c, 1, "bytes", "byte", &e.Bytes, 0)
	wire.List(c, 2, "pairs", &e.Pairs, 0, func(c *wire.Codec, p *pair) {
		g := c.Enter("pair")
		wire.U8(c, "k", &p.K)
		c.Opaque(1, "v", &p.V, 0)
		c.End(g)
	})
	flat := c.Length(1, "flat.length", 0)
	wire.Rest16(c, "num", &e.Flat)
	c.End(flat)
	c.Rest("tail", &e.Tail)
	c.End(g)
}

func sample() *every {
	return &every{
		A: 1, B: 0x0203, C: 0x04050607, Fixed: [3]byte{8, 9, 10}, Data: []byte{11, 12}, Short: []byte{13},
		Name: "Ab", Nums: []uint16{0x1415}, Bytes: []uint8{0x16}, Pairs: []pair{{0x17, []byte{0x18}}, {0x19, nil}},
		Flat: []uint16{0x1a1b}, Tail: []byte{0x1c, 0x1d},
	}
}

// sampleHex is sample written by hand from RFC 5246 §4.
const sampleHex = "01" + "0203" + "04050607" + "c8" + "c016" + "08090a" + "000002" + "0b0c" + "01" + "0d" +
	"02" + "4162" + "0002" + "1415" + "01" + "16" + "0005" + "17" + "01" + "18" + "19" + "00" + "02" + "1a1b" + "1c1d"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKnownAnswer(t *testing.T) {
	want := unhex(t, sampleHex)
	var wrote, read []wire.Field
	got, err := wire.Append([]byte("before"), sample(), &wrote)
	if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], want) {
		t.Fatalf("Append = %x, %v, want before+%x", got, err, want)
	}
	var back every
	if err := wire.Parse(want, &back, &read); err != nil {
		t.Fatal(err)
	}
	if back.mark != 23 {
		t.Errorf("Mark stored %d, want 23", back.mark)
	}
	s := sample()
	s.mark = back.mark
	if !reflect.DeepEqual(&back, s) {
		t.Errorf("read back %+v, want %+v", back, s)
	}
	if !reflect.DeepEqual(wrote, read) {
		t.Errorf("writing names\n%v\nreading names\n%v", wrote, read)
	}
	if err := wire.Covered(read, len(want)); err != nil {
		t.Error(err)
	}
}

func TestFieldNames(t *testing.T) {
	var note []wire.Field
	if err := wire.Parse(unhex(t, sampleHex), &every{}, &note); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range note {
		got = append(got, fmt.Sprintf("%s%s %d+%d", strings.Repeat(" ", f.Depth), f.Name, f.Off, f.Len))
	}
	want := []string{
		"every 0+41",
		" every.a 0+1", " every.b 1+2", " every.c 3+4", " every.const8 7+1", " every.const16 8+2", " every.fixed 10+3",
		" every.data.length 13+3", " every.data 16+2", " every.short.length 18+1", " every.short 19+1",
		" every.name.length 20+1", " every.name 21+2",
		" every.nums 23+4", "  every.nums.length 23+2", "  every.nums.num 25+2",
		" every.bytes 27+2", "  every.bytes.length 27+1", "  every.bytes.byte 28+1",
		" every.pairs 29+7", "  every.pairs.length 29+2",
		"  every.pairs.pair 31+3", "   every.pairs.pair.k 31+1", "   every.pairs.pair.v.length 32+1", "   every.pairs.pair.v 33+1",
		"  every.pairs.pair 34+2", "   every.pairs.pair.k 34+1", "   every.pairs.pair.v.length 35+1",
		" every.flat.length 36+1", " every.num 37+2", " every.tail 39+2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEveryPrefixIsRefused(t *testing.T) {
	whole := unhex(t, sampleHex)
	whole = whole[:len(whole)-2] // the tail may have any length
	for n := range whole {
		err := wire.Parse(whole[:n], &every{}, nil)
		if reason.Of(err) != reason.Truncated {
			t.Errorf("%d of %d bytes: %v, want truncated", n, len(whole), err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name  string
		at    int // byte of the sample to overwrite
		with  string
		want  reason.Reason
		field string
		off   int
	}{
		{"const8", 7, "c9", reason.BadValue, "every.const8", 7},
		{"const16", 8, "c017", reason.BadValue, "every.const16", 8},
		{"opaque beyond the end", 13, "ffffff", reason.Truncated, "every.data", 16},
		{"opaque above its range", 18, "05", reason.BadLength, "every.short", 18},
		{"opaque below its range", 18, "00", reason.BadLength, "every.short", 18},
		{"text below its range", 20, "00", reason.BadLength, "every.name", 20},
		{"list beyond the end", 23, "ffff", reason.Truncated, "every.nums.length", 23},
		{"list below its range", 23, "0001", reason.BadLength, "every.nums.length", 23},
		{"odd list of two-byte numbers", 23, "0003", reason.Truncated, "every.nums.num", 27},
		{"element that outgrows its list", 29, "0002", reason.Truncated, "every.pairs.pair.v", 33},
		{"odd flat list", 36, "01", reason.Truncated, "every.num", 37},
	} {
		b := unhex(t, sampleHex)
		copy(b[test.at:], unhex(t, test.with))
		var e *reason.Error
		if err := wire.Parse(b, &every{}, nil); !errors.As(err, &e) {
			t.Errorf("%s: %v, want a *reason.Error", test.name, err)
		} else if e.Reason != test.want || e.Field != test.field || e.Off != test.off {
			t.Errorf("%s: %s in %s at %d, want %s in %s at %d", test.name, e.Reason, e.Field, e.Off, test.want, test.field, test.off)
		}
	}
}

// walk makes a Struct of a func.
type walk func(*wire.Codec)

func (w walk) Walk(c *wire.Codec) { w(c) }

func TestTrailingBytes(t *testing.T) {
	vector := walk(func(c *wire.Codec) {
		var v uint8
		b := c.Begin(1, "vector", 0)
		wire.U8(c, "v", &v)
		c.End(b)
	})
	for in, field := range map[string]string{"020102": "vector", "010102": ""} {
		var e *reason.Error
		err := wire.Parse(unhex(t, in), vector, nil)
		if !errors.As(err, &e) || e.Reason != reason.TrailingBytes || e.Field != field || e.Off != 2 {
			t.Errorf("%s: %v, want trailing_bytes in %q at byte 2", in, err, field)
		}
	}
}

func TestWritingRefusesOnlyWhatDoesNotFit(t *testing.T) {
	s := sample()
	s.Short, s.Nums = make([]byte, 255), nil // both outside the range in Walk
	if _, err := wire.Append(nil, s, nil); err != nil {
		t.Errorf("a value out of range: %v, want it written", err)
	}
	for field, change := range map[string]func(*every){
		"every.short":        func(e *every) { e.Short = make([]byte, 256) },
		"every.name":         func(e *every) { e.Name = strings.Repeat("x", 256) },
		"every.bytes.length": func(e *every) { e.Bytes = make([]byte, 256) },
		"every.flat.length":  func(e *every) { e.Flat = make([]uint16, 128) },
	} {
		s := sample()
		change(s)
		var e *reason.Error
		got, err := wire.Append([]byte("before"), s, nil)
		if !errors.As(err, &e) || e.Reason != reason.BadLength || e.Field != field {
			t.Errorf("%v, want bad_length in %s", err, field)
		}
		if string(got) != "before" {
			t.Errorf("%s: Append returned %d bytes with its error, want what it was given", field, len(got))
		}
	}
}

func TestThreeByteNumber(t *testing.T) {
	var n uint32
	s := walk(func(c *wire.Codec) { wire.U24(c, "n", &n) })
	for hex, want := range map[string]uint32{"000000": 0, "010203": 0x010203, "ffffff": 1<<24 - 1} {
		if err := wire.Parse(unhex(t, hex), s, nil); err != nil || n != want {
			t.Errorf("%s is %d, %v, want %d", hex, n, err, want)
		}
		if b, err := wire.Append(nil, s, nil); err != nil || !bytes.Equal(b, unhex(t, hex)) {
			t.Errorf("%d is %x, %v, want %s", n, b, err, hex)
		}
	}
	n = 1 << 24
	if b, err := wire.Append(nil, s, nil); reason.Of(err) != reason.BadLength {
		t.Errorf("%d is %x, %v, want bad_length", n, b, err)
	}
}

// Marshalling is reading, so a structure in a shared Config may be marshalled by
// many connections at once: go test -race fails here if a walk writes to it.
func TestMarshallingSharedStructures(t *testing.T) {
	type shared struct{ walk }
	var (
		n    = uint16(0x0102)
		list = []uint8{3, 4}
		s    = shared{func(c *wire.Codec) {
			wire.U16(c, "n", &n)
			wire.Const8[uint8](c, "const", 9)
			wire.List8(c, 1, "list", "v", &list, 0)
		}}
		all sync.WaitGroup
	)
	for range 4 {
		all.Go(func() {
			if b, err := wire.Append(nil, s, nil); err != nil || !bytes.Equal(b, []byte{1, 2, 9, 2, 3, 4}) {
				t.Errorf("got %x, %v", b, err)
			}
		})
	}
	all.Wait()
}

func TestPeekAndFail(t *testing.T) {
	var ahead, beyond []byte
	peeker := walk(func(c *wire.Codec) {
		var v uint8
		b := c.Begin(1, "vector", 0)
		ahead, beyond = c.Peek(1, 2), c.Peek(2, 2)
		wire.U8(c, "first", &v)
		wire.U8(c, "second", &v)
		c.Fail(reason.BadValue, "second", "mercy", v)
		c.Fail(reason.Internal, "late", nil, nil) // only the first fault counts
		wire.U8(c, "third", &v)
		c.End(b)
	})
	err := wire.Parse([]byte{3, 1, 2, 3, 4}, peeker, nil)
	if !bytes.Equal(ahead, []byte{2, 3}) || beyond != nil {
		t.Errorf("Peek saw %x and %x, want 0203 and nothing", ahead, beyond)
	}
	if got, want := fmt.Sprint(err), "bad_value in vector.second at byte 2: expected mercy, got 2"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, err = wire.Append(nil, peeker, nil)
	if ahead != nil || beyond != nil || reason.Of(err) != reason.BadValue {
		t.Errorf("writing: Peek saw %x and %x, the error is %v", ahead, beyond, err)
	}
}

func TestElementWithoutBytesPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a list whose elements visit nothing went on for ever, or stopped in silence")
		}
	}()
	var list []struct{}
	wire.Parse([]byte{1, 0}, walk(func(c *wire.Codec) {
		wire.List(c, 1, "list", &list, 0, func(*wire.Codec, *struct{}) {})
	}), nil)
}

func TestDeepNesting(t *testing.T) {
	var v uint8
	deep := walk(func(c *wire.Codec) {
		var open []wire.Block
		for range 20 { // more than the path keeps
			open = append(open, c.Begin(1, "g", 0))
		}
		wire.U8(c, "v", &v)
		for _, b := range slices.Backward(open) {
			c.End(b)
		}
	})
	var wrote, read []wire.Field
	b, err := wire.Append(nil, deep, &wrote)
	if err != nil || len(b) != 21 {
		t.Fatalf("%x, %v", b, err)
	}
	if err := wire.Parse(b, deep, &read); err != nil || !reflect.DeepEqual(wrote, read) {
		t.Errorf("%v; wrote %v, read %v", err, wrote, read)
	}
	if err := wire.Covered(read, len(b)); err != nil {
		t.Error(err)
	}
}

func TestCoveredFindsFaults(t *testing.T) {
	leaf := func(off, n, depth int) wire.Field { return wire.Field{Name: "leaf", Off: off, Len: n, Depth: depth} }
	group := func(off, n, depth int) wire.Field {
		return wire.Field{Name: "group", Off: off, Len: n, Depth: depth, Value: wire.Group{}}
	}
	for name, fields := range map[string][]wire.Field{
		"a gap":                      {leaf(0, 1, 0), leaf(2, 2, 0)},
		"an overlap":                 {leaf(0, 2, 0), leaf(1, 3, 0)},
		"a missing end":              {leaf(0, 3, 0)},
		"a leaf sticks out":          {group(0, 3, 0), leaf(0, 4, 1)},
		"a group too long":           {group(0, 4, 0), leaf(0, 3, 1), leaf(3, 1, 0)},
		"a group in the wrong place": {leaf(0, 1, 0), group(0, 4, 0), leaf(1, 3, 1)},
		"an inner group too long":    {group(0, 4, 0), group(0, 2, 1), leaf(0, 1, 2), leaf(1, 3, 1)},
	} {
		if wire.Covered(fields, 4) == nil {
			t.Errorf("%s is not found", name)
		}
	}
	if err := wire.Covered([]wire.Field{group(0, 4, 0), leaf(0, 1, 1), group(1, 0, 1), leaf(1, 3, 1)}, 4); err != nil {
		t.Errorf("all is well, but: %v", err)
	}
}

func TestOverOwnsItsBytes(t *testing.T) {
	b := unhex(t, sampleHex)
	var note []wire.Field
	if err := wire.Parse(b, &every{}, &note); err != nil {
		t.Fatal(err)
	}
	kept := wire.Over(bytes.Clone(b), note)
	before := fmt.Sprint(kept)
	if fmt.Sprint(note) != before {
		t.Error("the copy has other values")
	}
	clear(b)
	if fmt.Sprint(kept) != before {
		t.Error("clearing the input changed the copy")
	}
	if fmt.Sprint(note) == before {
		t.Error("clearing the input changed nothing: this test tests nothing")
	}
}

func TestSilentWalksAllocateOnlyTheCodec(t *testing.T) {
	b := unhex(t, sampleHex)
	s, buf := sample(), make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { wire.Append(buf, s, nil) }); n > 1 {
		t.Errorf("Append allocates %v times, want 1", n)
	}
	fixed := walk(func(c *wire.Codec) { c.Rest("all", &s.Tail) })
	if n := testing.AllocsPerRun(100, func() { wire.Parse(b, fixed, nil) }); n > 1 {
		t.Errorf("Parse allocates %v times, want 1", n)
	}
}

func FuzzParse(f *testing.F) {
	b, _ := hex.DecodeString(sampleHex)
	f.Add(b)
	f.Add(b[:20])
	f.Fuzz(func(t *testing.T, in []byte) {
		var e every
		var read, wrote []wire.Field
		if err := wire.Parse(in, &e, &read); err != nil {
			var re *reason.Error
			if !errors.As(err, &re) || re.Off < 0 || re.Off > len(in) {
				t.Fatalf("%v: no *reason.Error, or one that points outside", err)
			}
			return
		}
		if err := wire.Covered(read, len(in)); err != nil {
			t.Fatal(err)
		}
		out, err := wire.Append(nil, &e, &wrote)
		if err != nil || !bytes.Equal(in, out) {
			t.Fatalf("%x came back as %x, %v", in, out, err)
		}
		if !reflect.DeepEqual(read, wrote) {
			t.Fatalf("read as %v, written as %v", read, wrote)
		}
	})
}
