package explain_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"testing"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/observe"
	"tlslab/pki/authority"
)

// Whatever stands in a file and in a key log, there is an account of each connection, once, and the
// same whether its events are told or not; and what an account says can be.
func FuzzExplain(f *testing.F) {
	for _, name := range captures(f) {
		file, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		_, log := keysFor(f, name)
		var lines []byte
		if log != "" {
			if lines, err = os.ReadFile(log); err != nil {
				f.Fatal(err)
			}
		}
		if len(file) < 10_000 {
			f.Add(file, lines)
		}
	}
	roots := rootsOf(f, "testdata/rsa.pem", "testdata/ecdsa.pem")
	signer, err := authority.ReadKey("testdata/rsa.key")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, file, lines []byte) {
		options := func() explain.Options {
			k := explain.Keys{Logged: new(observe.KeyLog), RSA: asRSA(t, signer)}
			_ = k.Logged.Read(bytes.NewReader(lines)) // what of it can be read
			return explain.Options{Keys: k, Roots: roots}
		}
		all, totals, err := read(t, file, options())
		var broken *dissect.Error
		if err != nil && !errors.As(err, &broken) {
			t.Fatalf("%T: %v", err, err)
		}
		if len(all) != totals.Connections || totals.TLS > totals.Connections {
			t.Fatalf("%d accounts of %d connections, %d of TLS", len(all), totals.Connections, totals.TLS)
		}
		numbers := map[int]bool{}
		for _, c := range all {
			if numbers[c.Number] || c.Number < 1 || c.Number > totals.Connections {
				t.Fatalf("connection %d of %d, again %t", c.Number, totals.Connections, numbers[c.Number])
			}
			numbers[c.Number] = true
			if r := c.Read; (r.Sealed == 0 && !r.Cut) != (r.Closed == "") || r.Given && r.Computed {
				t.Fatalf("connection %d: %+v", c.Number, r)
			}
		}
		for _, c := range all[:min(len(all), 3)] {
			o := options()
			o.Show, o.ShowSecrets = c.Number, true
			seq := uint64(0)
			o.Listener = event.ListenerFunc(func(e event.Event) {
				if seq++; e.Head().Seq != seq {
					t.Fatalf("event %d has number %d", seq, e.Head().Seq)
				}
			})
			shown, _, again := read(t, file, o)
			if fmt.Sprint(again) != fmt.Sprint(err) || len(shown) != len(all) {
				t.Fatalf("shown, it is %v and %d connections; before %v and %d", again, len(shown), err, len(all))
			}
			for i := range shown {
				if got, want := account(shown[i]), account(all[i]); got != want {
					t.Fatalf("shown, it is\n%s\nand before\n%s", got, want)
				}
			}
		}
	})
}

// FuzzTalk has two ends say anything: the segments are in order, and their bytes are fuzzed. What begins with
// zero is the client's.
func FuzzTalk(f *testing.F) {
	for _, name := range captures(f) {
		file, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		_, log := keysFor(f, name)
		var lines []byte
		if log != "" {
			lines, _ = os.ReadFile(log)
		}
		f.Add(spoken(f, file), lines)
	}
	f.Add([]byte("\x00\x00\x1cCONNECT a.test:443 HTTP/1.1\r\n"), []byte(nil))
	f.Add([]byte("\x01\x00\x06220 x\n\x00\x00\x09STARTTLS\n\x01\x00\x04220\n\x00\x00\x09\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), []byte(nil))
	f.Fuzz(func(t *testing.T, talk, lines []byte) {
		var b bytes.Buffer
		r := record(&b)
		s := r.connection(1)
		s.open()
		for len(talk) > 3 {
			n := min(int(binary.BigEndian.Uint16(talk[1:])), len(talk)-3)
			s.say(int(talk[0]&1), talk[3:3+n])
			talk = talk[3+n:]
		}
		s.close()
		r.w.Flush()
		k := explain.Keys{Logged: new(observe.KeyLog)}
		_ = k.Logged.Read(bytes.NewReader(lines))
		all, _, err := read(t, b.Bytes(), explain.Options{Keys: k})
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		shown, _, err := read(t, b.Bytes(), explain.Options{Keys: k, Show: 1, ShowSecrets: true, Listener: event.ListenerFunc(func(event.Event) {})})
		if err != nil || account(shown[0]) != account(all[0]) {
			t.Fatalf("%v: shown, it is\n%s\nand before\n%s", err, account(shown[0]), account(all[0]))
		}
	})
}

// spoken is what both ends of a file say, as FuzzTalk has it.
func spoken(t testing.TB, file []byte) (talk []byte) {
	r, err := dissect.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	a := dissect.NewAssembler(func(*dissect.Conversation) dissect.Follower { return said{&talk} })
	var l dissect.Layers
	for {
		p, err := r.Next()
		if err != nil {
			break
		}
		if s, _ := l.Packet(p); s != nil {
			a.Segment(s)
		}
	}
	a.Close()
	return talk
}

type said struct{ to *[]byte }

func (s said) Bytes(server bool, _ dissect.At, b []byte) {
	who := byte(0)
	if server {
		who = 1
	}
	*s.to = append(binary.BigEndian.AppendUint16(append(*s.to, who), uint16(len(b))), b...)
}
func (said) Gap(bool, dissect.At, int64)              {}
func (said) Overlap(bool, dissect.At, []byte, []byte) {}
func (said) Fin(bool, dissect.At)                     {}
func (said) Rst(bool, dissect.At)                     {}
func (said) Done()                                    {}
