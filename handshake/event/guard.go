package event

// Guard names the condition under which a row of the table is taken: narrate has words for
// each. The rows of a state are tried in order, so it also says that those before it were not.
type Guard string

// The guards.
const (
	GuardOffersEarlyDisguised Guard = "offers_early_data_disguised"
	GuardOffers13             Guard = "offers_tls13"
	GuardSpeaks13             Guard = "speaks_tls13"
	GuardRetry                Guard = "retry"
	GuardRetryDisguised       Guard = "retry_disguised"
	GuardFirstRetry           Guard = "first_retry"
	GuardFirstRetryDisguised  Guard = "first_retry_disguised"
	GuardDisguised            Guard = "disguised"
	GuardSelects13            Guard = "selects_tls13"
	GuardSelects13Disguised   Guard = "selects_tls13_disguised"
	GuardPSK                  Guard = "psk"
	GuardAsks                 Guard = "asks"
	GuardAsked                Guard = "asked"
	GuardHasCertificate       Guard = "has_certificate"
	GuardHoldsCertificate     Guard = "holds_certificate"
	GuardShowedCertificate    Guard = "showed_certificate"
	GuardPacks                Guard = "packs"
	GuardUnpacks              Guard = "unpacks"
	GuardEarlyData            Guard = "early_data"
	GuardResumed              Guard = "resumed"
	GuardResumedTicket        Guard = "resumed_ticket"
	GuardTicket               Guard = "ticket"
	GuardMoreTickets          Guard = "more_tickets"
	GuardStaple               Guard = "staple"
	GuardEphemeral            Guard = "ephemeral"
	GuardStatic               Guard = "static"
	GuardUpdateDue            Guard = "update_due"
)
