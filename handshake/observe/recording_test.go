package observe_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

var clock = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// recording is what was on the wire, and what a listener must not have.
type recording struct {
	segments []segment
	keyLog   bytes.Buffer
	client   []event.Event     // the client's own
	secrets  map[string][]byte // the client's, by label
}

type segment struct {
	server bool
	bytes  []byte
}

const request, reply = "GET /secret", "the answer"

// record plays a whole connection. tune may change both configurations.
func record(t testing.TB, alg string, tune func(c, s *handshake.Config)) *recording {
	t.Helper()
	return recordWith(t, alg, tune, func(r *recording, c, s *handshake.Endpoint) {})
}

// recordWith also lets the ends do something between request and reply.
func recordWith(t testing.TB, alg string, tune func(c, s *handshake.Config), between func(r *recording, c, s *handshake.Endpoint)) *recording {
	t.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: alg, Time: clock()})
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{secrets: map[string][]byte{}}
	cc := &handshake.Config{Time: clock, Roots: l.Roots, ServerName: l.Name, KeyLog: &r.keyLog, ShowSecrets: true,
		Weak: handshake.Weak{NULL: true}, Listener: event.ListenerFunc(func(e event.Event) {
			r.client = append(r.client, e)
			if s, ok := e.(*event.Secret); ok {
				r.secrets[string(s.Label)] = s.Value
			}
		})}
	sc := &handshake.Config{Time: clock, Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}, Weak: handshake.Weak{NULL: true}}
	if tune != nil {
		tune(cc, sc)
	}
	c, err := handshake.NewClient(cc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := handshake.NewServer(sc)
	if err != nil {
		t.Fatal(err)
	}
	r.pump(c, s)
	if !c.Done() || !s.Done() {
		t.Fatalf("client %v, server %v", c.Err(), s.Err())
	}
	say := func(from, to *handshake.Endpoint, text string) {
		if _, err := from.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		r.pump(c, s)
		buf := make([]byte, 100)
		if n, err := to.Read(buf); err != nil || string(buf[:n]) != text {
			t.Fatalf("read %q, %v", buf[:n], err)
		}
	}
	say(c, s, request)
	between(r, c, s)
	say(s, c, reply)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	r.pump(c, s)
	return r
}

func (r *recording) pump(c, s *handshake.Endpoint) {
	for moved := true; moved; {
		moved = false
		for _, p := range [][2]*handshake.Endpoint{{c, s}, {s, c}} {
			for {
				progress, err := p[0].Step()
				if err != nil || !progress {
					break
				}
			}
			if b := p[0].Output(); len(b) > 0 {
				r.segments = append(r.segments, segment{p[0] == s, bytes.Clone(b)})
				p[1].Feed(b)
				moved = true
			}
		}
	}
}

// show plays the recording to an observer, in pieces of at most n bytes.
func (r *recording) show(t testing.TB, n int, o observe.Options) observe.Report {
	t.Helper()
	ob, err := observe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.segments {
		for piece := range slices.Chunk(s.bytes, n) {
			if s.server {
				ob.ServerBytes(piece)
			} else {
				ob.ClientBytes(piece)
			}
		}
	}
	return ob.Report()
}

func only(s *suite.Suite) func(c, srv *handshake.Config) {
	return func(c, srv *handshake.Config) { c.Suites, srv.Suites = []*suite.Suite{s}, []*suite.Suite{s} }
}

// tls12 keeps both ends from TLS 1.3.
func tls12(c, s *handshake.Config) { c.MaxVersion, s.MaxVersion = iana.TLS12, iana.TLS12 }

func keyAlg(s *suite.Suite) string {
	if s.Auth == iana.AuthECDSA {
		return "ecdsa"
	}
	return "rsa"
}

// mustRead demands that nothing stayed closed, and that the secrets are the client's.
func (r *recording) mustRead(t *testing.T, rep observe.Report) {
	t.Helper()
	if rep.Err != nil || !rep.ReadHandshake || !rep.ReadData || rep.Sealed != 0 || rep.Closed != "" || string(rep.FromClient) != request || string(rep.FromServer) != reply {
		t.Errorf("%+v", rep)
	}
	if rep.Version == iana.TLS13 {
		got := [][]byte{rep.Traffic.ClientHandshake, rep.Traffic.ServerHandshake, rep.Traffic.ClientApplication, rep.Traffic.ServerApplication}
		for i, label := range trafficLabels {
			if !rep.Traffic.Complete() || !bytes.Equal(got[i], r.secrets[string(label)]) {
				t.Errorf("%s is %x, want %x", label, got[i], r.secrets[string(label)])
			}
		}
	} else if rep.Master == nil || !bytes.Equal(rep.Master.Secret[:], r.secrets["master_secret"]) {
		t.Errorf("master secret %+v, want %x", rep.Master, r.secrets["master_secret"])
	}
}

// trafficLabels are in the order of observe.Traffic.
var trafficLabels = []event.SecretLabel{event.LabelClientHandshakeTrafficSecret, event.LabelServerHandshakeTrafficSecret,
	event.LabelClientApplicationTrafficSecret0, event.LabelServerApplicationTrafficSecret0}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }
