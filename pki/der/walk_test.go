package der_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/wire"
	"tlslab/pki/der"
)

// covered fails unless the fields name each byte of b exactly once.
func covered(t *testing.T, name string, b []byte, fields []wire.Field) {
	t.Helper()
	if err := wire.Covered(fields, len(b)); err != nil {
		t.Fatalf("%s: %v, of %x", name, err, b)
	}
	for _, f := range fields {
		if f.Leaf() && f.Len == 0 {
			t.Fatalf("%s: %s is a leaf of no bytes", name, f.Name)
		}
	}
}

// pkits are the certificates of NIST's suite, which lies in the sources of the Go that runs this.
func pkits(t testing.TB) []string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "src/crypto/x509/testdata/nist-pkits/certs/*.crt"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d certificates of PKITS, %v", len(files), err)
	}
	return files
}

// openSyntax is what may hold whatever there is: its parts have their tags' names.
var openSyntax = regexp.MustCompile(`\.other_name\.value|\.(certificates|crls)\.other\.|\.signer_info\.`)

// Every byte of every document has a name, which has a key, and in what keeps the rules nothing
// stays unread.
func TestEveryByteIsNamed(t *testing.T) {
	all := specimens(t)
	for _, file := range pkits(t) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, specimen{filepath.Base(file), b, der.WalkCertificate})
	}
	const unread = "unread"
	keys := der.FieldKeys()
	if !slices.Contains(keys, unread) {
		t.Fatalf("no key is %s", unread)
	}
	for _, s := range all {
		fields, err := s.walk(s.der)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		covered(t, s.name, s.der, fields)
		for _, f := range fields {
			key := der.FieldKey(f)
			if key == unread && !strings.Contains(f.Name, "sct_list") {
				t.Errorf("%s: %s is %x", s.name, f.Name, f.Value)
			}
			if !slices.Contains(keys, key) && !openSyntax.MatchString(f.Name) {
				t.Errorf("%s: %s has the key %s, which is not one of FieldKeys", s.name, f.Name, key)
			}
			if f.Ref == "" {
				t.Errorf("%s: nobody specifies %s", s.name, f.Name)
			}
		}
	}
}

// asn1parse finds each element as OpenSSL does.
var asn1parse = regexp.MustCompile(`(?m)^ *(\d+):d=\d+ +hl=(\d+) l= *(\d+) (?:cons|prim): (.*?) *(?::|$)`)

// Every element that OpenSSL sees has its identifier and length octets at the same place here,
// and outside strings, which OpenSSL does not open, there are no others.
func TestOpenSSLSeesTheSameElements(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("absent, and CI=true asks for it: openssl")
		}
		t.Skip("absent: openssl")
	}
	all := specimens(t)
	for i, file := range pkits(t) {
		if i%16 != 0 { // a process each
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, specimen{filepath.Base(file), b, der.WalkCertificate})
	}
	seen := map[string]bool{}
	elements := 0
	for _, s := range all {
		if seen[string(s.der)] {
			continue
		}
		seen[string(s.der)] = true
		cmd := exec.Command(openssl, "asn1parse", "-inform", "DER")
		cmd.Stdin = strings.NewReader(string(s.der))
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		fields, _ := s.walk(s.der)
		headers := headersOutsideStrings(withDocuments(t, fields))
		for _, m := range asn1parse.FindAllStringSubmatch(string(out), -1) {
			off, _ := strconv.Atoi(m[1])
			hl, _ := strconv.Atoi(m[2])
			l, _ := strconv.Atoi(m[3])
			f, ok := headers[off]
			if !ok {
				t.Errorf("%s: openssl sees %s at byte %d, and nothing begins there here", s.name, m[4], off)
				continue
			}
			delete(headers, off)
			h := f.Value.(der.Header)
			if f.Len != hl || h.Len != l {
				t.Errorf("%s at byte %d: %d and %d bytes, openssl sees %d and %d", f.Name, off, f.Len, h.Len, hl, l)
			}
			if name, _, _ := strings.Cut(h.String(), " ("); !strings.HasPrefix(strings.ToLower(name), "[") && !strings.EqualFold(name, opensslTag(m[4])) {
				t.Errorf("%s at byte %d is %s, openssl sees %s", f.Name, off, name, m[4])
			}
			elements++
		}
		for off, f := range headers {
			t.Errorf("%s: %s at byte %d is nothing that openssl sees", s.name, f.Name, off)
		}
	}
	if elements < 4000 {
		t.Errorf("only %d elements were compared", elements)
	}
}

