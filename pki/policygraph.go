package pki

import (
	"crypto/x509"
	"maps"
	"slices"
	"strconv"
)

// The valid_policy_graph of RFC 9618 §5.1, which took the place of RFC 5280's tree. A level of the
// tree had a node for each way down to a policy, and the ways double from level to level: a chain
// of a few dozen certificates kept a verifier busy for ever (CVE-2023-0464). A level of the graph
// has one node for each policy, and the node knows all its parents. So nodes and edges together are
// at most as many as the policies and mappings that the certificates hold, at each level once more.

const anyPolicy = "2.5.29.32.0"

// maxPolicyNodes bounds the graph. With anyPolicy in each certificate, a level has all policies of the
// levels above, so that a chain of 130 KB has 250,000 nodes; and a reader gets them all to see. The
// bridges between the PKIs of states have some dozens of policies, OpenSSL follows 1,000 nodes.
const maxPolicyNodes = 1 << 12

// policyNode is a policy that is valid down to its level.
type policyNode struct {
	policy   string
	expected []string      // expected_policy_set: what the certificate below may call it; no name twice
	parents  []*policyNode // at the level above; none at the root
}

// policyGraph has a level for each certificate that was taken in, and the root above them. The RFC
// prunes nodes that have no children. Here they stay until the end, where those that lead to
// nothing are passed over: the graph is the RFC's NULL where its lowest level is empty.
type policyGraph struct {
	levels []map[string]*policyNode
	nodes  int // at most maxPolicyNodes; one more if there would be more
}

// newPolicyGraph is §6.1.2 (a).
func newPolicyGraph() policyGraph {
	return policyGraph{[]map[string]*policyNode{{anyPolicy: {policy: anyPolicy, expected: []string{anyPolicy}}}}, 1}
}

func (g *policyGraph) lowest() map[string]*policyNode { return g.levels[len(g.levels)-1] }

// room counts a node, if there is room for it.
func (g *policyGraph) room() bool {
	g.nodes = min(g.nodes, maxPolicyNodes) + 1
	return !g.tooLarge()
}

func (g *policyGraph) tooLarge() bool { return g.nodes > maxPolicyNodes }

// isNull reports whether no policy is valid any more.
func (g *policyGraph) isNull() bool { return len(g.lowest()) == 0 }

// descend is §6.1.3 (d) and (e): a level of those of c's policies that the level above expects.
func (g *policyGraph) descend(c *x509.Certificate, anyCounts bool) {
	above, below := g.lowest(), map[string]*policyNode{}
	g.levels = append(g.levels, below)
	if len(above) == 0 || len(c.Policies) == 0 {
		return
	}
	expecting := map[string][]*policyNode{}
	for _, n := range above {
		for _, p := range n.expected {
			expecting[p] = append(expecting[p], n)
		}
	}
	grow := func(p string, parents []*policyNode) {
		if len(parents) > 0 && g.room() {
			below[p] = &policyNode{policy: p, expected: []string{p}, parents: parents}
		}
	}
	hasAny := false
	for _, oid := range c.Policies {
		switch p := policyName(oid); {
		case p == anyPolicy:
			hasAny = true
		case len(expecting[p]) > 0:
			grow(p, expecting[p])
		case above[anyPolicy] != nil:
			grow(p, []*policyNode{above[anyPolicy]})
		}
	}
	if !hasAny || !anyCounts {
		return
	}
	for p, parents := range expecting {
		if below[p] == nil {
			grow(p, parents)
		}
	}
}

// remap is §6.1.4 (b): the issuer's policy goes by the subject's name from here on,
// or, where mapping is inhibited, a mapped policy ends here.
func (g *policyGraph) remap(mappings []x509.PolicyMapping, allowed bool) {
	level := g.lowest()
	to := map[string]map[string]bool{}
	for _, m := range mappings {
		from := policyName(m.IssuerDomainPolicy)
		if to[from] == nil {
			to[from] = map[string]bool{}
		}
		to[from][policyName(m.SubjectDomainPolicy)] = true
	}
	for from, subjects := range to {
		n := level[from]
		switch known := level[anyPolicy]; {
		case !allowed:
			delete(level, from)
			continue
		case n != nil:
		case known != nil && g.room():
			n = &policyNode{policy: from, parents: known.parents}
			level[from] = n
		default:
			continue
		}
		n.expected = slices.Collect(maps.Keys(subjects))
	}
}

// authorityPolicies is the authority-constrained-policy-set of §6.1.5 (g) (1) to (4): the policies
// valid for the whole path by the names that the highest authority gives them, sorted. With
// anyPolicy among them every policy is valid.
func (g *policyGraph) authorityPolicies() []string {
	set := map[string]bool{}
	reached := g.lowest()
	if reached[anyPolicy] != nil {
		set[anyPolicy] = true
	}
	for at := len(g.levels) - 1; at > 0; at-- {
		above := map[string]*policyNode{}
		for _, n := range reached {
			for _, p := range n.parents {
				above[p.policy] = p
			}
			if n.policy != anyPolicy && len(n.parents) == 1 && n.parents[0].policy == anyPolicy {
				set[n.policy] = true
			}
		}
		reached = above
	}
	return slices.Sorted(maps.Keys(set))
}

// names lists the policies of the lowest level, and what they are called below; nil if the graph is
// NULL.
func (g *policyGraph) names() []string { return policyNames(g.lowest()) }

// shown are all levels as far as the path was taken in, each with its depth: "1:{A = B, C}".
func (g *policyGraph) shown() []string {
	lines := make([]string, len(g.levels))
	for depth, level := range g.levels {
		lines[depth] = strconv.Itoa(depth) + ":{" + joined(policyNames(level)) + "}"
	}
	return lines
}

func policyNames(level map[string]*policyNode) []string {
	var names []string
	for _, p := range slices.Sorted(maps.Keys(level)) {
		if below := slices.Sorted(slices.Values(level[p].expected)); !slices.Equal(below, []string{p}) {
			p += " = " + joined(below)
		}
		names = append(names, p)
	}
	return names
}
