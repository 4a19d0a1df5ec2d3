package scenario

import (
	"crypto/x509"
	"fmt"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm"
	"tlslab/pki"
)

// The keys of a lesson's scenes; an interceptor's own are in package mitm, and those that
// every lesson begins and ends with in package event.
const (
	ScenePlainHTTP          event.SceneKey = "plain_http"
	SceneTrustStore         event.SceneKey = "trust_store"
	SceneOwnExchange        event.SceneKey = "own_exchange"
	SceneKnowledge          event.SceneKey = "knowledge"
	SceneFullVsResumed      event.SceneKey = "full_vs_resumed"
	SceneCapturedSession    event.SceneKey = "captured_session"
	SceneAttackerSilent     event.SceneKey = "attacker_silent"
	SceneReplayedSessionID  event.SceneKey = "replayed_session_id"
	SceneStolenMasterSecret event.SceneKey = "stolen_master_secret"
	SceneRecordingDecrypted event.SceneKey = "recording_decrypted"
	SceneCapturedTicket     event.SceneKey = "captured_ticket"
	SceneReplayedConnection event.SceneKey = "replayed_connection"
	SceneReplayedEarlyData  event.SceneKey = "replayed_early_data"
	SceneEarlyDataActed     event.SceneKey = "early_data_acted"
	SceneStolenPSK          event.SceneKey = "stolen_psk"
	ScenePSKTried           event.SceneKey = "psk_tried"
	SceneTicketKeyServer    event.SceneKey = "ticket_key_server"
	ScenePSKExpired         event.SceneKey = "psk_expired"
	SceneCompare            event.SceneKey = "mitm_compare"
	SceneLegs               event.SceneKey = "mitm_legs"
	SceneBeliefs            event.SceneKey = "mitm_beliefs"
	ScenePassthrough        event.SceneKey = "mitm_passthrough"
	SceneClickThrough       event.SceneKey = "click_through"
)

// SceneKeys lists the Key of every event.Scene of a lesson: narrate explains each,
// and a test holds that no lesson emits another.
func SceneKeys() []event.SceneKey {
	keys := []event.SceneKey{event.SceneFlow, event.SceneOutcome, event.SceneOnlooked, SceneTrustStore, ScenePlainHTTP, SceneKnowledge, SceneOwnExchange,
		SceneFullVsResumed, SceneCapturedSession, SceneAttackerSilent, SceneReplayedSessionID, SceneStolenMasterSecret, SceneRecordingDecrypted,
		SceneCapturedTicket, SceneReplayedConnection, SceneReplayedEarlyData, SceneEarlyDataActed, SceneStolenPSK, ScenePSKTried, SceneTicketKeyServer, ScenePSKExpired}
	for _, step := range pki.StepKeys() {
		keys = append(keys, event.IssueKey(step))
	}
	return slices.Concat(keys, mitm.SceneKeys(), []event.SceneKey{SceneCompare, SceneLegs, SceneBeliefs, ScenePassthrough, SceneClickThrough})
}

func value(name string, v any) event.Value { return event.Value{Name: name, Value: v} }

// PlainHTTP is a request and its reply without TLS, as the wire has them.
type PlainHTTP struct {
	event.Meta
	Request, Reply string
}

// Key returns ScenePlainHTTP.
func (*PlainHTTP) Key() event.SceneKey { return ScenePlainHTTP }

// Values are both.
func (p *PlainHTTP) Values() []event.Value {
	return []event.Value{value("request", p.Request), value("reply", p.Reply)}
}

// Trusts is whom the client trusts.
type Trusts struct {
	event.Meta
	Roots []*x509.Certificate
}

// Key returns SceneTrustStore.
func (*Trusts) Key() event.SceneKey { return SceneTrustStore }

// Values are the roots, one by one.
func (t *Trusts) Values() []event.Value {
	var values []event.Value
	for _, r := range t.Roots {
		values = append(values, value("root", r))
	}
	return values
}

// OwnExchange says that a key exchange is the student's own.
type OwnExchange struct {
	event.Meta
	Exchange  iana.Kx
	Ephemeral bool
}

// Key returns SceneOwnExchange.
func (*OwnExchange) Key() event.SceneKey { return SceneOwnExchange }

// Values are both.
func (o *OwnExchange) Values() []event.Value {
	return []event.Value{value("exchange", fmt.Sprint(o.Exchange)), value("ephemeral", o.Ephemeral)}
}

// OwnGroup says that a group is the student's own.
type OwnGroup struct {
	event.Meta
	Name string
	ID   iana.Group
}

// Key returns SceneOwnExchange, since both are explained by the same words.
func (*OwnGroup) Key() event.SceneKey { return SceneOwnExchange }

// Values are both.
func (o *OwnGroup) Values() []event.Value {
	return []event.Value{value("group", o.Name), value("id", fmt.Sprint(o.ID))}
}

// ClickThrough is what the user could do where the client warned of a chain.
type ClickThrough struct {
	event.Meta
	Reason error
	GoesOn bool // the client offers to go on, and the user did
}

// Key returns SceneClickThrough.
func (*ClickThrough) Key() event.SceneKey { return SceneClickThrough }

// Entry is another one where the client does not offer it.
func (c *ClickThrough) Entry() event.SceneKey {
	if !c.GoesOn {
		return SceneClickThrough.Variant("refused")
	}
	return SceneClickThrough
}

// Values are both.
func (c *ClickThrough) Values() []event.Value {
	return []event.Value{value("reason", c.Reason), value("goes_on", c.GoesOn)}
}

// Passthrough says that the middle box forwards the bytes as they are.
type Passthrough struct {
	event.Meta
	Trusted bool // its root is in the client's store nevertheless
}

// Key returns ScenePassthrough.
func (*Passthrough) Key() event.SceneKey { return ScenePassthrough }

// Entry is another one where the client trusts the box.
func (p *Passthrough) Entry() event.SceneKey {
	if p.Trusted {
		return ScenePassthrough.Variant("trusted")
	}
	return ScenePassthrough
}

// Values are whether it is trusted.
func (p *Passthrough) Values() []event.Value { return []event.Value{value("trusted", p.Trusted)} }
