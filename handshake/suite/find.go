package suite

import (
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/iana"
)

// All returns every suite we have, TLS 1.3's and TLS 1.2's, in order of preference,
// the weak ones last.
func All() []*Suite { return slices.Clone(rows) }

// Of returns the suites of one version, in the order of All.
func Of(v iana.Version) []*Suite {
	return slices.DeleteFunc(All(), func(s *Suite) bool { return s.Version != v })
}

// Defaults returns the suites to offer when nobody chose, in order of
// preference: all but the weak.
func Defaults() []*Suite {
	return slices.DeleteFunc(All(), func(s *Suite) bool { return s.Weak })
}

// ByID returns the suite with that number, or nil if we have none.
func ByID(id iana.CipherSuite) *Suite {
	for _, s := range rows {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// ByName finds a suite by IANA's or OpenSSL's name, in any case. The error is an
// *UnknownError.
func ByName(name string) (*Suite, error) {
	id, registered := iana.SuiteByName(name)
	if registered {
		if s := ByID(id); s != nil {
			return s, nil
		}
	}
	return nil, &UnknownError{Name: name, Registered: registered, Near: near(name)}
}

// UnknownError says that a name names no suite we have.
type UnknownError struct {
	Name       string
	Registered bool     // IANA knows the name; we have no such suite
	Near       []string // IANA's names of the suites whose names are most alike, best first
}

// Error says which of the two it is, and lists the near names.
func (e *UnknownError) Error() string {
	what := "no cipher suite is called"
	if e.Registered {
		what = "not built in: cipher suite"
	}
	return fmt.Sprintf("%s %q; near it: %s", what, e.Name, strings.Join(e.Near, ", "))
}

// nearNames is how many names an UnknownError lists: a line or two of a terminal.
const nearNames = 3

// near returns the suites whose IANA or OpenSSL names take the fewest edits to
// become name.
func near(name string) []string {
	name = strings.ToUpper(name)
	distance := func(s *Suite) int {
		return min(edits(name, strings.ToUpper(s.ID.String())), edits(name, strings.ToUpper(s.ID.OpenSSL())))
	}
	all := All()
	far := make(map[*Suite]int, len(all))
	for _, s := range all {
		far[s] = distance(s)
	}
	slices.SortStableFunc(all, func(a, b *Suite) int { return far[a] - far[b] })
	var names []string
	for _, s := range all[:nearNames] {
		names = append(names, s.ID.String())
	}
	return names
}

// edits is the Levenshtein distance of a and b, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
