package record

import (
	"bytes"
	"compress/zlib"
	"io"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

func TestDEFLATERoundTrip(t *testing.T) {
	w, r := pair(t, gcm)
	w.Change(protection(t, gcm), NewDEFLATE())
	r.Change(protection(t, gcm), NewDEFLATE())
	text := []byte(strings.Repeat("GET /index.html HTTP/1.1\r\nCookie: secret=4711\r\n", 2000)) // 90 kB: beyond the window
	for i, data := range [][]byte{[]byte("a"), nil, text[:100], text[:100], noise(16384), text, nil, noise(40000), []byte("z")} {
		wire := write(t, &w, iana.ApplicationData, data)
		if got, _ := readAll(t, &r, wire); !bytes.Equal(got, data) {
			t.Fatalf("write %d: %d bytes came back as %d", i, len(data), len(got))
		}
	}
}

// DEFLATE refers back 2^15 bytes and no further: as much has to be remembered.
func TestDEFLATEWindow(t *testing.T) {
	w, r := NewDEFLATE(), NewDEFLATE()
	half := noise(1 << 15)
	for i, data := range [][]byte{half[:1<<14], half[1<<14:], half[:1<<14], half[1<<14:]} {
		b, err := w.Compress(nil, data)
		if err != nil {
			t.Fatal(err)
		}
		if i >= 2 && len(b) > 1000 {
			t.Errorf("part %d: %d bytes, so the writer does not refer back 2^15", i, len(b))
		}
		if got, err := r.Decompress(nil, b, MaxPlaintext); err != nil || !bytes.Equal(got, data) {
			t.Errorf("part %d: %d bytes, %v", i, len(got), err)
		}
	}
}

// What is compressed must not spill into the application's memory, and may be no
// longer than RFC 5246 §6.2.2 allows.
func TestDEFLATEInto(t *testing.T) {
	w, r := pair(t, gcm)
	w.Change(protection(t, gcm), NewDEFLATE())
	r.Change(protection(t, gcm), NewDEFLATE())
	into := make([]byte, 100)
	rec, _, err := r.Next(write(t, &w, iana.ApplicationData, []byte("hello")), into, false)
	if err != nil || string(rec.Payload) != "hello" || !bytes.Equal(into, make([]byte, 100)) {
		t.Errorf("%q, %v, into % x", rec.Payload, err, into[:20])
	}
	for n, want := range map[int]reason.Reason{MaxCompressed: reason.DecompressionFailure, MaxCompressed + 1: reason.RecordOverflow} {
		var r Reader
		r.Change(protection(t, gcm), NewDEFLATE())
		sealed, err := protection(t, gcm).Seal(nil, 0, iana.ApplicationData, iana.TLS12, make([]byte, n), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(sealed, nil, false); reason.Of(err) != want {
			t.Errorf("%d bytes compressed: %v, want %s", n, err, want)
		}
	}
}

// The whole is one zlib stream (RFC 3749 §2): the standard library's reader, which
// knows nothing of records, reads what we write, and we read what its writer
// flushes.
func TestDEFLATEIsOneZlibStream(t *testing.T) {
	parts := [][]byte{[]byte("hello "), []byte("hello "), {}, noise(20000)[:16384], []byte("hello again")}
	var stream []byte
	ours := NewDEFLATE()
	for _, p := range parts {
		var err error
		if stream, err = ours.Compress(stream, p); err != nil {
			t.Fatal(err)
		}
	}
	zr, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	// The stream has no end, as a connection's has none: that is the only fault.
	got, err := io.ReadAll(zr)
	if !bytes.Equal(got, slices.Concat(parts...)) || err != io.ErrUnexpectedEOF {
		t.Errorf("zlib read %d bytes, %v", len(got), err)
	}

	for _, level := range []int{zlib.NoCompression, zlib.BestSpeed, zlib.BestCompression, zlib.HuffmanOnly} {
		var out bytes.Buffer
		zw, err := zlib.NewWriterLevel(&out, level)
		if err != nil {
			t.Fatal(err)
		}
		theirs := NewDEFLATE()
		for i, p := range parts {
			out.Reset()
			zw.Write(p)
			zw.Flush()
			if got, err := theirs.Decompress([]byte("dst"), out.Bytes(), MaxPlaintext); err != nil || string(got) != "dst"+string(p) {
				t.Errorf("level %d, part %d: %d bytes, %v", level, i, len(got), err)
			}
		}
	}
}

// History spans records: that is what shortens the second, and what CRIME reads.
func TestDEFLATELengthLeaks(t *testing.T) {
	length := func(guess string) int {
		w, _ := pair(t, gcm)
		w.Change(protection(t, gcm), NewDEFLATE())
		write(t, &w, iana.ApplicationData, []byte("Cookie: secret=4711\r\n"))
		return len(write(t, &w, iana.ApplicationData, []byte("Cookie: secret="+guess+"\r\n")))
	}
	if right, wrong := length("4711"), length("9826"); right >= wrong {
		t.Errorf("the right guess makes a record of %d bytes, a wrong one %d", right, wrong)
	}
}

func TestDEFLATERefuses(t *testing.T) {
	sealed := func(data []byte) []byte {
		b, err := NewDEFLATE().Compress(nil, data)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var ended bytes.Buffer
	zw := zlib.NewWriter(&ended)
	zw.Write([]byte("hello"))
	zw.Close()
	hello := sealed([]byte("hello"))
	flip := func(i int, x byte) []byte { b := slices.Clone(hello); b[i] ^= x; return b }
	cases := map[string][]byte{
		"nothing":            {},
		"half a header":      {0x78},
		"method 7":           flip(0, 0x0f),
		"bad header check":   flip(1, 1),
		"preset dictionary":  {0x78, 0xbb},
		"a stream that ends": ended.Bytes(),
		"bytes behind":       append(slices.Clone(hello), 1),
		"block type 3":       {0x78, 0x9c, 0x07},
		"a bomb":             sealed(make([]byte, MaxPlaintext+1)),
		"a bigger bomb":      sealed(make([]byte, 1<<20)),
	}
	for i := 2; i < len(hello); i++ {
		// An empty rest is an empty record; anything more is cut off.
		if i > 2 {
			cases["cut at "+string(rune('0'+i))] = hello[:i]
		}
	}
	for name, b := range cases {
		got, err := NewDEFLATE().Decompress(nil, b, MaxPlaintext)
		if reason.Of(err) != reason.DecompressionFailure || len(got) != 0 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if got, err := NewDEFLATE().Decompress(nil, sealed(make([]byte, MaxPlaintext)), MaxPlaintext); err != nil || len(got) != MaxPlaintext {
		t.Errorf("2^14 bytes exactly: %d, %v", len(got), err)
	}
}

// Through the record layer, over no protection: the limit is the record's.
func TestDEFLATEBombInARecord(t *testing.T) {
	bomb, err := NewDEFLATE().Compress(nil, make([]byte, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	var w Writer
	var r Reader
	w.Change(protection(t, gcm), nil)
	r.Change(protection(t, gcm), NewDEFLATE())
	if _, _, err := r.Next(write(t, &w, iana.ApplicationData, bomb), nil, false); reason.Of(err) != reason.DecompressionFailure {
		t.Errorf("%d bytes that become 2^20: %v", len(bomb), err)
	}
}

func TestDEFLATEIsNoted(t *testing.T) {
	var w Writer
	var r Reader
	w.Change(protection(t, gcm), NewDEFLATE())
	r.Change(protection(t, gcm), NewDEFLATE())
	var sent Record
	wire, err := w.Append(nil, iana.ApplicationData, []byte("plain"), func(rec Record) { sent = rec })
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := r.Next(wire, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	step := func(r Record, name string) string {
		for _, s := range r.Steps {
			if s.Name == name {
				return string(s.Bytes)
			}
		}
		return "none"
	}
	if a, b := step(sent, "compressed"), step(got, "compressed"); a != b || len(a) < 5 || step(got, "plaintext") != "plain" {
		t.Errorf("compressed %x when sent, %x when read", a, b)
	}
}
