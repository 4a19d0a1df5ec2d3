package replay

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/reason"
	"tlslab/handshake/replay/bank"
)

// The words of what is told here, which narrate explains. A test holds that no run tells
// another, and that none waits in vain.

// FactName says what else an attack finds out, beside whether it moves money. Most are
// questions, and a Fact answers yes or no; three ask what became of early data, which an
// EarlyDataFact says.
type FactName string

// The questions of a Fact.
const (
	FactGetAnsweredAgain        FactName = "get_answered_again"
	FactReadsRecording          FactName = "reads_recording"
	FactReadsRecordingInTheEnd  FactName = "reads_recording_in_the_end"
	FactSessionResumed          FactName = "session_resumed"
	FactSessionIsLogin          FactName = "session_is_login"
	FactPSKOpensItsConnection   FactName = "psk_opens_its_connection"
	FactReadsTLS12Recording     FactName = "reads_tls12_recording"
	FactReadsEarlyData          FactName = "reads_early_data"
	FactReadsLaterData          FactName = "reads_later_data"
	FactReadsLaterDataWithPSKKE FactName = "reads_later_data_psk_ke"
	FactAliceBelievesHim        FactName = "alice_believes_him"
)

// What an EarlyDataFact tells of.
const (
	FactEarlyDataAfterRestart FactName = "early_data_after_restart"
	FactEarlyDataAfterWindow  FactName = "early_data_after_window"
	FactRetryEarlyData        FactName = "retry_early_data"
)

// Facts lists every FactName.
func Facts() []FactName {
	return []FactName{FactGetAnsweredAgain, FactEarlyDataAfterRestart, FactEarlyDataAfterWindow, FactRetryEarlyData,
		FactReadsRecording, FactReadsRecordingInTheEnd, FactSessionResumed, FactSessionIsLogin, FactPSKOpensItsConnection,
		FactReadsTLS12Recording, FactReadsEarlyData, FactReadsLaterData, FactReadsLaterDataWithPSKKE, FactAliceBelievesHim}
}

// RouteName says in which way an attack tries.
type RouteName string

// The ways.
const (
	RouteTLS12             RouteName = "tls12"
	RouteTLS13             RouteName = "tls13"
	RouteTLS12Guessed      RouteName = "tls12_guessed"
	RouteTLS12Replayed     RouteName = "tls12_replayed"
	RouteTLS13Guessed      RouteName = "tls13_guessed"
	RouteTLS13Replayed     RouteName = "tls13_replayed"
	RouteTLS12CBCRepeated  RouteName = "tls12_cbc_repeated"
	RouteTLS12CBCReordered RouteName = "tls12_cbc_reordered"
	RouteTLS12CBCDropped   RouteName = "tls12_cbc_dropped"
	RouteTLS12Repeated     RouteName = "tls12_repeated"
	RouteTLS12Reordered    RouteName = "tls12_reordered"
	RouteTLS12Dropped      RouteName = "tls12_dropped"
	RouteTLS13Repeated     RouteName = "tls13_repeated"
	RouteTLS13Reordered    RouteName = "tls13_reordered"
	RouteTLS13Dropped      RouteName = "tls13_dropped"
	RouteTLS12Recording    RouteName = "tls12_recording"
	RouteTLS13EarlyData    RouteName = "tls13_early_data"
	RouteTLS13FalseBank    RouteName = "tls13_false_bank"
	RoutePost              RouteName = "post"
)

// Routes lists every RouteName.
func Routes() []RouteName {
	return []RouteName{RouteTLS12, RouteTLS13, RouteTLS12Guessed, RouteTLS12Replayed, RouteTLS13Guessed, RouteTLS13Replayed,
		RouteTLS12CBCRepeated, RouteTLS12CBCReordered, RouteTLS12CBCDropped, RouteTLS12Repeated, RouteTLS12Reordered, RouteTLS12Dropped,
		RouteTLS13Repeated, RouteTLS13Reordered, RouteTLS13Dropped, RouteTLS12Recording, RouteTLS13EarlyData, RouteTLS13FalseBank, RoutePost}
}

// Trick is what the attacker does to the records of a client on their way.
type Trick string

// The tricks.
const (
	Repeated  Trick = "repeated"
	Reordered Trick = "reordered"
	Dropped   Trick = "dropped"
)

// Loot is what an attacker has stolen, and no listener has.
type Loot string

// The loot.
const (
	LootMasterSecret Loot = "master_secret"
	LootTicketSecret Loot = "ticket_secret" // a ticket of TLS 1.3 and its pre-shared key, one of TLS 1.2 and its master secret
	LootTicketKey    Loot = "ticket_key"
)

// Why says why nothing came of an attempt, or why an attack works. It is an event.Why, the
// String of a reason.Reason or a bank.Why, from the one that stopped the attempt; or one of
// those below.
type Why string

// Why an attack works where it does.
const (
	WhyHasSecret      Why = "replay_has_secret"
	WhyHasTicketKey   Why = "replay_has_ticket_key"
	WhyEarlyDataTaken Why = "replay_early_data_taken"
	WhyOtherServer    Why = "replay_other_server"
	WhyForgotten      Why = "replay_forgotten"
	WhyClientRetries  Why = "replay_client_retries"
)

// WhyNoEarlyData is why nothing comes of a recorded flight without any.
const WhyNoEarlyData Why = "replay_no_early_data"

// Reasons lists what a Verdict's Reason and an Attempt's Why can be: why an attack works,
// what the engine decided or found wrong, what the bank said.
func Reasons() []Why {
	all := []Why{WhyNoEarlyData}
	for _, a := range Attacks() {
		if a.works != "" {
			all = append(all, a.works)
		}
	}
	for _, why := range bank.Whys() {
		all = append(all, Why(why))
	}
	for _, why := range []event.Why{event.WhyNotFresh, event.WhySeenBefore, event.WhyStoreFailed, event.WhyStoreTooYoung, event.WhyTicketUsed,
		event.WhySessionExpired, event.WhySessionUnknown} {
		all = append(all, Why(why))
	}
	for _, r := range []reason.Reason{reason.BadRecordMAC, reason.BadBinder, reason.BadSignature, reason.TruncatedStream} {
		all = append(all, whyOf(r))
	}
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

// whyOf is a reason of the engine's, as a Why.
func whyOf(r reason.Reason) Why { return Why(r.String()) }
