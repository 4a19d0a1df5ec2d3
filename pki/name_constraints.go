package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"runtime"
	"slices"
	"sync"
	"weak"

	"tlslab/handshake/reason"
)

// Name constraints, RFC 5280 §4.2.1.10: what an authority may name. They bind
// every certificate below it, the names of intermediates included. How a name is
// held against subtrees is in subtrees.go.

var oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

// constraintMemo keeps what was found during one call of Verify, because paths share
// certificates. Few are constrained, so the lists are short.
type constraintMemo struct {
	held        []*heldNames
	comparisons int // of a name or a subtree with a subtree
}

// keptConstraints remembers what was read of an authority's constraints for as long as
// somebody holds its certificate: they say the same of every leaf.
var keptConstraints sync.Map // weak.Pointer[x509.Certificate] → *nameConstraints

// violation is why a certificate does not keep to the constraints of one above it.
type violation struct {
	why  violationKind
	name *generalName // which name; nil where the constraints or all names are unreadable
	tree *subtree     // which subtree
}

type violationKind uint8

const (
	unreadableConstraints violationKind = iota // the extension is malformed
	unreadableNames                            // the subjectAltName is malformed
	notApplied                                 // constraints of a kind that we do not understand, and such a name
	notASubtree                                // one with a minimum or maximum, or whose base is no name
	notAName
	excludedName
	notPermittedName
)

// isConstrained: a self-issued intermediate is exempt (§6.1.3 (b)), for it only
// carries its authority over to a new key.
func isConstrained(j *judgement, i int) bool {
	return j.constraining()>>(i+1) != 0 && (i == 0 || !j.selfIssued(i))
}

// constraining has bit k set if certificate k has name constraints. The bit of the leaf is
// never set, because no certificate is below the leaf.
func (j *judgement) constraining() uint64 { return j.carry().nameConstraints &^ 1 }

// nameMemo is made for the first certificate that is constrained; few are.
func (v *verifier) nameMemo() *constraintMemo {
	if v.names == nil {
		v.names = new(constraintMemo)
	}
	return v.names
}

func testNameConstraints(j *judgement, i int) *reason.Error {
	for k := i + 1; k < len(j.certs); k++ {
		if j.constraining()>>k&1 == 0 {
			continue
		}
		if x := j.nameMemo().judge(j.certs[i], j.certs[k]); x != nil {
			return x.refusal(i, k)
		}
	}
	return nil
}

// refusal says what is wrong, about certificate i under certificate k.
func (x *violation) refusal(i, k int) *reason.Error {
	at := field(i, "subject_alt_name")
	if x.name != nil && x.name.subject {
		at = field(i, "subject")
	}
	switch x.why {
	case unreadableConstraints:
		return reason.New(reason.CertificateMalformed, "RFC 5280 §4.2.1.10", field(k, "name_constraints"),
			reason.Say("permitted or excluded subtrees"), reason.Say("an extension that cannot be read"))
	case unreadableNames:
		return reason.New(reason.CertificateMalformed, "RFC 5280 §4.2.1.6", at,
			reason.Say("names that can be read, for an authority above constrains names"), reason.Say("an extension that cannot be read"))
	case notApplied:
		return reason.New(reason.CertificateConstraint, "RFC 5280 §4.2.1.10", field(k, "name_constraints"),
			reason.Say("no constraint on %v, for there is such a name below and we cannot apply it", x.name.kind), x.tree.String())
	case notASubtree:
		return reason.New(reason.CertificateConstraint, "RFC 5280 §4.2.1.10", field(k, "name_constraints"),
			reason.Say("subtrees that can be applied to %v", x.name.kind), x.tree.String())
	case notAName:
		return reason.New(reason.CertificateConstraint, "RFC 5280 §4.2.1.10", at, nameWanted(x.name.kind), x.name.String())
	case excludedName:
		return reason.New(reason.CertificateConstraint, "RFC 5280 §6.1.3 (c)", at, reason.Say("no name in the excluded subtree %s", x.tree.String()), x.name.String())
	}
	return reason.New(reason.CertificateConstraint, "RFC 5280 §6.1.3 (b)", at, reason.Say("a name in the permitted subtrees"), x.name.String())
}

// nameWanted says what a name of this kind must be to be held against a subtree.
func nameWanted(kind nameKind) reason.Phrase {
	switch kind {
	case dNSName:
		return reason.Say("a DNS name, for DNS names are constrained: labels of 1 to 63 letters, digits and hyphens, no dot at either end")
	case rfc822Name:
		return reason.Say("a mailbox at a host, for email addresses are constrained")
	case uniformResourceIdentifier:
		return reason.Say("a URI with a host name, for URIs are constrained")
	case iPAddress:
		return reason.Say("an IP address of 4 or 16 octets, for IP addresses are constrained")
	}
	return reason.Say("a directory name, for directory names are constrained")
}

