package message_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

func TestRefusals13(t *testing.T) {
	for _, test := range []struct{ name, hex, want string }{
		{"an unknown key_update", "18 000001 02", "bad_value in key_update.request_update at byte 4: expected 0 or 1, got 0x02"},
		{"a key_update of 255", "18 000001 ff", "bad_value in key_update.request_update at byte 4: expected 0 or 1, got 0xff"},
		{"an empty key_update", "18 000000", "truncated in key_update.request_update at byte 4"},
		{"a long key_update", "18 000002 0000", "trailing_bytes in key_update at byte 5"},
		{"an end_of_early_data with a body", "05 000001 00", "trailing_bytes in end_of_early_data at byte 4"},

		{"encrypted_extensions without a block", "08 000000", "truncated in encrypted_extensions.extensions.length at byte 4"},
		{"a byte behind the block", "08 000003 0000 00", "trailing_bytes in encrypted_extensions at byte 6"},
		{"an extension twice", "08 00000a 0008 0000 0000 0000 0000", "duplicate_extension in encrypted_extensions.extensions at byte 10: got server_name"},
		{"a name in the answer to one", "08 000007 0005 0000 0001 00", "trailing_bytes in encrypted_extensions.extensions.server_name at byte 10"},
		{"a limit in the answer to early_data", "08 00000a 0008 002a 0004 00004000", "trailing_bytes in encrypted_extensions.extensions.early_data at byte 10"},
		{"no group", "08 000008 0006 000a 0002 0000", "bad_length in encrypted_extensions.extensions.supported_groups.named_group_list.length at byte 10"},

		{"a certificate of no bytes", "0b 000009 00 000005 000000 0000", "bad_length in certificate.certificate_list.certificate_entry.cert_data at byte 8: expected 1 to 16777215 bytes, got 0"},
		{"a certificate without extensions", "0b 000008 00 000004 000001 e1", "truncated in certificate.certificate_list.certificate_entry.extensions.length at byte 12"},
		{"a chain in TLS 1.2's form", "0b 000008 000005 000002 e1e2", "truncated in certificate.certificate_list.length at byte 5"},
		{"a status that is no OCSP response", "0b 000014 00 000010 000001 e1 000a 0005 0006 02 000002 d1d2",
			"bad_value in certificate.certificate_list.certificate_entry.extensions.status_request.status_type at byte 18: expected ocsp, got 0x02"},
		{"an empty OCSP response", "0b 000012 00 00000e 000001 e1 0008 0005 0004 01 000000",
			"bad_length in certificate.certificate_list.certificate_entry.extensions.status_request.response at byte 19"},
		{"a status twice", "0b 00001c 00 000018 000001 e1 0012 0005 0005 01 000001 d1 0005 0005 01 000001 d1",
			"duplicate_extension in certificate.certificate_list.certificate_entry.extensions at byte 23: got status_request"},

		{"a request without a block", "0d 000001 00", "truncated in certificate_request.extensions.length at byte 5"},
		{"a request without a scheme", "0d 000009 00 0006 000d 0002 0000", "bad_length in certificate_request.extensions.signature_algorithms.supported_signature_algorithms.length at byte 11"},
		{"a status_request that says something", "0d 000008 00 0005 0005 0001 01", "trailing_bytes in certificate_request.extensions.status_request at byte 11"},
		{"a filter of nothing", "0d 00000c 00 0009 0030 0005 0003 00 0000", "bad_length in certificate_request.extensions.oid_filters.filter.certificate_extension_oid at byte 13"},
		{"no authority", "0d 000009 00 0006 002f 0002 0000", "bad_length in certificate_request.extensions.certificate_authorities.authorities.length at byte 11"},
		{"no algorithm", "0d 000008 00 0005 001b 0001 00", "bad_length in certificate_request.extensions.compress_certificate.algorithms.length at byte 11"},

		{"an empty ticket", "04 00000d 00000000 00000000 00 0000 0000", "bad_length in new_session_ticket.ticket at byte 13"},
		{"a ticket in TLS 1.2's form", "04 000008 00001c20 0002 aabb", "truncated in new_session_ticket.ticket_nonce at byte 12"},
		{"early_data without a limit", "04 000012 00000000 00000000 00 0001 cc 0004 002a 0000",
			"truncated in new_session_ticket.extensions.early_data.max_early_data_size at byte 22"},

		{"nothing compressed", "19 000008 0001 000100 000000", "bad_length in compressed_certificate.compressed_certificate_message at byte 9"},
		{"a byte behind what is compressed", "19 00000a 0001 000100 000001 ab cd", "trailing_bytes in compressed_certificate at byte 13"},
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(test.hex, " ", ""))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if n := int(b[1])<<16 | int(b[2])<<8 | int(b[3]); n != len(b)-4 {
			t.Fatalf("%s: the header says %d bytes, the test has %d", test.name, n, len(b)-4)
		}
		if _, err := holds(t, tls13, b); !strings.HasPrefix(fmt.Sprint(err), test.want) {
			t.Errorf("%s:\n got %v\nwant %s…", test.name, err, test.want)
		}
	}
	if a, ok := reason.Alert(reason.BadValue); !ok || a != iana.IllegalParameter {
		t.Errorf("a bad value is told as %v, want illegal_parameter (RFC 9846 §4.7.3)", a)
	}
}

// One extension may be in two entries of a chain; only in one it may not be twice.
func TestEachEntryHasItsOwnBlock(t *testing.T) {
	var m message.Certificate13
	for range 2 {
		e := message.CertificateEntry{Cert: []byte{1}}
		e.Extensions.Add(&message.StapledStatus{Status: iana.StatusOCSP, Response: []byte{2}})
		m.Entries = append(m.Entries, e)
	}
	if _, err := holds(t, tls13, marshal(t, &m)); err != nil {
		t.Error(err)
	}
}

func TestOutOfPlaceIsKeptRaw(t *testing.T) {
	m := &message.EncryptedExtensions{}
	m.Extensions.Add(raw(iana.ExtKeyShare, "\x00\x1d"), raw(iana.ExtCookie, "c"), raw(0x1a1a, "grease"))
	got, err := holds(t, tls13, marshal(t, m))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range got.(*message.EncryptedExtensions).Extensions.List {
		if _, ok := x.(*message.Raw); !ok {
			t.Errorf("%s is %T, want it kept raw", x.Type(), x)
		}
		if want := x.Type() == 0x1a1a; message.Allowed(message.KindEncryptedExtensions, x.Type()) != want {
			t.Errorf("%s is allowed: %v, want %v", x.Type(), !want, want)
		}
	}
}

func TestWritingKeepsToTheLengths13(t *testing.T) {
	var e *reason.Error
	for field, m := range map[string]message.Message{
		"certificate_request.certificate_request_context": &message.CertificateRequest13{RequestContext: make([]byte, 256)},
		"certificate.certificate_request_context":         &message.Certificate13{RequestContext: make([]byte, 256)},
		"new_session_ticket.ticket_nonce":                 &message.NewSessionTicket13{Nonce: make([]byte, 256)},
		"compressed_certificate.uncompressed_length":      &message.CompressedCertificate{Length: 1 << 24},
	} {
		if b, err := message.Marshal(m, nil); !errors.As(err, &e) || e.Reason != reason.BadLength || e.Field != field || b != nil {
			t.Errorf("%s: %v, want bad_length", field, err)
		}
	}
	if b := marshal(t, &message.KeyUpdate{RequestUpdate: 7}); b[4] != 7 {
		t.Errorf("whoever wants to break the rules gets %x", b)
	}
}
