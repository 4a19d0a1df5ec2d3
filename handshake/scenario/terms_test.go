package scenario_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

// TestVersion: which flows are played, by the version that is asked for, or is led to.
func TestVersion(t *testing.T) {
	both := []*suite.Suite{suite.ByID(0x1302), suite.ByID(0xc02f)}
	for _, c := range []struct {
		o     scenario.Options
		flows []string
	}{
		{scenario.Options{}, []string{"rsa", "ecdhe", "tls13"}},
		{scenario.Options{Version: iana.TLS12}, []string{"rsa", "ecdhe"}},
		{scenario.Options{Version: iana.TLS13}, []string{"tls13"}},
		{scenario.Options{Kx: []iana.Kx{iana.KxDHE, iana.KxRSA}}, []string{"dhe", "rsa"}},
		{scenario.Options{Version: iana.TLS12, Kx: onlyECDHE}, []string{"ecdhe"}},
		{scenario.Options{Suites: both}, []string{"tls13", "ecdhe"}},
		{scenario.Options{Suites: both, Version: iana.TLS12}, []string{"ecdhe"}},
		{scenario.Options{Suites: both, Version: iana.TLS13}, []string{"tls13"}},
		{scenario.Options{Suites: both, HelloRetry: true}, []string{"tls13"}},
		{scenario.Options{Padding: 1}, []string{"tls13"}},
		{scenario.Options{NoEMS: true}, []string{"rsa", "ecdhe"}},
		{scenario.Options{ALPN: []string{"h2"}}, []string{"ecdhe", "tls13"}},
		{scenario.Options{ALPN: []string{"h2"}, Version: iana.TLS12}, []string{"ecdhe"}},
		{scenario.Options{KeyAlg: "ecdsa"}, []string{"ecdhe"}},
		{scenario.Options{KeyAlg: "rsa-pss", Version: iana.TLS13}, []string{"tls13"}},
		{scenario.Options{MITM: true}, []string{"mitm"}},
	} {
		c.o.Seed = "test"
		tr := run(t, c.o)
		var flows []string
		for _, f := range tr.Flows {
			flows = append(flows, f.Name)
			if !f.Outcome.Done && !c.o.MITM {
				t.Errorf("%s of %v: %v", f.Name, c.flows, f.Outcome.Err)
			}
		}
		if !slices.Equal(flows, c.flows) {
			t.Errorf("%v, want %v", flows, c.flows)
		}
	}
}

// TestImpossibleVersion: what does not go with a version, by the option's name.
func TestImpossibleVersion(t *testing.T) {
	only12, only13 := []*suite.Suite{suite.ByID(0xc02f)}, []*suite.Suite{suite.ByID(0x1301)}
	for name, c := range map[string]struct {
		o      scenario.Options
		option string
	}{
		"SSL 3.0":                 {scenario.Options{Version: iana.SSL30}, "Version"},
		"a key exchange in 1.3":   {scenario.Options{Version: iana.TLS13, Kx: onlyECDHE}, "Kx"},
		"no key exchange":         {scenario.Options{Kx: []iana.Kx{iana.KxNone}}, "Kx"},
		"a suite of 1.2 in 1.3":   {scenario.Options{Version: iana.TLS13, Suites: only12}, "Suites"},
		"a suite of 1.3 in 1.2":   {scenario.Options{Version: iana.TLS12, Suites: only13}, "Suites"},
		"no suite":                {scenario.Options{Suites: []*suite.Suite{}}, "Suites"},
		"a switch of 1.3 in 1.2":  {scenario.Options{Version: iana.TLS12, Cookie: true}, "Cookie"},
		"a switch of 1.2 in 1.3":  {scenario.Options{Version: iana.TLS13, NoEMS: true}, "NoEMS"},
		"a switch of each":        {scenario.Options{KeyUpdate: true, Compress: true}, "KeyUpdate"},
		"resumption of 1.3 in DH": {scenario.Options{Kx: []iana.Kx{iana.KxDHE}, Resume: scenario.ResumePSK, Groups: []kx.Group{kx.FFDHE2048}}, "Resume"},
	} {
		tr, err := scenario.Run(context.Background(), c.o, nil)
		var oe *scenario.OptionsError
		if tr != nil || !errors.As(err, &oe) || oe.Option != c.option {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEncryptThenMACHasAMAC: the switch means nothing for an AEAD, so the suites that are
// taken by themselves are CBC ones, and naming none of those is refused.
func TestEncryptThenMACHasAMAC(t *testing.T) {
	tr := run(t, scenario.Options{Seed: "test", EncryptThenMAC: true})
	if len(tr.Flows) != 2 {
		t.Fatalf("%d flows", len(tr.Flows))
	}
	for _, f := range tr.Flows {
		changes := 0
		for _, e := range f.Events {
			if c, ok := e.(*event.KeyChange); ok {
				changes++
				if s := suite.ByID(c.Suite); s == nil || s.Cipher.Kind != suite.CBC {
					t.Errorf("%s comes to %v", f.Name, c.Suite)
				}
			}
		}
		if changes == 0 || !f.Outcome.Done {
			t.Errorf("%s: %d changes of keys, %v", f.Name, changes, f.Outcome.Err)
		}
	}
	var refused *scenario.OptionsError
	err := scenario.Validate(scenario.Options{EncryptThenMAC: true, Suites: []*suite.Suite{suite.ByID(0xc02f)}})
	if !errors.As(err, &refused) || refused.Option != "EncryptThenMAC" || refused.With != "Suites" {
		t.Error(err)
	}
}
