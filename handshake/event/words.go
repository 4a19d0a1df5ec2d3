package event

// The words of an endpoint's events. Package narrate explains each of them in every language.
// They are strings underneath, since a student's own key exchange has labels of its own; ours
// are these constants and no literals, so that a word mistyped does not compile.

// SecretLabel says which secret an event holds.
type SecretLabel string

// The labels of an endpoint's secrets.
const (
	LabelServerEphemeral                 SecretLabel = "server_ephemeral"
	LabelPremasterSecret                 SecretLabel = "premaster_secret"
	LabelMasterSecret                    SecretLabel = "master_secret"
	LabelKeyBlock                        SecretLabel = "key_block"
	LabelClientWriteMACKey               SecretLabel = "client_write_MAC_key"
	LabelServerWriteMACKey               SecretLabel = "server_write_MAC_key"
	LabelClientWriteKey                  SecretLabel = "client_write_key"
	LabelServerWriteKey                  SecretLabel = "server_write_key"
	LabelClientWriteIV                   SecretLabel = "client_write_IV"
	LabelServerWriteIV                   SecretLabel = "server_write_IV"
	LabelClientVerifyData                SecretLabel = "client_verify_data"
	LabelServerVerifyData                SecretLabel = "server_verify_data"
	LabelServerKeyExchangeSignature      SecretLabel = "server_key_exchange_signature"
	LabelCertificateVerifySignature      SecretLabel = "certificate_verify_signature"
	LabelClientKeyShare                  SecretLabel = "client_key_share"
	LabelServerKeyShare                  SecretLabel = "server_key_share"
	LabelSharedSecret                    SecretLabel = "shared_secret"
	LabelEarlySecret                     SecretLabel = "early_secret"
	LabelEarlyDerived                    SecretLabel = "early_derived"
	LabelHandshakeSecret                 SecretLabel = "handshake_secret"
	LabelClientHandshakeTrafficSecret    SecretLabel = "client_handshake_traffic_secret"
	LabelServerHandshakeTrafficSecret    SecretLabel = "server_handshake_traffic_secret"
	LabelClientHandshakeKey              SecretLabel = "client_handshake_key"
	LabelClientHandshakeIV               SecretLabel = "client_handshake_iv"
	LabelServerHandshakeKey              SecretLabel = "server_handshake_key"
	LabelServerHandshakeIV               SecretLabel = "server_handshake_iv"
	LabelHandshakeDerived                SecretLabel = "handshake_derived"
	LabelMainSecret                      SecretLabel = "main_secret"
	LabelClientApplicationTrafficSecret0 SecretLabel = "client_application_traffic_secret_0"
	LabelServerApplicationTrafficSecret0 SecretLabel = "server_application_traffic_secret_0"
	LabelExporterSecret                  SecretLabel = "exporter_secret"
	LabelClientApplicationKey            SecretLabel = "client_application_key"
	LabelClientApplicationIV             SecretLabel = "client_application_iv"
	LabelServerApplicationKey            SecretLabel = "server_application_key"
	LabelServerApplicationIV             SecretLabel = "server_application_iv"
	LabelClientFinishedKey               SecretLabel = "client_finished_key"
	LabelServerFinishedKey               SecretLabel = "server_finished_key"
	LabelResumptionSecret                SecretLabel = "resumption_secret"
	LabelResumptionPSK                   SecretLabel = "resumption_psk"
	LabelClientApplicationTrafficSecretN SecretLabel = "client_application_traffic_secret_n"
	LabelServerApplicationTrafficSecretN SecretLabel = "server_application_traffic_secret_n"
	LabelBinderKey                       SecretLabel = "binder_key"
	LabelBinderFinishedKey               SecretLabel = "binder_finished_key"
	LabelPSKBinder                       SecretLabel = "psk_binder"
	LabelClientEarlyTrafficSecret        SecretLabel = "client_early_traffic_secret"
	LabelClientEarlyKey                  SecretLabel = "client_early_key"
	LabelClientEarlyIV                   SecretLabel = "client_early_iv"
	LabelEarlyExporterSecret             SecretLabel = "early_exporter_secret"
)

