package sct_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/handshake/sct"
	"tlslab/handshake/wire"
)

// list has the form of an extension's data.
type list struct{ scts [][]byte }

func (l *list) Walk(c *wire.Codec) { sct.List(c, &l.scts) }

var (
	v1 = append(append([]byte{0}, bytes.Repeat([]byte{0xab}, 32)...), // version, log_id
		0, 0, 1, 0x9b, 0x76, 0xda, 0x40, 0, 0, 0, 4, 3, 0, 2, 0x30, 0) // timestamp, extensions, algorithms, signature
	short = v1[:len(v1)-1]
	later = []byte{1, 2, 3}
)

// TestList: what is of v1's form is named byte by byte, all else as a whole, and the list is
// written as it was read, with the fields noted or not.
func TestList(t *testing.T) {
	in := &list{[][]byte{v1, short, later, {0}}}
	b, err := wire.Append(nil, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var fields []wire.Field
	var out list
	if err := wire.Parse(b, &out, &fields); err != nil {
		t.Fatal(err)
	}
	if err := wire.Covered(fields, len(b)); err != nil {
		t.Error(err)
	}
	var names []string
	for _, f := range fields {
		if f.Leaf() {
			names = append(names, f.Name[strings.LastIndexByte(f.Name, '.')+1:])
			if f.Name == "sct_list.sct.timestamp" && f.Value != sct.Millis(0x19b76da4000) {
				t.Errorf("the instant is %v", f.Value)
			}
		}
	}
	if got, want := strings.Join(names, " "), "length length version log_id timestamp length hash_algorithm signature_algorithm length signature length unread length version unread length unread"; got != want {
		t.Errorf("fields are\n%s, want\n%s", got, want)
	}
	for i := range in.scts {
		if !bytes.Equal(in.scts[i], out.scts[i]) {
			t.Errorf("number %d: %x", i, out.scts[i])
		}
	}
	var noted []wire.Field
	again, err := wire.Append(nil, &out, &noted)
	if err != nil || !bytes.Equal(again, b) || len(noted) != len(fields) {
		t.Errorf("written as %x, %v", again, err)
	}
	var silent list
	if err := wire.Parse(b, &silent, nil); err != nil || len(silent.scts) != 4 || !bytes.Equal(silent.scts[0], v1) {
		t.Errorf("%x, %v", silent.scts, err)
	}
}

// TestEmpty: neither a list nor a timestamp may be empty (RFC 6962 §3.3).
func TestEmpty(t *testing.T) {
	for _, b := range [][]byte{{0, 0}, {0, 2, 0, 0}, {0, 3, 0, 0, 1}, {0, 1, 9}} {
		if err := wire.Parse(b, new(list), nil); err == nil {
			t.Errorf("%x is taken", b)
		}
	}
}

func TestMillis(t *testing.T) {
	for m, want := range map[sct.Millis]string{0: "1970-01-01T00:00:00.000Z", 253402300799999: "9999-12-31T23:59:59.999Z", 1 << 63: "9223372036854775808 ms"} {
		if got := m.String(); got != want {
			t.Errorf("%d is %s", uint64(m), got)
		}
	}
}

// TestReadsOnly: whoever reads a list writes nothing into it, since another may read it at the time.
func TestReadsOnly(t *testing.T) {
	b, err := wire.Append(nil, &list{[][]byte{later, v1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			var fields []wire.Field
			if err := wire.Parse(b, new(list), &fields); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
}

// TestCheck: a timestamp of v1 is one with every length as it says, and nothing behind it.
func TestCheck(t *testing.T) {
	for i := range v1 {
		if err := sct.Check(v1[:i]); reason.Of(err) != reason.Truncated {
			t.Errorf("%d bytes: %v", i, err)
		}
	}
	for _, x := range []struct {
		b    []byte
		want reason.Reason
	}{{v1, reason.None}, {append(bytes.Clone(v1), 0), reason.TrailingBytes}, {later, reason.BadValue}, {append([]byte{1}, v1[1:]...), reason.BadValue}} {
		if err := sct.Check(x.b); reason.Of(err) != x.want {
			t.Errorf("%x: %v, want %v", x.b, err, x.want)
		}
	}
}
