package iana

import "testing"

// TestNumbersAscend holds what the search for a name relies on: in rows out of order, some would not be found.
func TestNumbersAscend(t *testing.T) {
	found(t, "extensions", otherExtensions)
	found(t, "groups", groupNames)
	found(t, "groups of tlslab", privateGroups)
	found(t, "schemes", schemeNames)
	found(t, "versions", versionNames)
	for i, s := range suites {
		if s.number.row() != i {
			t.Errorf("suites: %s is not found", s.name)
		}
	}
}

func found[T ~uint16](t *testing.T, what string, n numbers[T]) {
	for _, row := range n {
		if name, ok := n.name(row.number); !ok || name != row.name {
			t.Errorf("%s: 0x%04x is found as %q, want %q", what, uint16(row.number), name, row.name)
		}
	}
}
