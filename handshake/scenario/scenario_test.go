package scenario_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/handshake/tamper"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

func run(t *testing.T, o scenario.Options) *scenario.Transcript {
	t.Helper()
	tr, err := scenario.Run(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

var onlyECDHE = []iana.Kx{iana.KxECDHE}

// know returns who knows what at the end of a flow.
func know(t *testing.T, f *scenario.Flow, party string) scenario.Knowledge {
	t.Helper()
	s := scenario.SceneOf[*scenario.WhoKnows](f)
	if s == nil {
		t.Fatalf("flow %s tells no knowledge", f.Name)
	}
	k := s.Of(party)
	if k.Party != party {
		t.Fatalf("flow %s: no knowledge of %s: %+v", f.Name, party, s.Values())
	}
	return k
}

// TestFirstLesson is the whole point of the first screen: who can read a recording.
func TestFirstLesson(t *testing.T) {
	tr := run(t, scenario.Options{Seed: "test"})
	var names []string
	for _, f := range tr.Flows {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"rsa", "ecdhe", "tls13"}) {
		t.Fatalf("flows %v", names)
	}
	for _, f := range tr.Flows {
		if !f.Outcome.Done || f.Outcome.Err != nil {
			t.Errorf("%s: %+v", f.Name, f.Outcome)
		}
		for _, party := range []string{"client", "server"} {
			if k := know(t, f, party); !k.ReadsData || !k.ReadsHandshake || !k.HasMaster || k.Plaintext != request+reply {
				t.Errorf("%s: %+v", f.Name, k)
			}
		}
		if k := know(t, f, "listener"); k != (scenario.Knowledge{Party: "listener"}) {
			t.Errorf("%s: %+v", f.Name, k)
		}
		reads := f.Name == "rsa"
		if k := know(t, f, "thief"); k.ReadsData != reads || k.HasMaster != reads || (k.Plaintext != "") != reads || !k.CanImpersonate {
			t.Errorf("%s: %+v", f.Name, k)
		}
	}
	if a, b := tr.Flows[0].Secret(event.LabelKeyBlock), tr.Flows[1].Secret(event.LabelKeyBlock); a == nil || string(a) == string(b) {
		t.Error("two flows have the same keys")
	}
	if tr.Flows[2].Secret(event.LabelMainSecret) == nil || tr.Flows[2].Secret(event.LabelKeyBlock) != nil {
		t.Error("the third flow is not TLS 1.3")
	}
}

const (
	request = "GET / HTTP/1.1\r\nHost: www.lab.test\r\nCookie: id=4711\r\n\r\n"
	reply   = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello, you.\n"
)

// TestOutcomes is every kind of refusal: who, why, and that it was meant so.
func TestOutcomes(t *testing.T) {
	type row struct {
		name    string
		o       scenario.Options
		refused string // "": done
		why     reason.Reason
	}
	rows := []row{
		{"untrusted root", scenario.Options{UntrustedRoot: true}, "client", reason.CertificateUntrusted},
		{"stapled revoked", scenario.Options{Staple: "revoked"}, "client", reason.CertificateRevoked},
		{"stapled stale", scenario.Options{Staple: "stale"}, "client", reason.BadStatusResponse},
		{"stapled good", scenario.Options{Staple: "good"}, "", reason.None},
		{"client certificate", scenario.Options{ClientAuth: true}, "", reason.None},
		{"client-cert-missing", scenario.Options{ClientAuth: true, NoClientCert: true, Kx: onlyECDHE}, "server", reason.CertificateMissing},
		{"client-cert-missing in TLS 1.3", scenario.Options{ClientAuth: true, NoClientCert: true, Version: iana.TLS13}, "server", reason.CertificateRequired},
		{"retry", scenario.Options{Version: iana.TLS13, HelloRetry: true, Cookie: true}, "", reason.None},
		{"key update", scenario.Options{Version: iana.TLS13, KeyUpdate: true, Padding: 100}, "", reason.None},
		{"compressed certificates", scenario.Options{Version: iana.TLS13, ClientAuth: true,
			CertificateCompression: []*certcompress.Method{zstd.Method}}, "", reason.None},
		{"reserved values, small records", scenario.Options{Version: iana.TLS13, GREASE: true, NoCompatibility: true, RecordSizeLimit: 64}, "", reason.None},
		{"integrity only", scenario.Options{Suites: []*suite.Suite{suite.ByID(0xc0b4)}}, "", reason.None},
		{"middle box in TLS 1.3", scenario.Options{Version: iana.TLS13, MITM: true, TrustMITM: true}, "", reason.None},
		{"middle box", scenario.Options{MITM: true}, "client", reason.CertificateUntrusted},
		{"trusted middle box", scenario.Options{MITM: true, TrustMITM: true}, "", reason.None},
		{"middle box, mutual", scenario.Options{MITM: true, TrustMITM: true, ClientAuth: true}, "server", reason.CertificateMissing},
		{"middle box, bad server", scenario.Options{MITM: true, TrustMITM: true, Cert: lesson.Expired}, "mitm", reason.CertificateExpired},
		{"own verifier", scenario.Options{VerifyChain: func(handshake.ChainInput) (*pki.Report, error) {
			return nil, errors.New("not on a Thursday")
		}}, "client", reason.CertificatePolicy},
		// One bit of ServerHello's time changed: the share's signature is over another
		// random then.
		{"tampered", scenario.Options{Tamper: tamper.On(tamper.ToClient, 0, tamper.Edit(func(rec []byte) { rec[11] ^= 1 })), Kx: onlyECDHE}, "client", reason.BadSignature},
		{"no extended master secret", scenario.Options{NoEMS: true}, "", reason.None},
		{"deflate", scenario.Options{Compress: true}, "", reason.None},
		{"alpn", scenario.Options{ALPN: []string{"http/1.1"}}, "", reason.None},
		{"trusted middle box, alpn", scenario.Options{ALPN: []string{"h2", "http/1.1"}, MITM: true, TrustMITM: true}, "", reason.None},
		{"ecdsa", scenario.Options{KeyAlg: "ecdsa"}, "", reason.None},
		{"ed25519", scenario.Options{KeyAlg: "ed25519"}, "", reason.None},
		{"ecdsa, middle box", scenario.Options{KeyAlg: "ecdsa", MITM: true, TrustMITM: true}, "", reason.None},
		{"long", scenario.Options{Request: strings.Repeat("q", 70000), Reply: strings.Repeat("r", 70000)}, "", reason.None},
		{"long, middle box", scenario.Options{Request: strings.Repeat("q", 70000), Reply: strings.Repeat("r", 70000), MITM: true, TrustMITM: true}, "", reason.None},
	}
	for _, k := range lesson.Kinds() {
		r := row{"cert " + string(k), scenario.Options{Cert: k}, "", k.Expect()}
		if r.why != reason.None {
			r.refused = "client"
		}
		rows = append(rows, r)
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			r.o.Seed = "test"
			tr := run(t, r.o)
			for _, f := range tr.Flows {
				out := f.Outcome
				if r.refused == "" {
					if !out.Done || out.Err != nil || out.Intended || out.Refused != "" {
						t.Errorf("%s: %+v", f.Name, out)
					}
					continue
				}
				if out.Done || out.Refused != r.refused || out.Intended == (r.o.VerifyChain != nil) || out.Received != "" || reason.Of(out.Err) != r.why {
					t.Errorf("%s: %+v", f.Name, out)
				}
			}
			for _, s := range scenes(tr) {
				if !slices.Contains(scenario.SceneKeys(), s.Key()) {
					t.Errorf("scene %q is not in SceneKeys", s.Key())
				}
			}
		})
	}
}

