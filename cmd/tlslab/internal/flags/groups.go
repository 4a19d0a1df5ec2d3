package flags

import (
	"slices"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
)

// GroupsOf finds the groups that a flag's values name, each once.
func GroupsOf(flag string, values []string) ([]kx.Group, error) {
	var out []kx.Group
	for _, list := range values {
		for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ' ' }) {
			g, err := private.ByName(name)
			if err != nil {
				return nil, cli.Misuse("There are "+strings.Join(GroupNames(), ", ")+"; more are in: tlslab groups --help",
					"%s %s: no group is called that", flag, name)
			}
			if !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out, nil
}

// GroupNames is the names of ListedGroups.
func GroupNames() []string { return NamesOfGroups(ListedGroups()) }

func names12() []string { return NamesOfGroups(kx.Defaults12()) }

// ListedGroups are all that we ship, and of those at private numbers the two that are
// most spoken of.
func ListedGroups() []kx.Group {
	listed := kx.All()
	for _, g := range private.Groups() {
		if g.Name() == "X-Wing" || g.Name() == "FrodoKEM-640-SHAKE" {
			listed = append(listed, g)
		}
	}
	return listed
}

// UnlistedNames is the names of the groups that can be named although no list has them.
func UnlistedNames() []string {
	return NamesOfGroups(slices.DeleteFunc(private.Groups(), func(g kx.Group) bool { return slices.Contains(ListedGroups(), g) }))
}

// NamesOfGroups is what each of the groups is called.
func NamesOfGroups(groups []kx.Group) []string {
	var out []string
	for _, g := range groups {
		out = append(out, g.Name())
	}
	return out
}
