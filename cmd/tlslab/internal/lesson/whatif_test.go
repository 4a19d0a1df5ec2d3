package lesson

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	lessons "tlslab/pki/lesson"
)

// TestWhatIf holds that what the third sentence of a summary tells a learner to try can be
// tried: that it is said of such a lesson, that the sentence names each option which the next
// command has and this one has not, and that the command takes it.
func TestWhatIf(t *testing.T) {
	key := &handshake.PSK{Identity: []byte("Client_identity"), Key: []byte("0123456789abcdef")}
	const hex = "30313233343536373839616263646566"
	in13 := iana.TLS13
	for _, c := range []struct {
		key  string
		o    scenario.Options
		flow int // whose sentence it is
		now  string
		next string
	}{
		{"plain", scenario.Options{Version: in13, Plain: true}, 0, "--tls 1.3 --plain", "--tls 1.3"},
		{"mitm", scenario.Options{Version: in13}, 0, "--tls 1.3", "--tls 1.3 --mitm"},
		{"mitm", scenario.Options{Kx: []iana.Kx{iana.KxDHE}}, 0, "--kx dhe", "--kx dhe --mitm"},
		{"rsa", scenario.Options{Kx: []iana.Kx{iana.KxRSA}}, 0, "--kx rsa", "--kx ecdhe"},
		{"retried", scenario.Options{HelloRetry: true}, 0, "--hello-retry", "--tls 1.3"},
		{"open", scenario.Options{Suites: []*suite.Suite{suite.ByID(0xc0b4)}}, 0, "--cipher TLS_SHA256_SHA256", "--tls 1.3"},
		{"resumed_id", scenario.Options{Resume: scenario.ResumeByID}, 1, "--resume id", "--resume ticket"},
		{"resumed_ticket", scenario.Options{Resume: scenario.ResumeByTicket}, 1, "--resume ticket", "--resume psk"},
		{"resumed_psk", scenario.Options{Resume: scenario.ResumePSK}, 1, "--resume psk", "--resume 0rtt"},
		{"early", scenario.Options{Resume: scenario.ResumeEarly}, 1, "--resume 0rtt", "replay --attack early-data"},
		{"early_passed_over", scenario.Options{Resume: scenario.ResumeEarly, Cookie: true}, 1, "--resume 0rtt --cookie", "--resume 0rtt"},
		{"replayed", scenario.Options{Resume: scenario.ResumeEarly}, 2, "--resume 0rtt", "replay --attack early-data --defend recording"},
		{"captured", scenario.Options{Resume: scenario.ResumeByID}, 3, "--resume id", "replay --attack stolen-master"},
		{"stolen", scenario.Options{Resume: scenario.ResumeByID}, 2, "--resume id", "replay --attack stolen-master --defend lifetime"},
		{"given", scenario.Options{PSK: key}, 0, "--psk " + hex, "--psk " + hex + " --psk-ke"},
		{"given_psk_ke", scenario.Options{PSK: key, PSKOnly: true}, 0, "--psk " + hex + " --psk-ke", "--psk " + hex},
		{"clicked", scenario.Options{Version: in13, Cert: lessons.Expired, ClickThrough: true}, 0, "--tls 1.3 --cert expired --click-through", "--tls 1.3 --mitm --click-through"},
		{"refused_clickable", scenario.Options{Version: in13, Cert: lessons.WrongHost}, 0, "--tls 1.3 --cert wrong.host", "--tls 1.3 --cert wrong.host --click-through"},
		{"refused_client", scenario.Options{Version: in13, ClientAuth: true, NoClientCert: true}, 0, "--tls 1.3 --cert client-cert-missing", "--tls 1.3 --client-auth"},
		{"refused_promised", scenario.Options{Version: in13, Cert: lessons.MustStaple}, 0, "--tls 1.3 --cert must-staple", "--tls 1.3 --cert must-staple --staple good"},
		{"refused_revoked", scenario.Options{Version: in13, Cert: lessons.Revoked}, 0, "--tls 1.3 --cert revoked", "--tls 1.3 --cert revoked --staple none"},
		{"refused_revoked", scenario.Options{Version: in13, Staple: "revoked"}, 0, "--tls 1.3 --staple revoked", "--tls 1.3 --staple none"},
		{"refused_chain", scenario.Options{Version: in13, Cert: lessons.PathLen}, 0, "--tls 1.3 --cert pathlen", "--tls 1.3 --mitm --trust-mitm"},
		{"passthrough", scenario.Options{MITM: true, Passthrough: true}, 0, "--mitm-passthrough", "--mitm --trust-mitm"},
		{"mitm_refused", scenario.Options{Version: in13, MITM: true}, 0, "--tls 1.3 --mitm", "--tls 1.3 --mitm --trust-mitm"},
		{"mitm_believed", scenario.Options{Version: in13, MITM: true, TrustMITM: true}, 0, "--tls 1.3 --trust-mitm", "--tls 1.3 --trust-mitm --pin"},
		{"mitm_clicked", scenario.Options{Version: in13, MITM: true, ClickThrough: true}, 0, "--tls 1.3 --mitm --click-through", "--tls 1.3 --mitm --click-through --pin"},
		{"mitm_pinned", scenario.Options{Version: in13, MITM: true, TrustMITM: true, Pin: true}, 0, "--tls 1.3 --trust-mitm --pin", "--tls 1.3 --trust-mitm --client-auth"},
		{"mitm_unproved", scenario.Options{Version: in13, MITM: true, TrustMITM: true, ClientAuth: true}, 0, "--tls 1.3 --trust-mitm --client-auth", "--tls 1.3 --trust-mitm --client-auth --pin"},
		{"mitm_careful", scenario.Options{Version: in13, MITM: true, TrustMITM: true, Cert: lessons.Expired}, 0, "--tls 1.3 --trust-mitm --cert expired", "--tls 1.3 --trust-mitm"},
	} {
		c.o.Seed = "1"
		tr, err := scenario.Run(context.Background(), c.o, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.key, err)
		}
		said := narrate.Summarize(tr.Flows[c.flow].Events).WhatIf
		if said.Key != "whatif/"+c.key {
			t.Errorf("run %s: %s, want %s", c.now, said.Key, c.key)
		}
		for _, l := range narrate.Langs() {
			for _, option := range differ(c.now, c.next) {
				if text := said.In(l); !strings.Contains(text, option) {
					t.Errorf("%s in %s says nothing of %s: %s", c.key, l, option, text)
				}
			}
		}
		takes(t, c.now)
		takes(t, c.next)
	}
	for _, c := range []string{"--mitm", "--cert expired --click-through", "--tls 1.3", "replay --all"} { // which stand in sentences of live connections and replays
		takes(t, c)
	}
}

// differ lists what the second command has and the first has not, without versions and keys,
// which go without saying; if that is nothing, what was left out.
func differ(now, next string) []string {
	words := func(s string) []string {
		return slices.DeleteFunc(strings.Fields(s), func(w string) bool { return w == "1.3" || w == "--tls" || w == "replay" })
	}
	has := func(words []string) func(string) bool {
		return func(w string) bool { return slices.Contains(words, w) }
	}
	more := slices.DeleteFunc(words(next), has(words(now)))
	if len(more) > 0 {
		return more
	}
	gone := slices.DeleteFunc(words(now), has(words(next)))
	return slices.DeleteFunc(gone, func(w string) bool { return !strings.HasPrefix(w, "--") })
}

// takes holds that the command plays a lesson of these words: run's, or replay's where they say so.
func takes(t *testing.T, words string) {
	t.Helper()
	cmd, args := NewRun(), strings.Fields(words)
	if args[0] == "replay" {
		cmd, args = NewReplay(), args[1:]
	}
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append(args, "--seed", "1"))
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	if err := cmd.Execute(); err != nil && !errors.Is(err, cli.ErrTold) {
		t.Errorf("%s %s: %v", cmd.Name(), strings.Join(args, " "), err)
	}
}
