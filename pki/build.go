package pki

import (
	"bytes"
	"crypto/x509"
	"slices"

	"tlslab/handshake/reason"
	"tlslab/pki/internal/algid"
)

// Path building: from the leaf upwards, whoever bears the issuer's name may be the
// issuer. Trust anchors are tried before what the peer sent, and among equals the
// one whose key identifier fits (RFC 4158 §3.5). A path that ends in an anchor is
// judged by the table of checks; the first that passes is the answer.
//
// There are two rounds. The first goes only along signatures that are good. If it reaches
// no anchor at all, nothing can be accepted, and the second round looks for what to show:
// the path that would have been, with the signature that fails, or the path that ends for
// want of an issuer.
//
// Anybody may send certificates that all name each other, and the number of paths
// through n of them grows like n!. So the work is bounded (CVE-2018-16875, where a
// verifier's was not).
const (
	// maxSignatures bounds the expensive work. The longest honest case is a few
	// cross-signed roots over a few intermediates, about ten; 100 of RSA-4096 take
	// some 10 ms.
	maxSignatures = 100
	// maxSteps bounds the cheap work: how often a path is made longer.
	maxSteps = 1000
	// MaxDepth is how many certificates a path may have at most between leaf and trust anchor.
	MaxDepth = 30

	// maxPaths bounds the paths judged, and so the size of a report.
	maxPaths = 64
	// maxShown bounds the second round, which is only for the reader.
	maxShown = 8
	// maxPathLen bounds one path. Chains on the web have 2 to 5 certificates.
	maxPathLen = MaxDepth + 2
)

// Rejection is a candidate that no path went through, and why.
type Rejection struct {
	Cert   *x509.Certificate
	For    *x509.Certificate // whose issuer it might have been; nil if no certificate's
	Reason RejectionReason
}

// RejectionReason is a stable key.
type RejectionReason string

// Why a candidate was set aside.
const (
	RejectedLoop      RejectionReason = "loop"      // its name and key are already in the path
	RejectedDuplicate RejectionReason = "duplicate" // the same certificate was sent twice
	RejectedTooLong   RejectionReason = "too_long"  // the path has as many certificates as we follow
	RejectedUnused    RejectionReason = "unused"    // nothing in a path names it as its issuer
	RejectedSignature RejectionReason = "signature" // it bears the issuer's name, but its key did not sign
	RejectedWeakKey   RejectionReason = "weak_key"  // it bears the issuer's name, but its key is one whose signatures we do not check
	RejectedAlgorithm RejectionReason = "algorithm" // it bears the issuer's name, but the signature is of an algorithm that we do not know
	RejectedNotTried  RejectionReason = "not_tried" // it bears the issuer's name, but the search had ended before its turn
)

// RejectionReasons lists them all.
func RejectionReasons() []RejectionReason {
	return []RejectionReason{RejectedLoop, RejectedDuplicate, RejectedTooLong, RejectedUnused, RejectedSignature,
		RejectedWeakKey, RejectedAlgorithm, RejectedNotTried}
}

// rejectionBy says of a candidate why the check of its signature did not succeed.
func (v *verifier) rejectionBy(bad *reason.Error, child *x509.Certificate) RejectionReason {
	switch {
	case bad == v.limit:
		return RejectedNotTried
	case bad.Reason == reason.WeakKey:
		return RejectedWeakKey
	case algid.Of(child).Kind == 0:
		return RejectedAlgorithm
	}
	return RejectedSignature
}

// verifier is the state of one call of Verify.
type verifier struct {
	o      VerifyOptions
	report Report

	chain    []*x509.Certificate // as sent
	path     []*x509.Certificate // being extended, in pathRoom
	anySigns bool                // second round: follow bad signatures too
	steps    int
	tried    int
	limit    *reason.Error // set when a bound was reached

	signatures []signatureResult                // in signatureRoom
	forms      []candidateForms                 // by candidate, filled when asked for
	misnamed   *reason.Error                    // the leaf does not carry the name asked for: no path mends that
	names      *constraintMemo                  // made when asked for
	signed     map[[2]*x509.Certificate][]Input // what a signature shows, by child and issuer (Explain only)
	documents  map[*x509.Certificate]*document  // what the checks looked at (Explain only)
	stapled    *document                        // likewise
	inputs     []Input                          // room for those of checks (Explain only)
	looks      []Looked                         // likewise
	judging    judgement                        // of the path at hand

	pathRoom      [8]*x509.Certificate
	signatureRoom [4]signatureResult
}

