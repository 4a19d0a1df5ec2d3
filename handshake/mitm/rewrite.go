package mitm

import "strings"

// Rewrite is what a box changes in the plaintext that it relays: each Old becomes New,
// in both directions. The zero value changes nothing.
type Rewrite struct{ Old, New string }

// Apply returns what becomes of a text, and how often Old was found in it. A box sees
// what has arrived so far: an Old that comes in two pieces it does not find.
func (r Rewrite) Apply(text string) (changed string, times int) {
	if r.Old == "" {
		return text, 0
	}
	return strings.ReplaceAll(text, r.Old, r.New), strings.Count(text, r.Old)
}