// judge holds the names of c against the constraints of above.
func (m *constraintMemo) judge(c, above *x509.Certificate) *violation {
	nc, h := m.constraintsOf(above), m.namesOf(c)
	for _, j := range h.judged {
		if j.by == nc {
			return j.x
		}
	}
	x := m.apply(nc, h)
	h.judged = append(h.judged, judgedBy{nc, x})
	return x
}

func (m *constraintMemo) constraintsOf(c *x509.Certificate) *nameConstraints {
	at := weak.Make(c)
	kept, known := keptConstraints.Load(at)
	if known {
		return kept.(*nameConstraints)
	}
	der, _ := extensionValue(c, oidNameConstraints)
	if kept, known = keptConstraints.LoadOrStore(at, parseNameConstraints(der, &m.comparisons)); !known {
		runtime.AddCleanup(c, func(at weak.Pointer[x509.Certificate]) { keptConstraints.Delete(at) }, at)
	}
	return kept.(*nameConstraints)
}

func (m *constraintMemo) namesOf(c *x509.Certificate) *heldNames {
	for _, h := range m.held {
		if h.of == c {
			return h
		}
	}
	h := namesOf(c)
	h.of = c
	m.held = append(m.held, h)
	return h
}

// apply takes the names in order: each must be in none of the excluded subtrees, and
// in one of the permitted if there are any of its kind.
func (m *constraintMemo) apply(nc *nameConstraints, h *heldNames) *violation {
	if nc.malformed {
		return &violation{why: unreadableConstraints}
	}
	for i := range h.names {
		name := &h.names[i]
		kind := nc.kinds[name.kind]
		switch {
		case kind == nil:
			continue
		case !name.kind.understood():
			return &violation{notApplied, name, kind.unusable}
		case kind.unusable != nil:
			return &violation{notASubtree, name, kind.unusable}
		}
		key := h.key(i)
		if !key.valid {
			return &violation{notAName, name, nil}
		}
		if at, found := kind.excluded.touches(key, &m.comparisons); found {
			return &violation{excludedName, name, &nc.excluded[at]}
		}
		if !kind.permitted.any {
			continue
		}
		if _, found := kind.permitted.holds(key, &m.comparisons); !found {
			return &violation{notPermittedName, name, nil}
		}
	}
	if h.broken {
		return &violation{why: unreadableNames}
	}
	return nil
}

// showNameConstraints gives the names and the subtrees. Beside those of the
// subjectAltName it gives the subject where that is constrained too.
func showNameConstraints(j *judgement, i int) []Input {
	h := j.nameMemo().namesOf(j.certs[i])
	var by, permitted, excluded, unapplied []string
	subject := false
	for k := i + 1; k < len(j.certs); k++ {
		if j.constraining()>>k&1 == 0 {
			continue
		}
		nc := j.nameMemo().constraintsOf(j.certs[k])
		by = append(by, j.certs[k].Subject.String())
		permitted, unapplied = appendSubtrees(permitted, unapplied, nc.permitted)
		excluded, unapplied = appendSubtrees(excluded, unapplied, nc.excluded)
		subject = subject || nc.kinds[directoryName] != nil || nc.kinds[rfc822Name] != nil && !h.altName
	}
	inputs := []Input{{InNames, h.presented()}, {InConstrainedBy, by}, {InPermitted, permitted}, {InExcluded, excluded}}
	if subject {
		inputs = slices.Insert(inputs, 0, Input{InSubject, (*nameOf)(&j.certs[i].Subject)})
	}
	if len(unapplied) > 0 {
		inputs = append(inputs, Input{InUnapplied, unapplied})
	}
	return inputs
}

// appendSubtrees writes subtrees, apart from those of kinds that we do not understand.
func appendSubtrees(to, unapplied []string, trees []subtree) (_, _ []string) {
	to = slices.Grow(to, len(trees))
	for i := range trees {
		if text := trees[i].String(); trees[i].base.kind.understood() {
			to = append(to, text)
		} else {
			unapplied = append(unapplied, text)
		}
	}
	return to, unapplied
}

// processed names what we process and crypto/x509 does not, or not all of it: name
// constraints (of every kind, or the row name_constraints refuses), and a
// subjectAltName that holds directory names.
func processed(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	switch {
	case id.Equal(oidNameConstraints):
		return true
	case id.Equal(oidSubjectAltName):
		return slices.ContainsFunc(namesOf(c).names, func(n generalName) bool { return n.kind == directoryName && !n.subject })
	}
	return false
}
