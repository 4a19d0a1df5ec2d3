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
	s := event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: e.summary.Suite.Hash.String(), Tag: "master secret"}
	secret := event.Private("premaster_secret", pre, event.LabelPremasterSecret)
	if k.ems {
		s.Tag = "extended master secret"
		e.secret(s, k.master[:], secret, event.Public("session_hash", sessionHash))
	} else {
		e.secret(s, k.master[:], secret, event.Public("client_random", k.clientRandom[:]), event.Public("server_random", k.serverRandom[:]))
	}
}

// tellSession tells of the master secret that a session has brought.
func (k *keys12) tellSession(e *Endpoint) {
	e.secret(event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionSession, Method: "session"}, k.master[:])
}

// tellKeys tells of the key block and its parts. It is a function of its own because what it
// builds would else take room on the stack of callers that do not need it.
func (k *keys12) tellKeys(e *Endpoint) {
	e.secret(event.Secret{Label: event.LabelKeyBlock, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: e.summary.Suite.Hash.String(), Tag: "key expansion"}, k.block.Raw,
		event.Private("master_secret", k.master[:], event.LabelMasterSecret), event.Public("server_random", k.serverRandom[:]), event.Public("client_random", k.clientRandom[:]))
	at := 0
	for _, p := range []struct {
		label event.SecretLabel
		value []byte
	}{{event.LabelClientWriteMACKey, k.block.ClientMAC}, {event.LabelServerWriteMACKey, k.block.ServerMAC},
		{event.LabelClientWriteKey, k.block.ClientKey}, {event.LabelServerWriteKey, k.block.ServerKey},
		{event.LabelClientWriteIV, k.block.ClientIV}, {event.LabelServerWriteIV, k.block.ServerIV}} {
		if len(p.value) > 0 {
			e.secret(event.Secret{Label: p.label, Op: event.OpNone, Function: event.FunctionPart, Off: at,
				Method: fmt.Sprintf("key_block[%d:%d]", at, at+len(p.value))},
				p.value, event.Private("key_block", k.block.Raw, event.LabelKeyBlock))
		}
		at += len(p.value)
	}
}

// tellPreMaster tells how the premaster secret came about.
func (e *Endpoint) tellPreMaster(x kx.Exchange, pre []byte, values []event.Input) {
	method := fmt.Sprint(x.Kx())
	if g := e.summary.Group; g != 0 {
		method += " " + e.groupName(g)
	}
	e.secret(event.Secret{Label: event.LabelPremasterSecret, Exchange: x.Kx(), Group: e.groupOf(e.summary.Group), Method: method, Op: event.OpAsymmetric}, pre, values...)
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

// expected is the value that a check compares with: one that was computed here, and told under
// a label.
func expected(want []byte, told event.SecretLabel) event.Input {
	return event.Input{Value: kx.Value{Name: "expected", Bytes: want}, From: told}
}