// CheckName says what was checked.
type CheckName string

// What an endpoint checks.
const (
	CheckCertificateChain           CheckName = "certificate_chain"
	CheckServerKeyExchangeSignature CheckName = "server_key_exchange_signature"
	CheckCertificateVerifySignature CheckName = "certificate_verify_signature"
	CheckFinished                   CheckName = "finished"
	CheckCookie                     CheckName = "cookie"
	CheckCertificateCompression     CheckName = "certificate_compression"
	CheckPSKBinder                  CheckName = "psk_binder"
	CheckConnection                 CheckName = "connection"
)

// DecisionName says what was decided.
type DecisionName string

// What an endpoint decides.
const (
	DecisionVersion                DecisionName = "version"
	DecisionCipherSuite            DecisionName = "cipher_suite"
	DecisionGroup                  DecisionName = "group"
	DecisionHelloRetry             DecisionName = "hello_retry"
	DecisionTranscript             DecisionName = "transcript"
	DecisionCompatibilityMode      DecisionName = "compatibility_mode"
	DecisionCertificateCompression DecisionName = "certificate_compression"
	DecisionRecordSizeLimit        DecisionName = "record_size_limit"
	DecisionSessionTicket          DecisionName = "session_ticket"
	DecisionKeyUpdate              DecisionName = "key_update"
	DecisionSignatureScheme        DecisionName = "signature_scheme"
	DecisionPSKMode                DecisionName = "psk_mode"
	DecisionFalseStart             DecisionName = "false_start"
	DecisionALPN                   DecisionName = "alpn"
	DecisionExtendedMasterSecret   DecisionName = "extended_master_secret"
	DecisionSecureRenegotiation    DecisionName = "secure_renegotiation"
	DecisionClientCertificate      DecisionName = "client_certificate"
	DecisionTrust                  DecisionName = "trust"
	DecisionResumption             DecisionName = "resumption"
	DecisionEarlyData              DecisionName = "early_data"
)

// Why says why a decision fell so.
type Why string

