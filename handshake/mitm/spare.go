package mitm

import (
	"crypto"
	"crypto/ecdsa"
	"slices"
	"sync"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
)

// Spare gives the forger a leaf key for clients that take no key of its others, such as RSA for
// those that know nothing else. It is made when the first of them comes, and kept: an RSA key
// takes a tenth of a second. It is to be called before the forger is used.
func (f *Forger) Spare(key func() (crypto.Signer, error)) {
	f.spare = sync.OnceValue(func() *Forger {
		k, err := key()
		if err != nil {
			return nil
		}
		spare, err := NewForger(f.root, f.rand, k)
		if err != nil {
			return nil
		}
		return spare
	})
}

// For is the forger whose certificates a client can take that said hello to an endpoint of leg's:
// f itself, as long as it can take f's first key or f has no spare one; else the one that signs
// for the spare key.
func (f *Forger) For(hello *message.ClientHello, leg *handshake.Config) *Forger {
	if f.spare == nil || takes(hello, leg, f.keys[0].Public()) {
		return f
	}
	if spare := f.spare(); spare != nil && takes(hello, leg, spare.keys[0].Public()) {
		return spare
	}
	return f
}

// suites are those of a Config that names none.
var suites = sync.OnceValue(suite.Defaults)

var curves = map[string]iana.Group{"P-256": iana.P256, "P-384": iana.P384, "P-521": iana.P521}

// takes reports whether a client can take a certificate with this key, in the highest version that
// it has in common with leg: in TLS 1.2 suites say so too, and the groups (RFC 8422 §5.1, §5.3).
func takes(hello *message.ClientHello, leg *handshake.Config, key crypto.PublicKey) bool {
	version := iana.TLS12
	if v, ok := message.Get[*message.SupportedVersions](&hello.Extensions); ok && slices.Contains(v.Versions, iana.TLS13) && (leg.MaxVersion == 0 || leg.MaxVersion >= iana.TLS13) {
		version = iana.TLS13
	}
	schemes := []iana.SignatureScheme{iana.RSAPKCS1SHA1, iana.ECDSASHA1} // RFC 5246 §7.4.1.4.1
	if x, ok := message.Get[*message.SignatureAlgorithms](&hello.Extensions); ok {
		schemes = x.Schemes
	}
	signs := slices.ContainsFunc(schemes, func(id iana.SignatureScheme) bool {
		s := sig.ByID(id)
		return s != nil && s.FitsKey(key, version)
	})
	if version == iana.TLS13 {
		return signs
	}
	auth := iana.AuthRSA
	if k, ok := key.(*ecdsa.PublicKey); ok {
		auth = iana.AuthECDSA
		if g, ok := message.Get[*message.SupportedGroups](&hello.Extensions); ok && !slices.Contains(g.Groups, curves[k.Curve.Params().Name]) {
			return false
		}
	}
	ours := leg.Suites
	if ours == nil {
		ours = suites()
	}
	return slices.ContainsFunc(ours, func(s *suite.Suite) bool {
		return s.Version == iana.TLS12 && s.Auth == auth && (signs || s.Kx == iana.KxRSA) && slices.Contains(hello.CipherSuites, s.ID)
	})
}
