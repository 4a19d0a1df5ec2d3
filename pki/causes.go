package pki

import (
	"strings"

	"tlslab/handshake/reason"
)

// One reason may stand for several faults, and each fault needs another remedy: a leaf that
// issues breaks a constraint, and so does a path that is too long. The field of the error
// says which fault it is.

// Cause is the fault within a reason: the last part of the error's field,
// "basic_constraints" of "certificate[1].basic_constraints".
func Cause(err *reason.Error) string {
	if err.Reason == reason.CertificateUntrusted && err.Field == field(0, "issuer") {
		return CauseLeafAlone
	}
	if err.Reason == reason.CertificateMalformed && err.Ref != refDefault {
		_, deep, _ := strings.Cut(err.Field, "tbs_certificate.")
		for _, x := range malformedIn {
			if strings.Contains(deep, x.path) {
				return x.cause
			}
		}
	}
	return err.Field[strings.LastIndexByte(err.Field, '.')+1:]
}

// malformedIn are the causes of fields deep inside of a certificate, which pki/der names to
// the last component.
var malformedIn = []struct{ path, cause string }{
	{"validity", "validity"},
	{"serial_number", "serial_number"},
	{"subject_public_key_info", "subject_public_key_info"},
	{"].subject_alt_name", "alternative_name"},
	{"].issuer_alt_name", "alternative_name"},
	{"].basic_constraints", "constraint"},
	{"].name_constraints", "constraint"},
	{"].policy_constraints", "constraint"},
}

// refDefault is the rule that a default is left out. Where one is written, every reader reads the same.
const refDefault = "X.690 §11.5"

// CauseLeafAlone is the cause where not even the leaf's issuer was found: as a rule an
// intermediate that the server does not send. Further up it is as a rule a root.
const CauseLeafAlone = "leaf_alone"

// The causes that the check of a signature finds. They are not fields of a certificate.
const (
	CauseUnknownAlgorithm = "algorithm_unknown" // it, or its parameters
	CauseAlgorithmMisfit  = "algorithm_misfit"  // the issuer's key makes no signatures of this algorithm
	CauseChanged          = "changed"           // the issuer's key signed, but other bytes
	CauseOtherKey         = "other_key"         // the signature opens to nothing that was ever signed
)

// CauseNamesAnother is a signature that does not verify under the key of a CA which bears
// the issuer's name, where the certificate names another key.
const CauseNamesAnother = "authority_key_identifier"

// Whose certificate has expired, if it is not the leaf.
const (
	CauseAnchor = "anchor" // a root, or another certificate that is installed here
	CauseIssuer = "issuer" // an intermediate, which was sent
)

// What is wrong with a key that is not accepted.
const (
	CauseTooSmall = "too_small"
	CauseTooLarge = "too_large" // it, or its exponent: each check would take too long
	CauseNumbers  = "numbers"   // with such numbers anybody can sign, or nobody
)

// A leaf without the name that was asked for is refused before all else (build.go). Whether
// it is genuine only an explained report can tell.
const (
	CauseNameAlone = "alone" // every other check of a path passed
	CauseNameToo   = "too"   // on each path another check failed too

	CauseNotFirst = "not_first" // another certificate of the chain carries the name
	CauseCAFirst  = "ca_first"  // no certificate carries the name, and the first is a CA's
)

// CauseSameName is a root that is not installed, while another root of the same name is.
const CauseSameName = "same_name"

// CauseQualifier is a critical policy with a qualifier that is unknown or cannot be read.
const CauseQualifier = "policy_qualifier"

// What is wrong with the policies of a path, where it is not that an authority requires one.
const (
	CausePolicyDemanded = "policy_demanded"   // the user demands a policy, and none is valid
	CauseOtherPolicy    = "other_policy"      // policies are valid, and none that the user accepts
	CauseAnyMapped      = "any_policy_mapped" // a mapping from or to anyPolicy
	CauseManyPolicies   = "too_many_policies" // more than are followed
)

// CauseDepth is a path with more certificates than the user allows.
const CauseDepth = "depth"

