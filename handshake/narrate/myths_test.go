package narrate

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// TestMyths holds that each correction comes up in a lesson, in none twice, and
// there where it belongs.
func TestMyths(t *testing.T) {
	where := map[string]map[string]string{} // lesson, myth: the move or scene
	for lesson, events := range play(t) {
		where[lesson] = map[string]string{}
		c := new(Context)
		for _, e := range events {
			for _, m := range Myths(e, c) {
				if _, twice := where[lesson][m]; twice {
					t.Errorf("%s: %s comes up twice", lesson, m)
				}
				at := e.Head().Move
				if s, ok := e.(event.Scene); ok {
					at = string(s.Key())
				}
				if d, ok := e.(*event.Data); ok {
					at = "data/" + d.Party + "/" + d.Dir.String()
				}
				where[lesson][m] = at
			}
		}
	}
	told := map[string]bool{}
	for _, myths := range where {
		for m := range myths {
			told[m] = true
		}
	}
	for _, m := range Keys(Myth) {
		if !told[m] {
			t.Errorf("%s comes up in no lesson", m)
		}
	}
	for _, c := range []struct{ lesson, myth, at string }{
		{"first screen", "certificate_is_ca", "ca_chain"},
		{"first screen", "ca_encrypts_hash", "ca_sign"},
		{"first screen", "common_name", "client/recv/certificate"},
		{"first screen", "finished_encrypted", "client/send/finished"},
		{"first screen", "finished_encrypted+tls13", "server/send/finished/tls13"},
		{"first screen", "four_handshakes", "server/send/change_cipher_spec"},
		{"first screen", "port_is_https", "data/client/send"},
		{"1.3, h2", "port_is_https", "data/client/send"},
		{"1.3, h2", "http3_no_retransmit", "data/client/send"},
		{"1.3, h2", "http3_zero_rtt", "data/server/send"},
		{"trusted box, h2", "http3_zero_rtt", "data/server/send"},
		{"first screen", "ticket_in_clear", ""},
		{"first screen", "trusted_is_safe", ""},
		{"first screen", "redirect_to_https", ""},
		{"plain, dhe", "redirect_to_https", "plain_http"},
		{"plain, dhe", "finished_encrypted+tls13", ""},
		{"resume id", "ticket_in_clear", "client/send/client_hello"},
		{"resume id", "four_handshakes", "server/send/change_cipher_spec"},
		{"resume ticket", "ticket_in_clear", "client/send/client_hello"},
		{"resume ticket", "four_handshakes", "server/send/new_session_ticket"},
		{"resume psk", "ticket_in_clear", "captured_ticket"},
		{"session-id x none", "ticket_in_clear", "client/send/client_hello"},
		{"external psk", "ticket_in_clear", ""},
		{"external psk", "common_name", ""},
		{"trusted box", "trusted_is_safe", "mitm_legs"},
		{"middle box", "trusted_is_safe", ""},
		{"clicked away", "trusted_is_safe", ""},
		{"box clicked away", "trusted_is_safe", ""},
		{"bytes passed on, root", "trusted_is_safe", ""},
		{"middle box", "port_is_https", ""},
		{"1.3", "finished_encrypted", ""},
		{"1.3", "finished_encrypted+tls13", "server/send/finished/tls13"},
		{"1.3", "four_handshakes", "client/send/finished/tls13"},
		{"1.3, retry", "four_handshakes", "client/send/finished/tls13"},
		{"1.3, client auth", "four_handshakes", "client/send/certificate/tls13"},
		{"resume 0rtt", "four_handshakes", "client/send/finished/tls13"},
		{"untrusted", "four_handshakes", ""}, // its last flight never comes
		{"untrusted", "finished_encrypted", ""},
		{"first screen", "decrypt_signature", "client/recv/certificate"},
		{"first screen", "certificate_encrypts_session_key", "client/send/client_key_exchange"},
		{"first screen", "three_randoms", "client/send/client_key_exchange"},
		{"first screen", "ecdhe_stops_mitm", "client/recv/server_key_exchange"},
		{"first screen", "forward_secrecy_hard_problem", "client/send/client_key_exchange"},
		{"first screen", "ecdhe_faster", "client/send/finished"},
		{"first screen", "record_compress_number", "client/send/finished"},
		{"first screen", "session_id_no_handshake", ""},
		{"first screen", "mutual_tls_mitm", ""},
		{"own group", "g_is_curve", ""},
		{"own exchange", "ecdhe_faster", ""},
		{"no ems", "three_randoms", "client/send/client_key_exchange"},
		{"client auth", "mutual_tls_mitm", "server/send/certificate_request"},
		{"staple", "stapling_expiry", "server/send/certificate_status"},
		{"h2", "http2_needs_https", "server/recv/client_hello"},
		{"1.3", "http2_needs_https", ""},
		{"1.3", "http3_zero_rtt", ""},
		{"http/1.1", "http2_needs_https", ""},
		{"http/1.1", "http3_no_retransmit", ""},
		{"1.3, h2", "http2_needs_https", "server/recv/client_hello"},
		{"resume id", "session_id_no_handshake", "server/send/server_hello"},
		{"resume id", "captured_id_replay", "captured_session"},
		{"resume id", "expiry_stops_replay", "replayed_session_id"},
		{"resume id", "stolen_master_after_expiry", "recording_decrypted"},
		{"resume id", "ticket_holds_session_key", ""},
		{"resume ticket", "ticket_holds_session_key", "server/send/new_session_ticket"},
		{"resume psk", "session_id_no_handshake", "server/send/server_hello/tls13"},
		{"resume psk", "psk_immediate", "client/send/client_hello"},
		{"resume psk", "captured_id_replay", "captured_ticket"},
		{"resume psk", "expiry_stops_replay", "replayed_connection"},
		{"resume psk", "psk_dhe_ke_harmless", "ticket_key_server"},
		{"resume psk", "stolen_master_after_expiry", "psk_expired"},
		{"resume 0rtt", "psk_immediate", "client/send/client_hello"},
		{"resume 0rtt", "expiry_stops_replay", "early_data_acted"},
		{"external psk", "psk_immediate", "client/send/client_hello"},
		{"external psk", "psk_dhe_ke_harmless", ""},
		{"1.3", "psk_immediate", ""},
		{"session-id x none", "captured_id_replay", "replay_captured_session"},
		{"stolen-master x lifetime", "stolen_master_after_expiry", "replay_fact_reads_recording_in_the_end"},
		{"stolen-master x lifetime", "expiry_stops_replay", "replay_verdict"},
		{"early-data x freshness", "expiry_stops_replay", "replay_verdict"},
		{"second-server x single-use", "expiry_stops_replay", ""},
		{"stolen-ticket-key x none", "psk_dhe_ke_harmless", "replay_fact_reads_later_data_psk_ke"},
		{"middle box", "pinning", "mitm_forge"},
		{"middle box", "ems_interception", ""},
		{"trusted box", "ems_interception", "mitm_decrypt"},
		{"1.3", "g_is_curve", "client/send/client_hello"},
		{"1.3", "tls13_is_tls12", "server/send/server_hello/tls13"},
		{"1.3", "three_randoms", "server/send/server_hello/tls13"},
		{"1.3", "forward_secrecy_hard_problem", "server/send/server_hello/tls13"},
		{"1.3", "change_cipher_spec_switches", "server/send/change_cipher_spec/tls13"},
		{"1.3", "all_application_data", "server/send/encrypted_extensions/tls13"},
		{"1.3", "hidden_certificate", "server/send/certificate/tls13"},
		{"1.3", "certificate_encrypts_session_key", "server/send/certificate_verify/tls13"},
		{"1.3", "mlkem_quantum_safe", "server/send/certificate_verify/tls13"},
		{"1.3", "ecdhe_stops_mitm", "client/recv/certificate_verify/tls13"},
		{"1.3", "ecdhe_faster", ""},
		{"1.3", "session_id_no_handshake", ""},
		{"1.3", "stapling_expiry", ""},
		{"1.3", "ticket_holds_session_key", "server/send/new_session_ticket/tls13"},
		{"1.3, no disguise", "change_cipher_spec_switches", ""},
		{"1.3, cookie", "mlkem_quantum_safe", ""},
		{"1.3, cookie", "g_is_curve", ""},
		{"1.3, kem", "mlkem_quantum_safe", "server/send/certificate_verify/tls13"},
		{"1.3, own group", "g_is_curve", ""},
		{"1.3, in clear", "hidden_certificate", ""},
		{"1.3, in clear", "mlkem_quantum_safe", ""},
		{"1.3, in clear", "all_application_data", "server/send/encrypted_extensions/tls13"},
		{"1.3, staple", "stapling_expiry", "server/send/certificate/tls13"},
		{"1.3, compressed", "hidden_certificate", "server/send/compressed_certificate/tls13"},
		{"1.3, client auth", "mutual_tls_mitm", "server/send/certificate_request/tls13"},
	} {
		if got := where[c.lesson][c.myth]; got != c.at {
			t.Errorf("%s: %s comes up at %q, want %q", c.lesson, c.myth, got, c.at)
		}
	}
}

