package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strconv"
	"strings"

	"tlslab/handshake/reason"
)

// The rows that look at what a certificate's extensions allow. The table that
// calls them is in rules.go.

var (
	oidKeyUsage       = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// carriers has a set of bits for each extension that rows ask for in every path. There is
// one bit for each certificate of the path, and it is set if the certificate has the
// extension.
type carriers struct {
	known                                                   bool
	keyUsage, nameConstraints, tlsFeature, criticalPolicies uint64
}

// carry looks through each certificate's extensions once.
func (j *judgement) carry() *carriers {
	have := &j.carriers
	if have.known {
		return have
	}
	have.known = true
	for i, c := range j.certs {
		for k := range c.Extensions {
			e, bit := &c.Extensions[k], uint64(1)<<i
			switch {
			case e.Id.Equal(oidKeyUsage):
				have.keyUsage |= bit
			case e.Id.Equal(oidNameConstraints):
				have.nameConstraints |= bit
			case e.Id.Equal(oidTLSFeature):
				have.tlsFeature |= bit
			case e.Critical && e.Id.Equal(oidCertificatePolicies):
				have.criticalPolicies |= bit
			}
		}
	}
	return have
}

func extension(c *x509.Certificate, id asn1.ObjectIdentifier) (critical, present bool) {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(id) {
			return c.Extensions[i].Critical, true
		}
	}
	return false, false
}

// testBasicConstraints asks for cA. A version 1 certificate has no extensions;
// installed as an anchor it is a CA because the user says so ("out-of-band
// means"), sent by a peer it is not.
func testBasicConstraints(j *judgement, i int) *reason.Error {
	c := j.certs[i]
	if c.BasicConstraintsValid && c.IsCA || c.Version < 3 && j.isAnchor(i) {
		return nil
	}
	got := reason.Say("cA FALSE")
	if !c.BasicConstraintsValid {
		got = reason.Say("no basic constraints")
	}
	return reason.New(reason.CertificateConstraint, "RFC 5280 §6.1.4 (k)", field(i, "basic_constraints"), reason.Say("cA TRUE, for it issued a certificate"), got)
}

func showBasicConstraints(j *judgement, i int) []Input {
	return j.shown(Input{InCA, j.certs[i].IsCA}, Input{InVersion, j.certs[i].Version})
}

func limitsPath(j *judgement, i int) bool {
	return i > 0 && j.certs[i].BasicConstraintsValid && j.certs[i].MaxPathLen >= 0
}

// below counts the intermediates between certificate i and the leaf. Self-issued
// ones, which carry an authority over to a new key, do not count.
func (j *judgement) below(i int) int {
	n := 0
	for k := 1; k < i; k++ {
		if !j.selfIssued(k) {
			n++
		}
	}
	return n
}

func testPathLength(j *judgement, i int) *reason.Error {
	if n := j.below(i); n > j.certs[i].MaxPathLen {
		return reason.New(reason.CertificateConstraint, "RFC 5280 §6.1.4 (l)", field(i, "path_len_constraint"),
			reason.Say("at most %d intermediates below", j.certs[i].MaxPathLen), reason.Say("%d", n))
	}
	return nil
}

func showPathLength(j *judgement, i int) []Input {
	return j.shown(Input{InMaxPathLength, j.certs[i].MaxPathLen}, Input{InPathLength, j.below(i)})
}

// limitsDepth: the user's own limit, which is about the path as a whole.
func limitsDepth(j *judgement, i int) bool { return i == 0 && j.anchored && j.o.MaxDepth != nil }

// depth counts what stands between the leaf and the anchor. Self-issued certificates count too.
func (j *judgement) depth() int { return max(len(j.certs)-2, 0) }

func testDepth(j *judgement, _ int) *reason.Error {
	if n := j.depth(); n > *j.o.MaxDepth {
		return reason.New(reason.CertificateUntrusted, "RFC 5280 §6.2", field(0, CauseDepth),
			reason.Say("at most %d certificates between the leaf and the trust anchor, as was asked for", *j.o.MaxDepth), reason.Say("%d", n))
	}
	return nil
}

func showDepth(j *judgement, _ int) []Input {
	return j.shown(Input{InMaxDepth, *j.o.MaxDepth}, Input{InDepth, j.depth()})
}