func scenes(tr *scenario.Transcript) []event.Scene {
	var out []event.Scene
	for _, e := range tr.Events() {
		if s, ok := e.(event.Scene); ok {
			out = append(out, s)
		}
	}
	return out
}

// TestEveryKeyIsEmitted keeps SceneKeys and FlowNames free of orphans.
func TestEveryKeyIsEmitted(t *testing.T) {
	keys, flows := map[event.SceneKey]bool{}, map[string]bool{}
	for _, o := range []scenario.Options{
		{Plain: true, Suites: []*suite.Suite{suite.ByID(0x009c), suite.ByID(0x009e), suite.ByID(0xc02f), suite.ByID(0x1301)}, Exchanges: ownECDHE()},
		{MITM: true, TrustMITM: true, Rewrite: mitm.Rewrite{Old: "you", New: "who"}}, {MITM: true, ClickThrough: true, ClientAuth: true, Version: iana.TLS13},
		{MITM: true, Passthrough: true}, {Resume: scenario.ResumeByID}, {Resume: scenario.ResumePSK}, {Resume: scenario.ResumeEarly},
		{PSK: &handshake.PSK{Identity: []byte("i"), Key: []byte("k")}}} {
		tr := run(t, o)
		for _, s := range scenes(tr) {
			keys[s.Key()] = true
		}
		for _, f := range tr.Flows {
			flows[f.Name] = true
		}
	}
	for _, k := range scenario.SceneKeys() {
		if !keys[k] {
			t.Errorf("no lesson emits scene %q", k)
		}
	}
	for _, n := range scenario.FlowNames() {
		if !flows[n] {
			t.Errorf("no lesson has flow %q", n)
		}
	}
}

