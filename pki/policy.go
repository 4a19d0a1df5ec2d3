package pki

import (
	"crypto/x509"
	"slices"
	"strings"

	"tlslab/handshake/reason"
)

// Certificate policies, RFC 5280 §6.1 as RFC 9618 repairs it. The policies themselves are in
// policygraph.go; here are the counters and the rules.

// PolicyInputs are what a user may demand of policies (RFC 5280 §6.1.1 (c), (e), (f), (g)). The zero
// value demands nothing: then policies matter only where an authority of the path asks for them.
type PolicyInputs struct {
	// InitialPolicySet is user-initial-policy-set: the policies that the user accepts, by the names that
	// the highest authority below the anchor gives them. Empty, or with anyPolicy among them, it is
	// the RFC's any-policy. It refuses nothing by itself: where no policy is required, a path
	// without one of these is accepted all the same.
	InitialPolicySet []x509.OID

	InitialExplicitPolicy       bool // the path must be valid for a policy of InitialPolicySet
	InitialPolicyMappingInhibit bool // no policy is mapped
	InitialAnyPolicyInhibit     bool // anyPolicy in a certificate does not count
}

// asks reports whether the user demands anything.
func (in *PolicyInputs) asks() bool {
	return len(in.InitialPolicySet) > 0 || in.InitialExplicitPolicy || in.InitialPolicyMappingInhibit || in.InitialAnyPolicyInhibit
}

