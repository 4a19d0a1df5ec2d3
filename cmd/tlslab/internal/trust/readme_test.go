package trust

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
)

// The section of the page about chains speaks of flags that there are, and of each that is about policies and
// the path's length; so does --help of each that its examples use.
func TestREADMEChains(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(page), "\n## Chains of certificates\n")
	section, _, end := strings.Cut(section, "\n## ")
	if !ok || !end {
		t.Fatal("no section about chains")
	}
	verb := NewVerify()
	named := clitest.FlagsIn(section)
	for _, flag := range named {
		if verb.Flags().Lookup(flag) == nil && flag != "cert" && flag != "key" { // those of client and server
			t.Errorf("the page speaks of --%s, which verify does not have", flag)
		}
	}
	for _, flag := range []string{"policy", "explicit-policy", "inhibit-mapping", "inhibit-any", "depth", "brief", "untrusted", "staple", "CAfile"} {
		if !slices.Contains(named, flag) {
			t.Errorf("the page does not speak of --%s", flag)
		}
	}
	clitest.KnowsFlags(t, verb, "example", verb.Example)
}