// Why an endpoint decides so.
const (
	WhyOnlyVersion                     Why = "only_version"
	WhyHighestCommon                   Why = "highest_common"
	WhyServerChoice                    Why = "server_choice"
	WhySupportedVersions               Why = "supported_versions"
	WhyServerPreference                Why = "server_preference"
	WhySuiteOfKey                      Why = "suite_of_key"
	WhyClientPreference                Why = "client_preference"
	WhyClientPutsChaChaFirst           Why = "client_puts_chacha_first"
	WhyClientSilent                    Why = "client_silent"
	WhySharedShare                     Why = "shared_share"
	WhyHelloRetry                      Why = "hello_retry"
	WhyNoShare                         Why = "no_share"
	WhyCookieWanted                    Why = "cookie_wanted"
	WhyMessageHash                     Why = "message_hash"
	WhySessionIDEchoed                 Why = "session_id_echoed"
	WhySessionIDEmpty                  Why = "session_id_empty"
	WhyPeerTakesIt                     Why = "peer_takes_it"
	WhyBothWantLimit                   Why = "both_want_limit"
	WhyKept                            Why = "kept"
	WhyNotKeptNoStore                  Why = "not_kept_no_store"
	WhyRequested                       Why = "requested"
	WhyAnswered                        Why = "answered"
	WhyOwnWish                         Why = "own_wish"
	WhyKeySpent                        Why = "key_spent"
	WhyFitsKey                         Why = "fits_key"
	WhyForwardSecrecy                  Why = "forward_secrecy"
	WhyECDHEAndAEAD                    Why = "ecdhe_and_aead"
	WhyNotECDHE                        Why = "not_ecdhe"
	WhyNotAEAD                         Why = "not_aead"
	WhyBothWantEMS                     Why = "both_want_ems"
	WhyNoEMS                           Why = "no_ems"
	WhySessionWithEMS                  Why = "session_with_ems"
	WhySessionWithoutEMS               Why = "session_without_ems"
	WhySignalled                       Why = "signalled"
	WhyNotSignalled                    Why = "not_signalled"
	WhyFitsRequest                     Why = "fits_request"
	WhyCallerGaveNone                  Why = "caller_gave_none"
	WhyLastWordDue                     Why = "last_word_due"
	WhyNothingFitsRequest              Why = "nothing_fits_request"
	WhyOptional                        Why = "optional"
	WhySkipVerify                      Why = "skip_verify"
	WhySessionKept                     Why = "session_kept"
	WhyServerEchoedID                  Why = "server_echoed_id"
	WhyTicketOpened                    Why = "ticket_opened"
	WhySessionIDKnown                  Why = "session_id_known"
	WhySessionUnknown                  Why = "session_unknown"
	WhyTicketUnreadable                Why = "ticket_unreadable"
	WhySessionUnreadable               Why = "session_unreadable"
	WhyStoreFailed                     Why = "store_failed"
	WhySessionExpired                  Why = "session_expired"
	WhySessionOtherName                Why = "session_other_name"
	WhySessionOtherEMS                 Why = "session_other_ems"
	WhySessionOtherSuite               Why = "session_other_suite"
	WhySessionOtherVersion             Why = "session_other_version"
	WhySessionWithoutClientCertificate Why = "session_without_client_certificate"
	WhySessionWithClientCertificate    Why = "session_with_client_certificate"
	WhyClientCertificateExpired        Why = "client_certificate_expired"
	WhyTrustWithdrawn                  Why = "trust_withdrawn"
	WhyTicketsOff                      Why = "tickets_off"
	WhyPSKSelected                     Why = "psk_selected"
	WhyPSKKnown                        Why = "psk_known"
	WhyPSKUnknown                      Why = "psk_unknown"
	WhyNoCommonPSKMode                 Why = "no_common_psk_mode"
	WhyTicketUsed                      Why = "ticket_used"
	WhyStoreTooYoung                   Why = "store_too_young"
	WhySessionOtherClientCertificate   Why = "session_other_client_certificate"
	WhyIdentitiesPassedOver            Why = "identities_passed_over"
	WhyAccepted                        Why = "accepted"
	WhyServerTookIt                    Why = "server_took_it"
	WhyServerPassedOver                Why = "server_passed_over"
	WhyEarlyDataOff                    Why = "early_data_off"
	WhyEarlyDataWithoutTicket          Why = "early_data_without_ticket"
	WhyEarlyDataNotInTicket            Why = "early_data_not_in_ticket"
	WhyEarlyDataAndRetry               Why = "early_data_and_retry"
	WhySessionOtherProtocol            Why = "session_other_protocol"
	WhyNotFresh                        Why = "not_fresh"
	WhySeenBefore                      Why = "seen_before"
)

// SecretLabels lists the Label of every Secret of an endpoint's.
func SecretLabels() []SecretLabel {
	return []SecretLabel{
		LabelServerEphemeral,
		LabelPremasterSecret,
		LabelMasterSecret,
		LabelKeyBlock,
		LabelClientWriteMACKey,
		LabelServerWriteMACKey,
		LabelClientWriteKey,
		LabelServerWriteKey,
		LabelClientWriteIV,
		LabelServerWriteIV,
		LabelClientVerifyData,
		LabelServerVerifyData,
		LabelServerKeyExchangeSignature,
		LabelCertificateVerifySignature,
		LabelClientKeyShare,
		LabelServerKeyShare,
		LabelSharedSecret,
		LabelEarlySecret,
		LabelEarlyDerived,
		LabelHandshakeSecret,
		LabelClientHandshakeTrafficSecret,
		LabelServerHandshakeTrafficSecret,
		LabelClientHandshakeKey,
		LabelClientHandshakeIV,
		LabelServerHandshakeKey,
		LabelServerHandshakeIV,
		LabelHandshakeDerived,
		LabelMainSecret,
		LabelClientApplicationTrafficSecret0,
		LabelServerApplicationTrafficSecret0,
		LabelExporterSecret,
		LabelClientApplicationKey,
		LabelClientApplicationIV,
		LabelServerApplicationKey,
		LabelServerApplicationIV,
		LabelClientFinishedKey,
		LabelServerFinishedKey,
		LabelResumptionSecret,
		LabelResumptionPSK,
		LabelClientApplicationTrafficSecretN,
		LabelServerApplicationTrafficSecretN,
		LabelBinderKey,
		LabelBinderFinishedKey,
		LabelPSKBinder,
		LabelClientEarlyTrafficSecret,
		LabelClientEarlyKey,
		LabelClientEarlyIV,
		LabelEarlyExporterSecret,
	}
}

