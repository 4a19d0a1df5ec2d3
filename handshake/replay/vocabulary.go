package replay

import (
	"slices"

	"tlslab/handshake/reason"
	"tlslab/handshake/replay/bank"
)

// The keys of what is told here, for narrate; a test holds that no run tells another, and
// that none waits in vain.

// SceneKeys lists the Key of every event.Scene.
func SceneKeys() []string {
	keys := []string{"replay_attack", "replay_login", "replay_shared_store", "replay_request", "replay_transfer", "replay_captured",
		"replay_captured_session", "replay_stolen_master", "replay_stolen_ticket", "replay_stolen_ticket_key", "replay_decrypted",
		"replay_route", "replay_time", "replay_bytes", "replay_tampered", "replay_restart", "replay_retry", "replay_attempt", "replay_verdict"}
	for _, f := range Facts() {
		keys = append(keys, "replay_fact_"+f)
	}
	return keys
}

// Facts lists the names of a Result's Facts. All are bool, but those of early data, which
// are what handshake.EarlyDataStatus says.
func Facts() []string {
	return []string{"get_answered_again", "early_data_after_restart", "early_data_after_window", "retry_early_data",
		"reads_recording", "reads_recording_in_the_end", "session_resumed", "session_is_login", "psk_opens_its_connection",
		"reads_tls12_recording", "reads_early_data", "reads_later_data", "reads_later_data_psk_ke", "alice_believes_him"}
}

// Routes lists the names of a Result's Routes.
func Routes() []string {
	return []string{"tls12", "tls13", "tls12_guessed", "tls12_replayed", "tls13_guessed", "tls13_replayed",
		"tls12_cbc_repeated", "tls12_cbc_reordered", "tls12_cbc_dropped", "tls12_repeated", "tls12_reordered", "tls12_dropped",
		"tls13_repeated", "tls13_reordered", "tls13_dropped",
		"tls12_recording", "tls13_early_data", "tls13_false_bank", "post"}
}

// Reasons lists what a Verdict's Reason and an Attempt's Why can be: why an attack works,
// what the engine decided or found wrong, what the bank said.
func Reasons() []string {
	works := []string{noEarlyData}
	for _, a := range Attacks() {
		if a.works != "" {
			works = append(works, a.works)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(works, bank.Whys(),
		[]string{"not_fresh", "seen_before", "store_failed", "store_too_young", "ticket_used", "session_expired", "session_unknown",
			reason.BadRecordMAC.String(), reason.BadBinder.String(), reason.BadSignature.String(), reason.TruncatedStream.String()}))))
}

// noEarlyData is why nothing comes of a recorded flight without any.
const noEarlyData = "replay_no_early_data"
