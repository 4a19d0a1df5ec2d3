package scenario

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/kx"
	"tlslab/pki/lesson"
)

// compare is Compare where nothing may go wrong.
func compare(t *testing.T, o CompareOptions) []Way {
	t.Helper()
	ways, err := Compare(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return ways
}

// What each way must come to, from the RFCs' figures: CH is ClientHello, c ChangeCipherSpec,
// and so on. What goes before the request is in the first columns; S is a signature.
var principles = map[string]struct {
	messages    string // with stapling, TLS 1.2's full handshakes have CertificateStatus too
	signed      int    // by the server: ServerKeyExchange or CertificateVerify
	mult, other int    // X25519: two key pairs and two secrets; RSA: encrypt and decrypt
	trips       int    // TCP's, and the handshake's before the request
}{
	"rsa":         {"CH SH Cert SHD CKE c Fin c Fin", 0, 0, 2, 3},
	"ecdhe":       {"CH SH Cert SKE SHD CKE c Fin c Fin", 1, 4, 0, 3},
	"false_start": {"CH SH Cert SKE SHD CKE c Fin c Fin", 1, 4, 0, 2},
	"session_id":  {"CH SH c Fin c Fin", 0, 0, 0, 2},
	"ticket":      {"CH SH c Fin c Fin", 0, 0, 0, 2},
	"tls13":       {"CH SH c EE Cert CV Fin c Fin", 1, 4, 0, 2},
	"psk":         {"CH SH c EE Fin c Fin NST", 0, 4, 0, 2},
	"0rtt":        {"CH SH c EE Fin c EOED Fin NST", 0, 4, 0, 1},
}

// Of the handshakes that are resumed.
var fullOf = map[string]struct {
	like string
	more int // messages: a ticket
}{"session_id": {"ecdhe", 0}, "ticket": {"ecdhe", 1}, "psk": {"tls13", 1}, "0rtt": {"tls13", 1}}

func TestCompareByFirstPrinciples(t *testing.T) {
	const rtt = 70 * time.Millisecond
	ways := compare(t, CompareOptions{RTT: rtt})
	if len(ways) != 2*(8+7) {
		t.Errorf("%d ways", len(ways))
	}
	check := func(w Way, name string, c Count, more int) {
		t.Helper()
		p := principles[name]
		messages, verified := len(strings.Fields(p.messages))+more, p.signed
		if strings.Contains(p.messages, "Cert") {
			verified += 2 // leaf and intermediate; the root is trusted
			if w.Stapled {
				verified++
				if !strings.Contains(p.messages, "CV") { // in TLS 1.3 it travels inside Certificate
					messages++
				}
			}
		}
		if c.Messages != messages || c.Signed != p.signed || c.Verified != verified || c.ScalarMults != p.mult || c.RSA+c.KEM+c.Powers != p.other || c.RoundTrips != p.trips {
			t.Errorf("%s as %s with %s, stapled %v: %+v", w.Name, name, w.KeyAlg, w.Stapled, c)
		}
		if c.Sent != time.Duration(p.trips)*rtt || c.FirstByte != c.Sent+rtt {
			t.Errorf("%s: the request leaves after %v, the reply is there after %v", w.Name, c.Sent, c.FirstByte)
		}
	}
	for _, w := range ways {
		check(w, w.Name, w.Count, 0)
		like, resumes := fullOf[w.Name]
		if resumes != (w.Full != nil) || w.Replayable != (w.Name == "0rtt") || (w.Group != "") != (principles[w.Name].mult > 0) {
			t.Errorf("%+v", w)
		}
		if resumes {
			check(w, like.like, *w.Full, like.more)
			if w.Bytes >= w.Full.Bytes {
				t.Errorf("%s: %d bytes, and a full handshake %d", w.Name, w.Bytes, w.Full.Bytes)
			}
		}
	}
}

// find returns a way by its name.
func find(t *testing.T, ways []Way, name string) Way {
	t.Helper()
	for _, w := range ways {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("no way is called %s", name)
	return Way{}
}

// A stapled status costs its own length, and what carries it: in TLS 1.2 a message in a
// record of its own, and the server's promise; in TLS 1.3 an extension.
func TestCompareStaplingBytes(t *testing.T) {
	o := CompareOptions{Seed: "1", KeyAlgs: []string{"rsa"}}
	o.Stapled = []bool{false}
	without := compare(t, o)
	o.Stapled = []bool{true}
	with := compare(t, o)
	l := comparison{o: &o, lesson: Options{KeyAlg: "rsa"}, stapled: true}
	if err := l.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	const ask, status = 4 + 1 + 2 + 2, 1 + 3 // extension header, type, two empty lists; type, length
	n := len(l.chain.Staple)
	for name, want := range map[string]int{"ecdhe": ask + 4 + 5 + 4 + status + n, "tls13": ask + 4 + status + n, "session_id": ask, "psk": ask} {
		if got := find(t, with, name).Bytes - find(t, without, name).Bytes; got != want {
			t.Errorf("%s: stapling costs %d bytes, want %d", name, got, want)
		}
	}
}

// A hybrid is both of its parts, and a share that nobody takes was made all the same.
func TestCompareHybrid(t *testing.T) {
	w := find(t, compare(t, CompareOptions{KeyAlgs: []string{"ed25519"}, Stapled: []bool{false}, Groups: []kx.Group{kx.X25519MLKEM768, kx.X25519}}), "tls13")
	if w.ScalarMults != 5 || w.KEM != 3 || w.Group != "X25519MLKEM768" {
		t.Errorf("%+v", w)
	}
	w = find(t, compare(t, CompareOptions{KeyAlgs: []string{"p384"}, Stapled: []bool{false}, Groups: []kx.Group{kx.FFDHE2048}}), "psk")
	if w.Powers != 4 || w.ScalarMults != 0 {
		t.Errorf("%+v", w)
	}
}

// Each kind of chain can be compared, and a seed fixes every number.
func TestCompareEveryKeyRepeatably(t *testing.T) {
	o := CompareOptions{Seed: "1", KeyAlgs: lesson.KeyAlgs()}
	if !reflect.DeepEqual(compare(t, o), compare(t, o)) {
		t.Error("two runs of one seed differ")
	}
}

// A long way takes no longer to walk, and half a nanosecond is nobody's.
func TestCompareRTT(t *testing.T) {
	for _, rtt := range []time.Duration{1, 3*time.Millisecond + 1, maxRTT} {
		for _, w := range compare(t, CompareOptions{RTT: rtt, KeyAlgs: []string{"ecdsa"}, Stapled: []bool{false}}) {
			if w.FirstByte != time.Duration(w.RoundTrips+1)*rtt {
				t.Errorf("%v, %s: %v", rtt, w.Name, w.FirstByte)
			}
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	for option, o := range map[string]CompareOptions{
		"RTT":    {RTT: -1},
		"KeyAlg": {KeyAlgs: []string{"dsa"}},
	} {
		var oe *OptionsError
		if _, err := Compare(context.Background(), o); !errors.As(err, &oe) || oe.Option != option {
			t.Errorf("%s: %v", option, err)
		}
	}
	if _, err := Compare(context.Background(), CompareOptions{RTT: maxRTT + 1}); err == nil {
		t.Error("sessions would expire")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Compare(ctx, CompareOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// What Replayable says: the client's first flight, sent again by whoever recorded it,
// brings the request again.
func TestCompareReplayable(t *testing.T) {
	o := CompareOptions{RTT: time.Millisecond, Seed: "1"}
	if err := o.settle(); err != nil {
		t.Fatal(err)
	}
	c := comparison{o: &o, lesson: Options{KeyAlg: "ecdsa"}}
	if err := c.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	cc, sc := c.configs(courses[len(courses)-1])
	if _, err := c.connect(cc, sc, true); err != nil {
		t.Fatal(err)
	}
	p := &path{stage: c.stage, rtt: o.RTT}
	if err := p.open(cc, sc, c.lesson.request(), c.lesson.reply()); err != nil {
		t.Fatal(err)
	}
	captured := bytes.Clone(p.flights[0].bytes)
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
	s, err := handshake.NewServer(sc)
	if err != nil {
		t.Fatal(err)
	}
	s.Feed(captured)
	var got []byte
	for buf := make([]byte, 1000); ; {
		n, err := s.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		got = append(got, buf[:n]...)
	}
	if string(got) != c.lesson.request() {
		t.Errorf("the replay brought %q", got)
	}
}
