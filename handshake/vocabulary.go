package handshake

// The keys that an endpoint's events carry. Package narrate explains each of them
// in every language, and a test here holds that no event carries another.

// SecretLabels lists the Label of every SecretEvent.
func SecretLabels() []string {
	return []string{
		"server_ephemeral", "premaster_secret", "master_secret", "key_block",
		"client_write_MAC_key", "server_write_MAC_key", "client_write_key", "server_write_key",
		"client_write_IV", "server_write_IV", "client_verify_data", "server_verify_data",
		"server_key_exchange_signature", "certificate_verify_signature",
	}
}

// CheckNames lists the What of every CheckEvent.
func CheckNames() []string {
	return []string{"certificate_chain", "server_key_exchange_signature", "certificate_verify_signature", "finished"}
}

// DecisionNames lists the What of every DecisionEvent, each with every Why that
// can go with it.
func DecisionNames() map[string][]string {
	return map[string][]string{
		"version":                {"only_version", "highest_common"},
		"cipher_suite":           {"server_choice", "server_preference"},
		"group":                  {"server_preference"},
		"signature_scheme":       {"fits_key"},
		"alpn":                   {"server_preference"},
		"extended_master_secret": {"both_want_ems", "no_ems"},
		"secure_renegotiation":   {"signalled", "not_signalled"},
		"client_certificate":     {"fits_request", "nothing_fits_request", "optional"},
		"trust":                  {"skip_verify"},
		"resumption": {
			"session_kept", "server_echoed_id", "ticket_opened", "session_id_known", "session_unknown", "ticket_unreadable",
			"session_unreadable", "store_failed", "session_expired", "session_other_name", "session_other_ems", "session_other_suite",
			"session_other_version", "session_without_client_certificate", "session_with_client_certificate",
			"client_certificate_expired", "trust_withdrawn", "tickets_off",
		},
	}
}
