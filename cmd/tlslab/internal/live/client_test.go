package live

import (
	"errors"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
)

// What the verifier found is about trust; what the protocol found is not.
func TestAboutTrust(t *testing.T) {
	for _, test := range []struct {
		why   reason.Reason
		field string
		want  bool
	}{
		{reason.CertificateUntrusted, "certificate[0].issuer", true},
		{reason.CertificateExpired, "certificate[0].not_after", true},
		{reason.CertificateRevoked, "certificate[0].serial_number", true},
		{reason.CertificateMalformed, "certificate.tbs_certificate.validity", true},
		{reason.WeakKey, "certificate[0].subject_public_key_info.too_small", true},
		{reason.WeakKey, "server_key_exchange.params.dh_p", false},
		{reason.BadFinished, "finished.verify_data", false},
		{reason.NoCommonSuite, "", false},
		{reason.CertificateMissing, "certificate_list", false},
	} {
		if got := aboutTrust(reason.New(test.why, "", test.field, nil, nil)); got != test.want {
			t.Errorf("aboutTrust(%s in %s) is %v", test.why, test.field, got)
		}
	}
}

// Of a server that is not trusted the reader is told what verify would say to do: a root or
// a name only where one of these is wanting, and was not given.
func TestNotTrusted(t *testing.T) {
	const root, name, insecure = "--CAfile", "--servername", "--insecure"
	for _, test := range []struct {
		why        reason.Reason
		field      string
		given      bool // both of them
		says, also string
	}{
		{reason.CertificateUntrusted, "certificate[0].issuer", false, "forgets to send its intermediate", root},
		{reason.CertificateUntrusted, "certificate[0].issuer", true, "forgets to send its intermediate", ""},
		{reason.CertificateUntrusted, "certificate[1].subject", false, "Its own signature", root},
		{reason.CertificateWrongName, "certificate[0].subject_alt_name", false, "subject alternative names", name},
		{reason.CertificateWrongName, "certificate[0].subject_alt_name", true, "subject alternative names", ""},
		{reason.CertificateExpired, "certificate[0].not_after", false, "renewed", ""},
		{reason.CertificateExpired, "certificate[2].not_after.anchor", false, "newer root", ""},
		{reason.CertificateMalformed, "certificate.tbs_certificate.validity", false, "UTCTime", ""},
		{reason.WeakKey, "certificate[0].subject_public_key_info.too_small", false, "larger one", ""},
		{reason.BadStatusResponse, "certificate_status.next_update", false, "fetch a new response", ""},
	} {
		c := &clientFlags{connect: "www.lab.test:443"}
		c.Lang = narrate.En
		if test.given {
			c.caFile, c.serverName = "root.pem", "www.lab.test"
		}
		var said *cli.Trouble
		if err := c.whyNot(t.Context(), reason.New(test.why, "", test.field, nil, nil), &plight{}); !errors.As(err, &said) {
			t.Errorf("%s: %v", test.field, err)
			continue
		}
		if !strings.Contains(said.What, "is not trusted") || !strings.Contains(said.Remedy, test.says) || !strings.Contains(said.Remedy, insecure) {
			t.Errorf("%s: %q, %q", test.field, said.What, said.Remedy)
		}
		for _, flag := range []string{root, name} {
			if strings.Contains(said.Remedy, flag) != (flag == test.also) {
				t.Errorf("%s, given %v: the remedy is %q", test.field, test.given, said.Remedy)
			}
		}
	}
	c := &clientFlags{connect: "www.lab.test:443"}
	c.Lang = narrate.En
	var said *cli.Trouble
	refused := reason.New(reason.PeerAlert, "", "", nil, iana.HandshakeFailure)
	asked := &plight{lang: narrate.En, summary: handshake.Summary{CertificateRequested: true}, flags: &c.LiveFlags}
	if err := c.whyNot(t.Context(), refused, asked); !errors.As(err, &said) || !strings.Contains(said.Remedy, "--cert") {
		t.Errorf("a server that asked for a certificate: %v", err)
	}
}
