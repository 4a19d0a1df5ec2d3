package der

import (
	"maps"
	"slices"
	"strings"

	"tlslab/handshake/wire"
)

// The last components of paths that speak of how an element is written, and not of what it says.
const (
	FieldHeader     = "header"
	FieldExplicit   = "explicit"
	fieldUnusedBits = "unused_bits"
	fieldUnread     = "unread"
)

// How the path of a certificate in a bundle ends, and that of a revocation list.
const (
	FieldBundled     = ".certificates.certificate"
	FieldBundledList = ".crls.certificate_list"
)

// FieldKey is what a field of a walk is, wherever in a document it stands: the last two components of
// its path, "validity.not_before", "basic_constraints.ca". A GeneralName, an RDN, an
// AlgorithmIdentifier and a few more stand in many places and have one name for all:
// "general_name.dns_name", "name.rdn", "algorithm_identifier.parameters". Of a field that
// speaks of how another is written it is the last component alone, one of the constants above; but
// the header of an element without content, which has no other field, has the element's key. A
// document as a whole has one component.
func FieldKey(f wire.Field) string {
	path := f.Name
	if h, ok := f.Value.(Header); ok && h.Len == 0 && h.ID&constructed == 0 {
		path = strings.TrimSuffix(path, "."+FieldHeader)
	}
	cut := strings.LastIndexByte(path, '.')
	switch last := path[cut+1:]; last {
	case FieldHeader, FieldExplicit, fieldUnusedBits, fieldUnread:
		return last
	}
	if cut < 0 {
		return path
	}
	return keyOf(path[strings.LastIndexByte(path[:cut], '.')+1:cut], path[cut+1:])
}

// keyOf is the key of a component of what is called parent. A type that stands in many places has
// one name in all of them.
func keyOf(parent, name string) string {
	switch name {
	case "algorithm":
		if parent != "subject_public_key_info" && parent != "subject_pk_info" {
			parent = "algorithm_identifier"
		}
	case "parameters":
		parent = "algorithm_identifier"
	case "rdn":
		parent = "name"
	case "extension":
		parent = "extensions"
	case "access_description":
		parent = "access_descriptions"
	default:
		if slices.ContainsFunc(generalName.components, func(c component) bool { return c.name == name }) {
			parent = "general_name"
		}
	}
	return parent + "." + name
}

// FieldKeys are the keys of all fields that a walk can name, in alphabetical order, but for what
// is in elements of unknown syntax.
func FieldKeys() []string {
	k := keyring{found: map[string]bool{FieldHeader: true, FieldExplicit: true, fieldUnusedBits: true, fieldUnread: true}, seen: map[visit]bool{}}
	add := func(root string, s *syntax) {
		k.found[root] = true
		k.inside(s, root)
	}
	for root, s := range documents {
		add(root, s)
	}
	add("content_info", contentInfo())
	return slices.Sorted(maps.Keys(k.found))
}

// keyring collects keys by going through the modules once.
type keyring struct {
	found map[string]bool
	seen  map[visit]bool
}

// visit is a syntax under a name: what is in it has the same keys each time.
type visit struct {
	s    *syntax
	name string
}

// component adds a component of what is called parent, and what is in it. One without a name is
// called as its parent is.
func (k *keyring) component(s *syntax, parent, name string) {
	switch {
	case s.form == explicit:
		k.component(s.of, parent, name)
		return
	case s.form == choice && s.told:
		for i := range s.components {
			k.component(s.components[i].syntax, parent, name)
		}
		return
	case name == "":
		name = parent
	case s.form != choice: // which has no bytes but its alternative's
		k.found[keyOf(parent, name)] = true
	}
	k.inside(s, name)
}

// inside adds what is in a syntax that is called name.
func (k *keyring) inside(s *syntax, name string) {
	if k.seen[visit{s, name}] {
		return
	}
	k.seen[visit{s, name}] = true
	for i := range s.components {
		c := &s.components[i]
		k.component(c.syntax, name, c.name)
		for _, table := range c.definedBy.tables() {
			for _, held := range table {
				if held.name == "" {
					k.component(held.syntax, name, c.name)
				} else {
					k.component(held.syntax, c.name, held.name)
				}
			}
		}
	}
	if s.of != nil {
		k.component(s.of, name, s.item)
	}
	for _, key := range s.parts {
		k.found[key] = true
	}
}