// withDocuments has the fields of the certificates and revocation lists in a bundle in the place of their leaves.
func withDocuments(t *testing.T, fields []wire.Field) []wire.Field {
	var all []wire.Field
	for _, f := range fields {
		var walk func([]byte) ([]wire.Field, error)
		switch {
		case strings.HasSuffix(f.Name, der.FieldBundled):
			walk = der.WalkCertificate
		case strings.HasSuffix(f.Name, der.FieldBundledList):
			walk = der.WalkCRL
		default:
			all = append(all, f)
			continue
		}
		inside, err := walk(f.Value.([]byte))
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range inside {
			in.Off += f.Off
			all = append(all, in)
		}
	}
	return all
}

func opensslTag(name string) string {
	name, _, _ = strings.Cut(name, " [") // a dump follows
	switch name = strings.TrimSpace(name); name {
	case "OBJECT":
		return "OBJECT IDENTIFIER"
	case "T61STRING":
		return "TeletexString"
	}
	return name
}

// headersOutsideStrings are the leaves of identifier and length octets by their offset, without those of
// what a string holds.
func headersOutsideStrings(fields []wire.Field) map[int]wire.Field {
	headers, end := map[int]wire.Field{}, 0
	for i, f := range fields {
		h, ok := f.Value.(der.Header)
		if !ok || f.Off < end {
			continue
		}
		headers[f.Off] = f
		if tag, _, _ := strings.Cut(h.String(), " ("); strings.HasSuffix(tag, "STRING") && i > 0 && !fields[i-1].Leaf() {
			end = f.Off + f.Len + h.Len
		}
	}
	return headers
}

