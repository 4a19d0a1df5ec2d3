package clitest

import (
	"regexp"
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

var flagInText = regexp.MustCompile(`--([A-Za-z][A-Za-z-]*)`)

// FlagsIn is the names of the flags that a text speaks of, sorted, each once.
func FlagsIn(text string) (names []string) {
	for _, m := range flagInText.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// KnowsFlags demands that the verb has every flag that the text under key speaks of.
func KnowsFlags(t *testing.T, verb *cobra.Command, key, text string) {
	t.Helper()
	for _, name := range FlagsIn(text) {
		if verb.Flags().Lookup(name) == nil {
			t.Errorf("%q tells of --%s, which tlslab %s does not have: %s", key, name, verb.Name(), text)
		}
	}
}
