package handshake

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
	"tlslab/pki"
)

// How the two key exchange messages of TLS 1.2 and kx's offers and answers fit
// into each other, and the signatures around them.

// paramsOf reads a ServerKeyExchange of any shape.
func paramsOf(m message.ServerKeyExchange) kx.Params {
	switch m := m.(type) {
	case *message.ServerKeyExchangeECDHE:
		return kx.Params{Group: m.Group, Share: m.Point}
	case *message.ServerKeyExchangeDHE:
		return kx.Params{P: m.P, G: m.G, Share: m.Y}
	case *message.ServerKeyExchangeOpaque:
		return kx.Params{Share: m.Share}
	}
	panic("handshake: a ServerKeyExchange of a new shape")
}

// fieldID names the finite field of a prime, 0 if it has no number: DHE's
// parameters travel without one.
func fieldID(p []byte) iana.Group {
	for _, g := range kx.All() {
		if f, ok := g.(kx.Field); ok {
			if q, _ := f.Params(); bytes.Equal(bytes.TrimLeft(p, "\x00"), q) {
				return g.ID()
			}
		}
	}
	return 0
}

// serverKeyExchange writes one, unsigned.
func serverKeyExchange(k iana.Kx, p kx.Params) message.ServerKeyExchange {
	switch k {
	case iana.KxECDHE:
		return &message.ServerKeyExchangeECDHE{Group: p.Group, Point: p.Share}
	case iana.KxDHE:
		return &message.ServerKeyExchangeDHE{P: p.P, G: p.G, Y: p.Share}
	}
	return &message.ServerKeyExchangeOpaque{Share: p.Share}
}

func clientKeyExchange(k iana.Kx, share []byte) message.Message {
	switch k {
	case iana.KxRSA:
		return &message.ClientKeyExchangeRSA{EncryptedPreMaster: share}
	case iana.KxECDHE:
		return &message.ClientKeyExchangeECDHE{Point: share}
	case iana.KxDHE:
		return &message.ClientKeyExchangeDHE{Y: share}
	}
	return &message.ClientKeyExchangeOpaque{Bytes: share}
}

// preMasterEvent tells how the premaster secret came about.
func (e *Endpoint) preMasterEvent(x kx.Exchange, pre []byte, values []event.Input) event.Secret {
	method := fmt.Sprint(x.Kx())
	if g := e.summary.Group; g != 0 {
		method += " " + e.groupName(g)
	}
	return event.Secret{Label: event.LabelPremasterSecret, Exchange: x.Kx(), Group: e.groupOf(e.summary.Group), Method: method, Op: event.OpAsymmetric, Inputs: values, Value: pre}
}

// groupName prefers the name that the group gives itself: a student's own has no other.
func (e *Endpoint) groupName(id iana.Group) string {
	for _, g := range e.cfg.groups() {
		if g.ID() == id {
			return g.Name()
		}
	}
	return id.String()
}

// fitsAuth refuses a certificate whose key cannot do what the suite needs (RFC 5246 §7.4.2).
// Whether it may is asked when the chain is judged.
func fitsAuth(s *suite.Suite, leaf *x509.Certificate) error {
	if !kindFits(s, leaf) {
		return &reason.Error{Reason: reason.CertificateWrongKey, Ref: "RFC 5246 §7.4.2", Field: "certificate.certificate_list", Off: 7,
			Want: reason.Say("%v key, for %v", s.Auth, s.ID), Got: pki.CertKeyName(leaf)}
	}
	return nil
}

// usageFor is what a suite has the certificate's key do: key transport encrypts to it, all
// others verify with it (RFC 5246 §7.4.2).
func usageFor(s *suite.Suite) x509.KeyUsage {
	if s.Kx == iana.KxRSA {
		return x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}

// kindFits reports whether a leaf's key is of the kind that a suite needs. EdDSA counts as
// ECDSA (RFC 8422 §2.2).
func kindFits(s *suite.Suite, leaf *x509.Certificate) bool {
	switch publicKey(leaf).(type) {
	case *rsa.PublicKey:
		return s.Auth == iana.AuthRSA
	case *sig.PSSPublicKey: // which only signs
		return s.Auth == iana.AuthRSA && s.Kx != iana.KxRSA
	case nil:
		return s.Auth == iana.AuthAny
	}
	return s.Auth == iana.AuthECDSA
}

// curveOf is the curve of an ECDSA key; ok is false for a key of another kind. EdDSA's are not
// among those that supported_groups is about.
func curveOf(leaf *x509.Certificate) (id iana.Group, ok bool) {
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return 0, false
	}
	return map[string]iana.Group{"P-224": iana.P224, "P-256": iana.P256, "P-384": iana.P384, "P-521": iana.P521}[key.Curve.Params().Name], true
}

