package main

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/handshake/kx/kxtest"
)

// The conformance suite: what a peer may rely on, and what an attacker may not.
func TestToy(t *testing.T) {
	kxtest.Run(t, Toy{}, kxtest.WithBad(number(p-1), number(p), number(0xffffffff)))
}

// The transcript shows the exchange's numbers.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out, "toy"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"toy32", "A = g^a mod p", "g^ab mod p", "ffffff2f", "GET /"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
