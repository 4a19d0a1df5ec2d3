package lab

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// TestPairs: of ten pairs, each of one switch, exactly what that switch changes is marked.
func TestPairs(t *testing.T) {
	for _, test := range []struct {
		given, beside string
		// "flow: party message", all of it; or with ".field", the field. What covers the whole
		// transcript (a signature, verify_data) differs with it, and so does what chance gives
		// to a party that has drawn more or less before.
		want []string
	}{
		{"tls=1.3&client-auth=on", "client-auth=", []string{"tls13: client certificate", "tls13: client certificate_verify", "tls13: client finished.verify_data", "tls13: server certificate_request", "tls13: server certificate_verify.signature", "tls13: server finished.verify_data", "tls13: server new_session_ticket.length", "tls13: server new_session_ticket.ticket"}},
		{"kx=rsa", "kx=ecdhe", []string{"rsa: client client_hello.extension_type", "rsa: client client_hello.format", "rsa: client client_hello.group", "rsa: client client_hello.length", "rsa: client client_hello.suite", "rsa: client client_key_exchange.ecdh_Yc", "rsa: client client_key_exchange.encrypted_pre_master_secret", "rsa: client client_key_exchange.length", "rsa: client finished.verify_data", "rsa: server finished.verify_data", "rsa: server server_hello.cipher_suite", "rsa: server server_hello.extension_type", "rsa: server server_hello.format", "rsa: server server_hello.length", "rsa: server server_key_exchange"}},
		{"kx=ecdhe", "no-ems=on", []string{"ecdhe: client client_hello.extension_type", "ecdhe: client client_hello.length", "ecdhe: client finished.verify_data", "ecdhe: server finished.verify_data", "ecdhe: server server_hello.extension_type", "ecdhe: server server_hello.length"}},
		{"tls=1.3", "no-compat=on", []string{"tls13: client change_cipher_spec", "tls13: client client_hello.key_exchange", "tls13: client client_hello.length", "tls13: client client_hello.session_id", "tls13: client finished.verify_data", "tls13: server certificate_verify.signature", "tls13: server change_cipher_spec", "tls13: server finished.verify_data", "tls13: server new_session_ticket.ticket", "tls13: server server_hello.key_exchange", "tls13: server server_hello.length", "tls13: server server_hello.session_id"}},
		{"tls=1.3", "staple=good", []string{"tls13: client client_hello.extension_type", "tls13: client client_hello.length", "tls13: client client_hello.status_type", "tls13: client finished.verify_data", "tls13: server certificate.extension_type", "tls13: server certificate.length", "tls13: server certificate.response", "tls13: server certificate.status_type", "tls13: server certificate_verify.signature", "tls13: server finished.verify_data", "tls13: server new_session_ticket.ticket"}},
		{"tls=1.3", "padding=100", nil}, // it is of the records
		{"tls=1.3", "grease=on", []string{"tls13: client client_hello.extension_type", "tls13: client client_hello.group", "tls13: client client_hello.key_exchange", "tls13: client client_hello.length", "tls13: client client_hello.session_id", "tls13: client client_hello.suite", "tls13: client client_hello.version", "tls13: client finished.verify_data", "tls13: server certificate_verify.signature", "tls13: server finished.verify_data", "tls13: server new_session_ticket.ticket", "tls13: server server_hello.key_exchange", "tls13: server server_hello.session_id"}},
		{"tls=1.3", "alpn=h2", []string{"tls13: client client_hello.extension_type", "tls13: client client_hello.length", "tls13: client client_hello.protocol_name", "tls13: client data", "tls13: client finished.verify_data", "tls13: server certificate_verify.signature", "tls13: server data", "tls13: server encrypted_extensions.extension_type", "tls13: server encrypted_extensions.length", "tls13: server encrypted_extensions.protocol_name", "tls13: server finished.verify_data", "tls13: server new_session_ticket.length", "tls13: server new_session_ticket.ticket"}},
		{"tls=1.3", "compress-cert=zlib", []string{"tls13: client client_hello.algorithm", "tls13: client client_hello.extension_type", "tls13: client client_hello.length", "tls13: client finished.verify_data", "tls13: server certificate", "tls13: server certificate_verify.signature", "tls13: server compressed_certificate", "tls13: server finished.verify_data", "tls13: server new_session_ticket.ticket"}},
		{"tls=1.3&mitm=on", "trust-mitm=on", []string{"mitm: client alert", "mitm: client data", "mitm: client finished", "mitm: mitm alert", "mitm: mitm data", "mitm: server data"}},
	} {
		left, right := lessonOf(t, test.given), lessonOf(t, test.given+"&"+test.beside)
		got := map[string]bool{}
		for _, a := range beside.Compare(flows(left), flows(right)) {
			for _, r := range a.Rows {
				name := a.Left + ": " + r.Either().Party + " "
				switch e := r.Either().Event.(type) {
				case *event.Message:
					name += e.Kind.String()
				case *event.Alert:
					name += "alert"
				default:
					name += "data"
				}
				if r.Left == nil || r.Right == nil || len(r.Fields) == 0 && !r.Same() {
					got[name] = true
				}
				for _, f := range r.Fields {
					if !f.Same() {
						got[name+"."+f.Name[strings.LastIndex(f.Name, ".")+1:]] = true
					}
				}
				whole(t, r)
			}
		}
		if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, test.want) {
			t.Errorf("%s beside %s: %q", test.given, test.beside, have)
		}
	}
}

// whole: every leaf of both messages stands in one field, on its side, in the order of the message.
func whole(t *testing.T, r beside.Row) {
	t.Helper()
	if r.Left == nil || r.Right == nil || r.Fields == nil {
		return
	}
	for i, s := range []*beside.Sent{r.Left, r.Right} {
		var leaves, shown int
		for _, f := range s.Event.(*event.Message).Fields {
			if f.Leaf() {
				leaves++
			}
		}
		for _, f := range r.Fields {
			if side := []bool{f.Left != nil, f.Right != nil}; side[i] {
				shown++
			}
			if f.Left != nil && f.Right != nil && f.Same() != bytes.Equal(f.InLeft, f.InRight) || f.Left == nil && f.Right == nil {
				t.Errorf("%s is marked wrongly", f.Name)
			}
		}
		if leaves != shown {
			t.Errorf("%s %v: %d leaves, %d fields", s.Party, s.Event.(*event.Message).Kind, leaves, shown)
		}
	}
}

func lessonOf(t *testing.T, given string) *scenario.Transcript {
	t.Helper()
	l := switches.Lesson{Seed: "7"}
	for set := range strings.SplitSeq(given, "&") {
		name, value, _ := strings.Cut(set, "=")
		s, _ := switches.ByName(name)
		if err := s.Set(&l, value); err != nil {
			t.Fatal(err)
		}
	}
	o, err := l.Options()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := scenario.Run(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}
