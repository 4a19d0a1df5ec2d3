package page

import (
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/wire"
)

// maxFields is how many fields are shown of one message. Each is an element with an address, and takes
// some hundred bytes of the page for the few that it names: of a chain with as many names as a peer
// may send, a page of 80 MB was made. No chain that serves anybody has as many fields.
const maxFields = 5000

// dissect names the bytes of a field that holds a document of its own, such as a certificate, by
// the fields inside, the document itself first; and makes a group of the field. Base is what their
// paths begin with. What cannot be read stays as far as it is named: every byte is.
func (d *document) dissect(x *field, inside []wire.Field, taken ordinals) (fields []field, base address) {
	if len(inside) == 0 {
		return nil, ""
	}
	whole := inside[0].Name
	if !x.whole {
		base = taken.take(documentOf(lastOf(whole)))
	}
	for _, f := range inside[1:] {
		path := strings.TrimPrefix(f.Name, whole+".")
		relative := f
		relative.Name = lastOf(whole) + "." + path // as package der has it
		fields = append(fields, field{Field: f, path: string(taken.take(base.at(path))), name: lastOf(path),
			kind: narrate.Cert, key: narrate.CertFieldKey(relative), ref: narrate.CertFieldRef(relative)})
	}
	x.Value, x.fold, x.path = wire.Group{}, true, string(base)
	return fields, base
}

// documentOf is the short name by which a document is addressed, "cert" for a certificate.
func documentOf(name string) address {
	if name == "certificate" {
		return "cert"
	}
	return addressOf(name)
}
