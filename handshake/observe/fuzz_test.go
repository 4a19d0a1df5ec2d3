package observe_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// pieces writes the recording down for a fuzzer: of each segment its direction and its
// length, then its bytes.
func (r *recording) pieces() []byte {
	var in []byte
	for _, s := range r.segments {
		side := byte(0)
		if s.server {
			side = 1
		}
		in = append(append(in, side, byte(len(s.bytes)>>8), byte(len(s.bytes))), s.bytes...)
	}
	return in
}

// feed plays what pieces wrote.
func feed(ob *observe.Observer, in []byte) {
	pieces(in, func(toServer bool, piece []byte) {
		if toServer {
			ob.ClientBytes(piece)
		} else {
			ob.ServerBytes(piece)
		}
	})
}

// pieces is each piece of what the method of that name wrote.
func pieces(in []byte, each func(toServer bool, piece []byte)) {
	for len(in) >= 3 {
		n := min(int(in[1])<<8|int(in[2]), len(in)-3)
		each(in[0]&1 == 0, in[3:3+n])
		in = in[3+n:]
	}
}

// FuzzObserver: whatever is on the wire, with or without keys, an observer neither
// panics nor keeps more than it was fed, and never claims data it cannot have.
func FuzzObserver(f *testing.F) {
	for _, id := range []iana.CipherSuite{0x009c, 0xc02f, 0xc013, 0x003b} {
		r := record(f, "rsa", only(suite.ByID(id)))
		f.Add(r.secrets["master_secret"], r.pieces())
	}
	f.Add(make([]byte, 48), []byte{0, 0, 3, 22, 3, 1})
	f.Fuzz(func(t *testing.T, secret, in []byte) {
		o := listening()
		if len(secret) == 48 {
			o.Masters = []observe.Master{{Secret: [48]byte(secret)}}
		}
		hold(t, o, in)
	})
}

// FuzzObserver13 is the same with a key log and a pre-shared key, which may be anything too.
func FuzzObserver13(f *testing.F) {
	for _, id := range []iana.CipherSuite{0x1301, 0x1302, 0x1303, 0xc0b4} {
		for _, k := range kinds13 {
			r := record13(f, suite.ByID(id), k.tune)
			f.Add(r.keyLog.String(), []byte(nil), r.pieces())
		}
		for _, tune := range []func(c, s *handshake.Config){nil, refused, retry, alone} {
			r := recordEarly(f, suite.ByID(id), tune)
			f.Add(r.keyLog.String(), []byte(nil), r.pieces())
			f.Add("", r.psk, r.pieces())
		}
	}
	f.Add("", []byte(nil), []byte{0, 0, 3, 23, 3, 1})
	f.Fuzz(func(t *testing.T, log string, psk, in []byte) {
		o := listening()
		o.KeyLog, o.PSKs = strings.NewReader(log), [][]byte{psk}
		hold(t, o, in)
	})
}

// FuzzPanel: whatever is on the wire, whatever keys are gained on the way, what is told of is
// all whole records that were fed, in order and once, and again what it was before; and what the listener reads everybody
// reads.
func FuzzPanel(f *testing.F) {
	for _, id := range []iana.CipherSuite{0x1301, 0xc0b4} {
		r := recordEarly(f, suite.ByID(id), nil)
		f.Add(r.keyLog.String(), r.pieces())
		f.Add("", r.pieces())
		f.Add("", r.pieces()[:500])
	}
	r := record(f, "rsa", only(suite.ByID(0x009c)))
	f.Add(r.keyLog.String(), r.pieces())
	f.Fuzz(func(t *testing.T, log string, in []byte) {
		lines := strings.SplitAfter(log, "\n")
		had := 0
		gains := func() (observe.Options, bool) {
			had++
			return observe.Options{KeyLog: strings.NewReader(strings.Join(lines[:min(had, len(lines))], ""))}, had <= len(lines)
		}
		p, err := observe.NewPanel(observe.Line{}, observe.Options{}, observe.Onlooker{Party: "mitm", Gains: gains},
			observe.NewThief(leafKey).Onlooker(observe.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		fed, told := map[bool][]byte{}, map[bool][][]byte{}
		pieces(in, func(toServer bool, piece []byte) {
			fed[toServer] = append(fed[toServer], piece...)
			for _, o := range p.Heard(toServer, piece) {
				for i, r := range o.Records {
					nth, behind := o.First+i, len(told[o.ToServer])
					switch {
					case !o.Again && nth == behind+1:
						told[o.ToServer] = append(told[o.ToServer], r.Wire)
					case !o.Again || nth < 1 || nth > behind || !bytes.Equal(r.Wire, told[o.ToServer][nth-1]):
						t.Fatalf("record %d, again %v, behind %d: %x", nth, o.Again, behind, r.Wire)
					}
					for _, s := range r.By {
						if r.By[0].Access == event.AccessReads && s.Access != event.AccessReads || s.Access == event.AccessLater && s.Onlooker != "thief" {
							t.Errorf("%v", r.By)
						}
					}
				}
			}
		})
		for _, toServer := range []bool{true, false} {
			want := wholeRecords(fed[toServer])
			if got := told[toServer]; !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("to the server %v: %d records are told of, and %d were fed: %x, %x", toServer, len(got), len(want), got, want)
			}
		}
	})
}

// wholeRecords are the records that b begins with: a type, a version that begins with 3, and two
// bytes of length before what they hold. What is none ends them.
func wholeRecords(b []byte) (out [][]byte) {
	for len(b) >= 5 && b[1] == 3 {
		n := 5 + int(binary.BigEndian.Uint16(b[3:]))
		if n > len(b) {
			break
		}
		out, b = append(out, b[:n]), b[n:]
	}
	return out
}

var leafKey = lesson.Key("leaf").(*rsa.PrivateKey)

func listening() observe.Options {
	return observe.Options{RSAKey: leafKey,
		Listener: event.ListenerFunc(func(event.Event) {}), ShowSecrets: true}
}

// hold plays in and holds the observer to what it was fed.
func hold(t *testing.T, o observe.Options, in []byte) {
	ob, err := observe.New(o)
	if err != nil {
		return // no key log
	}
	feed(ob, in)
	rep := ob.Report()
	// DEFLATE alone makes more of less: at most about a thousandfold.
	if got := len(rep.FromClient) + len(rep.FromServer); got > 1100*len(in) || rep.Sealed > len(in) || (rep.Sealed > 0) != (rep.Closed != "") {
		t.Errorf("%d bytes fed, %d read, %d records closed: %s", len(in), got, rep.Sealed, rep.Closed)
	}
}
