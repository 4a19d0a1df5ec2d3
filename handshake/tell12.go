package handshake

import (
	"fmt"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
)

// tellMaster is apart for the reason that tellKeys has.
func (k *keys12) tellMaster(e *Endpoint, pre, sessionHash []byte) {
	s := event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: e.summary.Suite.Hash.String(), Tag: "master secret",
		Inputs: []event.Input{event.Private("premaster_secret", pre, event.LabelPremasterSecret)}, Value: k.master[:]}
	if k.ems {
		s.Tag, s.Inputs = "extended master secret", append(s.Inputs, event.Public("session_hash", sessionHash))
	} else {
		s.Inputs = append(s.Inputs, event.Public("client_random", k.clientRandom[:]), event.Public("server_random", k.serverRandom[:]))
	}
	e.secret(s)
}

// tellSession tells of the master secret that a session has brought.
func (k *keys12) tellSession(e *Endpoint) {
	e.secret(event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionSession, Method: "session", Value: k.master[:]})
}

// tellKeys tells of the key block and its parts. It is a function of its own because what it
// builds would else take room on the stack of callers that do not need it.
func (k *keys12) tellKeys(e *Endpoint) {
	e.secret(event.Secret{Label: event.LabelKeyBlock, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: e.summary.Suite.Hash.String(), Tag: "key expansion",
		Inputs: []event.Input{event.Private("master_secret", k.master[:], event.LabelMasterSecret),
			event.Public("server_random", k.serverRandom[:]), event.Public("client_random", k.clientRandom[:])},
		Value: k.block.Raw})
	at := 0
	for _, p := range []struct {
		label event.SecretLabel
		value []byte
	}{{event.LabelClientWriteMACKey, k.block.ClientMAC}, {event.LabelServerWriteMACKey, k.block.ServerMAC},
		{event.LabelClientWriteKey, k.block.ClientKey}, {event.LabelServerWriteKey, k.block.ServerKey},
		{event.LabelClientWriteIV, k.block.ClientIV}, {event.LabelServerWriteIV, k.block.ServerIV}} {
		if len(p.value) > 0 {
			e.secret(event.Secret{Label: p.label, Op: event.OpNone, Function: event.FunctionPart, Off: at,
				Method: fmt.Sprintf("key_block[%d:%d]", at, at+len(p.value)), Value: p.value,
				Inputs: []event.Input{event.Private("key_block", k.block.Raw, event.LabelKeyBlock)}})
		}
		at += len(p.value)
	}
}

// preMasterEvent tells how the premaster secret came about.
func (e *Endpoint) preMasterEvent(x kx.Exchange, pre []byte, values []event.Input) event.Secret {
	method := fmt.Sprint(x.Kx())
	if g := e.summary.Group; g != 0 {
		method += " " + e.groupName(g)
	}
	return event.Secret{Label: event.LabelPremasterSecret, Exchange: x.Kx(), Group: e.groupOf(e.summary.Group), Method: method, Op: event.OpAsymmetric, Inputs: values, Value: pre}
}

// groupName prefers the name that the group gives itself: a student's own has no other.
func (e *Endpoint) groupName(id iana.Group) string {
	for _, g := range e.cfg.groups() {
		if g.ID() == id {
			return g.Name()
		}
	}
	return id.String()
}

// signatureLabel is the label of a signature made for a message of a kind.
func signatureLabel(in message.Kind) event.SecretLabel {
	if in == message.KindServerKeyExchange {
		return event.LabelServerKeyExchangeSignature
	}
	return event.LabelCertificateVerifySignature
}

// signatureCheck is the name of the check of such a signature.
func signatureCheck(in message.Kind) event.CheckName {
	if in == message.KindServerKeyExchange {
		return event.CheckServerKeyExchangeSignature
	}
	return event.CheckCertificateVerifySignature
}

// compared are what a check compares: the value that was computed here, and told under a
// label, and the one that came.
func compared(want []byte, told event.SecretLabel, got []byte) []event.Input {
	in := []event.Input{event.Public("expected", want), event.Public("received", got)}
	in[0].From = told
	return in
}
