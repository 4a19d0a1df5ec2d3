package transcript_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"tlslab/handshake/transcript"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// verified judges the chain of a lesson as its client does.
func verified(t *testing.T, kind lesson.Kind) ([]*x509.Certificate, *pki.Report) {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w, err := lesson.New(lesson.Options{Kind: kind, Time: now})
	if err != nil {
		t.Fatal(err)
	}
	chain, err := pki.Certificates(w.Chain)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: w.Roots, ServerName: w.Name, Time: now, Explain: true})
	return chain, r
}

// What verify's document says comes back, and names each certificate that its report speaks of.
func TestVerification(t *testing.T) {
	for _, kind := range []lesson.Kind{lesson.Good, lesson.Expired, lesson.WrongHost, lesson.UntrustedRoot, lesson.ReversedChain} {
		chain, report := verified(t, kind)
		var b bytes.Buffer
		if err := transcript.VerificationOf(chain, nil, report).Encode(&b); err != nil {
			t.Fatal(err)
		}
		v, err := transcript.DecodeVerification(&b)
		if err != nil {
			t.Fatal(err)
		}
		if v.Version != 1 || v.Report.OK != report.OK || (v.Error == nil) != report.OK || v.ServerName != report.ServerName || !v.Time.Equal(report.Time) || v.Usage != "serverAuth" {
			t.Errorf("%s: %+v", kind, v)
		}
		if v.Error != nil && v.Error.Reason != report.Err.Reason.String() {
			t.Errorf("%s: refused by %s, and the document says %s", kind, report.Err.Reason, v.Error.Reason)
		}
		named := map[string]bool{}
		for i, c := range v.Certificates {
			cert, err := x509.ParseCertificate(c.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if c.Print != fmt.Sprintf("%x", sha256.Sum256(c.Bytes)) || c.Subject != cert.Subject.String() || c.CA != cert.IsCA || !c.NotAfter.Equal(cert.NotAfter) {
				t.Errorf("%s: certificate %d is not what its bytes say: %+v", kind, i, c)
			}
			if fromChain := i < len(chain); fromChain != (c.Source == transcript.SourceChain) || fromChain && !bytes.Equal(c.Bytes, chain[i].Raw) {
				t.Errorf("%s: certificate %d of a chain of %d comes from %s", kind, i, len(chain), c.Source)
			}
			named[c.Print] = true
		}
		if len(v.Report.Paths) != len(report.Paths) {
			t.Errorf("%s: %d paths of %d", kind, len(v.Report.Paths), len(report.Paths))
		}
		for i, p := range v.Report.Paths {
			if len(p.Checks) != len(report.Paths[i].Checks) || len(p.Checks) == 0 {
				t.Errorf("%s: %d checks of %d", kind, len(p.Checks), len(report.Paths[i].Checks))
			}
			for k, looked := range report.Paths[i].Looked() {
				if len(looked) != len(p.Checks[k].Fields) {
					t.Fatalf("%s: %s looked at %d fields, and the document says %d", kind, p.Checks[k].Key, len(looked), len(p.Checks[k].Fields))
				}
				for n, l := range looked {
					if got := p.Checks[k].Fields[n]; got != (transcript.Looked{Cert: l.Cert, Path: l.Path, Absent: string(l.Absent)}) {
						t.Errorf("%s: %s looked at %+v, and the document says %+v", kind, p.Checks[k].Key, l, got)
					}
				}
			}
			for _, print := range p.Prints {
				if !named[print] {
					t.Errorf("%s: path %d has a certificate that the document does not: %s", kind, i, print)
				}
			}
		}
		for _, x := range v.Report.Rejected {
			if !named[x.Print] {
				t.Errorf("%s: %s was rejected, and the document does not have it", kind, x.Subject)
			}
		}
	}
}

// A chain of nothing is refused, and the document says so without a certificate.
func TestVerificationOfNothing(t *testing.T) {
	report, _ := pki.Verify(nil, pki.VerifyOptions{Time: time.Unix(0, 0)})
	var b bytes.Buffer
	if err := transcript.VerificationOf(nil, nil, report).Encode(&b); err != nil {
		t.Fatal(err)
	}
	v, err := transcript.DecodeVerification(&b)
	if err != nil || v.Error == nil || v.Error.Reason != "certificate_missing" || len(v.Certificates) != 0 || len(v.Report.Paths) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}
