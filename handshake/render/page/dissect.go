package page

import (
	"bytes"

	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/wire"
	"tlslab/pki/der"
)

// held is a document that a message carries in an encoding of its own, with the walk that names
// its bytes.
type held struct {
	raw  []byte
	walk func([]byte) ([]wire.Field, error)
}

// documentsIn are the certificates and OCSP responses of a message.
func documentsIn(m message.Message) []held {
	var out []held
	switch m := m.(type) {
	case *message.Certificate12:
		for _, c := range m.Certificates {
			out = append(out, held{c, der.WalkCertificate})
		}
	case *message.Certificate13:
		for _, e := range m.Entries {
			out = append(out, held{e.Cert, der.WalkCertificate})
			if s, ok := message.Get[*message.StapledStatus](&e.Extensions); ok {
				out = append(out, held{s.Response, der.WalkOCSPResponse})
			}
		}
	case *message.CertificateStatus:
		out = append(out, held{m.Response, der.WalkOCSPResponse})
	}
	return out
}

// dissect names the bytes of a field that holds a document of its own, and makes a group of it.
// What cannot be read stays as far as the walk names it: it covers every byte.
func (d *document) dissect(x *field, documents []held, taken ordinals) (fields []field, base address) {
	raw, ok := x.Value.([]byte)
	if !ok || len(raw) < 2 {
		return nil, ""
	}
	var inside []wire.Field
	for _, h := range documents {
		if bytes.Equal(h.raw, raw) {
			inside, _ = h.walk(raw) // what the walk refuses is a check's to tell
		}
	}
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
