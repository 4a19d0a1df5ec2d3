package page

import (
	"strings"

	"tlslab/handshake/narrate"
)

// pathOf is a field's path as an address has it: without the message's own name, which stands
// before it, and without "extensions.", since an extension's name says that it is one.
func pathOf(name string) address {
	_, path, ok := cut(name)
	if !ok {
		return addressOf(name)
	}
	if rest, ok := strings.CutPrefix(path, "extensions."); ok && rest != "length" {
		path = rest
	}
	return addressOf(path)
}

// cut parts a path after its first component.
func cut(path string) (root, rest string, ok bool) { return strings.Cut(path, ".") }

// lastOf is the last component of a path.
func lastOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// meaning is an entry of the glossary.
type meaning struct {
	kind narrate.Kind
	key  string
}

// glossaryOf is where the glossary explains a key.
func glossaryOf(kind narrate.Kind, key string) address {
	if kind == narrate.Field {
		return addressOf("g", key)
	}
	return addressOf("g", string(kind), key)
}
