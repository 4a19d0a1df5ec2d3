package flags

import (
	"tlslab/pki"
)

// ClientCertMissing is the one kind of --cert that is about the client's end.
const ClientCertMissing = "client-cert-missing"

// CertKinds is what --cert of a lesson takes.
func CertKinds() []string {
	var out []string
	for _, k := range pki.Kinds() {
		out = append(out, string(k))
	}
	return append(out, ClientCertMissing)
}

// StapleKinds is what --staple takes.
func StapleKinds() []string { return []string{"good", "revoked", "stale", "unknown", "none"} }
