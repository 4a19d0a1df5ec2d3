package record

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/crypto/chacha20poly1305"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// protection makes both ends' protection of a suite, with keys of zeros.
func protection(t testing.TB, id iana.CipherSuite) suite.Protection {
	t.Helper()
	c := suite.ByID(id).Cipher
	p, err := c.Protect(suite.Keys{MAC: make([]byte, c.MACLen), Key: make([]byte, c.KeyLen), IV: make([]byte, c.FixedIVLen)}, suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const gcm = iana.CipherSuite(0xc02f)

// pair is a Writer and a Reader that share keys.
func pair(t testing.TB, id iana.CipherSuite) (w Writer, r Reader) {
	t.Helper()
	w.SetVersion(suite.ByID(id).Version)
	if w.version == iana.TLS13 {
		r.SetVersion(iana.TLS13)
	}
	w.Change(protection(t, id), nil)
	r.Change(protection(t, id), nil)
	return w, r
}

func write(t testing.TB, w *Writer, typ iana.ContentType, data []byte) []byte {
	t.Helper()
	out, err := w.Append(nil, typ, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{5}).Read(b)
	return b
}

// readAll reads every record of wire and joins the payloads, feeding no more
// bytes than Need asks for.
func readAll(t testing.TB, r *Reader, wire []byte) (data []byte, records int) {
	t.Helper()
	wire = slices.Clone(wire)
	for len(wire) > 0 {
		have := 0
		for {
			rec, n, err := r.Next(wire[:have], nil, false)
			if err != nil {
				t.Fatalf("record %d: %v", records, err)
			}
			if n > 0 {
				if n != have {
					t.Fatalf("record %d: Need asked for %d bytes, the record has %d", records, have, n)
				}
				data = append(data, rec.Payload...)
				break
			}
			need := r.Need(wire[:have])
			if need < 1 || have+need > len(wire) {
				t.Fatalf("record %d: Need of %d bytes is %d, with %d left", records, have, need, len(wire)-have)
			}
			have += need
		}
		wire = wire[have:]
		records++
	}
	return data, records
}

func TestFirstRecord(t *testing.T) {
	var w Writer
	got := write(t, &w, iana.Handshake, []byte{1, 0, 0, 0})
	if want := []byte{22, 3, 1, 0, 4, 1, 0, 0, 0}; !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
	w.SetVersion(iana.TLS12)
	if got := write(t, &w, iana.ApplicationData, nil); !bytes.Equal(got, []byte{23, 3, 3, 0, 0}) || w.Version() != iana.TLS12 {
		t.Errorf("no data: got % x, want one empty record", got)
	}
}

func TestRoundTripEverySuite(t *testing.T) {
	for _, s := range suite.All() {
		t.Run(s.String(), func(t *testing.T) {
			w, r := pair(t, s.ID)
			for _, n := range []int{0, 1, 15, 16, 17, 16384, 16385, 40000} {
				data := noise(n)
				wire := write(t, &w, iana.ApplicationData, data)
				got, records := readAll(t, &r, wire)
				if !bytes.Equal(got, data) {
					t.Fatalf("%d bytes: came back as %d others", n, len(got))
				}
				if want := max(1, (n+MaxPlaintext-1)/MaxPlaintext); records != want {
					t.Errorf("%d bytes: %d records, want %d", n, records, want)
				}
			}
		})
	}
}

func TestLimit(t *testing.T) {
	for _, id := range []iana.CipherSuite{gcm, 0xc028, 0x003b} {
		w, r := pair(t, id)
		w.SetLimit(512)
		r.SetLimit(512, iana.ExtMaxFragmentLength)
		if _, n := readAll(t, &r, write(t, &w, iana.Handshake, noise(1025))); n != 3 {
			t.Errorf("%v: 1025 bytes in %d records, want 3", id, n)
		}
		w.SetLimit(513)
		wire := write(t, &w, iana.Handshake, noise(513))
		if _, _, err := r.Next(wire, nil, false); reason.Of(err) != reason.RecordOverflow {
			t.Errorf("%v: 513 bytes where 512 are allowed: %v", id, err)
		}
	}
}

// Every proper prefix of a record is no record yet, and no fault either.
func TestPrefixes(t *testing.T) {
	for _, id := range []iana.CipherSuite{0, gcm, 0xc027, 0x003b} {
		var w Writer
		var r Reader
		if id != 0 {
			w, r = pair(t, id)
		}
		wire := write(t, &w, iana.ApplicationData, noise(100))
		for i := range wire {
			if _, n, err := r.Next(wire[:i], nil, false); n != 0 || err != nil {
				t.Fatalf("%v: %d of %d bytes: n %d, %v", id, i, len(wire), n, err)
			}
			if need := r.Need(wire[:i]); i >= HeaderLen && need != len(wire)-i {
				t.Errorf("%v: %d of %d bytes: Need is %d", id, i, len(wire), need)
			}
		}
		if _, n, err := r.Next(wire, nil, false); n != len(wire) || err != nil {
			t.Errorf("%v: the whole: n %d, %v", id, n, err)
		}
	}
}

func TestTamperReorderReplayDrop(t *testing.T) {
	for _, s := range suite.All() {
		t.Run(s.String(), func(t *testing.T) {
			w, _ := pair(t, s.ID)
			a := write(t, &w, iana.ApplicationData, []byte("first"))
			b := write(t, &w, iana.ApplicationData, []byte("second"))
			c := write(t, &w, iana.ApplicationData, []byte("third"))
			// read expects all of the records but the last to be good.
			read := func(what string, records ...[]byte) {
				t.Helper()
				_, r := pair(t, s.ID)
				for i, rec := range records {
					_, n, err := r.Next(slices.Clone(rec), nil, false)
					if last := i == len(records)-1; last && reason.Of(err) != reason.BadRecordMAC || !last && (err != nil || n != len(rec)) {
						t.Errorf("%s, record %d: n %d, %v", what, i, n, err)
					}
				}
			}
			read("reordered", b)
			read("replayed", a, a)
			read("dropped", a, c)
			read("replayed later", a, b, a)
			for i := HeaderLen; i < len(a); i++ {
				bad := slices.Clone(a)
				bad[i] ^= 4
				read(fmt.Sprintf("byte %d changed", i), bad)
			}
			bad := slices.Clone(a)
			bad[0] = byte(iana.Handshake)
			if s.Version == iana.TLS12 { // in TLS 1.3 it is refused before it is opened
				read("another type", bad)
			}
			bad = slices.Clone(a)
			bad[2]--
			read("another version", bad)
		})
	}
}

func TestEpochs(t *testing.T) {
	w, r := pair(t, gcm)
	var notes []Record
	keep := func(rec Record) { notes = append(notes, rec) }
	wire, _ := w.Append(nil, iana.ApplicationData, []byte("a"), keep)
	wire, _ = w.Append(wire, iana.ApplicationData, []byte("b"), keep)
	w.Change(protection(t, 0xcca8), nil)
	next, _ := w.Append(nil, iana.ApplicationData, []byte("c"), keep)
	var got []Record
	for _, b := range [][]byte{wire, next} {
		for len(b) > 0 {
			rec, n, err := r.Next(b, nil, true)
			if err != nil {
				t.Fatal(err)
			}
			got, b = append(got, rec), b[n:]
		}
		r.Change(protection(t, 0xcca8), nil)
	}
	for i, want := range []struct {
		epoch int
		seq   uint64
	}{{1, 0}, {1, 1}, {2, 0}} {
		for _, rec := range []Record{notes[i], got[i]} {
			if rec.Epoch != want.epoch || rec.Seq != want.seq || !rec.Protected {
				t.Errorf("record %d: epoch %d, number %d, protected %v", i, rec.Epoch, rec.Seq, rec.Protected)
			}
		}
		if !bytes.Equal(notes[i].Wire, got[i].Wire) || !bytes.Equal(notes[i].Payload, got[i].Payload) {
			t.Errorf("record %d: what was written is not what was read", i)
		}
	}
	if !bytes.Equal(slices.Concat(notes[0].Wire, notes[1].Wire, notes[2].Wire), slices.Concat(noted(got)...)) {
		t.Error("the records do not make up the wire")
	}
}

func noted(records []Record) (wires [][]byte) {
	for _, r := range records {
		wires = append(wires, r.Wire)
	}
	return wires
}

// A noted record owns its bytes: what the caller does with the buffers later does
// not show.
func TestNotedRecordsOwnTheirBytes(t *testing.T) {
	for _, id := range []iana.CipherSuite{gcm, 0xc027, 0x003b} {
		w, r := pair(t, id)
		data := []byte("some application data")
		var sent Record
		wire, err := w.Append(nil, iana.ApplicationData, data, func(rec Record) { sent = rec })
		if err != nil {
			t.Fatal(err)
		}
		into := make([]byte, 100)
		onWire := slices.Clone(wire)
		got, _, err := r.Next(wire, into, true)
		if err != nil {
			t.Fatal(err)
		}
		clear(wire)
		clear(into)
		clear(data)
		for _, rec := range []Record{sent, got} {
			if string(rec.Payload) != "some application data" || !bytes.Equal(rec.Wire, onWire) {
				t.Errorf("%v: %q, % x", id, rec.Payload, rec.Wire)
			}
			for _, s := range rec.Steps {
				if s.Name == suite.StepPlaintext && string(s.Bytes) != "some application data" {
					t.Errorf("%v: step plaintext is %q", id, s.Bytes)
				}
				if s.Name == suite.StepHeader && !bytes.Equal(s.Bytes, onWire[:HeaderLen]) {
					t.Errorf("%v: step header is % x", id, s.Bytes)
				}
			}
		}
		if len(sent.Steps) != len(got.Steps) || len(got.Steps) < 5 {
			t.Errorf("%v: %d steps to write, %d to read", id, len(sent.Steps), len(got.Steps))
		}
	}
}

// Only application data goes to the application's memory.
func TestInto(t *testing.T) {
	w, r := pair(t, gcm)
	into := make([]byte, 50)
	for _, c := range []struct {
		typ    iana.ContentType
		n      int
		direct bool
	}{{iana.ApplicationData, 50, true}, {iana.ApplicationData, 51, false}, {iana.Handshake, 50, false}} {
		rec, _, err := r.Next(write(t, &w, c.typ, noise(c.n)), into[:50:50], false)
		if err != nil {
			t.Fatal(err)
		}
		if direct := &rec.Payload[0] == &into[0]; direct != c.direct || !bytes.Equal(rec.Payload, noise(c.n)) {
			t.Errorf("%v of %d bytes: direct %v, want %v", c.typ, c.n, direct, c.direct)
		}
	}
	// Room beyond the length is not the application's to give.
	rec, _, err := r.Next(write(t, &w, iana.ApplicationData, noise(20)), into[:10], false)
	if err != nil || &rec.Payload[0] == &into[0] {
		t.Errorf("20 bytes went into 10: %v", err)
	}
}

func TestSequenceNumbersDoNotWrap(t *testing.T) {
	w, r := pair(t, gcm)
	w.seq, r.seq = math.MaxUint64-1, math.MaxUint64-1
	wire := write(t, &w, iana.ApplicationData, []byte("last"))
	if rec, _, err := r.Next(slices.Clone(wire), nil, false); err != nil || string(rec.Payload) != "last" {
		t.Fatalf("the last record: %q, %v", rec.Payload, err)
	}
	if out, err := w.Append(nil, iana.ApplicationData, []byte("more"), nil); reason.Of(err) != reason.SequenceExhausted || len(out) != 0 {
		t.Errorf("Append: %d bytes, %v", len(out), err)
	}
	if _, _, err := r.Next(wire, nil, false); reason.Of(err) != reason.SequenceExhausted {
		t.Errorf("Next: %v", err)
	}
	w.Change(protection(t, gcm), nil)
	write(t, &w, iana.ApplicationData, []byte("fresh keys"))
}

func TestAllocs(t *testing.T) {
	for _, s := range suite.All() {
		if s.Cipher.Kind == suite.CBC && raceDetector() {
			continue
		}
		w, r := pair(t, s.ID)
		data, into := noise(5000), make([]byte, 6000)
		wire := make([]byte, 0, 6000)
		if n := testing.AllocsPerRun(100, func() {
			out, err := w.Append(wire, iana.ApplicationData, data, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := r.Next(out, into, false); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: a record allocates %v times", s, n)
		}
	}
}

// raceDetector reports whether the test was built with -race, which keeps the
// standard library's hashes from leaving their copies on the stack.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// An idle connection has one of each.
func TestSmall(t *testing.T) {
	if n := unsafe.Sizeof(Writer{}) + unsafe.Sizeof(Reader{}); n > 160 {
		t.Errorf("Writer and Reader are %d bytes", n)
	}
}

func ExampleWriter() {
	var w Writer
	wire, _ := w.Append(nil, iana.Handshake, []byte("a handshake message"), func(r Record) {
		fmt.Println(r.Type, r.Version, len(r.Payload), "bytes")
	})
	var r Reader
	rec, n, _ := r.Next(wire, nil, false)
	fmt.Printf("%s, %d of %d bytes\n", rec.Payload, n, len(wire))
	// Output:
	// handshake TLS 1.0 19 bytes
	// a handshake message, 24 of 24 bytes
}

func ExampleReader_Next() {
	var r Reader
	_, _, err := r.Next([]byte("GET / HTTP/1.1\r\n"), nil, false)
	fmt.Println(err)
	// Output: not_tls in record at byte 0: expected a TLS record, got an HTTP request in clear (RFC 9846 §5.1)
}

func newGCM() (cipher.AEAD, error) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// 16 KiB sealed and opened: the bare AEAD, and the record layer around it. What TLS
// 1.3 takes beyond the AEAD is one copy of the content, next to which its type has
// to stand before both are encrypted; TLS 1.2 encrypts from where the content is.
func BenchmarkRecord(b *testing.B) {
	data := noise(MaxPlaintext)
	for _, c := range []struct {
		name string
		id   iana.CipherSuite
		bare func() (cipher.AEAD, error)
	}{
		{"AES-128-GCM", 0xc02f, newGCM},
		{"TLS 1.3 AES-128-GCM", 0x1301, newGCM},
		{"TLS 1.3 ChaCha20-Poly1305", 0x1303, func() (cipher.AEAD, error) { return chacha20poly1305.New(make([]byte, 32)) }},
		{"ChaCha20-Poly1305", 0xcca8, func() (cipher.AEAD, error) { return chacha20poly1305.New(make([]byte, 32)) }},
	} {
		b.Run(c.name+"/bare", func(b *testing.B) {
			aead, err := c.bare()
			if err != nil {
				b.Fatal(err)
			}
			sealed, opened := make([]byte, 0, MaxCiphertext), make([]byte, 0, MaxPlaintext)
			nonce, ad := make([]byte, 12), make([]byte, 13)
			b.SetBytes(MaxPlaintext)
			b.ReportAllocs()
			for b.Loop() {
				out := aead.Seal(sealed, nonce, data, ad)
				if _, err := aead.Open(opened, nonce, out, ad); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/record", func(b *testing.B) {
			w, r := pair(b, c.id)
			wire, into := make([]byte, 0, HeaderLen+MaxCiphertext), make([]byte, MaxPlaintext)
			b.SetBytes(MaxPlaintext)
			b.ReportAllocs()
			for b.Loop() {
				out, err := w.Append(wire, iana.ApplicationData, data, nil)
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err := r.Next(out, into, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
