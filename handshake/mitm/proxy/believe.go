package proxy

import (
	"tlslab/handshake"
	"tlslab/pki"
)

// believer judges servers' chains as the engine would by itself, but for one thing: a
// proxy meets the same servers all day, and remembers which of their certificates' signatures
// were good. Dates, names, usages and trust are judged each time, and so is the
// signature over the handshake.
func believer() func(handshake.ChainInput) (*pki.Report, error) {
	signatures := new(pki.SignatureCache)
	return func(in handshake.ChainInput) (*pki.Report, error) {
		return pki.Verify(in.Chain, pki.VerifyOptions{Roots: in.Roots, ServerName: in.ServerName, Time: in.Time, Staple: in.Staple,
			HeedMustStaple: in.MustStaple, Explain: in.Explain, Signatures: signatures, KeyUsage: in.KeyUsage, Version: in.Version})
	}
}