// limitsUsage: on an authority RFC 5280 gives the extension no meaning; by the
// browsers' convention, which crypto/x509 follows, it limits all that is below.
func limitsUsage(j *judgement, i int) bool {
	return len(j.certs[i].ExtKeyUsage)+len(j.certs[i].UnknownExtKeyUsage) > 0
}

func testExtendedKeyUsage(j *judgement, i int) *reason.Error {
	want := j.o.Usage.extKeyUsage()
	for _, u := range j.certs[i].ExtKeyUsage {
		if u == want || u == x509.ExtKeyUsageAny {
			return nil
		}
	}
	return reason.New(reason.CertificateUsage, "RFC 5280 §4.2.1.12", field(i, "extended_key_usage"),
		j.o.Usage.String(), strings.Join(extKeyUsageStrings(j.certs[i]), ", "))
}

func showExtendedKeyUsage(j *judgement, i int) []Input {
	return j.shown(Input{InExtKeyUsage, (*extKeyUsageOf)(j.certs[i])}, Input{InWantedUsage, j.o.Usage.String()})
}

var emptyName = []byte{0x30, 0} // an empty SEQUENCE

// testProfile holds rules that RFC 5280 lays on whoever makes a certificate and
// that crypto/x509 lets pass: those of its encoding first. A certificate that contradicts itself gets no
// benefit of the doubt.
func testProfile(j *judgement, i int) *reason.Error {
	if bad := testEncoding(j, i); bad != nil {
		return bad
	}
	c := j.certs[i]
	noSubject := bytes.Equal(c.RawSubject, emptyName)
	malformed := func(ref, name string, want, got any) *reason.Error {
		return reason.New(reason.CertificateMalformed, ref, field(i, name), want, got)
	}
	switch {
	case c.Version < 3 && tbsOf(c).extensions:
		return malformed("RFC 5280 §4.1.2.9", "version", reason.Say("version 3, for there are extensions"), strconv.Itoa(c.Version))
	case c.Version < 2 && len(tbsOf(c).uniqueIDs) > 0:
		return malformed("RFC 5280 §4.1.2.8", "version", reason.Say("version 2 or 3, for there are unique identifiers"), strconv.Itoa(c.Version))
	case bytes.Equal(c.RawIssuer, emptyName):
		return malformed("RFC 5280 §4.1.2.4", "issuer", reason.Say("a non-empty issuer name"), reason.Say("an empty one"))
	case noSubject && (c.IsCA || i > 0):
		return malformed("RFC 5280 §4.1.2.6", "subject", reason.Say("a non-empty name on a CA"), reason.Say("an empty one"))
	case noSubject && !namedCritically(c):
		return malformed("RFC 5280 §4.2.1.6", "subject_alt_name", reason.Say("critical, for the subject is empty"), reason.Say("not critical"))
	case c.KeyUsage == 0 && hasKeyUsageRule(j, i):
		return malformed("RFC 5280 §4.2.1.3", "key_usage", reason.Say("at least one bit"), reason.Say("none"))
	case c.KeyUsage&x509.KeyUsageCertSign != 0 && !c.IsCA && c.Version == 3:
		return malformed("RFC 5280 §4.2.1.9", "key_usage", reason.Say("keyCertSign only with cA"), reason.Say("keyCertSign without cA"))
	case c.BasicConstraintsValid && !c.IsCA && c.MaxPathLen >= 0:
		return malformed("RFC 5280 §4.2.1.9", "path_len_constraint", reason.Say("only with cA"), reason.Say("without"))
	}
	return nil
}

func namedCritically(c *x509.Certificate) bool {
	critical, _ := extension(c, oidSubjectAltName)
	return critical
}

func showProfile(j *judgement, i int) []Input {
	c := j.certs[i]
	return j.shown(Input{InVersion, c.Version}, Input{InSubject, (*nameOf)(&c.Subject)}, Input{InIssuer, (*nameOf)(&c.Issuer)},
		Input{InSerial, (*serialOf)(c)}, Input{InKeyUsage, (*keyUsageOf)(c)}, Input{InCA, c.IsCA})
}

// hasPolicyRule: policies matter only where some certificate asks for them, or the user does.
func hasPolicyRule(j *judgement, i int) bool {
	if i != 0 || !j.anchored {
		return false
	}
	return j.o.Policy.asks() || slices.ContainsFunc(j.certs[:len(j.certs)-1], func(c *x509.Certificate) bool {
		return c.RequireExplicitPolicy > 0 || c.RequireExplicitPolicyZero || len(c.PolicyMappings) > 0
	})
}
