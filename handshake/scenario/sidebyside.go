package scenario

import (
	"crypto/x509"
	"fmt"
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/pki"
)

// CertificatesCompared sets the real certificate and the forged one side by side.
type CertificatesCompared struct {
	event.Meta
	Sides SideBySide
}

// Key returns SceneCompare.
func (*CertificatesCompared) Key() event.SceneKey { return SceneCompare }

// Values are the comparison.
func (c *CertificatesCompared) Values() []event.Value {
	return []event.Value{value("certificates", c.Sides)}
}

// LegsCompared sets an interceptor's two connections side by side.
type LegsCompared struct {
	event.Meta
	Sides SideBySide
}

// Key returns SceneLegs.
func (*LegsCompared) Key() event.SceneKey { return SceneLegs }

// Values are the comparison.
func (l *LegsCompared) Values() []event.Value { return []event.Value{value("legs", l.Sides)} }

// SideBySide is two things compared, row by row.
type SideBySide struct {
	Left, Right string // what is compared: "real" and "forged"; "client_leg" and "server_leg"
	Rows        []ComparedRow
}

// ComparedRow is one aspect of both.
type ComparedRow struct {
	What        string
	Left, Right any
	Same        bool
}

// Values are the parts of the comparison.
func (s SideBySide) Values() []event.Value {
	return []event.Value{value("left", s.Left), value("right", s.Right), value("rows", s.Rows)}
}

// Values are the parts of the row.
func (r ComparedRow) Values() []event.Value {
	return []event.Value{value("what", r.What), value("left", r.Left), value("right", r.Right), value("same", r.Same)}
}

func row[T comparable](s *SideBySide, what string, left, right T) {
	s.Rows = append(s.Rows, ComparedRow{what, left, right, left == right})
}

func listRow[L ~[]T, T comparable](s *SideBySide, what string, left, right L) {
	s.Rows = append(s.Rows, ComparedRow{what, left, right, slices.Equal(left, right)})
}

// certificates compares the real certificate and the forged one, field by field, and by
// the trust anchor that each leads to: the real one as the box found when it verified it,
// the forged one as the client will.
func (i *interception) certificates(real, forged *x509.Certificate) SideBySide {
	s := CompareCertificates(real, forged)
	trueRoot, falseRoot := anchor(i.up.c.ep.Summary().Report), i.anchorOf(forged)
	row(&s, "leads_to", commonName(trueRoot), commonName(falseRoot))
	row(&s, "client_trusts_it", i.trusts(trueRoot), i.trusts(falseRoot))
	return s
}

// CompareCertificates sets a real certificate and a forged one side by side, field by
// field: what they say, not whom they lead to.
func CompareCertificates(real, forged *x509.Certificate) SideBySide {
	s := SideBySide{Left: "real", Right: "forged"}
	row(&s, "subject", real.Subject.String(), forged.Subject.String())
	listRow(&s, "names", real.DNSNames, forged.DNSNames)
	row(&s, "issuer", real.Issuer.CommonName, forged.Issuer.CommonName)
	row(&s, "serial", fmt.Sprintf("%x", real.SerialNumber.Bytes()), fmt.Sprintf("%x", forged.SerialNumber.Bytes()))
	row(&s, "not_before", real.NotBefore.UTC(), forged.NotBefore.UTC())
	row(&s, "not_after", real.NotAfter.UTC(), forged.NotAfter.UTC())
	row(&s, "public_key", pki.CertKeyName(real), pki.CertKeyName(forged))
	row(&s, "spki_pin", PinOf(real), PinOf(forged))
	row(&s, "signature_algorithm", pki.SignatureName(real), pki.SignatureName(forged))
	return s
}

// anchor is the trust anchor of the path that was chosen, or nil.
func anchor(r *pki.Report) *x509.Certificate {
	if r == nil || r.Chosen < 0 {
		return nil
	}
	certs := r.Paths[r.Chosen].Certs
	return certs[len(certs)-1]
}

// anchorOf is where a forged leaf leads: by the stolen CA to the lesson's root, or to the
// box's own root. It verifies the leaf as a client that trusts both.
func (i *interception) anchorOf(forged *x509.Certificate) *x509.Certificate {
	both := pki.NewTrustStore(i.lesson.Root.Cert, i.own)
	r, _ := pki.Verify([]*x509.Certificate{forged, i.forger.Root()}, pki.VerifyOptions{Roots: both, ServerName: i.o.server(), Time: i.Now()})
	return anchor(r)
}

// trusts reports whether a root is in the client's store.
func (i *interception) trusts(root *x509.Certificate) bool {
	for _, r := range i.roots.All() {
		if root != nil && r.Equal(root) {
			return true
		}
	}
	return false
}

func commonName(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return c.Subject.CommonName
}

// legs compares the two connections: what was negotiated on each, and its keys.
func (i *interception) legs() SideBySide {
	a, b := i.down.c.ep.Summary(), i.up.c.ep.Summary()
	s := CompareLegs(a, a.PeerChain[0], b)
	for _, label := range legSecrets(a.Version) {
		if l, r := i.secretOf(label, i.down.conn), i.secretOf(label, i.up.conn); l != nil && r != nil {
			listRow(&s, string(label), l, r)
		}
	}
	return s
}

// legSecrets are the labels of what the keys of a connection come from, and of the keys.
func legSecrets(v iana.Version) []event.SecretLabel {
	if v == iana.TLS13 {
		return []event.SecretLabel{event.LabelMainSecret, event.LabelClientApplicationTrafficSecret0, event.LabelServerApplicationTrafficSecret0}
	}
	return []event.SecretLabel{event.LabelMasterSecret, event.LabelClientWriteKey, event.LabelServerWriteKey}
}

// CompareLegs sets an interceptor's two connections side by side: what was negotiated on
// each, and who was shown to be at its other end. forged is what the client was shown.
func CompareLegs(a *handshake.Summary, forged *x509.Certificate, b *handshake.Summary) SideBySide {
	s := SideBySide{Left: "client_leg", Right: "server_leg"}
	row(&s, "tls_version", a.Version, b.Version)
	row(&s, "cipher_suite", a.Suite.ID.OpenSSL(), b.Suite.ID.OpenSSL())
	if a.Group != 0 || b.Group != 0 {
		row(&s, "group", a.Group, b.Group)
	}
	if a.Protocol != "" || b.Protocol != "" {
		row(&s, "alpn", a.Protocol, b.Protocol)
	}
	row(&s, "peer", forged.Subject.CommonName, b.PeerChain[0].Subject.CommonName)
	row(&s, "issuer", forged.Issuer.CommonName, b.PeerChain[0].Issuer.CommonName)
	if a.Version == iana.TLS12 && b.Version == iana.TLS12 { // TLS 1.3 has nothing else
		row(&s, "extended_master_secret", a.ExtendedMasterSecret, b.ExtendedMasterSecret)
	}
	return s
}

// secretOf is a connection's secret by its label, or nil; a Quiet lesson has no secrets.
func (i *interception) secretOf(label event.SecretLabel, conn int) (v []byte) {
	for _, e := range all[*event.Secret](i.flow.Events) {
		if e.Conn == conn && e.Label == label {
			v = e.Value
		}
	}
	return v
}