// TestMiddleBox: trusted, the box reads everything, and the listener still nothing.
func TestMiddleBox(t *testing.T) {
	f := run(t, scenario.Options{Seed: "test", MITM: true, TrustMITM: true}).Flows[0]
	if k := know(t, f, "mitm"); !k.ReadsData || !k.CanImpersonate || k.Plaintext != request+reply {
		t.Errorf("%+v", k)
	}
	if k := know(t, f, "listener"); k.ReadsData {
		t.Errorf("%+v", k)
	}
	if s := scenario.SceneOf[*mitm.Decrypt](f); s.Plaintext != request || s.Head().Conn != 1 {
		t.Errorf("%+v", s)
	}
	f = run(t, scenario.Options{Seed: "test", MITM: true}).Flows[0]
	if k := know(t, f, "mitm"); k.ReadsData || k.CanImpersonate || !k.HasMaster { // its own leg to the server it knows
		t.Errorf("%+v", k)
	}
	if scenario.SceneOf[*mitm.Decrypt](f) != nil || scenario.SceneOf[*mitm.Forge](f) == nil {
		t.Error("the refused box forged nothing, or read something")
	}
}

// TestResume is the replay lesson: what a captured ID or ticket is worth, and what
// a stolen secret is.
func TestResume(t *testing.T) {
	for _, how := range []scenario.Resume{scenario.ResumeByID, scenario.ResumeByTicket} {
		for _, x := range []iana.Kx{iana.KxRSA, iana.KxDHE, iana.KxECDHE} {
			t.Run(fmt.Sprint(how, " ", x), func(t *testing.T) {
				tr := run(t, scenario.Options{Seed: "test", Resume: how, Kx: []iana.Kx{x}, NoEMS: x == iana.KxDHE})
				resumed := tr.Flow("resumed")
				c := scenario.SceneOf[*scenario.FullVsResumed](resumed)
				for _, r := range c.Rows() {
					if what := []string{"messages", "bytes", "asymmetric", "round_trips"}; slices.Contains(what, r.What) && r.Full <= r.Resumed {
						t.Errorf("resuming saved no %s: %+v", r.What, c.Values())
					}
				}
				if c.Full.RoundTrips != 2 || c.Resumed.RoundTrips != 1 || c.Resumed.Asymmetric != 0 ||
					!c.SameSecret || c.SameKeys {
					t.Errorf("%+v", c.Values())
				}
				if k := know(t, resumed, "thief"); k.ReadsData != (x == iana.KxRSA) {
					t.Errorf("%+v", k)
				}
				captured := tr.Flow("captured_session")
				if out := captured.Outcome; out.Refused != "server" || reason.Of(out.Err) != reason.BadRecordMAC || !out.Intended || out.Received != "" {
					t.Errorf("%+v", out)
				}
				first := scenario.SceneOf[*scenario.Replayed](captured).FirstAttempt
				if reason.Of(first) != reason.BadRecordMAC {
					t.Errorf("an honest client with a guessed secret ended with %v", first)
				}
				for _, e := range captured.Events {
					if d, ok := e.(*event.Data); ok {
						t.Errorf("%s got data", d.Party)
					}
				}
				stolen := tr.Flow("stolen_master")
				if out := stolen.Outcome; !out.Done || out.Received != reply {
					t.Errorf("%+v", out)
				}
				if got := scenario.SceneOf[*scenario.RecordingDecrypted](stolen).Plaintext; got != request+reply {
					t.Errorf("read %q", got)
				}
				if !tr.Outcome().Done {
					t.Errorf("%+v", tr.Outcome())
				}
			})
		}
	}
}

