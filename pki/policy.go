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

// policyLevel maps each policy valid at a depth to those expected at the next,
// by mapping. nil is the RFC's NULL: no policy is valid any more.
type policyLevel map[string][]string

func testPolicy(j *judgement, _ int) *reason.Error {
	n := len(j.certs) - 1 // the anchor is no part of the path
	level := policyLevel{anyPolicy: {anyPolicy}}
	explicit, mapping, inhibitAny := n+1, n+1, n+1
	refuse := func(i int, want, got string) *reason.Error {
		return reason.New(reason.CertificateConstraint, field(i, "certificate_policies"), want, got)
	}

	for i := n - 1; i >= 0; i-- {
		c := j.certs[i]
		level = level.next(c, inhibitAny > 0 || i > 0 && j.selfIssued(i))
		if explicit == 0 && len(level) == 0 {
			return refuse(i, "a policy valid for the whole path, as an issuer requires", "none")
		}
		if i == 0 {
			break
		}
		for _, m := range c.PolicyMappings {
			if m.IssuerDomainPolicy.String() == anyPolicy || m.SubjectDomainPolicy.String() == anyPolicy {
				return refuse(i, "policy mappings between policies (RFC 5280 §6.1.4 (a))", "a mapping of anyPolicy")
			}
		}
		level.remap(c.PolicyMappings, mapping > 0)
		if !j.selfIssued(i) {
			explicit, mapping, inhibitAny = max(explicit-1, 0), max(mapping-1, 0), max(inhibitAny-1, 0)
		}
		explicit = tighten(explicit, c.RequireExplicitPolicy, c.RequireExplicitPolicyZero)
		mapping = tighten(mapping, c.InhibitPolicyMapping, c.InhibitPolicyMappingZero)
		inhibitAny = tighten(inhibitAny, c.InhibitAnyPolicy, c.InhibitAnyPolicyZero)
	}

	if explicit = max(explicit-1, 0); j.certs[0].RequireExplicitPolicyZero {
		explicit = 0
	}
	if explicit == 0 && len(level) == 0 {
		return refuse(0, "a policy valid for the whole path, as an issuer requires", "none")
	}
	return nil
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
		p := oid.String()
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
		from := m.IssuerDomainPolicy.String()
		to[from] = append(to[from], m.SubjectDomainPolicy.String())
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
		policies = append(policies, p.String())
	}
	required := false
	for _, c := range j.certs[:len(j.certs)-1] {
		required = required || c.RequireExplicitPolicy > 0 || c.RequireExplicitPolicyZero
	}
	return []Input{{InPolicies, policies}, {InExplicitPolicy, required}}
}
