package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestStartMakesLittle: what a package of ours makes before main every start pays for, --version too. What only some calls
// need is made when it is first asked for (sync.OnceValue), and a table is rows or a switch, which lie ready in
// the binary, and no map, which is built anew by each process. The runtime counts it (GODEBUG=inittrace=1).
func TestStartMakesLittle(t *testing.T) {
	type cost struct{ bytes, allocs int }
	most := map[string]cost{
		"": {8 << 10, 100}, // of any package but
		// the modules of RFC 5280 and RFC 6960, which read best as one expression each
		"tlslab/pki/der": {64 << 10, 300},
	}
	self := exec.Command(os.Args[0], "-test.run=^$")
	self.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := self.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line) // init internal/bytealg @0.008 ms, 0 ms clock, 0 bytes, 0 allocs
		if len(f) != 11 || f[0] != "init" || !strings.HasPrefix(f[1], "tlslab/") || f[1] == "tlslab/cmd/tlslab" {
			continue // the last has this test's variables in it
		}
		bytes, err := strconv.Atoi(f[7])
		if err != nil {
			t.Fatal(line)
		}
		allocs, err := strconv.Atoi(f[9])
		if err != nil {
			t.Fatal(line)
		}
		limit, own := most[f[1]]
		if !own {
			limit = most[""]
		}
		if bytes > limit.bytes || allocs > limit.allocs {
			t.Errorf("%s makes %d bytes in %d pieces when it starts, more than %d in %d", f[1], bytes, allocs, limit.bytes, limit.allocs)
		}
		seen[f[1]] = true
	}
	for _, p := range []string{"tlslab/pki/der", "tlslab/handshake/kx", "tlslab/handshake/narrate"} {
		if !seen[p] {
			t.Errorf("nothing is said of %s: the test looked in the wrong place\n%s", p, out)
		}
	}
}