// TestMythsWhereTrue holds of each correction about resumption, HTTP and names that it comes
// up in the lessons that are about it, and in no other: by what happened in them.
func TestMythsWhereTrue(t *testing.T) {
	scenes := func(keys ...string) func([]event.Event) bool {
		return func(events []event.Event) bool {
			return slices.ContainsFunc(events, func(e event.Event) bool { return scene(keys...)(e, nil) })
		}
	}
	finished := func(tls13 bool) func([]event.Event) bool {
		return func(events []event.Event) bool {
			return slices.ContainsFunc(events, func(e event.Event) bool {
				return crosses(message.KindFinished)(e, nil) && strings.HasSuffix(e.Head().Move, "/tls13") == tls13
			})
		}
	}
	h2 := func(events []event.Event) bool {
		return slices.ContainsFunc(events, func(e event.Event) bool {
			d, ok := e.(*event.Data)
			return ok && bytes.HasPrefix(d.Data, []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		})
	}
	for myth, where := range map[string]func([]event.Event) bool{
		"ca_encrypts_hash":         scenes("ca_sign"),
		"redirect_to_https":        scenes("plain_http"),
		"finished_encrypted":       finished(false),
		"finished_encrypted+tls13": finished(true),
		"http3_no_retransmit":      h2,
		"http3_zero_rtt":           h2,
		"ticket_in_clear": func(events []event.Event) bool {
			resumed := map[int]bool{} // a handshake of TLS 1.2 that shows no certificate
			for _, e := range events {
				if m, ok := e.(*event.Message); ok && !strings.HasSuffix(m.Move, "/tls13") {
					switch m.Kind {
					case message.KindServerHello:
						resumed[m.Conn] = true
					case message.KindCertificate:
						resumed[m.Conn] = false
					}
				}
			}
			return scenes("captured_session", "captured_ticket", "replay_captured_session")(events) || slices.Contains(slices.Collect(maps.Values(resumed)), true)
		},
		"common_name": func(events []event.Event) bool {
			return slices.ContainsFunc(events, func(e event.Event) bool {
				c, ok := e.(*event.Check)
				return ok && c.What == event.CheckCertificateChain && (c.Party == "client" || c.Party == "alice" || c.Party == "mitm") && strings.Contains(fmt.Sprintf("%+v", c.Report), "Key:name")
			})
		},
	} {
		for lesson, events := range play(t) {
			c, told := new(Context), false
			for _, e := range events {
				told = slices.Contains(Myths(e, c), myth) || told
			}
			if told != where(events) {
				t.Errorf("%s: %s is told: %v", lesson, myth, told)
			}
		}
	}
}

// TestMoveKeyOfATicket holds that nothing is said to be sealed or kept where a server takes back
// that it gives a ticket: the ticket is empty (RFC 5077 §3.3).
func TestMoveKeyOfATicket(t *testing.T) {
	for _, move := range []string{"server/send/new_session_ticket", "client/recv/new_session_ticket"} {
		for ticket, want := range map[string]string{"": move + "+empty", "sealed": move} {
			e := &event.Message{Meta: event.Meta{Move: move}, Kind: message.KindNewSessionTicket, Msg: &message.NewSessionTicket12{Ticket: []byte(ticket)}}
			if got := MoveKey(e, new(Context)); got != want {
				t.Errorf("%s with the ticket %q is told by %s, want %s", move, ticket, got, want)
			}
		}
	}
}

// TestMoveKey holds that a move's text is that of the way the handshake goes.
func TestMoveKey(t *testing.T) {
	moves := map[string][]string{}
	for lesson, events := range play(t) {
		c := new(Context)
		for _, e := range events {
			Myths(e, c)
			if m, ok := e.(*event.Message); ok {
				moves[lesson] = append(moves[lesson], MoveKey(m, c))
			}
		}
	}
	for _, c := range []struct {
		lesson, key string
		times       int
	}{
		{"first screen", "client/send/client_key_exchange+rsa", 1},
		{"first screen", "server/recv/client_key_exchange+ecdhe", 1},
		{"first screen", "server/send/server_key_exchange+ecdhe", 1},
		{"first screen", "server/send/finished", 2},
		{"first screen", "server/send/finished+resumed", 0},
		{"plain, dhe", "client/recv/server_key_exchange+dhe", 1},
		{"own group", "server/send/server_key_exchange+other", 1},
		{"own group", "server/recv/client_key_exchange+other", 1},
		{"own exchange", "client/send/client_key_exchange+other", 1},
		{"plain, dhe", "client/send/client_hello", 1},
		{"1.3", "client/send/client_hello+tls13", 1},
		{"1.3", "server/recv/client_hello+tls13", 1},
		{"1.3", "client/recv/server_hello/tls13", 1},
		{"1.3", "client/recv/finished/tls13", 1},
		{"1.3, retry", "client/send/client_hello+tls13", 0},
		{"1.3, retry", "client/send/client_hello+tls13_no_share", 1},
		{"1.3, retry", "server/recv/client_hello+tls13_no_share", 1},
		{"1.3, cookie", "client/send/client_hello+tls13", 1},
		{"1.3, in clear", "server/send/certificate/tls13+integrity", 1},
		{"1.3, in clear", "server/send/certificate/tls13", 0},
		{"1.3, in clear", "client/send/certificate/tls13+integrity", 1},
		{"1.3, in clear", "client/recv/finished/tls13", 1},
		{"1.3, retry", "client/send/client_hello/tls13", 1},
		{"1.3, retry", "server/recv/client_hello/tls13", 1},
	} {
		n := 0
		for _, key := range moves[c.lesson] {
			if key == c.key {
				n++
			}
		}
		if n != c.times {
			t.Errorf("%s: %d times %s, want %d", c.lesson, n, c.key, c.times)
		}
	}
	for lesson, keys := range map[string][]string{
		"resume psk": {"client/send/client_hello+psk", "server/recv/client_hello+psk", "server/send/server_hello/tls13+psk",
			"client/recv/server_hello/tls13+psk", "server/send/finished/tls13+psk", "client/recv/finished/tls13+psk", "client/send/finished/tls13"},
		"resume 0rtt": {"client/send/change_cipher_spec/tls13+early", "client/send/end_of_early_data/tls13", "server/recv/end_of_early_data/tls13"},
		"resume psk_ke": {"server/send/server_hello/tls13+psk_ke", "client/recv/server_hello/tls13+psk_ke",
			"server/send/finished/tls13+psk_ke", "client/recv/finished/tls13+psk_ke"},
	} {
		for _, key := range keys {
			if !slices.Contains(moves[lesson], key) {
				t.Errorf("%s: no %s among %v", lesson, key, moves[lesson])
			}
		}
	}
	for _, lesson := range []string{"resume id", "resume ticket"} {
		for _, key := range []string{"server/send/server_hello+resumed", "client/recv/server_hello+resumed",
			"server/send/finished+resumed", "client/recv/finished+resumed", "client/send/finished+resumed", "server/recv/finished+resumed"} {
			if !slices.Contains(moves[lesson], key) {
				t.Errorf("%s: no %s among %v", lesson, key, moves[lesson])
			}
		}
	}
}

// Who only listens is in no state that tells of early data: the ClientHello does, until it is answered.
func TestEarlyChangeCipherSpecOverheard(t *testing.T) {
	hello := &message.ClientHello{}
	hello.Extensions.Add(&message.EarlyData{})
	answer := &message.ServerHello{}
	answer.Extensions.Add(&message.SelectedVersion{Version: iana.TLS13})
	disguise := &event.Message{Meta: event.Meta{Move: "client/send/change_cipher_spec/tls13"}, Kind: message.KindChangeCipherSpec}
	c := new(Context)
	MoveKey(&event.Message{Meta: event.Meta{Move: "client/send/client_hello"}, Kind: message.KindClientHello, Msg: hello}, c)
	if got := MoveKey(disguise, c); got != "client/send/change_cipher_spec/tls13+early" {
		t.Errorf("right behind ClientHello: %s", got)
	}
	MoveKey(&event.Message{Meta: event.Meta{Move: "server/send/server_hello/tls13"}, Kind: message.KindServerHello, Msg: answer}, c)
	if got := MoveKey(disguise, c); got != "client/send/change_cipher_spec/tls13" {
		t.Errorf("behind ServerHello: %s", got)
	}
}
