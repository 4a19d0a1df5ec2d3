package pki_test

import (
	"bytes"
	"encoding/asn1"
	"testing"
	"time"

	xocsp "golang.org/x/crypto/ocsp"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
)

// TestParseStatusResponse: a response says to us what it says to golang.org/x/crypto/ocsp.
func TestParseStatusResponse(t *testing.T) {
	ca, err := authority.NewRoot(authority.Options{CommonName: "Root", NotBefore: pkitest.Time})
	if err != nil {
		t.Fatal(err)
	}
	words := map[int]string{xocsp.Good: "good", xocsp.Revoked: "revoked", xocsp.Unknown: "unknown"}
	for _, status := range []authority.Status{authority.StatusGood, authority.StatusRevoked, authority.StatusUnknown, authority.StatusStale} {
		b, err := ca.OCSP(ca.Cert, status, authority.OCSPOptions{Time: pkitest.Time, Validity: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := xocsp.ParseResponse(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := pki.ParseStatusResponse(b)
		if err != nil || len(ours.Answers) != 1 {
			t.Fatalf("%s: %+v, %v", status, ours, err)
		}
		a := ours.Answers[0]
		if a.Status != words[theirs.Status] || !bytes.Equal(a.Serial, theirs.SerialNumber.Bytes()) || !ours.ProducedAt.Equal(theirs.ProducedAt) ||
			!a.ThisUpdate.Equal(theirs.ThisUpdate) || !a.NextUpdate.Equal(theirs.NextUpdate) || !a.RevokedAt.Equal(theirs.RevokedAt) {
			t.Errorf("%s: ours %+v, theirs %+v", status, ours, theirs)
		}
		if want := map[bool]string{true: "keyCompromise"}[a.Status == "revoked"]; a.RevokedFor != want {
			t.Errorf("%s: revoked for %q, want %q", status, a.RevokedFor, want)
		}
	}
	later, err := asn1.Marshal(struct{ Status asn1.Enumerated }{3})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{later, {}, {0x30}, ca.Cert.Raw} {
		if said, err := pki.ParseStatusResponse(b); said != nil || reason.Of(err) != reason.BadStatusResponse {
			t.Errorf("%x: %+v, %v", b[:min(len(b), 9)], said, err)
		}
	}
}
