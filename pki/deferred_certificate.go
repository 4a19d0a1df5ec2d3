package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"time"
)

// What the checks show of a parsed certificate, to be written out when somebody looks. The
// checks of a path of three show eighty such values, and a listener keeps most reports without a
// look at them. Each type is a certificate, or a part of one, with one thing to say of it: so a
// value is a pointer, and takes no memory of its own.
type (
	nameOf          pkix.Name
	timeOf          time.Time
	serialOf        x509.Certificate
	keyNameOf       x509.Certificate
	keyUsageOf      x509.Certificate
	extKeyUsageOf   x509.Certificate
	algorithmOf     x509.Certificate
	signedPartOf    x509.Certificate
	signatureOf     x509.Certificate
	presentedOf     x509.Certificate
	fingerprintOf   x509.Certificate
	publicKeyHashOf x509.Certificate
	criticalOf      x509.Certificate
)

func (n *nameOf) compute() any        { return (*pkix.Name)(n).String() }
func (t *timeOf) compute() any        { return time.Time(*t) }
func (c *serialOf) compute() any      { return serialBytes((*x509.Certificate)(c)) }
func (c *keyNameOf) compute() any     { return CertKeyName((*x509.Certificate)(c)) }
func (c *keyUsageOf) compute() any    { return KeyUsageNames(c.KeyUsage) }
func (c *extKeyUsageOf) compute() any { return extKeyUsageStrings((*x509.Certificate)(c)) }
func (c *algorithmOf) compute() any   { return SignatureName((*x509.Certificate)(c)) }
func (c *signedPartOf) compute() any  { return c.RawTBSCertificate }
func (c *signatureOf) compute() any   { return c.Signature }
func (c *presentedOf) compute() any   { return presentedNames((*x509.Certificate)(c)) }

func (c *fingerprintOf) compute() any {
	print := sha256.Sum256(c.Raw)
	return print[:]
}

func (c *publicKeyHashOf) compute() any {
	spki := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return spki[:]
}

func (c *criticalOf) compute() any {
	var ids []string
	for _, e := range c.Extensions {
		if e.Critical {
			ids = append(ids, e.Id.String())
		}
	}
	return ids
}

// shown puts inputs of a check where those of the other checks stand: one piece of memory for
// all of them.
func (v *verifier) shown(in ...Input) []Input {
	if cap(v.inputs)-len(v.inputs) < len(in) {
		v.inputs = make([]Input, 0, max(96, len(in)))
	}
	at := len(v.inputs)
	v.inputs = append(v.inputs, in...)
	return v.inputs[at:len(v.inputs):len(v.inputs)]
}

// looked does the same for what a check looked at.
func (v *verifier) looked(at ...Looked) []Looked {
	if cap(v.looks)-len(v.looks) < len(at) {
		v.looks = make([]Looked, 0, max(64, len(at)))
	}
	from := len(v.looks)
	v.looks = append(v.looks, at...)
	return v.looks[from:len(v.looks):len(v.looks)]
}

// fields is looked of fields of certificate i that it must have.
func (v *verifier) fields(i int, paths ...string) []Looked {
	var room [4]Looked
	all := room[:0]
	for _, path := range paths {
		all = append(all, Looked{Cert: i, Path: path})
	}
	return v.looked(all...)
}
