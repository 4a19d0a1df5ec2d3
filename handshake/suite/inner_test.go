package suite

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"slices"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

func each13(t *testing.T, f func(*testing.T, way)) {
	each(t, func(t *testing.T, w way) {
		if w.c.Kind == AEAD13 || w.c.Kind == MAC13 {
			f(t, w)
		}
	})
}

// sealInner seals what it is given as a TLSInnerPlaintext: what a peer might send
// that we would not.
func sealInner(t testing.TB, w way, seq uint64, inner []byte) []byte {
	t.Helper()
	rec, err := appendHeader(nil, iana.ApplicationData, ver, len(inner)+w.c.TagLen)
	if err != nil {
		t.Fatal(err)
	}
	k := w.keys()
	nonce := slices.Clone(k.IV)
	for i := range 8 {
		nonce[len(nonce)-1-i] ^= byte(seq >> (8 * i))
	}
	if w.c.Kind == MAC13 {
		m := hmac.New(w.c.MAC.New, k.Key)
		m.Write(slices.Concat(nonce, rec, inner))
		return m.Sum(append(rec, inner...))
	}
	mode, err := w.c.aead(k.Key)
	if err != nil {
		t.Fatal(err)
	}
	return mode.Seal(rec, nonce, inner, rec)
}

// A record by the letter of RFC 9846 §5.2 and RFC 9150 §5, and ours.
func TestInnerPlaintextByTheLetter(t *testing.T) {
	each13(t, func(t *testing.T, w way) {
		p := w.protect(t)
		for _, typ := range []iana.ContentType{iana.Handshake, iana.Alert, iana.ApplicationData} {
			const seq = 0x0102030405060708
			rec, err := p.Seal(nil, seq, typ, ver, []byte("content"), nil)
			if err != nil {
				t.Fatal(err)
			}
			inner := append([]byte("content"), byte(typ))
			want := sealInner(t, w, seq, append(inner, make([]byte, w.zeros)...))
			if !bytes.Equal(rec, want) {
				t.Errorf("%v: %x, want %x", typ, rec, want)
			}
			if rec[0] != byte(iana.ApplicationData) {
				t.Errorf("%v: the header says so: %x", typ, rec[:HeaderLen])
			}
		}
	})
}

// Two records of RFC 9150, with the keys 100, 101, …, the IVs 0, 1, …, the number
// 0x0102030405060708 and three zeros, as Python's hmac makes them.
func TestIntegrityOnlyKnownAnswers(t *testing.T) {
	for c, want := range map[*Cipher]string{
		hmacSHA256: "170303002b72656164206d65170000002d671c7d9750efe1186ad7da50e5c30ecb67d849cf6720554b8b8855f5f05429",
		hmacSHA384: "170303003b72656164206d65170000004bc688c1a55b0c188ad540086c7acd750014e40e6d978419b2834e3bccafaf22cbed0e4bf342dfd9bf7746e2e99f2e06",
	} {
		var k Keys
		for i := range c.KeyLen {
			k.Key, k.IV = append(k.Key, byte(100+i)), append(k.IV, byte(i))
		}
		p, err := c.Protect(k, Options{Padding: func(int) int { return 3 }})
		if err != nil {
			t.Fatal(err)
		}
		if got := seal(t, p, 0x0102030405060708, []byte("read me")); hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, want %s", c.Name, got, want)
		}
	}
}

// Zeros behind the type are padding; before it they are content.
func TestSplitInner(t *testing.T) {
	each13(t, func(t *testing.T, w way) {
		p := w.protect(t)
		for _, c := range []struct {
			inner   []byte
			typ     iana.ContentType
			content []byte
			err     reason.Reason
		}{
			{[]byte{1, 2, 23}, 23, []byte{1, 2}, reason.None},
			{[]byte{1, 2, 0, 0, 23}, 23, []byte{1, 2, 0, 0}, reason.None},
			{[]byte{1, 2, 0, 0, 23, 0}, 23, []byte{1, 2, 0, 0}, reason.None},
			{[]byte{21}, 21, []byte{}, reason.None},
			{append([]byte{5, 22}, make([]byte, 16000)...), 22, []byte{5}, reason.None},
			{[]byte{9, 255, 0}, 255, []byte{9}, reason.None}, // which types there are is not ours to say
			{[]byte{0}, 0, nil, reason.UnexpectedRecord},
			{make([]byte, 16385), 0, nil, reason.UnexpectedRecord},
			{nil, 0, nil, reason.BadRecordMAC}, // no room for a type
		} {
			rec := sealInner(t, w, 3, c.inner)
			for _, into := range [][]byte{nil, make([]byte, 0, 17000)} {
				typ, content, err := p.Open(into, 3, slices.Clone(rec), nil)
				if typ != c.typ || !bytes.Equal(content, c.content) || reason.Of(err) != c.err {
					t.Errorf("%d bytes: %v, %d bytes, %v; want %v, %d bytes, %q", len(c.inner), typ, len(content), err, c.typ, len(c.content), c.err)
				}
			}
		}
	})
}

// However much padding is asked for, type and content keep their room, and the whole
// its limit.
func TestPaddingIsCut(t *testing.T) {
	for _, c := range []struct{ limit, content, asked, want int }{
		{0, 100, 0, 0},
		{0, 100, -5, 0},
		{0, 100, 156, 156},
		{0, 100, 1 << 20, MaxInner - 101},
		{0, 1 << 14, 1, 0},
		{0, 1<<14 + 5, 1, 0}, // the caller's fault, not the padding's
		{64, 10, 1000, 53},
		{64, 63, 1000, 0},
	} {
		for _, kind := range []*Cipher{aes128GCM13, hmacSHA256} {
			p, err := kind.Protect(way{c: kind}.keys(), Options{Padding: func(content int) int {
				if content != c.content {
					t.Errorf("asked about %d bytes, of %d", content, c.content)
				}
				return c.asked
			}})
			if err != nil {
				t.Fatal(err)
			}
			p.(Protection13).LimitInner(c.limit)
			rec := seal(t, p, 0, make([]byte, c.content))
			if zeros := len(rec) - HeaderLen - p.Overhead() - c.content; zeros != c.want {
				t.Errorf("%+v: %d zeros", c, zeros)
			}
		}
	}
}