// What a person reads in some fields, of each kind of value one or more.
func TestValues(t *testing.T) {
	want := map[string][]string{
		"rich.pem": {
			"certificate.tbs_certificate.version = v3 (2)",
			"certificate.tbs_certificate.version.explicit = [0] (3)",
			"certificate.tbs_certificate.version.header = INTEGER (1)",
			"certificate.tbs_certificate.signature.algorithm = sha256WithRSAEncryption (1.2.840.113549.1.1.11)",
			"certificate.tbs_certificate.signature.parameters.header = NULL (0)",
			"certificate.tbs_certificate.issuer.rdn.attribute.type = id-at-commonName (2.5.4.3)",
			"certificate.tbs_certificate.issuer.rdn.attribute.value = rich.lab.test",
			"certificate.tbs_certificate.validity.not_before = 2026-11-29 16:02:10 +0000 UTC",
			"certificate.tbs_certificate.subject_public_key_info.subject_public_key.rsa_public_key.public_exponent = 65537",
			"certificate.tbs_certificate.extensions.extension.extn_id = id-ce-subjectAltName (2.5.29.17)",
			"certificate.tbs_certificate.extensions.extension.critical = true",
			"certificate.tbs_certificate.extensions.extension.extn_value.basic_constraints.ca = true",
			"certificate.tbs_certificate.extensions.extension.extn_value.basic_constraints.path_len_constraint = 3",
			"certificate.tbs_certificate.extensions.extension.extn_value.key_usage.unused_bits = 1",
			"certificate.tbs_certificate.extensions.extension.extn_value.key_usage = [digitalSignature keyCertSign cRLSign]",
			"certificate.tbs_certificate.extensions.extension.extn_value.ext_key_usage.key_purpose_id = id-kp-serverAuth (1.3.6.1.5.5.7.3.1)",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.dns_name = rich.lab.test",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.dns_name.header = [2] IA5String (13)",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.ip_address = 2001:db8::1",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.rfc822_name = a@lab.test",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.registered_id = 1.2.3.4",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.other_name.value = other",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_alt_name.directory_name.rdn.attribute.value = Rich Test",
			"certificate.tbs_certificate.extensions.extension.extn_value.issuer_alt_name.rfc822_name = ca@lab.test",
			"certificate.tbs_certificate.extensions.extension.extn_value.name_constraints.permitted_subtrees.general_subtree.base.dns_name = lab.test",
			"certificate.tbs_certificate.extensions.extension.extn_value.name_constraints.excluded_subtrees.general_subtree.base.ip_address = 198.51.100.0/24",
			"certificate.tbs_certificate.extensions.extension.extn_value.certificate_policies.policy_information.policy_qualifiers.policy_qualifier_info.qualifier = http://lab.test/cps",
			"certificate.tbs_certificate.extensions.extension.extn_value.certificate_policies.policy_information.policy_qualifiers.policy_qualifier_info.qualifier.explicit_text = a notice",
			"certificate.tbs_certificate.extensions.extension.extn_value.certificate_policies.policy_information.policy_qualifiers.policy_qualifier_info.qualifier.notice_ref.notice_numbers.notice_number = 2",
			"certificate.tbs_certificate.extensions.extension.extn_value.policy_mappings.policy_mapping.subject_domain_policy = 1.2.3.7",
			"certificate.tbs_certificate.extensions.extension.extn_value.policy_constraints.inhibit_policy_mapping = 4",
			"certificate.tbs_certificate.extensions.extension.extn_value.inhibit_any_policy = 6",
			"certificate.tbs_certificate.extensions.extension.extn_value.crl_distribution_points.distribution_point.distribution_point.full_name.uniform_resource_identifier = http://lab.test/crl2",
			"certificate.tbs_certificate.extensions.extension.extn_value.crl_distribution_points.distribution_point.reasons = [keyCompromise cACompromise]",
			"certificate.tbs_certificate.extensions.extension.extn_value.authority_info_access.access_description.access_method = id-ad-ocsp (1.3.6.1.5.5.7.48.1)",
			"certificate.tbs_certificate.extensions.extension.extn_value.subject_info_access.access_description.access_location.uniform_resource_identifier = http://lab.test/ca",
			"certificate.tbs_certificate.extensions.extension.extn_value.tls_feature.feature = status_request",
			"certificate.tbs_certificate.extensions.extension.extn_value.ocsp_nocheck.header = NULL (0)",
			"certificate.tbs_certificate.extensions.extension.extn_id = 1.2.3.99",
			"certificate.signature_value.unused_bits = 0",
		},
		"SCTs": {
			"certificate.tbs_certificate.extensions.extension.extn_value.poison.header = NULL (0)",
			"certificate.tbs_certificate.extensions.extension.extn_value.signed_certificate_timestamp_list.sct_list.length = 59",
			"certificate.tbs_certificate.extensions.extension.extn_value.signed_certificate_timestamp_list.sct_list.sct.version = v1 (0)",
			"certificate.tbs_certificate.extensions.extension.extn_value.signed_certificate_timestamp_list.sct_list.sct.timestamp = 2026-01-01 00:00:00 +0000 UTC",
			"certificate.tbs_certificate.extensions.extension.extn_value.signed_certificate_timestamp_list.sct_list.sct.hash_algorithm = sha256 (4)",
			"certificate.tbs_certificate.extensions.extension.extn_value.signed_certificate_timestamp_list.sct_list.sct.signature_algorithm = ecdsa (3)",
			"certificate.tbs_certificate.extensions.extension.extn_value.signed_certificate_timestamp_list.sct_list.sct.unread = [1 2]",
			"certificate.tbs_certificate.subject_public_key_info.algorithm.parameters = secp256r1 (1.2.840.10045.3.1.7)",
			"certificate.tbs_certificate.subject_public_key_info.subject_public_key.ec_point.form = 4",
		},
		"CRL": {
			"certificate_list.tbs_cert_list.version = v2 (1)",
			"certificate_list.tbs_cert_list.next_update = 2026-01-02 00:00:00 +0000 UTC",
			"certificate_list.tbs_cert_list.revoked_certificates.revoked_certificate.user_certificate = [86 120]",
			"certificate_list.tbs_cert_list.revoked_certificates.revoked_certificate.crl_entry_extensions.extension.extn_value.reason_code = keyCompromise (1)",
			"certificate_list.tbs_cert_list.revoked_certificates.revoked_certificate.crl_entry_extensions.extension.extn_value.invalidity_date = 2026-01-01 00:00:00 +0000 UTC",
			"certificate_list.tbs_cert_list.revoked_certificates.revoked_certificate.crl_entry_extensions.extension.extn_value.certificate_issuer.directory_name.rdn.attribute.value = A",
			"certificate_list.tbs_cert_list.crl_extensions.extension.extn_value.crl_number = 7",
			"certificate_list.tbs_cert_list.crl_extensions.extension.extn_value.delta_crl_indicator = 5",
			"certificate_list.tbs_cert_list.crl_extensions.extension.extn_value.issuing_distribution_point.only_contains_user_certs = true",
			"certificate_list.tbs_cert_list.crl_extensions.extension.extn_value.issuing_distribution_point.only_some_reasons = [cessationOfOperation certificateHold]",
			"certificate_list.tbs_cert_list.crl_extensions.extension.extn_value.freshest_crl.distribution_point.distribution_point.full_name.uniform_resource_identifier = u:/",
		},
		"OCSP delegated": {
			"ocsp_response.response_status = successful (0)",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.cert_status.revoked.revocation_reason = keyCompromise (1)",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.next_update = 2026-01-08 00:00:00 +0000 UTC",
			"ocsp_response.response_bytes.response.basic_ocsp_response.certs.certificate.tbs_certificate.extensions.extension.extn_value.ext_key_usage.key_purpose_id = id-kp-OCSPSigning (1.3.6.1.5.5.7.3.9)",
		},
		"OCSP extended": {
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.cert_status.good.header = [0] NULL (0)",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.nonce = [171 205]",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.crl_references.crl_url = u:/",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.crl_references.crl_num = 9",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.acceptable_responses.response_type = id-pkix-ocsp-basic (1.3.6.1.5.5.7.48.1.1)",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.archive_cutoff = 2026-01-01 00:00:00 +0000 UTC",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.service_locator.locator.access_description.access_location.uniform_resource_identifier = u",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.preferred_signature_algorithms.preferred_signature_algorithm.sig_identifier.algorithm = ecdsa-with-SHA256 (1.2.840.10045.4.3.2)",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.extended_revoke.header = NULL (0)",
			"ocsp_response.response_bytes.response.basic_ocsp_response.tbs_response_data.responses.single_response.single_extensions.extension.extn_value.signed_certificate_timestamp_list.sct_list.sct.version = 1",
		},
		"bundle": {
			"content_info.content_type = id-signedData (1.2.840.113549.1.7.2)",
			"content_info.signed_data.version = 3",
			"content_info.signed_data.digest_algorithms.algorithm = id-sha256 (2.16.840.1.101.3.4.2.1)",
			"content_info.signed_data.encap_content_info.e_content_type = id-data (1.2.840.113549.1.7.1)",
			"content_info.signed_data.encap_content_info.e_content = [104 105]",
			"content_info.signed_data.certificates.other.integer = 1",
			"content_info.signed_data.crls.other.header = [1] (0)",
			"content_info.signed_data.signer_infos.signer_info.integer = 1",
		},
		"OCSP refused": {
			"ocsp_response.response_status = unauthorized (6)",
		},
		"lesson  rsa-pss": {
			"certificate.tbs_certificate.signature.parameters.hash_algorithm.algorithm = id-sha256 (2.16.840.1.101.3.4.2.1)",
			"certificate.tbs_certificate.signature.parameters.mask_gen_algorithm.parameters.algorithm = id-sha256 (2.16.840.1.101.3.4.2.1)",
			"certificate.tbs_certificate.signature.parameters.salt_length = 32",
		},
		"lesson  ed448": {
			"certificate.tbs_certificate.subject_public_key_info.algorithm.algorithm = id-Ed448 (1.3.101.113)",
		},
		"lesson  p384": {
			"certification_request.certification_request_info.version = v1 (0)",
			"certification_request.certification_request_info.attributes.attribute.values.extensions.extension.extn_value.subject_alt_name.dns_name = www.lab.test",
		},
	}
	for _, s := range specimens(t) { // a lesson is several, and what is wanted is in one of them
		fields, _ := s.walk(s.der)
		for _, f := range fields {
			want[s.name] = slices.DeleteFunc(want[s.name], func(line string) bool { return line == f.Name+" = "+fmt.Sprint(f.Value) })
		}
	}
	for name, lines := range want {
		for _, line := range lines {
			t.Errorf("%s: no %s", name, line)
		}
	}
}

// One byte wrong, wherever it is, leaves every byte a name.
func TestAnyByteWrong(t *testing.T) {
	done := map[string]bool{}
	for _, s := range specimens(t) {
		if done[s.name] || s.name != "rich.pem" && s.name != "CRL" && s.name != "OCSP extended" && s.name != "SCTs" {
			continue
		}
		done[s.name] = true
		b := slices.Clone(s.der)
		for i := range b {
			was := b[i]
			b[i] = []byte{was ^ 1, was ^ 0x80, 0, 0x30}[i%4]
			fields, _ := s.walk(b)
			covered(t, fmt.Sprintf("%s, byte %d", s.name, i), b, fields)
			b[i] = was
		}
	}
	if len(done) != 4 {
		t.Errorf("only %v", done)
	}
}

// Whatever comes, every byte has a name.
func FuzzWalk(f *testing.F) {
	for _, s := range specimens(f) {
		f.Add(s.der)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, walk := range []func([]byte) ([]wire.Field, error){der.WalkCertificate, der.WalkOCSPResponse, der.WalkCRL, der.WalkRequest, der.WalkContentInfo} {
			fields, _ := walk(b)
			covered(t, "", b, fields)
		}
	})
}
