package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/kx/kxtest"
)

// The conformance suite: what a peer may rely on, and what an attacker may not.
func TestToy(t *testing.T) {
	kxtest.Run(t, Toy{}, kxtest.WithBad(number(p-1), number(p), number(0xffffffff)))
}

// The transcript shows the exchange's numbers, and they are right: recomputed here from
// the two private ones.
func TestRun(t *testing.T) {
	if len(kxtest.Check(Toy{}, kxtest.WithRuns(2))) > 0 {
		t.Skip("TestToy says what is missing; a handshake comes afterwards")
	}
	var out bytes.Buffer
	if err := run(&out, "toy"); err != nil {
		t.Fatal(err)
	}
	a, b := shown(t, &out, `a +([0-9a-f]{8}) \[secret\]`), shown(t, &out, `b +([0-9a-f]{8}) \[secret\]`)
	A, B, secret := pow(g, a), pow(g, b), pow(pow(g, a), b)
	for _, want := range []string{
		"toy32", "TLS 1.3", "GET /",
		fmt.Sprintf("p             %08x", p), fmt.Sprintf("g             %08x", g),
		fmt.Sprintf("A = g^a mod p %08x", A), fmt.Sprintf("toy32 (0xfe00) %08x", A),
		fmt.Sprintf("B = g^b mod p %08x", B), fmt.Sprintf("toy32 (0xfe00) %08x", B),
		fmt.Sprintf("B             %08x", B), fmt.Sprintf("g^ab mod p    %08x [secret]", secret),
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// shown finds a number of the transcript.
func shown(t *testing.T, page *bytes.Buffer, pattern string) uint64 {
	m := regexp.MustCompile(`(?m)^ +` + pattern).FindStringSubmatch(page.String())
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, page)
	}
	n, err := strconv.ParseUint(m[1], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
