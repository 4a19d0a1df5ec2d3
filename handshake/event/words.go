package event

// The keys that an endpoint's events carry. Package narrate explains each of them
// in every language, and a test here holds that no event carries another.

// SecretLabels lists the Label of every Secret.
func SecretLabels() []string {
	return []string{
		"server_ephemeral", "premaster_secret", "master_secret", "key_block",
		"client_write_MAC_key", "server_write_MAC_key", "client_write_key", "server_write_key",
		"client_write_IV", "server_write_IV", "client_verify_data", "server_verify_data",
		"server_key_exchange_signature", "certificate_verify_signature",

		"client_key_share", "server_key_share", "shared_secret", "early_secret", "early_derived", "handshake_secret",
		"client_handshake_traffic_secret", "server_handshake_traffic_secret", "client_handshake_key", "client_handshake_iv",
		"server_handshake_key", "server_handshake_iv", "handshake_derived", "main_secret",
		"client_application_traffic_secret_0", "server_application_traffic_secret_0", "exporter_secret",
		"client_application_key", "client_application_iv", "server_application_key", "server_application_iv",
		"client_finished_key", "server_finished_key", "resumption_secret", "resumption_psk",
		"client_application_traffic_secret_n", "server_application_traffic_secret_n",

		"binder_key", "binder_finished_key", "psk_binder", "client_early_traffic_secret", "client_early_key", "client_early_iv",
		"early_exporter_secret",
	}
}

// CheckNames lists the What of every Check.
func CheckNames() []string {
	return []string{"certificate_chain", "server_key_exchange_signature", "certificate_verify_signature", "finished", "cookie", "certificate_compression", "psk_binder"}
}

// DecisionNames lists the What of every Decision, each with every Why that
// can go with it.
func DecisionNames() map[string][]string {
	return map[string][]string{
		"version":                 {"only_version", "highest_common", "server_choice", "supported_versions"},
		"cipher_suite":            {"server_choice", "server_preference"},
		"group":                   {"server_preference", "client_silent", "shared_share", "hello_retry"},
		"hello_retry":             {"no_share", "cookie_wanted"},
		"transcript":              {"message_hash"},
		"compatibility_mode":      {"session_id_echoed", "session_id_empty"},
		"certificate_compression": {"peer_takes_it"},
		"record_size_limit":       {"both_want_limit"},
		"session_ticket":          {"kept", "not_kept_no_store"},
		"key_update":              {"requested", "answered", "own_wish", "key_spent"},
		"signature_scheme":        {"fits_key"},
		"psk_mode":                {"forward_secrecy"},
		"false_start":             {"ecdhe_and_aead", "not_ecdhe", "not_aead"},
		"alpn":                    {"server_preference"},
		"extended_master_secret":  {"both_want_ems", "no_ems", "session_with_ems", "session_without_ems"},
		"secure_renegotiation":    {"signalled", "not_signalled"},
		"client_certificate":      {"fits_request", "nothing_fits_request", "optional"},
		"trust":                   {"skip_verify"},
		"resumption": {
			"session_kept", "server_echoed_id", "ticket_opened", "session_id_known", "session_unknown", "ticket_unreadable",
			"session_unreadable", "store_failed", "session_expired", "session_other_name", "session_other_ems", "session_other_suite",
			"session_other_version", "session_without_client_certificate", "session_with_client_certificate",
			"client_certificate_expired", "trust_withdrawn", "tickets_off",
			"psk_selected", "psk_known", "psk_unknown", "no_common_psk_mode", "ticket_used", "store_too_young",
			"session_other_client_certificate", "identities_passed_over",
		},
		"early_data": {
			"accepted", "server_took_it", "server_passed_over", "early_data_off", "early_data_without_ticket", "early_data_not_in_ticket",
			"early_data_and_retry", "session_other_suite", "session_other_protocol",
			"not_fresh", "seen_before", "store_failed", "store_too_young", // Config.AcceptEarlyData's, nil or of package replay
		},
	}
}