func TestPlain(t *testing.T) {
	f := run(t, scenario.Options{Plain: true, Kx: onlyECDHE}).Flows[0]
	s := scenario.SceneOf[*scenario.PlainHTTP](f)
	if f.Name != "plain" || s.Request != request || s.Reply != reply || !f.Outcome.Done {
		t.Errorf("%+v", s)
	}
}

// TestNULL: a suite that hides nothing hides nothing from the listener either, and
// it does not give the master secret away.
func TestNULL(t *testing.T) {
	for _, name := range []string{"TLS_RSA_WITH_NULL_SHA256", "TLS_ECDHE_RSA_WITH_NULL_SHA"} {
		s, err := suite.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		f := run(t, scenario.Options{Seed: "test", Suites: []*suite.Suite{s}}).Flows[0]
		if k := know(t, f, "listener"); !f.Outcome.Done || !k.ReadsData || k.HasMaster || k.Plaintext != request+reply {
			t.Errorf("%s: %+v %+v", name, f.Outcome, k)
		}
	}
}

// variety is one lesson for every switch.
func variety() map[string]scenario.Options {
	return map[string]scenario.Options{
		"default": {}, "dhe": {Kx: []iana.Kx{iana.KxDHE}}, "plain": {Plain: true}, "id": {Resume: scenario.ResumeByID},
		"ticket": {Resume: scenario.ResumeByTicket}, "mitm": {MITM: true}, "trusted mitm": {MITM: true, TrustMITM: true},
		"stolen ca": {MITM: true, StolenCA: true, Rewrite: mitm.Rewrite{Old: "hello", New: "howdy"}}, "passthrough": {MITM: true, Passthrough: true, Pin: true},
		"mutual": {ClientAuth: true}, "ecdsa": {KeyAlg: "ecdsa"}, "staple": {Staple: "good"}, "expired": {Cert: lesson.Expired},
		"cbc": {Suites: []*suite.Suite{suite.ByID(0xc027)}, EncryptThenMAC: true}, "deflate": {Compress: true}, "no ems": {NoEMS: true},
		"retry": {Version: iana.TLS13, HelloRetry: true, Cookie: true}, "key update": {Version: iana.TLS13, KeyUpdate: true},
		"psk": {Resume: scenario.ResumePSK}, "0rtt": {Resume: scenario.ResumeEarly}, "psk_ke": {Resume: scenario.ResumeEarly, PSKOnly: true},
		"external psk": {PSK: &handshake.PSK{Identity: []byte("i"), Key: []byte("k")}},
		"compressed":   {Version: iana.TLS13, CertificateCompression: []*certcompress.Method{brotli.Method}},
	}
}

