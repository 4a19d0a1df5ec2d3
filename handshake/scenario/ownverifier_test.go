package scenario_test

import (
	"errors"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/handshake/tamper"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// TestOwnRefusalIsNotIntended: a grader that goes by Intended must not be told so of a
// verifier that refuses everything, whatever else the options ask for.
func TestOwnRefusalIsNotIntended(t *testing.T) {
	type judge = func(handshake.ChainInput) (*pki.Report, error)
	no := func(err error) judge {
		return func(handshake.ChainInput) (*pki.Report, error) { return nil, err }
	}
	lessons := map[string]scenario.Options{"a good chain": {}, "untrusted root": {UntrustedRoot: true}, "no staple": {Staple: "none"},
		"revoked": {Staple: "revoked"}, "stale": {Staple: "stale"}, "unknown": {Staple: "unknown"},
		"box": {MITM: true}, "trusted box": {MITM: true, TrustMITM: true}, "pin": {MITM: true, TrustMITM: true, Pin: true},
		"stolen CA": {MITM: true, StolenCA: true}, "click": {MITM: true, ClickThrough: true}, "no client certificate": {ClientAuth: true, NoClientCert: true}}
	for _, k := range lesson.Kinds() {
		lessons["cert "+string(k)] = scenario.Options{Cert: k}
		lessons["cert "+string(k)+", box"] = scenario.Options{Cert: k, MITM: true}
	}
	for name, o := range lessons {
		for _, err := range []error{errors.New("not on a Thursday"), reason.New(reason.CertificateRevoked, "", "certificate", nil, nil)} {
			o.Seed, o.VerifyChain = "test", no(err)
			for _, f := range run(t, o).Flows {
				out := f.Outcome
				if out.Done {
					t.Errorf("%s, %v, %s: done", name, err, f.Name)
				}
				if out.Refused == "client" && out.Intended {
					t.Errorf("%s, %v, %s: its refusal is called intended", name, err, f.Name)
				}
				if out.Refused != "client" && out.Refused != "mitm" {
					t.Errorf("%s, %v, %s: refused by %q", name, err, f.Name, out.Refused)
				}
			}
		}
	}
}

// TestOwnVerifierOthersRefusals: what the options ask for is intended with a verifier of
// one's own as without, where the verifier let the chain pass.
func TestOwnVerifierOthersRefusals(t *testing.T) {
	yes := func(handshake.ChainInput) (*pki.Report, error) { return nil, nil }
	untrusted := func(handshake.ChainInput) (*pki.Report, error) {
		return nil, reason.New(reason.CertificateUntrusted, "", "certificate", nil, nil)
	}
	for name, row := range map[string]struct {
		o   scenario.Options
		why reason.Reason
	}{
		"tampered": {scenario.Options{VerifyChain: yes, Kx: onlyECDHE,
			Tamper: tamper.On(tamper.ToClient, 0, tamper.Edit(func(rec []byte) { rec[11] ^= 1 }))}, reason.BadSignature},
		"pin": {scenario.Options{VerifyChain: yes, MITM: true, Pin: true}, reason.CertificatePin},
		// The user clicks the verifier's warning away, and the pin refuses.
		"click, then pin":       {scenario.Options{VerifyChain: untrusted, MITM: true, Pin: true, ClickThrough: true}, reason.CertificatePin},
		"no client certificate": {scenario.Options{VerifyChain: yes, Version: iana.TLS13, ClientAuth: true, NoClientCert: true}, reason.CertificateRequired},
	} {
		row.o.Seed = "test"
		for _, f := range run(t, row.o).Flows {
			if out := f.Outcome; !out.Intended || reason.Of(out.Err) != row.why {
				t.Errorf("%s, %s: %+v", name, f.Name, out)
			}
		}
	}
}
