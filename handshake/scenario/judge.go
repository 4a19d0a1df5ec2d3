package scenario

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// How the client of a lesson judges a chain, where there is more to it than pki.Verify:
// a pin, and a user who may click a warning away. It is put together from outside, by
// Config.VerifyChain; the engine knows of neither.

// CheckPin is the Key of the pki.Check that a pin adds to a path.
const CheckPin pki.CheckKey = "pin"

// PinExpected and PinReceived are its inputs, as PinOf writes them.
const PinExpected, PinReceived = "pin_expected", "pin_received"

// PinOf is the pin of a certificate's key: "sha256/" and the SHA-256 of its
// SubjectPublicKeyInfo in base64 (RFC 7469 §2.4). It outlives the certificate: a new one
// with the same key has the same pin.
func PinOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return "sha256/" + base64.StdEncoding.EncodeToString(sum[:])
}

// clickable are the reasons for which a warning has a button to go on. There is no button for
// a certificate that was revoked or tampered with.
var clickable = []reason.Reason{reason.CertificateUntrusted, reason.CertificateExpired, reason.CertificateNotYetValid, reason.CertificateWrongName}

// judge is the client's VerifyChain, or nil where the engine's own will do. The user is
// asked after the chain was found bad. The pin has the last word (RFC 7469 §2.6): the user
// is not asked about it.
func (p *play) judge() func(handshake.ChainInput) (*pki.Report, error) {
	verify := p.own()
	if !p.o.ClickThrough && !p.o.Pin {
		return verify
	}
	if verify == nil {
		verify = func(in handshake.ChainInput) (*pki.Report, error) {
			return pki.Verify(in.Chain, pki.VerifyOptions{Roots: in.Roots, ServerName: in.ServerName, Time: in.Time,
				Staple: in.Staple, HeedMustStaple: in.MustStaple, Explain: in.Explain, KeyUsage: in.KeyUsage, Version: in.Version})
		}
	}
	return func(in handshake.ChainInput) (*pki.Report, error) {
		report, err := verify(in)
		if err != nil && !(p.o.ClickThrough && slices.Contains(clickable, reason.Of(err))) {
			return report, err
		}
		p.ownRefused = false // it did, and the user went on
		if !p.o.Pin {
			return report, nil
		}
		want, got := PinOf(p.lesson.Leaf.Leaf), PinOf(in.Chain[0])
		check := pki.Check{Key: CheckPin, OK: want == got, Ref: "RFC 7469 §2.6",
			Inputs: []pki.Input{pki.NewInput(PinExpected, want), pki.NewInput(PinReceived, got)}}
		if !check.OK {
			check.Err = reason.New(reason.CertificatePin, "RFC 7469 §2.6", "certificate.subject_public_key_info", want, got)
		}
		return pinned(report, check)
	}
}

// own is the student's verifier, or nil. It is noted for the outcome that it has refused: the
// lesson cannot tell whether a verifier is right to refuse a bad chain, since a verifier that
// refuses everything refuses that chain too.
func (p *play) own() func(handshake.ChainInput) (*pki.Report, error) {
	p.ownRefused = false // each connection has its own judge
	if p.o.VerifyChain == nil {
		return nil
	}
	return func(in handshake.ChainInput) (*pki.Report, error) {
		report, err := p.o.VerifyChain(in)
		p.ownRefused = err != nil && !in.Kept // nobody is told that a kept chain was refused
		return report, err
	}
}

// pinned enters the check of a pin in a report, on the path that was chosen, or on the
// first where none was and the user did not mind.
func pinned(r *pki.Report, check pki.Check) (*pki.Report, error) {
	if r != nil && len(r.Paths) > 0 {
		path := &r.Paths[max(r.Chosen, 0)]
		check.Subject = path.Certs[0].Subject.String()
		path.Checks = append(path.Checks, check)
		if !check.OK {
			r.OK, r.Chosen, r.Err, path.Err = false, -1, check.Err, check.Err
		}
	}
	if !check.OK {
		return r, check.Err
	}
	return r, nil
}

// clicked tells, behind the client's check of a chain that failed, what the user could do
// about it.
func (p *play) clicked(e event.Event) {
	c, ok := e.(*event.Check)
	if !ok || !p.o.ClickThrough || c.What != event.CheckCertificateChain || c.OK || c.Party != "client" {
		return
	}
	p.Stage.Event(&ClickThrough{Meta: event.Meta{Party: c.Party, Conn: c.Conn, Time: c.Time},
		Reason: c.Err, GoesOn: slices.Contains(clickable, reason.Of(c.Err))})
}
