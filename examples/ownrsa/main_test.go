package main

import (
	"bytes"
	"context"
	"math/big"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/kx/kxtest"
	"tlslab/handshake/scenario"
)

// The conformance suite: that the two ends agree, and that no error tells an attacker what is in a
// ciphertext.
func TestTransport(t *testing.T) { kxtest.RunExchange(t, Transport{}, kxtest.WithRuns(50)) }

// The lesson tells the exchange's numbers, and they are right: each end's are recomputed here.
func TestRun(t *testing.T) {
	if len(kxtest.CheckExchange(Transport{}, kxtest.WithRuns(2))) > 0 {
		t.Skip("TestTransport says what is missing; a handshake comes afterwards")
	}
	tr, err := scenario.Run(context.Background(), options("rsa"), nil)
	if err != nil || !tr.Outcome().Done {
		t.Fatal(err, tr.Outcome())
	}
	number := map[string]*big.Int{}
	for _, e := range tr.Events() {
		if s, ok := e.(*event.Secret); ok && s.Label == event.LabelPremasterSecret {
			for _, in := range s.Inputs {
				number[in.Name] = new(big.Int).SetBytes(in.Bytes)
			}
		}
	}
	m, c := number["m = 00 02 padding 00 premaster"], number["m^e mod n"]
	if m == nil || c == nil || number["d"] == nil {
		t.Fatalf("the lesson tells %v", number)
	}
	if new(big.Int).Exp(m, number["e"], number["n"]).Cmp(c) != 0 || number["c"].Cmp(c) != 0 {
		t.Error("what the client sends is not m^e, or not what the server opens")
	}
	if new(big.Int).Exp(c, number["d"], number["n"]).Cmp(m) != 0 || !bytes.HasSuffix(m.Bytes(), tr.Secret(event.LabelPremasterSecret)) {
		t.Error("what the server opens is not m, or the secret is not at its end")
	}

	var out bytes.Buffer
	if err := run(&out, "rsa"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"RSA key exchange", "m = 00 02 padding 00 premaster 0002", "m^e mod n", "premaster 0303", "GET /"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
