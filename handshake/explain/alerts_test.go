package explain_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
)

// A server that warns of something and goes on has refused nothing (RFC 5246 §7.2): what becomes of the handshake is
// what would have become of it without the warning, whichever it is. A warning that nothing follows is its last word.
func TestWarnings(t *testing.T) {
	for _, name := range []string{"ecdhe", "untrusted12", "expired12", "mutual_refused12", "no_suite", "renegotiated"} {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		keys, _ := keysFor(t, "testdata/"+name+".pcapng")
		x := taped(t, file)
		first := slices.IndexFunc(x.all, func(h heard) bool { return h.what == "bytes" && h.server })
		outcome := func(y *tape) explain.Outcome {
			all, _, err := read(t, y.packets(func(n int) int { return n }), explain.Options{Keys: keys})
			if err != nil || len(all) != 1 {
				t.Fatal(name, len(all), err)
			}
			return all[0].Outcome
		}
		want := outcome(x)
		for d := range 256 {
			alert := iana.AlertDescription(d)
			if alert == iana.CloseNotify {
				continue
			}
			warning := heard{what: "bytes", server: true, b: []byte{21, 3, 3, 0, 2, 1, byte(d)}}
			if o := outcome(&tape{ends: x.ends, all: slices.Insert(slices.Clone(x.all), first, warning)}); !reflect.DeepEqual(o, want) {
				t.Errorf("%s with the warning %v: %+v, want %+v", name, alert, o, want)
			}
			last := &tape{ends: x.ends, all: append(x.all[:first:first], warning, heard{what: "fin", server: true})}
			if o := outcome(last); o.What != explain.Refused || o.By != "server" || o.Alert != alert {
				t.Errorf("%s ends with the warning %v: %+v", name, alert, o)
			}
		}
	}
}

// What is said behind a handshake is of a second one, or of the end: it changes nothing of what the first agreed on.
func TestBehind(t *testing.T) {
	for _, row := range []struct {
		name   string
		n      int
		keys   bool
		what   explain.What
		by     string
		cause  explain.Cause
		change func(t *testing.T, x *tape)
	}{
		{"renegotiation_refused", 1, false, explain.Done, "", explain.CauseRenegotiation, nil},
		{"renegotiation_refused", 1, true, explain.Refused, "client", explain.CauseRenegotiation, nil},
		{"hello_request", 1, true, explain.Done, "", "", nil},
		{"hello_request", 2, true, explain.Refused, "server", explain.CauseRenegotiation, nil},
		{"renegotiated", 1, false, explain.Done, "", "", nil},
		{"renegotiated", 1, true, explain.Done, "", "", nil},
		{"asked_later", 1, false, explain.Done, "", "", nil},
		{"asked_later", 1, true, explain.Done, "", "", nil},
		{"tls13", 1, true, explain.Done, "", "", userCanceled},
	} {
		file, err := os.ReadFile("testdata/" + row.name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		var o explain.Options
		if row.keys {
			o.Keys, _ = keysFor(t, "testdata/"+row.name+".pcapng")
		}
		if row.change != nil {
			x := taped(t, file)
			row.change(t, x)
			file = x.packets(func(n int) int { return n })
		}
		all, _, err := read(t, file, o)
		if err != nil || len(all) < row.n {
			t.Fatal(row.name, len(all), err)
		}
		c := all[row.n-1]
		if got := c.Outcome; got.What != row.what || got.By != row.by || got.Cause != row.cause {
			t.Errorf("%s, keys %v: %+v", row.name, row.keys, got)
		}
		if c.Resumed || c.Group.ID == 0 {
			t.Errorf("%s, keys %v: resumed %v, group %v: that is of the second handshake", row.name, row.keys, c.Resumed, c.Group)
		}
	}
}

// userCanceled has the client of tls13 say user_canceled where it said close_notify, and close_notify behind it, as Java does.
func userCanceled(t *testing.T, x *tape) {
	line := slices.IndexFunc(logLines(t, "tls13"), func(l string) bool { return strings.HasPrefix(l, clientTraffic) })
	secret, err := hex.DecodeString(strings.Fields(logLines(t, "tls13")[line])[2])
	if err != nil {
		t.Fatal(err)
	}
	expand := func(label string, n int) []byte {
		info := append([]byte{0, byte(n), byte(len("tls13 " + label))}, "tls13 "+label+"\x00"...)
		b, err := hkdf.Expand(sha512.New384, secret, string(info), n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	block, err := aes.NewCipher(expand("key", 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	iv := expand("iv", 12)
	header := []byte{23, 3, 3, 0, 2 + 1 + 16}
	nonce := func(seq uint64) []byte {
		b := slices.Clone(iv)
		binary.BigEndian.PutUint64(b[4:], binary.BigEndian.Uint64(b[4:])^seq)
		return b
	}
	alert := func(seq uint64, d iana.AlertDescription) heard {
		return heard{what: "bytes", b: aead.Seal(slices.Clone(header), nonce(seq), []byte{1, byte(d), 21}, header)}
	}
	for i, h := range x.all {
		for seq := range uint64(8) {
			said := alert(seq, iana.CloseNotify)
			if h.what == "bytes" && !h.server && slices.Equal(h.b, said.b) {
				x.all = slices.Replace(x.all, i, i+1, alert(seq, iana.UserCanceled), alert(seq+1, iana.CloseNotify))
				return
			}
		}
	}
	t.Fatal("the client of tls13 says no close_notify")
}