// signatureResult remembers a signature within this call: several paths may share it.
type signatureResult struct {
	child, issuer *x509.Certificate
	err           *reason.Error
	inOrder       bool // child's encoding is known to be in order
}

// build tries paths until one is accepted. Of the failures it returns that of the path
// that got furthest (authenticity.go). A leaf
// without the name that was asked for is refused before all else: looking at its
// names costs nothing, and no path can mend them. Then paths are built only for a
// reader.
func (v *verifier) build(chain []*x509.Certificate) *reason.Error {
	v.chain = chain
	if v.o.ServerName != "" {
		v.misnamed = nameError(chain, v.o.ServerName)
	}
	if v.misnamed != nil && !v.o.Explain {
		v.report.Paths = []Path{{Certs: slices.Clone(chain[:1]), Err: v.misnamed}}
		return v.misnamed
	}
	v.path = append(v.pathRoom[:0], chain[0])
	v.signatures = v.signatureRoom[:0]
	v.extend(0)
	verdict := v.limit
	if verdict == nil && len(v.report.Paths) == 0 {
		v.anySigns, v.report.Rejected, v.steps = true, nil, 0
		v.extend(0)
	}
	if verdict == nil && v.report.Chosen < 0 {
		verdict = v.firstFailure()
	}
	if v.o.Explain {
		v.reportUnused()
	}
	if v.misnamed != nil {
		return v.misnamed
	}
	return verdict
}

func (v *verifier) firstFailure() *reason.Error {
	return v.report.Paths[v.blamed()].Err
}

// blamed is the index of the rejected path that the verdict is about.
func (v *verifier) blamed() (best int) {
	paths := v.report.Paths
	for i := range paths {
		if v.surpasses(&paths[i], &paths[best]) {
			best = i
		}
	}
	return best
}

// extend grows v.path, whose top is candidate at, by each candidate in turn and
// reports whether to stop: accepted, or a bound was reached.
func (v *verifier) extend(at int) (stop bool) {
	top := v.sent(at)
	if at == 0 && v.trusted(0) {
		return v.try(true) // the leaf itself is installed as an anchor
	}
	extended := false
	anchors := v.anchorsAbove(at)
	for rank := keyIDMatches; rank <= keyIDDiffers; rank++ {
		for _, anchor := range anchors {
			if keyIDRank(top, anchor) != rank || !v.mayFollow(top, anchor) {
				continue
			}
			extended = true
			if v.grow(anchor, -1) {
				return true
			}
		}
	}
	for rank := keyIDMatches; rank <= keyIDDiffers; rank++ {
		for i := 1; i < v.candidates(); i++ {
			c := v.sent(i)
			if keyIDRank(top, c) != rank || !v.namedAbove(at, i) ||
				v.trusted(i) || v.sentBefore(i) || !v.mayFollow(top, c) {
				continue
			}
			extended = true
			if v.grow(c, i) {
				return true
			}
		}
	}
	if !extended && v.anySigns {
		return v.try(false)
	}
	return v.limit != nil
}

// grow appends c to the path, goes on from there, and takes it off again. c is candidate
// number at, or an anchor if at is -1.
func (v *verifier) grow(c *x509.Certificate, at int) (stop bool) {
	if v.steps++; v.steps > maxSteps {
		return v.exceed(maxSteps, reason.Say("steps"))
	}
	v.path = append(v.path, c)
	if at < 0 {
		stop = v.try(true)
	} else {
		stop = v.extend(at)
	}
	v.path = v.path[:len(v.path)-1]
	return stop
}

// mayFollow reports whether c may be appended to the path: in the first round it
// must have signed top; and its name and key must not be there already (RFC 5280
// §6.1: no certificate twice; by name and key, two authorities that certify each
// other are no endless path either).
func (v *verifier) mayFollow(top, c *x509.Certificate) bool {
	if len(v.path) >= maxPathLen {
		v.reject(c, top, RejectedTooLong)
		return false
	}
	for _, have := range v.path {
		if bytes.Equal(have.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo) && SameName(have.RawSubject, c.RawSubject) {
			v.reject(c, top, RejectedLoop)
			return false
		}
	}
	if v.anySigns && !v.signsItself(top) { // the signer of a root is known: a bad link above it shows nothing
		return true
	}
	if bad := v.signature(top, c); bad != nil {
		v.reject(c, top, v.rejectionBy(bad, top))
		return false
	}
	return true
}

