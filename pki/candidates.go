package pki

import (
	"bytes"
	"crypto/x509"
)

// Candidates for a path: what the peer sent and what the caller has besides, by number,
// and which of them bears the name that a certificate gives its issuer.

// candidateForms are the forms (dn.go) of a candidate's names; "" means that the form is
// not known yet, or that the name is empty: its form is quickly made again.
type candidateForms struct{ subject, issuer string }

// candidates is one more than the highest index that sent takes; 0 is the leaf.
func (v *verifier) candidates() int { return len(v.chain) + len(v.o.Intermediates) }

// sent is candidate i: the chain first, then the caller's intermediates.
func (v *verifier) sent(i int) *x509.Certificate {
	if i < len(v.chain) {
		return v.chain[i]
	}
	return v.o.Intermediates[i-len(v.chain)]
}

// sentBefore reports whether candidate i repeats an earlier one.
func (v *verifier) sentBefore(i int) bool {
	for j := 1; j < i; j++ {
		if sameCert(v.sent(i), v.sent(j)) {
			return true
		}
	}
	return false
}

// namedAbove reports whether candidate i bears the name of candidate at's issuer.
func (v *verifier) namedAbove(at, i int) bool {
	return bytes.Equal(v.sent(i).RawSubject, v.sent(at).RawIssuer) || v.subjectForm(i) == v.issuerForm(at)
}

// anchorsAbove finds the anchors that bear the name of candidate at's issuer. The store
// remembers the forms of short names, and we remember those of long ones: a peer might send
// long names so that they are asked about in every step.
func (v *verifier) anchorsAbove(at int) []*x509.Certificate {
	name := v.sent(at).RawIssuer
	if len(name) <= maxFormName {
		return v.o.Roots.FindBySubject(name)
	}
	return v.o.Roots.findForm(name, v.issuerForm(at))
}

// trusted reports whether candidate i is itself trusted.
func (v *verifier) trusted(i int) bool {
	c := v.sent(i)
	if len(c.RawSubject) <= maxFormName {
		return v.o.Roots.Contains(c)
	}
	return holds(v.o.Roots.findForm(c.RawSubject, v.subjectForm(i)), c)
}

func (v *verifier) subjectForm(i int) string {
	f := &v.candidateForms(i).subject
	if *f == "" {
		*f = nameForm(v.sent(i).RawSubject)
	}
	return *f
}

func (v *verifier) issuerForm(i int) string {
	f := &v.candidateForms(i).issuer
	if *f == "" {
		*f = nameForm(v.sent(i).RawIssuer)
	}
	return *f
}

func (v *verifier) candidateForms(i int) *candidateForms {
	if v.forms == nil {
		v.forms = make([]candidateForms, v.candidates())
	}
	return &v.forms[i]
}
