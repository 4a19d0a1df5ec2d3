package handshake

import (
	"crypto"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki"
)

// pickScheme is what a certificate signs with for a peer: see pick. pub is its key.
func (e *Endpoint) pickScheme(cert *Certificate, pub crypto.PublicKey, peer []iana.SignatureScheme) *sig.Scheme {
	return pick(cert.signingSchemes(e.cfg.schemes()), pub, e.summary.Version, peer)
}

// signingSchemes are what the certificate's key may sign with: its own, or else the Config's.
func (c *Certificate) signingSchemes(config []*sig.Scheme) []*sig.Scheme {
	switch {
	case c.Schemes != nil:
		return c.Schemes
	case config == nil:
		return defaultSchemes()
	}
	return config
}

// pick is the first of ours that fits a key in a version, and that the peer takes; nil if none.
func pick(ours []*sig.Scheme, pub crypto.PublicKey, v iana.Version, peer []iana.SignatureScheme) *sig.Scheme {
	for _, s := range ours {
		if !s.FitsKey(pub, v) {
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
		if signer, ok := key.(crypto.Signer); ok { // a listener can check it with this
			if der, err := pki.MarshalPublicKey(signer.Public()); err == nil {
				inputs = append(inputs, event.Public("public_key", der))
			}
		}
		e.secret(event.Secret{Label: signatureLabel(in), Scheme: s.ID, Method: s.Name(), Op: event.OpAsymmetric}, b, inputs...)
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
		e.checked(event.Check{What: signatureCheck(in), Op: event.OpAsymmetric, Method: sg.Scheme.String(), Err: err},
			event.Public("signed", content), event.Public("signature", sg.Bytes))
	}
	return err
}

// toBeSigned is what a role's CertificateVerify signs when the transcript is upTo bytes
// long (RFC 9846 §4.5.2). The spaces keep what a server of TLS 1.2 signs, which begins with the
// client's random, from passing for this; the words keep the other role's from being reflected.
func (e *Endpoint) toBeSigned(r event.Role, upTo int) []byte {
	b := make([]byte, 64, 64+34+64)
	for i := range b {
		b[i] = ' '
	}
	b = append(b, "TLS 1.3, "+r.String()+" CertificateVerify\x00"...)
	return append(b, e.transcriptHash(upTo)...)
}

// signedParams is what the server signs: both randoms, so that the signature is
// of this handshake only, and its parameters (RFC 5246 §7.4.3).
func (k *keys12) signedParams(m message.ServerKeyExchange) ([]byte, error) {
	b := make([]byte, 0, 64+256)
	b = append(append(b, k.clientRandom[:]...), k.serverRandom[:]...)
	return m.AppendParams(b)
}