// try judges v.path and reports whether to stop.
func (v *verifier) try(anchored bool) (stop bool) {
	v.tried++
	if !v.anySigns && v.tried > maxPaths {
		return v.exceed(maxPaths, reason.Say("paths"))
	}
	r := &v.report
	if v.o.Explain || len(r.Paths) == 0 {
		r.Paths = append(r.Paths, Path{})
	}
	// Silent, a path that failed stays in the report until one is accepted.
	p := Path{Certs: slices.Clone(v.path), Anchored: anchored}
	v.judge(&p)
	last := len(r.Paths) - 1
	if v.o.Explain || p.Err == nil || r.Paths[last].Certs == nil || v.surpasses(&p, &r.Paths[last]) {
		r.Paths[last] = p
	}
	if p.Err == nil {
		r.Chosen = last
		return true
	}
	return v.limit != nil || v.anySigns && v.tried >= maxShown
}

// exceed ends the first round: no path was accepted within the bound.
func (v *verifier) exceed(bound int, of reason.Phrase) (stop bool) {
	if v.limit == nil {
		v.limit = reason.New(reason.CertificateUntrusted, "RFC 5280 §6.1.1 (d)", "certificate_list",
			reason.Say("a path to a trust anchor within %d %s", bound, of), reason.Say("more candidates than we follow"))
	}
	return true
}

// signature checks that issuer signed child, once per pair.
func (v *verifier) signature(child, issuer *x509.Certificate) *reason.Error {
	return v.signatureResult(child, issuer).err
}

func (v *verifier) signatureResult(child, issuer *x509.Certificate) *signatureResult {
	for i := range v.signatures {
		if s := &v.signatures[i]; s.child == child && s.issuer == issuer {
			return s
		}
	}
	if len(v.signatures) >= maxSignatures {
		v.exceed(maxSignatures, reason.Say("signature checks"))
		return &signatureResult{child: child, issuer: issuer, err: v.limit}
	}
	err, inOrder := v.o.Signatures.check(child, issuer, v.o.Recompute)
	v.signatures = append(v.signatures, signatureResult{child: child, issuer: issuer, err: err, inOrder: inOrder})
	v.report.SignatureChecks++
	return &v.signatures[len(v.signatures)-1]
}

const (
	keyIDMatches = iota
	keyIDAbsent
	keyIDDiffers
)

// keyIDRank compares the key identifiers of a certificate and a candidate issuer.
// They are a hint for the order of trying, never a proof and never a refusal
// (RFC 5280 §4.2.1.1).
func keyIDRank(child, issuer *x509.Certificate) int {
	switch {
	case len(child.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0:
		return keyIDAbsent
	case bytes.Equal(child.AuthorityKeyId, issuer.SubjectKeyId):
		return keyIDMatches
	}
	return keyIDDiffers
}

func (v *verifier) reject(c, child *x509.Certificate, why RejectionReason) {
	if !v.o.Explain || slices.ContainsFunc(v.report.Rejected, func(r Rejection) bool {
		return r.Cert == c && r.For == child && r.Reason == why
	}) {
		return
	}
	v.report.Rejected = append(v.report.Rejected, Rejection{Cert: c, For: child, Reason: why})
}

// reportUnused lists the candidates that took part in nothing.
func (v *verifier) reportUnused() {
	var named map[string]*x509.Certificate
	for i := 1; i < v.candidates(); i++ {
		c := v.sent(i)
		switch {
		case v.sentBefore(i) || sameCert(c, v.chain[0]):
			v.reject(c, nil, RejectedDuplicate)
		case slices.ContainsFunc(v.report.Paths, func(p Path) bool { return holds(p.Certs, c) }):
		case slices.ContainsFunc(v.report.Rejected, func(r Rejection) bool { return r.Cert == c }):
		default:
			if named == nil {
				named = v.issuersNamed()
			}
			if child := named[v.subjectForm(i)]; child == nil {
				v.reject(c, nil, RejectedUnused)
			} else {
				v.reject(c, child, RejectedNotTried)
			}
		}
	}
}

// issuersNamed maps the form of an issuer's name to the first certificate of a path that
// names this issuer. A path that is accepted ends the search: those after it in the order
// of trying are not looked at, and nothing is known of their keys.
func (v *verifier) issuersNamed() map[string]*x509.Certificate {
	named := make(map[string]*x509.Certificate)
	seen := make(map[*x509.Certificate]bool)
	for i := range v.report.Paths {
		for _, child := range v.report.Paths[i].Certs {
			if seen[child] {
				continue
			}
			seen[child] = true
			if form := nameForm(child.RawIssuer); named[form] == nil {
				named[form] = child
			}
		}
	}
	return named
}
