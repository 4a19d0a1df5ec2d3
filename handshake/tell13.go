package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
)

// extracted tells of an HKDF-Extract; zeros that stand for no secret are public. Call it
// only where somebody listens.
func (e *Endpoint) extracted(label event.SecretLabel, salt, ikm event.Input, value []byte) {
	e.extractedWith(e.summary.Suite.Hash.String(), label, salt, ikm, value)
}

func (e *Endpoint) extractedWith(hash string, label event.SecretLabel, salt, ikm event.Input, value []byte) {
	e.secret(event.Secret{Label: label, Version: iana.TLS13, Function: event.FunctionExtract, Method: "HKDF-Extract", Op: event.OpHash, Hash: hash},
		value, salt, ikm)
}

// expanded tells of an HKDF-Expand-Label of the secret told as from. A context as long as the hash is a hash: of
// the transcript, or of nothing. Call it only where somebody listens.
func (e *Endpoint) expanded(label event.SecretLabel, tag string, from event.SecretLabel, secret, context, value []byte) {
	name := "context"
	if len(context) == e.summary.Suite.Hash.Size() {
		name = "transcript_hash"
	}
	e.expandedWith(e.summary.Suite.Hash.String(), label, tag, from, secret, context, name, value)
}

func (e *Endpoint) expandedWith(hash string, label event.SecretLabel, tag string, from event.SecretLabel, secret, context []byte, contextName string, value []byte) {
	t := e.told()
	t.label = keyschedule.AppendHkdfLabel(t.label[:0], tag, context, len(value)) // secret copies it
	e.secret(event.Secret{Label: label, Version: iana.TLS13, Function: event.FunctionExpandLabel, Method: "HKDF-Expand-Label", Op: event.OpHash, Hash: hash, Tag: tag}, value,
		event.Private("secret", secret, from), event.Public(contextName, context), event.Public("hkdf_label", t.label))
}

// trafficLabel is the label of the traffic secret that the keys k come from, in direction d.
func (e *Endpoint) trafficLabel(d event.Direction, k event.Keys) event.SecretLabel {
	labels := e.sender(d).Labels()
	if k == event.ApplicationKeys && e.traffic != nil && e.traffic.updated[d] {
		return labels.NextTraffic
	}
	return labels.Traffic[k]
}
