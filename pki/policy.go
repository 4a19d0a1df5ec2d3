package pki

import (
	"crypto/x509"

	"tlslab/handshake/reason"
)

// Certificate policies, RFC 5280 §6.1 as RFC 9618 repairs it. Our user asks for no
// policy, so the one thing that can go wrong is that an authority requires an
// explicit policy and none is valid for the whole path. For that the policies valid
// at the present depth are enough: the graph's upper levels need not be kept, and
// its size cannot explode (the fault RFC 9618 repairs).

const anyPolicy = "2.5.29.32.0"

// policyLevel maps each policy valid at a depth to those expected at the next, by mapping.
// nil is the RFC's NULL: no policy is valid.
type policyLevel map[string][]string

// policyState is what §6.1 keeps about policies on its way down: the lowest level of
// valid_policy_tree, and three counters. They say how many certificates may still come
// until a policy must be valid, until mapping ends, and until anyPolicy no longer counts.
type policyState struct {
	level                         policyLevel
	explicit, mapping, inhibitAny int
}

// newPolicyState is §6.1.2 (a), (d) to (f) for a path of n certificates and a user who asks
// for nothing.
func newPolicyState(n int) policyState {
	return policyState{policyLevel{anyPolicy: {anyPolicy}}, n + 1, n + 1, n + 1}
}

func testPolicy(j *judgement, _ int) *reason.Error {
	n := len(j.certs) - 1 // the anchor is no part of the path
	s := newPolicyState(n)
	for i := n - 1; i >= 0; i-- {
		if err := s.process(j, i); err != nil {
			return err
		}
	}
	return nil
}

// process takes certificate i in: §6.1.3 (d) to (f), and what prepares for the next one
// (§6.1.4) or, after the leaf, ends it (§6.1.5).
func (s *policyState) process(j *judgement, i int) *reason.Error {
	c := j.certs[i]
	refuse := func(ref string, want, got any) *reason.Error {
		return reason.New(reason.CertificateConstraint, ref, field(i, "certificate_policies"), want, got)
	}
	needed := reason.Say("a policy valid for the whole path, as an issuer requires")
	s.level = s.level.next(c, s.inhibitAny > 0 || i > 0 && j.selfIssued(i))
	if s.explicit == 0 && len(s.level) == 0 {
		return refuse("RFC 5280 §6.1.3 (f)", needed, reason.Say("none"))
	}
	if i == 0 {
		if s.explicit = max(s.explicit-1, 0); c.RequireExplicitPolicyZero {
			s.explicit = 0
		}
		if s.explicit == 0 && len(s.level) == 0 {
			return refuse("RFC 5280 §6.1.5 (g)", needed, reason.Say("none"))
		}
		return nil
	}
	for _, m := range c.PolicyMappings {
		if policyName(m.IssuerDomainPolicy) == anyPolicy || policyName(m.SubjectDomainPolicy) == anyPolicy {
			return refuse("RFC 5280 §6.1.4 (a)", reason.Say("policy mappings between policies"), reason.Say("a mapping of anyPolicy"))
		}
	}
	s.level.remap(c.PolicyMappings, s.mapping > 0)
	if !j.selfIssued(i) {
		s.explicit, s.mapping, s.inhibitAny = max(s.explicit-1, 0), max(s.mapping-1, 0), max(s.inhibitAny-1, 0)
	}
	s.explicit = tighten(s.explicit, c.RequireExplicitPolicy, c.RequireExplicitPolicyZero)
	s.mapping = tighten(s.mapping, c.InhibitPolicyMapping, c.InhibitPolicyMappingZero)
	s.inhibitAny = tighten(s.inhibitAny, c.InhibitAnyPolicy, c.InhibitAnyPolicyZero)
	return nil
}

// policyName is the policy's object identifier as it is compared and shown.
func policyName(id x509.OID) string {
	content, _ := id.MarshalBinary() // never fails
	return oidString(content)
}

func tighten(now, limit int, zero bool) int {
	if limit > 0 || zero {
		return min(now, limit)
	}
	return now
}

// next is §6.1.3 (d) and (e): which of c's policies the level above expects.
func (level policyLevel) next(c *x509.Certificate, anyCounts bool) policyLevel {
	if len(level) == 0 || len(c.Policies) == 0 {
		return nil
	}
	expected := map[string]bool{}
	for _, subjects := range level {
		for _, p := range subjects {
			expected[p] = true
		}
	}
	_, parentAny := level[anyPolicy]
	below, hasAny := policyLevel{}, false
	for _, oid := range c.Policies {
		p := policyName(oid)
		if p == anyPolicy {
			hasAny = true
		} else if expected[p] || parentAny {
			below[p] = []string{p}
		}
	}
	if hasAny && anyCounts {
		for p := range expected {
			below[p] = []string{p}
		}
	}
	return below
}

// remap is §6.1.4 (b): the issuer's policy goes by the subject's name from here on,
// or, where mapping is inhibited, a mapped policy ends here.
func (level policyLevel) remap(mappings []x509.PolicyMapping, allowed bool) {
	to := map[string][]string{}
	for _, m := range mappings {
		from := policyName(m.IssuerDomainPolicy)
		to[from] = append(to[from], policyName(m.SubjectDomainPolicy))
	}
	_, hasAny := level[anyPolicy]
	for from, subjects := range to {
		_, valid := level[from]
		switch {
		case !allowed:
			delete(level, from)
		case valid || hasAny:
			level[from] = subjects
		}
	}
}

func showPolicy(j *judgement, _ int) []Input {
	var policies []string
	for _, p := range j.certs[0].Policies {
		policies = append(policies, policyName(p))
	}
	required := false
	for _, c := range j.certs[:len(j.certs)-1] {
		required = required || c.RequireExplicitPolicy > 0 || c.RequireExplicitPolicyZero
	}
	return []Input{{InPolicies, policies}, {InExplicitPolicy, required}}
}
