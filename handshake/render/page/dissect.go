package page

import (
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/wire"
)

// maxFields is how many fields are shown of one message. Each is an element with an address, and takes
// some hundred bytes of the page for the few that it names: of a chain with as many names as a peer
// may send, a page of 80 MB was made. No chain that serves anybody has as many fields.
const maxFields = 5000

// documentIn names the bytes of the document that a field of a message holds, as the document's own
// walk names them: the field's path, and not a comparison with every document of the message, says
// which walk that is. A peer can send thousands of documents, all of them the same.
func documentIn(e *event.Message, f wire.Field) []wire.Field {
	inside := e.Inside(f)
	for i := range inside { // as if it were the message
		inside[i].Name = inside[i].Name[len(f.Name)+len("."):]
		inside[i].Off -= f.Off
		inside[i].Depth -= f.Depth + 1
	}
	return inside
}

// dissect makes a group of a field that holds a document of its own, whose fields are those of
// inside. What cannot be read stays as far as the walk names it: it covers every byte.
func dissect(x *field, inside []wire.Field, taken ordinals) (fields []field, base address) {
	if len(inside) == 0 {
		return nil, ""
	}
	if !x.whole {
		base = taken.take(addressOf(root(inside[0].Name)))
	}
	for _, f := range inside {
		if f.Depth == 0 && !f.Leaf() {
			continue
		}
		name := f.Name
		_, path, _ := cut(name)
		f.Off += x.Off
		f.Depth += x.Depth
		fields = append(fields, field{Field: f, path: string(taken.take(base.at(path))), name: lastOf(name), kind: narrate.Cert, key: narrate.CertFieldKey(f), ref: narrate.CertFieldRef(f)})
	}
	x.Value, x.fold, x.path = wire.Group{}, true, string(base)
	return fields, base
}

// root is the short name by which a document's fields are addressed, "cert" for a certificate.
func root(path string) string {
	name, _, _ := cut(path)
	if name == "certificate" {
		return "cert"
	}
	return name
}
