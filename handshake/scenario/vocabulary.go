package scenario

import (
	"slices"

	"tlslab/handshake/mitm"
	"tlslab/pki"
)

// SceneKeys lists the Key of every event.Scene of a lesson: narrate explains each,
// and a test holds that no lesson emits another.
func SceneKeys() []string {
	keys := []string{"flow", "outcome", "trust_store", "plain_http", "knowledge", "own_exchange",
		"full_vs_resumed", "captured_session", "attacker_silent", "replayed_session_id", "stolen_master_secret", "recording_decrypted",
		"captured_ticket", "replayed_connection", "replayed_early_data", "early_data_acted", "stolen_psk", "psk_tried", "ticket_key_server", "psk_expired"}
	for _, step := range pki.StepKeys() {
		keys = append(keys, "ca_"+step)
	}
	return slices.Concat(keys, mitm.SceneKeys(), []string{"mitm_compare", "mitm_legs", "mitm_beliefs", "mitm_passthrough", "click_through"})
}
