package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/wire"
	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// looksAgree fails unless each field that a check looked at is in its certificate, or is not there and
// the check says what that means; and unless a refusal looked at the certificate that it names.
// It returns what was looked at, a line each: "validity OK 0 certificate.…".
func looksAgree(t *testing.T, r *pki.Report, staple []byte) (lines []string) {
	t.Helper()
	for k := range r.Paths {
		p := &r.Paths[k]
		walks := map[int][]wire.Field{}
		walks[pki.Stapled], _ = der.WalkOCSPResponse(staple)
		for i, c := range p.Certs {
			walks[i], _ = der.WalkCertificate(c.Raw)
		}
		looked := p.Looked()
		if len(looked) != len(p.Checks) {
			t.Fatalf("%d checks, and %d looked", len(p.Checks), len(looked))
		}
		for n, c := range p.Checks {
			if len(looked[n]) == 0 && (c.Key != pki.CheckStaple || len(staple) > 0) {
				t.Errorf("%s looked at nothing", c.Key)
			}
			certs := []string{}
			for _, l := range looked[n] {
				fields, known := walks[l.Cert]
				there := slices.ContainsFunc(fields, func(f wire.Field) bool { return f.Name == l.Path })
				switch {
				case !known:
					t.Errorf("%s looked at certificate %d of %d", c.Key, l.Cert, len(p.Certs))
				case there != (l.Absent == ""):
					t.Errorf("%s says of certificate %d's %s, is it there: %v, %q", c.Key, l.Cert, l.Path, there, l.Absent)
				case !there && !slices.Contains(pki.Absences(), l.Absent):
					t.Errorf("%s: %s is no Absence", c.Key, l.Absent)
				}
				certs = append(certs, fmt.Sprintf("certificate[%d].", l.Cert))
				lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %v %d %s %s", c.Key, c.OK, l.Cert, l.Path, l.Absent)))
			}
			if !c.OK && strings.HasPrefix(c.Err.Field, "certificate[") && !slices.ContainsFunc(certs, func(at string) bool { return strings.HasPrefix(c.Err.Field, at) }) {
				t.Errorf("%s is about %s, and did not look there", c.Key, c.Err.Field)
			}
		}
	}
	return lines
}

const (
	tbs    = "certificate.tbs_certificate."
	value  = tbs + "extensions.extension.extn_value."
	single = "ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response."
)

// Each check of each lesson looks at fields that there are.
func TestLookedAtWhatIsThere(t *testing.T) {
	seen := map[pki.CheckKey]bool{}
	for name, tc := range map[string]struct {
		o    lesson.Options
		want []string // among what is looked at
		not  string   // and this is in none
	}{
		"good": {lesson.Options{Staple: "good"}, []string{
			"validity true 0 " + tbs + "validity.not_after",
			"name true 0 " + value + "subject_alt_name.dns_name",
			"signature true 0 certificate.tbs_certificate",
			"signature true 1 " + tbs + "subject_public_key_info",
			"issuer_name true 0 " + tbs + "issuer",
			"issuer_name true 1 " + tbs + "subject",
			"basic_constraints true 1 " + value + "basic_constraints.ca",
			"staple true -1 " + single + "cert_status.good.header",
			"staple true -1 " + single + "next_update",
			"critical_extension true 0 " + tbs + "extensions.extension.critical",
		}, ".certs"},
		"expired":    {lesson.Options{Kind: lesson.Expired}, []string{"validity false 0 " + tbs + "validity.not_after"}, "staple"},
		"an address": {lesson.Options{Name: "192.0.2.1"}, []string{"name false 0 " + value + "subject_alt_name.ip_address no_name"}, "dns_name"},
		"no SAN":     {lesson.Options{Kind: lesson.NoSAN}, []string{"name false 0 " + value + "subject_alt_name.dns_name no_name"}, "staple"},
		"not a CA":   {lesson.Options{Kind: lesson.NotACA}, []string{"basic_constraints false 1 " + value + "basic_constraints.ca not_ca"}, "staple"},
		"pathlen":    {lesson.Options{Kind: lesson.PathLen}, []string{"path_length false 2 " + value + "basic_constraints.path_len_constraint"}, "staple"},
		"names":      {lesson.Options{Kind: lesson.NameConstraint}, []string{"name_constraints false 1 " + value + "name_constraints"}, "staple"},
		"revoked":    {lesson.Options{Kind: lesson.Revoked}, []string{"staple false -1 " + single + "cert_status.revoked"}, "next_update"},
		"stale":      {lesson.Options{Staple: "stale"}, []string{"staple false -1 " + single + "next_update"}, "produced_at"},
		"unknown":    {lesson.Options{Staple: "unknown"}, []string{"staple false -1 " + single + "cert_status.unknown.header"}, "this_update"},
		"promise":    {lesson.Options{Kind: lesson.MustStaple}, []string{"tls_feature false 0 " + value + "tls_feature", "tls_feature false 1 " + value + "tls_feature no_promise"}, "cert_status"},
		"untrusted":  {lesson.Options{Kind: lesson.UntrustedRoot}, []string{"trust_anchor false 1 " + tbs + "issuer"}, "staple"},
	} {
		l := pkitest.Lesson(t, tc.o)
		r := pkitest.Judge(t, l, true)
		lines := looksAgree(t, r, l.Staple)
		for _, want := range tc.want {
			if !slices.Contains(lines, want) {
				t.Errorf("%s: no %s in\n%s", name, want, strings.Join(lines, "\n"))
			}
		}
		for _, line := range lines {
			if strings.Contains(line, tc.not) {
				t.Errorf("%s: %s", name, line)
			}
		}
		for _, p := range r.Paths {
			for _, c := range p.Checks {
				seen[c.Key] = true
			}
		}
	}
	for _, o := range pkitest.EverySignature() {
		for _, kind := range lesson.Kinds() {
			if o.Kind = kind; kind != lesson.SHA1 || pkitest.SignsSHA1(o.KeyAlg) {
				l := pkitest.Lesson(t, o)
				looksAgree(t, pkitest.Judge(t, l, true), l.Staple)
			}
		}
	}
	for _, key := range pki.CheckKeys() {
		if !seen[key] && key != pki.CheckPolicy && key != pki.CheckDepth { // those are made in TestNISTPathValidation and TestDepth
			t.Errorf("no lesson makes the check %s", key)
		}
	}
}

// A certificate whose encoding is at fault is looked at whole, and at the byte.
func TestLookedAtTheByteAtFault(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{})
	raw, err := x509.CreateCertificate(pkitest.Seeded(1), &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: pkitest.Time, NotAfter: pkitest.Time.Add(time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{3, 2, 7, 0x80, 5, 0}}}, // a NULL behind the BIT STRING
	}, l.Intermediate.Cert, l.Key.Public(), l.Intermediate.Key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := pki.Verify([]*x509.Certificate{c, l.Intermediate.Cert}, pki.VerifyOptions{Roots: l.Roots, Time: pkitest.Time, Explain: true})
	if want := "profile false 0 " + value + "key_usage.unread"; !slices.Contains(looksAgree(t, r, nil), want) {
		t.Errorf("no %s: %v", want, r.Err)
	}
}
