package narrate_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// needs skips a test, by name, where a program is missing; in CI that is a failure.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed, and in CI it must be", p)
			}
			t.Skipf("%s is not installed: its commands are not tried", p)
		}
	}
}

// secrets plays a lesson and returns what was computed in it.
func secrets(t *testing.T, o scenario.Options) (out []*event.Secret) {
	t.Helper()
	o.Seed = t.Name()
	tr, err := scenario.Run(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range tr.Flows {
		if !f.Outcome.Done && !f.Outcome.Intended {
			t.Fatalf("%s: %v", f.Name, f.Outcome.Err)
		}
		for _, e := range f.Events {
			if s, ok := e.(*event.Secret); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

const between = "- next -"

// recompute runs every distinct command in one shell and compares what it prints
// with what the event holds. It returns the labels that had a command.
func recompute(t *testing.T, shell string, events []*event.Secret) (labels []string) {
	t.Helper()
	var script strings.Builder
	var tried []*event.Secret
	var want []string
	seen := map[string]bool{}
	for _, e := range events {
		cmd, why := narrate.Recompute(e)
		if cmd == "" && why == "" {
			t.Errorf("%s: neither a command nor a reason", e.Label)
		}
		if why != "" && !slices.Contains(narrate.RecomputeReasons(), why) {
			t.Errorf("%s: reason %q is not listed", e.Label, why)
		}
		if cmd == "" || seen[cmd] {
			continue
		}
		seen[cmd] = true
		tried, labels = append(tried, e), append(labels, string(e.Label))
		want = append(want, fmt.Sprintf("%x\n", e.Value))
		if why == "recompute.check" {
			want[len(want)-1] = "verified\n"
		}
		fmt.Fprintf(&script, "%s\necho '%s'\n", cmd, between)
	}
	file := filepath.Join(t.TempDir(), "commands.sh")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(shell, file)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("%s: %v\n%s", shell, err, &stderr)
	}
	got := strings.Split(stdout.String(), between+"\n")
	for i, e := range tried {
		printed := ""
		if i < len(got) {
			printed = got[i] // one line
		}
		switch printed {
		case "Verified OK\n", "Signature Verified Successfully\n":
			printed = "verified\n"
		}
		if printed != want[i] {
			cmd, _ := narrate.Recompute(e)
			t.Errorf("%s by %s is %q, but\n%s\nprints %q", e.Label, e.Method, want[i], cmd, printed)
		}
	}
	return labels
}

// Every shown command computes the shown value: each key exchange, over each of
// its groups, with each PRF hash, kind of cipher and master secret's formula.
func TestRecompute(t *testing.T) {
	needs(t, "sh", "openssl")
	var mu sync.Mutex
	commanded := map[string]bool{}
	t.Run("matrix", func(t *testing.T) {
		for _, l := range lessons() {
			t.Run(l.name, func(t *testing.T) {
				t.Parallel()
				labels := recompute(t, "sh", secrets(t, l.o))
				mu.Lock()
				defer mu.Unlock()
				for _, label := range labels {
					commanded[label] = true
				}
			})
		}
	})
	for _, label := range event.SecretLabels() {
		if !commanded[string(label)] && !t.Failed() {
			t.Errorf("no command was tried for any %s", label)
		}
	}
}

type playedLesson struct {
	name string
	o    scenario.Options
}

// lessons is one lesson of TLS 1.2 for each key exchange, group, PRF hash, kind of
// cipher and formula of the master secret, and one for each kind of signature; one of
// TLS 1.3 for each hash and kind of cipher, and for each kind of pre-shared key. TLS 1.3's groups and signatures have tests
// of their own.
func lessons() (out []playedLesson) {
	add := func(s *suite.Suite, g kx.Group, noEMS bool) {
		o := scenario.Options{Kx: []iana.Kx{s.Kx}, Suites: []*suite.Suite{s}, NoEMS: noEMS}
		name := fmt.Sprintf("%v/%v/%v", s.Kx, s.Hash, s.Cipher.Kind)
		if g != nil {
			o.Groups = []kx.Group{g}
			name += "/" + g.Name()
		}
		if noEMS {
			name += "/no EMS"
		}
		out = append(out, playedLesson{name, o})
	}
	for _, h := range []iana.CipherSuite{0x1301, 0x1302} {
		o := scenario.Options{Resume: scenario.ResumeEarly, Suites: []*suite.Suite{suite.ByID(h)}, Groups: []kx.Group{kx.X25519}}
		out = append(out, playedLesson{fmt.Sprintf("0-RTT/%v", h), o})
	}
	key := &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef")}
	out = append(out, playedLesson{"external PSK", scenario.Options{PSK: key, PSKOnly: true}})
	type kind struct {
		kx     iana.Kx
		hash   crypto.Hash
		cipher suite.Kind
	}
	done := map[kind]bool{}
	for _, s := range suite.All() {
		k := kind{s.Kx, s.Hash, s.Cipher.Kind}
		if s.Auth != iana.AuthRSA && s.Version != iana.TLS13 || done[k] {
			continue
		}
		done[k] = true
		if s.Version == iana.TLS13 {
			out = append(out, playedLesson{fmt.Sprintf("TLS 1.3/%v/%v", s.Hash, s.Cipher.Kind),
				scenario.Options{Suites: []*suite.Suite{s}, Groups: []kx.Group{kx.X25519}, KeyUpdate: true}})
			continue
		}
		for _, noEMS := range []bool{false, true} {
			if s.Kx == iana.KxRSA {
				add(s, nil, noEMS)
				continue
			}
			for _, g := range kx.All() {
				if kx.Serves(s.Kx, g) {
					add(s, g, noEMS)
				}
			}
		}
	}
	for _, alg := range []string{"ecdsa", "ed25519"} {
		out = append(out, playedLesson{alg, scenario.Options{Kx: []iana.Kx{iana.KxECDHE}, KeyAlg: alg, ClientAuth: true,
			Suites: []*suite.Suite{suite.ByID(0xc02b)}}})
	}
	return out
}

// The commands are for whatever shell a learner has.
func TestRecomputeInBash(t *testing.T) {
	needs(t, "bash", "openssl")
	recompute(t, "bash", secrets(t, scenario.Options{}))
}

// A number that begins with a zero byte, one in 256, is where padding and
// stripping differ: DHE strips the premaster secret, ECDHE over a field of a
// student's own does not, and the share is padded in both.
func TestRecomputeLeadingZeros(t *testing.T) {
	needs(t, "sh", "openssl")
	var events []*event.Secret
	source := rand.NewChaCha8([32]byte{1})
	for shareDone, secretDone := false, false; !shareDone || !secretDone; {
		o, err := kx.FFDHE2048.Offer(source)
		if err != nil {
			t.Fatal(err)
		}
		if o.Share()[0] == 0 && !shareDone {
			shareDone = true
			events = append(events, &event.Secret{Label: event.LabelServerEphemeral, Group: event.GroupOf(kx.FFDHE2048),
				Inputs: event.Inputs(o.(kx.Explainer).Explain()...), Value: o.Share()})
		}
		a, err := kx.FFDHE2048.Answer(source, o.Share())
		if err != nil {
			t.Fatal(err)
		}
		if a.Secret()[0] == 0 && !secretDone {
			secretDone = true
			in := event.Inputs(a.(kx.Explainer).Explain()...)
			events = append(events,
				&event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxDHE, Group: event.GroupOf(kx.FFDHE2048), Inputs: in, Value: kx.DHE.PreMaster(a.Secret())},
				&event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxECDHE, Group: event.Group{ID: iana.GroupPrivate, Name: "my own field"}, Inputs: in, Value: kx.ECDHE.PreMaster(a.Secret())})
		}
	}
	if got := len(recompute(t, "sh", events)); got != 3 {
		t.Errorf("%d commands instead of 3", got)
	}
}

// Where there is no command the reason is told, and it is the right one.
func TestNotRecomputable(t *testing.T) {
	toy, err := kx.FiniteField(iana.GroupPrivate, "toy64", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfa, 0x43}, []byte{2}, 0)
	if err != nil {
		t.Fatal(err)
	}
	source := rand.NewChaCha8([32]byte{2})
	offer, err := toy.Offer(source)
	if err != nil {
		t.Fatal(err)
	}
	small := event.Inputs(offer.(kx.Explainer).Explain()...)
	rsaClient, rsaServer := rsaPreMaster(t, source, iana.TLS12), rsaPreMaster(t, source, iana.TLS10)
	for _, c := range []struct {
		name, want string
		e          event.Secret
	}{
		{"a small field", "recompute.no_tool", event.Secret{Label: event.LabelServerEphemeral, Group: event.GroupOf(toy), Inputs: small}},
		{"a group openssl has not", "recompute.no_tool", event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxECDHE, Group: event.Group{ID: iana.GroupPrivate, Name: "my own curve"},
			Inputs: []event.Input{event.Public("a", []byte{1}), event.Public("B", []byte{1})}}},
		{"a group later ones have", "recompute.mlkem", event.Secret{Label: event.LabelSharedSecret, Group: event.GroupOf(kx.X25519MLKEM768),
			Inputs: []event.Input{event.Public("x25519: a", []byte{1}), event.Public("x25519: B", []byte{1})}}},
		{"a student's KEM", "recompute.no_tool", event.Secret{Label: event.LabelClientKeyShare, Group: event.GroupAt(0xfe80),
			Inputs: []event.Input{event.Public("seed", []byte{1})}}},
		{"no salt", "recompute.no_inputs", event.Secret{Label: event.LabelEarlySecret, Function: event.FunctionExtract, Hash: "SHA-256",
			Inputs: []event.Input{event.Public("ikm", []byte{1})}}},
		{"no label", "recompute.no_inputs", event.Secret{Label: event.LabelEarlyDerived, Function: event.FunctionExpandLabel, Hash: "SHA-256", Tag: "derived",
			Inputs: []event.Input{event.Public("secret", []byte{1})}}},
		{"no hash", "recompute.no_inputs", event.Secret{Label: event.LabelClientVerifyData, Function: event.FunctionHMAC, Hash: "SHA-256",
			Inputs: []event.Input{event.Public("finished_key", []byte{1})}}},
		{"no explanation", "recompute.no_inputs", event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxECDHE, Group: event.GroupOf(kx.P256)}},
		{"half an explanation", "recompute.no_inputs", event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxECDHE, Group: event.GroupOf(kx.P256),
			Inputs: []event.Input{event.Public("a", []byte{1})}}},
		{"resumed", "recompute.session", event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionSession}},
		{"drawn by the client", "recompute.random", rsaClient},
		{"another version than ours", "recompute.replaced", rsaServer},
		{"no public key", "recompute.signature", event.Secret{Label: event.LabelServerKeyExchangeSignature, Scheme: iana.Ed25519,
			Inputs: []event.Input{event.Public("signed", []byte{1})}}},
	} {
		if cmd, why := narrate.Recompute(&c.e); cmd != "" || why != c.want {
			t.Errorf("%s: %q, %q; want %s", c.name, cmd, why, c.want)
		}
	}
}

// rsaPreMaster is the client's event where both ends mean TLS 1.2, and the server's
// where the client encrypted another version.
func rsaPreMaster(t *testing.T, source io.Reader, version iana.Version) event.Secret {
	t.Helper()
	key := lesson.Key(lesson.KeyNames()[0]).(*rsa.PrivateKey)
	a, err := kx.RSA.Answer(kx.ClientInput{Rand: source, PublicKey: &key.PublicKey, ClientVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	if version == iana.TLS12 {
		return event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxRSA, Inputs: event.Inputs(a.(kx.Explainer).Explain()...), Value: a.Secret()}
	}
	o, _, err := kx.RSA.Offer(kx.ServerInput{Rand: source, Key: key, ClientVersion: iana.TLS12})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := o.Finish(a.Share())
	if err != nil {
		t.Fatal(err)
	}
	return event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxRSA, Inputs: event.Inputs(o.(kx.Explainer).Explain()...), Value: secret}
}
