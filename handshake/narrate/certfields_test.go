package narrate

import (
	"testing"

	"tlslab/handshake/wire"
	"tlslab/pki/der"
)

// Whatever a walk of a certificate, a CRL, an OCSP response or a request can name has words of
// its own, and a part of something unknown has those for that.
func TestEveryCertFieldHasWords(t *testing.T) {
	keys := der.FieldKeys()
	if len(keys) < 200 {
		t.Errorf("only %d keys", len(keys))
	}
	for _, key := range keys {
		if CertFieldKey(wire.Field{Name: key}) == undescribed {
			t.Errorf("%s has no words", key)
		}
	}
	for path, want := range map[string]string{
		"certificate.tbs_certificate.validity.not_after":                                        "validity.not_after",
		"certificate.tbs_certificate.issuer.rdn.attribute.value":                                "attribute.value",
		"certificate.tbs_certificate.extensions.extension.extn_value.key_usage":                 "key_usage",
		"certificate.tbs_certificate.extensions.extension.extn_value.key_usage.header":          "header",
		"ocsp_response.response_bytes.response.basic_ocsp_response.certs.certificate":           "certificate",
		"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.dns_name": "dns_name",
		"certificate.tbs_certificate.extensions.extension.extn_value.context_7.utf8string":      undescribed,
	} {
		if got := CertFieldKey(wire.Field{Name: path}); got != want {
			t.Errorf("%s is said by %q, want %q", path, got, want)
		}
	}
}