// digest hashes all that the events say, certificates by their bytes.
func digest(t *testing.T, o scenario.Options) string {
	t.Helper()
	h := sha256.New()
	for _, e := range run(t, o).Events() {
		switch e := e.(type) {
		case event.Scene:
			fmt.Fprintf(h, "%+v %s", *e.Head(), e.Key())
			for _, v := range e.Values() {
				dump(h, v)
			}
		case *event.Check:
			fmt.Fprintf(h, "%+v %s %v %v %v", e.Meta, e.What, e.OK, e.Inputs, e.Err)
		case *event.Message:
			fmt.Fprintf(h, "%+v %v %x", e.Meta, e.Dir, e.Raw)
		default:
			fmt.Fprintf(h, "%T %+v", e, e)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func dump(w io.Writer, v event.Value) {
	fmt.Fprintf(w, "%s=%T", v.Name, v.Value)
	switch x := v.Value.(type) {
	case []byte, string, int, bool, []string, []int, error, scenario.Knowledge:
		fmt.Fprintf(w, "%v", x)
	case *x509.Certificate:
		w.Write(x.Raw)
	}
}

func TestDeterminism(t *testing.T) {
	for name, o := range variety() {
		o.Seed = "one"
		first := digest(t, o)
		if digest(t, o) != first {
			t.Errorf("%s: two runs with one seed differ", name)
		}
		if o.Seed = "two"; digest(t, o) == first {
			t.Errorf("%s: two seeds give one run", name)
		}
	}
}

// TestEventsAreNumbered: one order over all parties, without gaps.
func TestEventsAreNumbered(t *testing.T) {
	for name, o := range variety() {
		var seen []event.Event
		tr, err := scenario.Run(context.Background(), o, event.ListenerFunc(func(e event.Event) { seen = append(seen, e) }))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(seen, tr.Events()) {
			t.Errorf("%s: the listener heard other events than the transcript has", name)
		}
		for i, e := range seen {
			if e.Head().Seq != uint64(i+1) {
				t.Fatalf("%s: event %d has number %d", name, i+1, e.Head().Seq)
			}
		}
	}
}

func TestQuiet(t *testing.T) {
	for name, o := range variety() {
		o.Quiet = true
		for _, e := range run(t, o).Events() {
			if s, ok := e.(*event.Secret); ok {
				t.Fatalf("%s: a quiet lesson tells %s", name, s.Label)
			}
		}
	}
}

func TestImpossibleOptions(t *testing.T) {
	ecdsa := suite.ByID(0xc02b)
	good := scenario.Options{Cert: lesson.Revoked, Staple: "good"}
	if _, err := scenario.Run(context.Background(), good, nil); err == nil {
		t.Error("a revoked certificate with a good status was played")
	}
	for option, o := range map[string]scenario.Options{
		"Cert":         {Cert: "mouldy"},
		"KeyAlg":       {KeyAlg: "rsa", Suites: []*suite.Suite{ecdsa}},
		"Staple":       {Staple: "blue"},
		"Resume":       {Resume: "cookie"},
		"Suites":       {Kx: []iana.Kx{iana.KxRSA}, Suites: []*suite.Suite{ecdsa}},
		"Exchanges":    {Suites: []*suite.Suite{{ID: 0xfff0, Kx: iana.KxPrivate, Auth: iana.AuthRSA, Hash: ecdsa.Hash, Cipher: ecdsa.Cipher}}},
		"MITM":         {MITM: true, Kx: []iana.Kx{iana.KxRSA, iana.KxECDHE}},
		"TrustMITM":    {TrustMITM: true},
		"NoClientCert": {NoClientCert: true},
	} {
		tr, err := scenario.Run(context.Background(), o, nil)
		var oe *scenario.OptionsError
		if tr != nil || !errors.As(err, &oe) || oe.Option != option || oe.Why == "" {
			t.Errorf("%s: %v", option, err)
		}
	}
}

// TestEndings: the caller's context and hook end a lesson with their own errors.
func TestEndings(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := scenario.Run(ctx, scenario.Options{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	enough := errors.New("enough")
	for name, o := range variety() {
		moves := 0
		o.BeforeMove = func(*handshake.Endpoint) error {
			if moves++; moves == 4 {
				return enough
			}
			return nil
		}
		if _, err := scenario.Run(context.Background(), o, nil); !errors.Is(err, enough) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestKeyLog(t *testing.T) {
	var log strings.Builder
	tr := run(t, scenario.Options{KeyLog: &log})
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	var want [][2]string // what the line is called, and what it ends with
	for _, f := range tr.Flows {
		if f.Name != "tls13" {
			want = append(want, [2]string{"CLIENT_RANDOM", fmt.Sprintf("%x", f.Secret(event.LabelMasterSecret))})
			continue
		}
		for _, l := range [][2]string{
			{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"}, {"SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"},
			{"CLIENT_TRAFFIC_SECRET_0", "client_application_traffic_secret_0"}, {"SERVER_TRAFFIC_SECRET_0", "server_application_traffic_secret_0"},
			{"EXPORTER_SECRET", "exporter_secret"}} {
			want = append(want, [2]string{l[0], fmt.Sprintf("%x", f.Secret(event.SecretLabel(l[1])))})
		}
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %q", len(lines), len(want), lines)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w[0]+" ") || !strings.HasSuffix(lines[i], " "+w[1]) {
			t.Errorf("%q is not %v", lines[i], w)
		}
	}
}
