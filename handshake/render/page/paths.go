package page

import "strings"

// pathOf is a field's path as an address has it: without the message's own name, which stands
// before it, and without "extensions.", since an extension's name says that it is one.
func pathOf(name string) address {
	_, path, ok := strings.Cut(name, ".")
	if !ok {
		return addressOf(name)
	}
	if rest, ok := strings.CutPrefix(path, "extensions."); ok && rest != "length" {
		path = rest
	}
	return addressOf(path)
}

// glossaryOf is where the glossary explains a key.
func glossaryOf(key string) address { return addressOf("g", key) }
