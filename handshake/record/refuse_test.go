package record

import (
	"errors"
	"fmt"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes string
		set   func(*Reader)
		want  reason.Reason
		field string
		off   int
		got   string // as Got prints; "" if it does not matter
	}{
		{"http request", "GET / HTTP/1.1\r\n", nil, reason.NotTLS, "record", 0, "an HTTP request in clear"},
		{"five bytes of it", "OPTIO", nil, reason.NotTLS, "record", 0, "an HTTP request in clear"},
		{"http response", "HTTP/1.0 400 Bad", nil, reason.NotTLS, "record", 0, "an HTTP response in clear"},
		{"ssh", "SSH-2.0-x\r\n", nil, reason.NotTLS, "record", 0, "an SSH banner"},
		{"smtp", "220 mail", nil, reason.NotTLS, "record", 0, "an SMTP or FTP greeting in clear"},
		{"sslv2", "\x80\x2e\x01\x03\x01\x00\x15", nil, reason.NotTLS, "record", 0, "an SSL 2.0 ClientHello"},
		{"neither", "\x00\x01\x02\x05\x04", nil, reason.NotTLS, "record", 0, "bytes 00 01 02 05 04"},
		{"text later on", "GET / HTTP/1.1\r\n", func(r *Reader) { r.seq = 1 }, reason.UnexpectedRecord, "record.type", 0, "0x47"},
		{"heartbeat", "\x18\x03\x03\x00\x01x", nil, reason.UnexpectedRecord, "record.type", 0, "0x18"},
		{"type 19", "\x13\x03\x03\x00\x01x", nil, reason.UnexpectedRecord, "record.type", 0, "0x13"},
		{"major version 2", "\x16\x02\x00\x00\x01x", nil, reason.BadRecordVersion, "record.version", 1, "0x0200"},
		{"DTLS", "\x16\xfe\xfd\x00\x01x", nil, reason.BadRecordVersion, "record.version", 1, "0xfefd"},
		{"another version", "\x16\x03\x01\x00\x01x", func(r *Reader) { r.SetVersion(iana.TLS12) }, reason.BadRecordVersion, "record.version", 1, "TLS 1.0"},
		{"2^14+1 in clear", "\x16\x03\x03\x40\x01", nil, reason.RecordOverflow, "record.length", 3, "16385"},
		{"513 with a limit", "\x16\x03\x03\x02\x01", func(r *Reader) { r.SetLimit(512, iana.ExtMaxFragmentLength) }, reason.RecordOverflow, "record.length", 3, "513"},
		{"2^14+2049 protected", "\x17\x03\x03\x48\x01", func(r *Reader) { r.Change(protection(t, gcm), nil) }, reason.RecordOverflow, "record.length", 3, "18433"},
		{"2^14+1025 compressed", "\x17\x03\x03\x44\x01", func(r *Reader) { r.Change(nil, NewDEFLATE()) }, reason.RecordOverflow, "record.length", 3, "17409"},
		{"empty handshake", "\x16\x03\x03\x00\x00", nil, reason.EmptyRecordFlood, "record.plaintext", 5, "an empty handshake record"},
		{"empty alert", "\x15\x03\x03\x00\x00", nil, reason.EmptyRecordFlood, "record.plaintext", 5, "an empty alert record"},
		{"empty ccs", "\x14\x03\x03\x00\x00", nil, reason.EmptyRecordFlood, "record.plaintext", 5, "an empty change_cipher_spec record"},
		{"too short for a tag", "\x17\x03\x03\x00\x17" + "twenty-three bytes here", func(r *Reader) { r.Change(protection(t, gcm), nil) }, reason.BadRecordMAC, "record.fragment", 5, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Reader
			if c.set != nil {
				c.set(&r)
			}
			_, n, err := r.Next([]byte(c.bytes), nil, false)
			var e *reason.Error
			if !errors.As(err, &e) || n != 0 {
				t.Fatalf("n %d, %v", n, err)
			}
			if e.Reason != c.want || e.Field != c.field || e.Off != c.off {
				t.Errorf("%s in %s at %d, want %s in %s at %d", e.Reason, e.Field, e.Off, c.want, c.field, c.off)
			}
			if c.got != "" && fmt.Sprint(e.Got) != c.got {
				t.Errorf("got %v, want %s", e.Got, c.got)
			}
		})
	}
}

// Which rule a record's version breaks depends on whose rules the record goes by.
func TestVersionRules(t *testing.T) {
	for _, c := range []struct {
		header string
		judge  iana.Version
		want   string
	}{
		{"\x16\x02\x00\x00\x01x", 0, "RFC 9846 §E.5"},
		{"\x16\x02\x00\x00\x01x", iana.TLS12, "RFC 5246 §6.2.1"},
		{"\x16\xfe\xfd\x00\x01x", 0, "RFC 9846 §5.1"},
		{"\x16\xfe\xfd\x00\x01x", iana.TLS13, "RFC 9846 §5.1"},
		{"\x16\xfe\xfd\x00\x01x", iana.TLS12, "RFC 5246 §6.2.1"},
	} {
		var r Reader
		r.JudgeBy(c.judge)
		_, _, err := r.Next([]byte(c.header), nil, false)
		var e *reason.Error
		if !errors.As(err, &e) || e.Ref != c.want {
			t.Errorf("% x, judged by %v: %v, want %s", c.header[:3], c.judge, err, c.want)
		}
	}
}