// Cause is the fault that the check found. For a signature it says more than the error
// does, if the report was explained. It is "" if the check passed.
func (c *Check) Cause() string {
	if c.Err == nil {
		return ""
	}
	cause := Cause(c.Err)
	if c.Key != CheckSignature || c.Err.Reason != reason.CertificateBadSignature {
		return cause
	}
	hash, _ := c.Input(InTBSHash).([]byte)
	digest, opened := c.Input(InRecoveredDigest).([]byte)
	block, _ := c.Input(InRecoveredBlock).([]byte)
	switch {
	case opened && len(hash) > 0 && len(digest) == len(hash) && string(digest) != string(hash):
		return CauseChanged
	case !opened && len(block) > 0 && cause != CauseNamesAnother:
		return CauseOtherKey
	}
	return cause // with ECDSA, EdDSA and RSA-PSS nobody can tell which it was: the answer is only "no"
}

// Causes lists the faults that one reason stands for, where they are several.
func Causes() map[reason.Reason][]string {
	return map[reason.Reason][]string{
		reason.CertificateConstraint: {
			"basic_constraints", "path_len_constraint", "subject_alt_name", "subject", "name_constraints", "certificate_policies", CausePolicyDemanded, CauseOtherPolicy, CauseAnyMapped, CauseManyPolicies,
			CauseQualifier, "extensions", "tls_feature"},
		reason.CertificateUntrusted: {"subject", CauseSameName, "issuer", CauseLeafAlone, "too_long", CauseDepth, "loop", "certificate_list"},
		reason.CertificateBadSignature: {
			"signature_algorithm", "signature", CauseUnknownAlgorithm, CauseAlgorithmMisfit, CauseChanged, CauseOtherKey, CauseNamesAnother},
		reason.CertificateWrongName: {"subject_alt_name", CauseNameAlone, CauseNameToo, CauseNotFirst, CauseCAFirst},
		reason.CertificateExpired:   {"not_after", CauseIssuer, CauseAnchor},
		reason.WeakKey:              {CauseTooSmall, CauseTooLarge, CauseNumbers},
		reason.CertificateUsage:     {"key_usage", "extended_key_usage"},
		reason.CertificateMalformed: { // what else can be malformed has the reason's own advice
			CauseNotDER, CauseCutShort, CauseTrailing, CauseOtherContent, CauseIsRequest, CauseIsCRL, CauseIsKey, CauseIsPKCS12, CauseIsBundle,
			CauseNotSignedData, CauseEmptyBundle, CauseBundleEncoding, "serial_number", "signature", "validity", "criticality", "duplicate",
			"alternative_name", "constraint", "subject_public_key_info"},
		reason.BadStatusResponse: {
			"tls_feature", "response_missing", "response", "response_type", "version", "response_status", "cert_id", "responder", "signature", "signature_algorithm", "extensions",
			"produced_at", "this_update", "next_update", "cert_status"},
	}
}

// FailedCheck is the check that decided against the chain; nil if it was accepted, and
// if no check is about what Err says: a limit of path building, no certificate at all.
func (r *Report) FailedCheck() *Check {
	for i := range r.Paths {
		for k := range r.Paths[i].Checks {
			if c := &r.Paths[i].Checks[k]; c.Err != nil && c.Err == r.Err {
				return c
			}
		}
	}
	return nil
}

// Cause is the fault for which an explained report refuses the chain; "" if it accepts it.
func (r *Report) Cause() string {
	c := r.FailedCheck()
	switch {
	case r.Err == nil:
		return ""
	case c == nil:
		return Cause(r.Err)
	case c.Key != CheckName || c.Cause() != "subject_alt_name":
		return c.Cause()
	case r.AlsoFailed() > 0:
		return CauseNameToo
	}
	return CauseNameAlone
}

// AlsoFailed counts the checks that failed besides the one that Err is about. If several
// paths have the failure of Err, it counts on the one with the fewest others.
func (r *Report) AlsoFailed() int {
	fewest := -1
	for i := range r.Paths {
		decided, others := false, 0
		for k := range r.Paths[i].Checks {
			switch c := &r.Paths[i].Checks[k]; {
			case c.Err == nil:
			case c.Err == r.Err:
				decided = true
			default:
				others++
			}
		}
		if decided && (fewest < 0 || others < fewest) {
			fewest = others
		}
	}
	return max(fewest, 0)
}
