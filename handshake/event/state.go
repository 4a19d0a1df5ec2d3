package event

import "fmt"

// State is where an endpoint stands. Both roles and both versions share one
// namespace; which of them a role can be in is told by its table of moves. Names are
// those of RFC 9846, appendix A, where it has one.
type State uint8

// The states. SEND_ states have a move of our own to make, WAIT_ states need one
// from the peer.
const (
	Start State = iota
	WaitServerHello
	WaitCertificate
	WaitCertificateStatus
	WaitServerKeyExchange
	WaitCertificateRequest
	WaitServerHelloDone
	SendCertificate
	SendClientKeyExchange
	SendCertificateVerify
	SendChangeCipherSpec
	SendFinished
	WaitNewSessionTicket
	WaitChangeCipherSpec
	WaitFinished
	Connected

	SendServerHello
	SendCertificateStatus
	SendServerKeyExchange
	SendCertificateRequest
	SendServerHelloDone
	WaitClientKeyExchange
	WaitCertificateVerify
	SendNewSessionTicket

	WaitEncryptedExtensions // TLS 1.3's from here on
	WaitCertificateOrRequest
	SendSecondClientHello
	WaitSecondClientHello
	SendEncryptedExtensions
	SendEarlyChangeCipherSpec
	SendEndOfEarlyData
	WaitEndOfEarlyData

	Failed
)

var states = [...]struct {
	name        string
	read, write DataKind
}{
	Start:                     {name: "START"},
	WaitServerHello:           {name: "WAIT_SH"},
	WaitCertificate:           {name: "WAIT_CERT"},
	WaitCertificateStatus:     {name: "WAIT_STATUS"},
	WaitServerKeyExchange:     {name: "WAIT_SKE"},
	WaitCertificateRequest:    {name: "WAIT_CR"},
	WaitServerHelloDone:       {name: "WAIT_SHD"},
	SendCertificate:           {name: "SEND_CERT"},
	SendClientKeyExchange:     {name: "SEND_CKE"},
	SendCertificateVerify:     {name: "SEND_CV"},
	SendChangeCipherSpec:      {name: "SEND_CCS"},
	SendFinished:              {name: "SEND_FINISHED"},
	WaitNewSessionTicket:      {name: "WAIT_TICKET"},
	WaitChangeCipherSpec:      {name: "WAIT_CCS"},
	WaitFinished:              {name: "WAIT_FINISHED"},
	Connected:                 {"CONNECTED", ApplicationData, ApplicationData},
	SendServerHello:           {name: "SEND_SH"},
	SendCertificateStatus:     {name: "SEND_STATUS"},
	SendServerKeyExchange:     {name: "SEND_SKE"},
	SendCertificateRequest:    {name: "SEND_CR"},
	SendServerHelloDone:       {name: "SEND_SHD"},
	WaitClientKeyExchange:     {name: "WAIT_CKE"},
	WaitCertificateVerify:     {name: "WAIT_CV"},
	SendNewSessionTicket:      {name: "SEND_TICKET"},
	WaitEncryptedExtensions:   {name: "WAIT_EE"},
	WaitCertificateOrRequest:  {name: "WAIT_CERT_CR"},
	SendSecondClientHello:     {name: "SEND_CH2"},
	WaitSecondClientHello:     {name: "WAIT_CH2"},
	SendEncryptedExtensions:   {name: "SEND_EE"},
	SendEarlyChangeCipherSpec: {name: "SEND_EARLY_CCS"},
	SendEndOfEarlyData:        {name: "SEND_EOED"},
	WaitEndOfEarlyData:        {"WAIT_EOED", EarlyData, ApplicationData}, // its own keys are the last ones already
	Failed:                    {name: "FAILED"},
}

// String returns the state's name in capitals, "WAIT_SH"; "0xc8" for a number that is no
// state's.
func (s State) String() string {
	if int(s) >= len(states) {
		return fmt.Sprintf("0x%02x", uint8(s))
	}
	return states[s].name
}

// DataKind is what application data may travel in a state.
type DataKind uint8

// The kinds of data.
const (
	NoData DataKind = iota
	EarlyData
	ApplicationData
)

// MayRead is the kind of data the peer may send in s.
func (s State) MayRead() DataKind {
	if int(s) >= len(states) {
		return NoData
	}
	return states[s].read
}

// MayWrite is the kind of data that may be sent in s.
func (s State) MayWrite() DataKind {
	if int(s) >= len(states) {
		return NoData
	}
	return states[s].write
}
