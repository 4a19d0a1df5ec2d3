package pki

// PathState is what RFC 5280 §6.1 carries from the trust anchor down to the leaf, after one
// certificate has been taken in. The table of checks looks at a certificate and up; this is
// the same the other way round, for a reader of the RFC.
//
// One thing goes by §6.2 here, which leaves it to whoever validates: the anchor's own
// constraints are heeded.
type PathState struct {
	Cert int // index in Path.Certs; the anchor's, the last one, comes first

	MaxPathLength int // how many more intermediates may follow

	// The number of certificates until a policy must be valid, until anyPolicy no longer
	// counts, and until policies are no longer mapped. 0 means now.
	ExplicitPolicy, InhibitAnyPolicy, PolicyMapping int

	// Policies is the lowest level of valid_policy_graph (RFC 5280's valid_policy_tree): a policy, or "policy = policy"
	// where the certificates below know it by another name; nil is the RFC's NULL: no
	// policy is valid.
	Policies []string

	Permitted, Excluded []string // name subtrees, as the check of name constraints shows them
}

// States follows the state of §6.1 down the path, anchor first; nil if the path has no
// anchor, for it begins with one.
func (p *Path) States() []PathState {
	if !p.Anchored || len(p.Certs) == 0 {
		return nil
	}
	j := judgement{verifier: newVerifier(VerifyOptions{Policy: p.policy}), certs: p.Certs, anchored: true}
	n := len(p.Certs) - 1
	policies, broken := newPolicyState(&p.policy, n), false
	room := n
	states := make([]PathState, 0, len(p.Certs))
	for i := n; i >= 0; i-- {
		c := p.Certs[i]
		if i < n && !broken { // the anchor has no say about policies (§6.1.1 (d))
			broken = policies.process(&j, i) != nil
		}
		if i > 0 {
			if i < n && !j.selfIssued(i) {
				room = max(room-1, 0)
			}
			if c.BasicConstraintsValid && c.MaxPathLen >= 0 {
				room = min(room, c.MaxPathLen)
			}
		}
		s := PathState{Cert: i, MaxPathLength: room, ExplicitPolicy: policies.explicit, InhibitAnyPolicy: policies.inhibitAny,
			PolicyMapping: policies.mapping, Policies: policies.graph.names()}
		if i > 0 {
			for _, in := range showNameConstraints(&j, i-1) {
				switch trees, _ := in.Value().([]string); in.Name {
				case InPermitted:
					s.Permitted = trees
				case InExcluded:
					s.Excluded = trees
				}
			}
		}
		states = append(states, s)
	}
	return states
}

// Inputs are the variables of the state by the names that §6.1.2 gives them. After the
// leaf there is nothing below to be limited, and only the policies are left.
func (s *PathState) Inputs() []Input {
	policies := s.Policies
	if policies == nil {
		policies = []string{"NULL"}
	}
	inputs := []Input{{InStatePolicies, policies}, {InStateExplicitPolicy, s.ExplicitPolicy}}
	if s.Cert == 0 {
		return inputs
	}
	inputs = append(inputs, Input{InStateInhibitAnyPolicy, s.InhibitAnyPolicy}, Input{InStatePolicyMapping, s.PolicyMapping},
		Input{InStateMaxPathLength, s.MaxPathLength})
	if len(s.Permitted) > 0 {
		inputs = append(inputs, Input{InStatePermitted, s.Permitted})
	}
	if len(s.Excluded) > 0 {
		inputs = append(inputs, Input{InStateExcluded, s.Excluded})
	}
	return inputs
}