// accepted is user-initial-policy-set as text, sorted; {anyPolicy} if it is any-policy.
func (in *PolicyInputs) accepted() []string {
	var names []string
	for _, id := range in.InitialPolicySet {
		names = append(names, policyName(id))
	}
	if len(names) == 0 || slices.Contains(names, anyPolicy) {
		return []string{anyPolicy}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// constrain is the user-constrained-policy-set of §6.1.5 (g) (5) and (6): which of the policies that
// the authorities leave does the user accept?
func (in *PolicyInputs) constrain(authority []string) []string {
	accepted := in.accepted()
	switch {
	case accepted[0] == anyPolicy:
		return authority
	case slices.Contains(authority, anyPolicy):
		return accepted
	}
	return slices.DeleteFunc(slices.Clone(authority), func(p string) bool { return !slices.Contains(accepted, p) })
}

// policyState is what §6.1 keeps about policies on its way down: valid_policy_graph, and three
// counters. They say how many certificates may still come
// until a policy must be valid, until mapping ends, and until anyPolicy no longer counts.
type policyState struct {
	user                          *PolicyInputs
	graph                         policyGraph
	explicit, mapping, inhibitAny int
}

// newPolicyState is §6.1.2 (a), (d) to (f) for a path of n certificates.
func newPolicyState(user *PolicyInputs, n int) policyState {
	until := func(now bool) int {
		if now {
			return 0
		}
		return n + 1
	}
	return policyState{user, newPolicyGraph(),
		until(user.InitialExplicitPolicy), until(user.InitialPolicyMappingInhibit), until(user.InitialAnyPolicyInhibit)}
}

func testPolicy(j *judgement, _ int) *reason.Error {
	_, err := j.policies()
	return err
}

// policies takes the path through §6.1, as far as it goes.
func (j *judgement) policies() (policyState, *reason.Error) {
	n := len(j.certs) - 1 // the anchor is no part of the path
	s := newPolicyState(&j.o.Policy, n)
	for i := n - 1; i >= 0; i-- {
		if err := s.process(j, i); err != nil {
			return s, err
		}
	}
	return s, nil
}

// process takes certificate i in: §6.1.3 (d) to (f), and what prepares for the next one
// (§6.1.4) or, after the leaf, ends it (§6.1.5).
func (s *policyState) process(j *judgement, i int) *reason.Error {
	c := j.certs[i]
	s.graph.descend(c, s.inhibitAny > 0 || i > 0 && j.selfIssued(i))
	if s.graph.tooLarge() {
		return tooManyPolicies(i)
	}
	if s.explicit == 0 && s.graph.isNull() {
		return s.missing("RFC 5280 §6.1.3 (f)", i)
	}
	if i == 0 {
		return s.wrapUp(c)
	}
	for _, m := range c.PolicyMappings {
		if policyName(m.IssuerDomainPolicy) == anyPolicy || policyName(m.SubjectDomainPolicy) == anyPolicy {
			return reason.New(reason.CertificateConstraint, "RFC 5280 §6.1.4 (a)", field(i, "policy_mappings."+CauseAnyMapped),
				reason.Say("policy mappings between policies"), reason.Say("a mapping of anyPolicy"))
		}
	}
	s.graph.remap(c.PolicyMappings, s.mapping > 0)
	if s.graph.tooLarge() {
		return tooManyPolicies(i)
	}
	if !j.selfIssued(i) {
		s.explicit, s.mapping, s.inhibitAny = max(s.explicit-1, 0), max(s.mapping-1, 0), max(s.inhibitAny-1, 0)
	}
	s.explicit = tighten(s.explicit, c.RequireExplicitPolicy, c.RequireExplicitPolicyZero)
	s.mapping = tighten(s.mapping, c.InhibitPolicyMapping, c.InhibitPolicyMappingZero)
	s.inhibitAny = tighten(s.inhibitAny, c.InhibitAnyPolicy, c.InhibitAnyPolicyZero)
	return nil
}

// wrapUp is §6.1.5 (a), (b) and (g), after the leaf.
func (s *policyState) wrapUp(leaf *x509.Certificate) *reason.Error {
	if s.explicit = max(s.explicit-1, 0); leaf.RequireExplicitPolicyZero {
		s.explicit = 0
	}
	if s.explicit > 0 {
		return nil
	}
	const ref = "RFC 5280 §6.1.5 (g)"
	valid := s.graph.authorityPolicies()
	switch {
	case len(valid) == 0:
		return s.missing(ref, 0)
	case len(s.user.constrain(valid)) == 0:
		return reason.New(reason.CertificateConstraint, ref, field(0, "certificate_policies."+CauseOtherPolicy),
			reason.Say("a path that is valid for one of the policies asked for: %s", joined(s.user.accepted())),
			reason.Say("one that is valid for %s alone", joined(valid)))
	}
	return nil
}

func tooManyPolicies(i int) *reason.Error {
	return reason.New(reason.CertificateConstraint, "RFC 5280 §6.1.3 (d)", field(i, "certificate_policies."+CauseManyPolicies),
		reason.Say("at most %d policies on a path, counted at each certificate", maxPolicyNodes), reason.Say("more"))
}

// missing is the error that no policy is valid where one must be.
func (s *policyState) missing(ref string, i int) *reason.Error {
	if s.user.InitialExplicitPolicy {
		return reason.New(reason.CertificateConstraint, ref, field(i, "certificate_policies."+CausePolicyDemanded),
			reason.Say("a policy valid for the whole path, as was asked for"), reason.Say("none"))
	}
	return reason.New(reason.CertificateConstraint, ref, field(i, "certificate_policies"),
		reason.Say("a policy valid for the whole path, as an issuer requires"), reason.Say("none"))
}

// policyName is the policy's object identifier as it is compared and shown.
func policyName(id x509.OID) string {
	content, _ := id.MarshalBinary() // never fails
	return oidString(content)
}

func joined(policies []string) string { return strings.Join(policies, ", ") }

func tighten(now, limit int, zero bool) int {
	if limit > 0 || zero {
		return min(now, limit)
	}
	return now
}

func showPolicy(j *judgement, _ int) []Input {
	var policies []string
	for _, p := range j.certs[0].Policies {
		policies = append(policies, policyName(p))
	}
	user := &j.o.Policy
	required := user.InitialExplicitPolicy
	for _, c := range j.certs[:len(j.certs)-1] {
		required = required || c.RequireExplicitPolicy > 0 || c.RequireExplicitPolicyZero
	}
	inputs := []Input{{InPolicies, policies}, {InExplicitPolicy, required}}
	if user.asks() {
		inputs = append(inputs, Input{InInitialPolicySet, user.accepted()}, Input{InInitialExplicitPolicy, user.InitialExplicitPolicy},
			Input{InInitialMappingInhibit, user.InitialPolicyMappingInhibit}, Input{InInitialAnyInhibit, user.InitialAnyPolicyInhibit})
	}
	s, err := j.policies()
	if err != nil && Cause(err) == CauseManyPolicies {
		return inputs // nobody would read them
	}
	inputs = append(inputs, Input{InPolicyGraph, s.graph.shown()})
	if err != nil && Cause(err) == CauseAnyMapped {
		return inputs // it went no further
	}
	valid := s.graph.authorityPolicies()
	return append(inputs, Input{InAuthorityPolicies, valid}, Input{InUserPolicies, user.constrain(valid)})
}
