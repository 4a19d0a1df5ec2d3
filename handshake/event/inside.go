package event

import (
	"tlslab/handshake/wire"
	"tlslab/pki/der"
)

// documents are the fields of messages whose bytes are a document in DER, by their paths.
var documents = map[string]func([]byte) ([]wire.Field, error){
	"certificate.certificate_list.certificate":                 der.WalkCertificate,
	"certificate.certificate_list.certificate_entry.cert_data": der.WalkCertificate,

	"certificate.certificate_list.certificate_entry.extensions.status_request.response": der.WalkOCSPResponse,
	"certificate_status.response": der.WalkOCSPResponse,
}

// Inside names every byte of f, a field of m, where those are a certificate or an OCSP response: the
// fields that a walk of package der gives, the document itself first. They are as if they followed
// f in m.Fields: offsets count from the start of the message, depths go on from f's, and a path is
// f's and then the document's own. What is not DER is named as far as it goes. Inside returns nil
// for any other field.
func (m *Message) Inside(f wire.Field) []wire.Field {
	walk := documents[f.Name]
	if walk == nil || !f.Leaf() || f.Off+f.Len > len(m.Raw) {
		return nil
	}
	fields, _ := walk(m.Raw[f.Off : f.Off+f.Len]) // whether it is as it should be the verifier says
	for i := range fields {
		fields[i].Name = f.Name + "." + fields[i].Name
		fields[i].Off += f.Off
		fields[i].Depth += f.Depth + 1
	}
	return fields
}
