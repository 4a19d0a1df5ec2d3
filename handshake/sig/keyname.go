package sig

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 crypto/x509 parses such keys, and so they need a name here
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"
)

// KeyName names a public key by algorithm and size, also one that makes no signatures
// in TLS: "RSA-2048", "RSA-PSS-2048", "ECDSA P-256", "Ed25519", "X25519", "DSA-2048". It
// is "unknown" for a type that no parser of ours returns: how Go represents a key tells
// a reader nothing.
func KeyName(pub crypto.PublicKey) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", k.N.BitLen())
	case *PSSPublicKey:
		return fmt.Sprintf("RSA-PSS-%d", k.RSA.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	case ed448.PublicKey:
		return "Ed448"
	case *dsa.PublicKey:
		return fmt.Sprintf("DSA-%d", k.P.BitLen())
	case *ecdh.PublicKey:
		return fmt.Sprint(k.Curve())
	}
	return "unknown"
}