// CheckNames lists the What of every Check.
func CheckNames() []CheckName {
	return []CheckName{
		CheckCertificateChain,
		CheckServerKeyExchangeSignature,
		CheckCertificateVerifySignature,
		CheckFinished,
		CheckCookie,
		CheckCertificateCompression,
		CheckPSKBinder,
		CheckConnection,
	}
}

// DecisionNames lists the What of every Decision, each with every Why that can go with it.
func DecisionNames() map[DecisionName][]Why {
	return map[DecisionName][]Why{
		DecisionVersion:                {WhyOnlyVersion, WhyHighestCommon, WhyServerChoice, WhySupportedVersions},
		DecisionCipherSuite:            {WhyServerChoice, WhyServerPreference, WhyClientPreference, WhyClientPutsChaChaFirst, WhySuiteOfKey},
		DecisionGroup:                  {WhyServerPreference, WhyClientSilent, WhySharedShare, WhyHelloRetry},
		DecisionHelloRetry:             {WhyNoShare, WhyCookieWanted},
		DecisionTranscript:             {WhyMessageHash},
		DecisionCompatibilityMode:      {WhySessionIDEchoed, WhySessionIDEmpty},
		DecisionCertificateCompression: {WhyPeerTakesIt},
		DecisionRecordSizeLimit:        {WhyBothWantLimit},
		DecisionSessionTicket:          {WhyKept, WhyNotKeptNoStore},
		DecisionKeyUpdate:              {WhyRequested, WhyAnswered, WhyOwnWish, WhyKeySpent},
		DecisionSignatureScheme:        {WhyFitsKey},
		DecisionPSKMode:                {WhyForwardSecrecy},
		DecisionFalseStart:             {WhyECDHEAndAEAD, WhyLastWordDue, WhyNotECDHE, WhyNotAEAD},
		DecisionALPN:                   {WhyServerPreference},
		DecisionExtendedMasterSecret:   {WhyBothWantEMS, WhyNoEMS, WhySessionWithEMS, WhySessionWithoutEMS},
		DecisionSecureRenegotiation:    {WhySignalled, WhyNotSignalled},
		DecisionClientCertificate:      {WhyFitsRequest, WhyNothingFitsRequest, WhyCallerGaveNone, WhyOptional},
		DecisionTrust:                  {WhySkipVerify},
		DecisionResumption:             {WhySessionKept, WhyServerEchoedID, WhyTicketOpened, WhySessionIDKnown, WhySessionUnknown, WhyTicketUnreadable, WhySessionUnreadable, WhyStoreFailed, WhySessionExpired, WhySessionOtherName, WhySessionOtherEMS, WhySessionOtherSuite, WhySessionOtherVersion, WhySessionWithoutClientCertificate, WhySessionWithClientCertificate, WhyClientCertificateExpired, WhyTrustWithdrawn, WhyTicketsOff, WhyPSKSelected, WhyPSKKnown, WhyPSKUnknown, WhyNoCommonPSKMode, WhyTicketUsed, WhyStoreTooYoung, WhySessionOtherClientCertificate, WhyIdentitiesPassedOver},
		DecisionEarlyData:              {WhyAccepted, WhyServerTookIt, WhyServerPassedOver, WhyEarlyDataOff, WhyEarlyDataWithoutTicket, WhyEarlyDataNotInTicket, WhyEarlyDataAndRetry, WhySessionOtherSuite, WhySessionOtherProtocol, WhyNotFresh, WhySeenBefore, WhyStoreFailed, WhyStoreTooYoung},
	}
}