// pickScheme is the first of ours that fits the key and that the peer takes.
func (e *Endpoint) pickScheme(pub crypto.PublicKey, peer []iana.SignatureScheme) *sig.Scheme {
	for _, s := range e.cfg.schemes() {
		if !s.FitsKey(pub, e.summary.Version) {
			continue
		}
		for _, id := range peer {
			if id == s.ID {
				return s
			}
		}
	}
	return nil
}

// sign signs for a message.
func (e *Endpoint) sign(in message.Kind, s *sig.Scheme, key crypto.PrivateKey, content []byte) (message.Signature, error) {
	b, err := s.Sign(e.cfg.rand(), key, content)
	if err != nil { // whatever it is, the peer has no part in it
		why := reason.Misuse // a key that cannot make such a signature
		if reason.Of(err) == reason.Internal {
			why = reason.Internal // one that can, and has failed
		}
		return message.Signature{}, reason.Wrap(why, "", "config.certificates", err)
	}
	if e.revealing() {
		inputs := []event.Input{event.Public("signed", content)}
		if signer, ok := key.(crypto.Signer); ok { // who watches can check it with this
			if der, err := pki.MarshalPublicKey(signer.Public()); err == nil {
				inputs = append(inputs, event.Public("public_key", der))
			}
		}
		e.secret(event.Secret{Label: signatureLabel(in), Scheme: s.ID, Method: s.Name(), Op: event.OpAsymmetric, Inputs: inputs, Value: b})
	}
	return message.Signature{Scheme: s.ID, Bytes: b}, nil
}

// checkSignature verifies the signature of a message. The scheme must be one of
// ours: that is what we said we take.
func (e *Endpoint) checkSignature(in message.Kind, sg *message.Signature, pub crypto.PublicKey, content []byte) error {
	s, what, ref := e.cfg.scheme(sg.Scheme), in.String(), e.rule("RFC 9846 §4.5.2", "RFC 5246 §7.4.8")
	if in == message.KindServerKeyExchange {
		ref = "RFC 5246 §7.4.3"
	}
	var err error
	switch {
	case s == nil:
		err = &reason.Error{Reason: reason.NotOffered, Ref: ref, Field: what + ".signature.algorithm", Off: -1,
			Want: reason.Say("one of the signature schemes offered"), Got: sg.Scheme}
	case !s.FitsKey(pub, e.summary.Version):
		err = &reason.Error{Reason: reason.CertificateWrongKey, Ref: ref, Field: what + ".signature.algorithm", Off: -1,
			Want: reason.Say("a scheme for the certificate's key"), Got: sg.Scheme}
	default:
		if err = s.Verify(pub, content, sg.Bytes); err != nil {
			err = &reason.Error{Reason: reason.BadSignature, Ref: ref, Field: what + ".signature", Off: -1, Err: err}
		}
	}
	if e.listening() {
		e.checked(event.Check{What: signatureCheck(in), Op: event.OpAsymmetric, Method: sg.Scheme.String(), Err: err,
			Inputs: []event.Input{event.Public("signed", content), event.Public("signature", sg.Bytes)}})
	}
	return err
}

// signatureLabel is the label of a signature made for a message of a kind.
func signatureLabel(in message.Kind) event.SecretLabel {
	if in == message.KindServerKeyExchange {
		return event.LabelServerKeyExchangeSignature
	}
	return event.LabelCertificateVerifySignature
}

// signatureCheck is the name of the check of one.
func signatureCheck(in message.Kind) event.CheckName {
	if in == message.KindServerKeyExchange {
		return event.CheckServerKeyExchangeSignature
	}
	return event.CheckCertificateVerifySignature
}

// fault is an error about a field of a message: the rule that was broken, and where in the
// message the field stands.
func (e *Endpoint) fault(r reason.Reason, ref string, m wire.Struct, field string, want, got any) *reason.Error {
	return &reason.Error{Reason: r, Ref: ref, Field: field, Off: e.offset(m, field), Want: want, Got: got}
}

// offset finds where a field of a message stands, for an error; -1 if nowhere.
func (e *Endpoint) offset(m wire.Struct, field string) int {
	var fields []wire.Field
	if _, err := wire.Append(nil, m, &fields); err == nil {
		for _, f := range fields {
			if f.Name == field || strings.HasPrefix(f.Name, field+".") {
				return f.Off
			}
		}
	}
	return -1
}

// limit applies a max_fragment_length that both ends agreed on (RFC 6066 §4).
func (e *Endpoint) limit(code iana.MaxFragmentLength) {
	e.summary.MaxFragmentLength = code
	n := code.Bytes()
	if e.summary.Version == iana.TLS13 { // where it bounds content still, and the type comes on top
		n++
	}
	e.ch.wr.SetLimit(n)
	e.ch.rd.SetLimit(n, iana.ExtMaxFragmentLength)
}
