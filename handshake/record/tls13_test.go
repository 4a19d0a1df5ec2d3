package record

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

const gcm13 = iana.CipherSuite(0x1301)

// padded is a Writer under the keys that pair gives, whose records get n zeros each.
func padded(t testing.TB, id iana.CipherSuite, n int) (w Writer) {
	t.Helper()
	c := suite.ByID(id).Cipher
	p, err := c.Protect(suite.Keys{Key: make([]byte, c.KeyLen), IV: make([]byte, c.FixedIVLen)},
		suite.Options{Padding: func(int) int { return n }})
	if err != nil {
		t.Fatal(err)
	}
	w.SetVersion(iana.TLS13)
	w.Change(p, nil)
	return w
}

func TestWriter13(t *testing.T) {
	w, _ := pair(t, gcm13)
	if w.Version() != iana.TLS12 {
		t.Errorf("headers say %v", w.Version())
	}
	var notes []Record
	note := func(r Record) { notes = append(notes, r) }
	for _, typ := range []iana.ContentType{iana.Handshake, iana.ChangeCipherSpec, iana.Alert} {
		if _, err := w.Append(nil, typ, []byte{1}, note); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []struct {
		header    string
		protected bool
		seq       uint64
	}{{"1703030012", true, 0}, {"1403030001", false, 1}, {"1703030012", true, 1}} {
		n := notes[i]
		if hex.EncodeToString(n.Wire[:HeaderLen]) != want.header || n.Protected != want.protected || n.Seq != want.seq {
			t.Errorf("record %d: header %x, protected %v, number %d", i, n.Wire[:HeaderLen], n.Protected, n.Seq)
		}
		if (n.Steps[0].Name != suite.StepPlaintext) || (len(n.Steps) > 4) != want.protected {
			t.Errorf("record %d: steps %v", i, n.Steps)
		}
	}
	if !bytes.Equal(notes[1].Wire, []byte{20, 3, 3, 0, 1, 1}) {
		t.Errorf("change_cipher_spec: %x", notes[1].Wire)
	}
}

// Both limits of RFC 8449 count type and padding; records in clear have none.
func TestLimit13(t *testing.T) {
	w := padded(t, gcm13, 1<<20)
	w.SetLimit(64)
	wire := write(t, &w, iana.Handshake, noise(100)) // 63 and 37 of content
	if len(wire) != 2*(HeaderLen+64+16) {
		t.Errorf("%d bytes for two full records", len(wire))
	}
	w.Change(protection(t, gcm13), nil) // the limit outlives the keys
	if again := write(t, &w, iana.Handshake, noise(100)); len(again) != 100+2*(HeaderLen+1+16) {
		t.Errorf("%d bytes without padding", len(again))
	}
	for limit, want := range map[int]reason.Reason{64: reason.None, 63: reason.RecordOverflow} {
		_, r := pair(t, gcm13)
		r.SetLimit(limit, iana.ExtRecordSizeLimit)
		rec, _, err := r.Next(slices.Clone(wire), nil, false)
		if reason.Of(err) != want || err == nil && !bytes.Equal(rec.Payload, noise(63)) {
			t.Errorf("limit %d: %d bytes, %v", limit, len(rec.Payload), err)
		}
	}
	for _, out := range []int{0, 1, -1, MaxInner + 1} {
		w.SetLimit(out)
		if got := w.fragmentLimit(iana.Handshake); got != MaxPlaintext {
			t.Errorf("SetLimit(%d): %d bytes", out, got)
		}
	}
	var clear Writer
	clear.SetVersion(iana.TLS13)
	clear.SetLimit(64)
	if got := write(t, &clear, iana.Handshake, noise(1000)); len(got) != HeaderLen+1000 {
		t.Errorf("in clear: %d bytes", len(got))
	}
	var r Reader
	r.SetVersion(iana.TLS13)
	r.SetLimit(64, iana.ExtRecordSizeLimit)
	if _, n, err := r.Next(write(t, &clear, iana.Handshake, noise(1000)), nil, false); n != HeaderLen+1000 || err != nil {
		t.Errorf("in clear: n %d, %v", n, err)
	}
}

// A handshake message or an alert comes under the same header as application data,
// and must not come into the application's memory.
func TestInto13(t *testing.T) {
	for _, id := range []iana.CipherSuite{gcm13, 0x1303, 0x1304, 0xc0b4} {
		for _, zeros := range []int{0, 30} {
			_, r := pair(t, id)
			w := padded(t, id, zeros)
			for _, c := range []struct {
				typ    iana.ContentType
				n      int
				direct bool
			}{
				{iana.ApplicationData, 99 - zeros, true},
				{iana.ApplicationData, 100 - zeros, false}, // the type has no room
				{iana.Handshake, 20, false},
				{iana.Alert, 2, false},
				{iana.Handshake, 99 - zeros, false},
			} {
				into := make([]byte, 200)
				wire := write(t, &w, c.typ, noise(c.n))
				rec, _, err := r.Next(wire, into[:100], false)
				if err != nil || rec.Type != c.typ || !bytes.Equal(rec.Payload, noise(c.n)) {
					t.Fatalf("%v, %d zeros, %v of %d bytes: %v", id, zeros, c.typ, c.n, err)
				}
				if direct := &rec.Payload[0] == &into[0]; direct != c.direct {
					t.Errorf("%v, %d zeros, %v of %d bytes: direct %v", id, zeros, c.typ, c.n, direct)
				}
				if inPlace := &rec.Payload[0] == &wire[HeaderLen]; inPlace == c.direct {
					t.Errorf("%v, %d zeros, %v of %d bytes: in place %v", id, zeros, c.typ, c.n, inPlace)
				}
				if !c.direct && !bytes.Equal(into, make([]byte, 200)) {
					t.Errorf("%v, %d zeros, %v of %d bytes: left %x in the application's memory", id, zeros, c.typ, c.n, into)
				}
			}
		}
	}
}

func TestSpent(t *testing.T) {
	w, _ := pair(t, gcm13)
	max := suite.ByID(gcm13).Cipher.MaxRecords
	for _, c := range []struct {
		seq   uint64
		spent bool
	}{{0, false}, {max - 1, false}, {max, true}, {max + 1, true}} {
		if w.seq = c.seq; w.Spent() != c.spent {
			t.Errorf("%d records: Spent is %v", c.seq, w.Spent())
		}
	}
	write(t, &w, iana.Handshake, []byte("a KeyUpdate is still sealed"))
	w.Change(protection(t, gcm13), nil)
	if w.Spent() {
		t.Error("new keys are spent")
	}
	for _, id := range []iana.CipherSuite{0x1303, gcm} { // ChaCha20 has no such bound, TLS 1.2 no such means
		w, _ := pair(t, id)
		if w.seq = 1 << 60; w.Spent() {
			t.Errorf("%v is spent", id)
		}
	}
	var clear Writer
	if clear.Spent() {
		t.Error("a Writer without keys is spent")
	}
}

// What may still come in clear once there are keys, and for how long.
func TestInClear13(t *testing.T) {
	ccs, alert := []byte{20, 3, 3, 0, 1, 1}, []byte{21, 3, 1, 0, 2, 2, 40}
	w, r := pair(t, gcm13)
	next := func(wire []byte, typ iana.ContentType, protected bool, seq uint64, want reason.Reason) {
		t.Helper()
		rec, n, err := r.Next(slices.Clone(wire), make([]byte, 100), true)
		if reason.Of(err) != want {
			t.Fatalf("%x: %v, want %q", wire, err, want)
		}
		if err == nil && (n != len(wire) || rec.Type != typ || rec.Protected != protected || rec.Seq != seq) {
			t.Errorf("%x: n %d, %v, protected %v, number %d", wire, n, rec.Type, rec.Protected, rec.Seq)
		}
	}
	next(ccs, iana.ChangeCipherSpec, false, 0, reason.None)
	next(alert, iana.Alert, false, 0, reason.None)
	next(write(t, &w, iana.Handshake, []byte("x")), iana.Handshake, true, 0, reason.None)
	next(ccs, iana.ChangeCipherSpec, false, 1, reason.None)
	next(alert, 0, false, 0, reason.UnexpectedRecord) // the peer has shown that it has keys
	next(write(t, &w, iana.Alert, []byte{1, 0}), iana.Alert, true, 1, reason.None)
	r.Change(protection(t, gcm13), nil)
	next(alert, 0, false, 0, reason.UnexpectedRecord) // and so in all later epochs
	next(ccs, iana.ChangeCipherSpec, false, 0, reason.None)

	for range maxEmpty - 1 {
		next(ccs, iana.ChangeCipherSpec, false, 0, reason.None)
	}
	next(ccs, 0, false, 0, reason.EmptyRecordFlood)
}

func TestRefusals13(t *testing.T) {
	keys := func(r *Reader) { r.Change(protection(t, gcm13), nil) }
	// inner seals any inner plaintext: its last byte is in the place of the type.
	inner := func(b ...byte) string {
		rec, err := protection(t, gcm13).Seal(nil, 0, iana.ContentType(b[len(b)-1]), iana.TLS12, b[:len(b)-1], nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(rec)
	}
	for _, c := range []struct {
		name  string
		bytes string
		set   func(*Reader)
		want  reason.Reason
		field string
		off   int
	}{
		{"handshake in clear", "\x16\x03\x03\x00\x01x", keys, reason.UnexpectedRecord, "record.type", 0},
		{"long alert in clear", "\x15\x03\x03\x00\x03\x02\x28\x00", keys, reason.UnexpectedRecord, "record.length", 3},
		{"ccs of another value", "\x14\x03\x03\x00\x01\x02", keys, reason.UnexpectedRecord, "change_cipher_spec.type", 5},
		{"the same without keys", "\x14\x03\x03\x00\x01\x00", nil, reason.UnexpectedRecord, "change_cipher_spec.type", 5},
		{"ccs of two bytes", "\x14\x03\x03\x00\x02\x01\x01", keys, reason.UnexpectedRecord, "record.length", 3},
		{"empty ccs", "\x14\x03\x03\x00\x00", keys, reason.UnexpectedRecord, "record.length", 3},
		{"unknown type", "\x18\x03\x03\x00\x01x", keys, reason.UnexpectedRecord, "record.type", 0},
		{"major version 2", "\x17\x02\x03\x00\x01x", keys, reason.BadRecordVersion, "record.version", 1},
		{"2^14+257 protected", "\x17\x03\x03\x41\x01", keys, reason.RecordOverflow, "record.length", 3},
		{"2^14+1 in clear", "\x16\x03\x03\x40\x01", nil, reason.RecordOverflow, "record.length", 3},
		{"limit+256 protected", "\x17\x03\x03\x01\x40", func(r *Reader) { keys(r); r.SetLimit(64, iana.ExtRecordSizeLimit) }, reason.RecordOverflow, "record.length", 3},
		{"a tag alone", "\x17\x03\x03\x00\x10" + strings.Repeat("x", 16), keys, reason.BadRecordMAC, "record.fragment", 5},
		{"nothing", "\x17\x03\x03\x00\x00", keys, reason.BadRecordMAC, "record.fragment", 5},
		{"zeros alone", inner(0, 0, 0, 0), keys, reason.UnexpectedRecord, "inner_plaintext.type", 5},
		{"empty handshake", inner(22), keys, reason.EmptyRecordFlood, "record.plaintext", 5},
		{"empty handshake, padded", inner(22, 0, 0), keys, reason.EmptyRecordFlood, "record.plaintext", 5},
		{"empty alert", inner(21), keys, reason.EmptyRecordFlood, "record.plaintext", 5},
		{"ccs inside", inner(1, 20), keys, reason.UnexpectedRecord, "inner_plaintext.type", 5},
		{"heartbeat inside", inner(1, 24), keys, reason.UnexpectedRecord, "inner_plaintext.type", 5},
		{"type 255 inside", inner(1, 255), keys, reason.UnexpectedRecord, "inner_plaintext.type", 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Reader
			r.SetVersion(iana.TLS13)
			if c.set != nil {
				c.set(&r)
			}
			into := make([]byte, 50)
			rec, n, err := r.Next([]byte(c.bytes), into, false)
			var e *reason.Error
			if !errors.As(err, &e) || n != 0 || rec.Payload != nil {
				t.Fatalf("n %d, %v", n, err)
			}
			if e.Reason != c.want || e.Field != c.field || e.Off != c.off {
				t.Errorf("%s in %s at %d, want %s in %s at %d", e.Reason, e.Field, e.Off, c.want, c.field, c.off)
			}
			if !bytes.Equal(into, make([]byte, 50)) {
				t.Errorf("left %x in the application's memory", into)
			}
		})
	}
}

// The limits themselves are allowed; what is over them is refused, and content that
// padding fills up to 2^14+1 is no more than content alone.
func TestLimitsAreInclusive13(t *testing.T) {
	for _, zeros := range []int{0, 1, 1 << 20} {
		w := padded(t, gcm13, zeros)
		for _, n := range []int{1, 1 << 13, MaxPlaintext - 1, MaxPlaintext} {
			_, r := pair(t, gcm13)
			r.seq = w.seq
			if rec, _, err := r.Next(write(t, &w, iana.ApplicationData, noise(n)), nil, false); err != nil || !bytes.Equal(rec.Payload, noise(n)) {
				t.Errorf("%d bytes, %d zeros: %v", n, zeros, err)
			}
		}
	}
	for n, want := range map[int]reason.Reason{MaxPlaintext: reason.None, MaxPlaintext + 1: reason.RecordOverflow, MaxPlaintext + 239: reason.RecordOverflow} {
		rec, err := protection(t, gcm13).Seal(nil, 0, iana.ApplicationData, iana.TLS12, make([]byte, n), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, r := pair(t, gcm13)
		if _, _, err := r.Next(rec, nil, false); reason.Of(err) != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	var r Reader
	r.SetVersion(iana.TLS13)
	r.Change(protection(t, gcm13), nil)
	if _, n, err := r.Next([]byte("\x17\x03\x03\x41\x00"), nil, false); n != 0 || err != nil {
		t.Errorf("2^14+256: n %d, %v", n, err)
	}
}

// Empty application data is cover traffic (RFC 9846 §5.4), within measure.
func TestCoverTraffic13(t *testing.T) {
	w := padded(t, gcm13, 100)
	_, r := pair(t, gcm13)
	for i := range maxEmpty + 1 {
		rec, _, err := r.Next(write(t, &w, iana.ApplicationData, nil), nil, false)
		if i < maxEmpty && (err != nil || len(rec.Payload) != 0) || i == maxEmpty && reason.Of(err) != reason.EmptyRecordFlood {
			t.Errorf("empty record %d: %v", i+1, err)
		}
	}
}

// The steps of a record, in the order in which they are taken, at both ends.
func TestSteps13(t *testing.T) {
	w := padded(t, gcm13, 3)
	_, r := pair(t, gcm13)
	var sent Record
	wire, err := w.Append(nil, iana.Handshake, []byte("hi"), func(rec Record) { sent = rec })
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := r.Next(wire, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	names := func(rec Record) (names []string) {
		for _, s := range rec.Steps {
			names = append(names, s.Name)
		}
		return names
	}
	outside := []string{suite.StepSequenceNumber, suite.StepWriteIV, suite.StepNonce, suite.StepAdditionalData13, suite.StepCiphertext, suite.StepTag}
	if want := slices.Concat([]string{suite.StepPlaintext, suite.StepContentType, suite.StepZeros, suite.StepInnerPlaintext}, outside,
		[]string{suite.StepHeader}); !slices.Equal(names(sent), want) {
		t.Errorf("sent: %q, want %q", names(sent), want)
	}
	if want := slices.Concat([]string{suite.StepHeader}, outside,
		[]string{suite.StepInnerPlaintext, suite.StepZeros, suite.StepContentType, suite.StepPlaintext}); !slices.Equal(names(got), want) {
		t.Errorf("got: %q, want %q", names(got), want)
	}
	for _, rec := range []Record{sent, got} {
		for _, s := range rec.Steps {
			want, ok := map[string]string{suite.StepPlaintext: "hi", suite.StepContentType: "\x16", suite.StepZeros: "\x00\x00\x00",
				suite.StepInnerPlaintext: "hi\x16\x00\x00\x00", suite.StepHeader: "\x17\x03\x03\x00\x16", suite.StepAdditionalData13: "\x17\x03\x03\x00\x16"}[s.Name]
			if ok && string(s.Bytes) != want {
				t.Errorf("%s is %x, want %x", s.Name, s.Bytes, want)
			}
		}
	}
}

// TestLimitOfWhom: what is too long by one byte breaks the rule of who set the limit, the
// extension's (RFC 8449 §4) where it is narrower than the version's own (RFC 9846 §5.4).
func TestLimitOfWhom(t *testing.T) {
	for limit, want := range map[int]string{64: "RFC 8449 §4", MaxPlaintext: "RFC 8449 §4", MaxInner: "RFC 9846 §5.4", 0: "RFC 9846 §5.4"} {
		w, r := pair(t, gcm13)
		r.SetLimit(limit, iana.ExtRecordSizeLimit)
		wire, err := w.protection.Seal(nil, 0, iana.ApplicationData, iana.TLS12, noise(innerLimit(limit)), nil) // and the type comes on top
		if err != nil {
			t.Fatal(err)
		}
		var e *reason.Error
		if _, _, err := r.Next(wire, nil, false); !errors.As(err, &e) || e.Reason != reason.RecordOverflow || e.Ref != want {
			t.Errorf("limit %d: %v, not against %s", limit, err, want)
		}
	}
}