// The limits themselves are allowed; only what is over them is not.
func TestLimitsAreInclusive(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		set    func(*Reader)
	}{
		"2^14 in clear":        {"\x16\x03\x03\x40\x00", func(*Reader) {}},
		"2^14+1024 compressed": {"\x16\x03\x03\x44\x00", func(r *Reader) { r.Change(nil, NewDEFLATE()) }},
		"2^14+2048 protected":  {"\x16\x03\x03\x48\x00", func(r *Reader) { r.Change(protection(t, gcm), nil) }},
	} {
		var r Reader
		c.set(&r)
		if _, n, err := r.Next([]byte(c.header), nil, false); n != 0 || err != nil {
			t.Errorf("%s: n %d, %v", name, n, err)
		}
	}
}

// A protected record within 2^14+2048 bytes may still hold too much plaintext.
func TestOverflowInside(t *testing.T) {
	p := protection(t, gcm)
	for n, want := range map[int]reason.Reason{MaxPlaintext: reason.None, MaxPlaintext + 1: reason.RecordOverflow} {
		rec, err := p.Seal(nil, 0, iana.ApplicationData, iana.TLS12, make([]byte, n), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, r := pair(t, gcm)
		if _, _, err := r.Next(rec, nil, false); reason.Of(err) != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestEmptyRecordFlood(t *testing.T) {
	w, r := pair(t, gcm)
	empties := func(n int) (err error) {
		for range n {
			if _, _, err = r.Next(write(t, &w, iana.ApplicationData, nil), nil, false); err != nil {
				return err
			}
		}
		return nil
	}
	if err := empties(maxEmpty); err != nil {
		t.Fatalf("%d empty records: %v", maxEmpty, err)
	}
	if _, _, err := r.Next(write(t, &w, iana.ApplicationData, []byte("x")), nil, false); err != nil {
		t.Fatal(err)
	}
	if err := empties(maxEmpty); err != nil {
		t.Fatalf("%d more after one that was not: %v", maxEmpty, err)
	}
	if err := empties(1); reason.Of(err) != reason.EmptyRecordFlood {
		t.Errorf("one more: %v", err)
	}
}

// Whatever comes, Next says one of its reasons or takes a record that is there.
func FuzzNext(f *testing.F) {
	ids := []iana.CipherSuite{0, gcm, 0xcca8, 0xc027, 0xc028, 0x003b, 0x1301, 0x1305, 0xc0b4}
	make2 := func(t testing.TB, i, method uint8) (w Writer, r Reader) {
		var p, q suite.Protection
		if id := ids[int(i)%len(ids)]; id != 0 {
			p, q = protection(t, id), protection(t, id)
		}
		var c, d Compressor
		if s := suite.ByID(ids[int(i)%len(ids)]); s != nil && s.Version == iana.TLS13 {
			w.SetVersion(iana.TLS13)
			r.SetVersion(iana.TLS13)
		} else if method&1 == 1 {
			c, d = NewDEFLATE(), NewDEFLATE()
		}
		w.Change(p, c)
		r.Change(q, d)
		return w, r
	}
	for i := range ids {
		for method := range uint8(2) {
			w, _ := make2(f, uint8(i), method)
			wire, err := w.Append(nil, iana.ApplicationData, []byte("seed"), nil)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), method, append(wire, wire...))
			f.Add(uint8(i), method, append([]byte{20, 3, 3, 0, 1, 1}, wire...))
			f.Add(uint8(i), method, []byte{21, 3, 3, 0, 2, 2, 40})
		}
	}
	f.Add(uint8(0), uint8(0), []byte("GET / HTTP/1.1\r\n\r\n"))
	known := map[reason.Reason]bool{reason.NotTLS: true, reason.BadRecordVersion: true, reason.UnexpectedRecord: true,
		reason.RecordOverflow: true, reason.BadRecordMAC: true, reason.DecompressionFailure: true, reason.EmptyRecordFlood: true}
	f.Fuzz(func(t *testing.T, i, method uint8, buf []byte) {
		_, r := make2(t, i, method)
		for {
			header := min(len(buf), HeaderLen)
			before := append([]byte(nil), buf[:header]...)
			rec, n, err := r.Next(buf, make([]byte, 100), i&0x80 != 0)
			if err != nil {
				if !known[reason.Of(err)] {
					t.Fatal(err)
				}
				return
			}
			if n == 0 {
				if r.Need(buf) < 1 {
					t.Fatal("more is needed, but nothing is missing")
				}
				return
			}
			inside := r.version == iana.TLS13 && rec.Protected // there the type is
			if n != HeaderLen+length(before) || len(rec.Payload) > MaxPlaintext || byte(rec.Type) != before[0] && !inside {
				t.Fatalf("a record of %d bytes, type %v, payload %d", n, rec.Type, len(rec.Payload))
			}
			buf = buf[n:]
		}
	})
}
