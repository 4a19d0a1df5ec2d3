package handshake

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/kx"
)

// traceSecrets are the event.Secrets of an endpoint, by label.
type traceSecrets struct {
	heard map[event.SecretLabel][]*event.Secret
}

// traceSecret is a secret as a trace has it.
type traceSecret struct {
	at     string
	label  event.SecretLabel // of the event.Secret
	inputs []kx.Value
	value  []byte
}

// compare demands that every secret in the trace was told, once, with the trace's
// inputs and value; and that no secret was told that is not in it, but for the
// signature, which the records show.
func (s *traceSecrets) compare(t *testing.T, tr *trace, role event.Role) {
	t.Helper()
	in := map[event.SecretLabel]bool{event.LabelCertificateVerifySignature: true}
	for _, step := range tr.steps {
		for _, want := range step.secrets(t, role) {
			in[want.label] = true
			heard := s.heard[want.label]
			if strings.HasSuffix(string(want.label), "_key_share") && len(heard) > 1 { // one a group
				for _, e := range heard {
					if bytes.Equal(e.Value, want.value) {
						heard = []*event.Secret{e}
					}
				}
			}
			if len(heard) != 1 {
				t.Errorf("%s: %s was told %d times", want.at, want.label, len(heard))
				continue
			}
			want.same(t, heard[0])
		}
	}
	for label := range s.heard {
		if !in[label] {
			t.Errorf("%s: %s was told and is not in the trace", tr.name, label)
		}
	}
}

func (want *traceSecret) same(t *testing.T, got *event.Secret) {
	t.Helper()
	if !bytes.Equal(got.Value, want.value) {
		t.Errorf("%s: %s is %x, in the trace %x", want.at, want.label, got.Value, want.value)
	}
	for _, w := range want.inputs {
		var found bool
		for _, g := range got.Inputs {
			if g.Name != w.Name {
				continue
			}
			if found = true; !bytes.Equal(g.Bytes, w.Bytes) {
				t.Errorf("%s: %s of %s is %x, in the trace %x", want.at, w.Name, want.label, g.Bytes, w.Bytes)
			}
		}
		if !found {
			t.Errorf("%s: %s was told without %s", want.at, want.label, w.Name)
		}
	}
}

// traceLabels names what HKDF-Expand-Label's label makes.
var traceLabels = map[string]event.SecretLabel{
	"tls13 c hs traffic": event.LabelClientHandshakeTrafficSecret,
	"tls13 s hs traffic": event.LabelServerHandshakeTrafficSecret,
	"tls13 c ap traffic": event.LabelClientApplicationTrafficSecret0,
	"tls13 s ap traffic": event.LabelServerApplicationTrafficSecret0,
	"tls13 exp master":   event.LabelExporterSecret,
	"tls13 res master":   event.LabelResumptionSecret,
	"tls13 resumption":   event.LabelResumptionPSK,
	"tls13 c e traffic":  event.LabelClientEarlyTrafficSecret,
	"tls13 e exp master": event.LabelEarlyExporterSecret,
}

// secrets lists what a step tells of secrets that an endpoint of a role knows. A step
// that is "the same as" another has no values and no secrets.
func (s *traceStep) secrets(t *testing.T, role event.Role) []traceSecret {
	t.Helper()
	if len(s.values) == 0 {
		return nil
	}
	label, _ := s.label()
	get := func(name string) []byte { return s.get(t, name) }
	secret := func(label event.SecretLabel, value []byte, inputs ...kx.Value) traceSecret {
		return traceSecret{s.at, label, inputs, value}
	}
	expanded := func(name event.SecretLabel, prefix string) traceSecret {
		context := kx.Value{Name: "context", Bytes: s.values["hash"]}
		switch {
		case label == "tls13 resumption":
			context.Name = "ticket_nonce"
		case len(context.Bytes) == sha256.Size:
			context.Name = "transcript_hash"
		}
		return secret(name, get(prefix+"expanded"), kx.Value{Name: "secret", Bytes: get("PRK")}, context,
			kx.Value{Name: "hkdf_label", Bytes: get(prefix + "info")})
	}
	extracted := func(label event.SecretLabel) traceSecret {
		return secret(label, get("secret"), kx.Value{Name: "salt", Bytes: get("salt")}, kx.Value{Name: "ikm", Bytes: get("IKM")})
	}
	writer := s.party
	if strings.HasPrefix(s.title, "derive read ") {
		writer = map[string]string{"client": "server", "server": "client"}[s.party]
	}
	switch title := s.title; {
	case strings.HasPrefix(title, "create an ephemeral "):
		if s.party != role.String() { // the other's private key is the other's
			return nil
		}
		return []traceSecret{secret(event.SecretLabel(s.party+"_key_share"), get("public key"))}
	case title == `extract secret "early"`:
		return []traceSecret{extracted(event.LabelEarlySecret)}
	case title == `extract secret "handshake"`:
		return []traceSecret{secret(event.LabelSharedSecret, get("IKM")), extracted(event.LabelHandshakeSecret)}
	case title == `extract secret "master"`:
		return []traceSecret{extracted(event.LabelMainSecret)}
	case title == `derive secret for handshake "tls13 derived"`:
		return []traceSecret{expanded(event.LabelEarlyDerived, "")}
	case title == `derive secret for master "tls13 derived"`:
		return []traceSecret{expanded(event.LabelHandshakeDerived, "")}
	case strings.HasSuffix(title, " traffic keys for handshake data"):
		return []traceSecret{expanded(event.SecretLabel(writer+"_handshake_key"), "key "), expanded(event.SecretLabel(writer+"_handshake_iv"), "iv ")}
	case strings.HasSuffix(title, " traffic keys for early application data"):
		return []traceSecret{expanded(event.LabelClientEarlyKey, "key "), expanded(event.LabelClientEarlyIV, "iv ")}
	case title == "calculate PSK binder":
		return []traceSecret{secret(event.LabelBinderKey, get("PRK")), expanded(event.LabelBinderFinishedKey, ""),
			secret(event.LabelPSKBinder, get("finished"), kx.Value{Name: "finished_key", Bytes: get("expanded")}, kx.Value{Name: "transcript_hash", Bytes: get("binder hash")})}
	case strings.HasSuffix(title, " traffic keys for application data"):
		return []traceSecret{expanded(event.SecretLabel(writer+"_application_key"), "key "), expanded(event.SecretLabel(writer+"_application_iv"), "iv ")}
	case title == `calculate finished "tls13 finished"`:
		return []traceSecret{expanded(event.SecretLabel(s.party+"_finished_key"), ""),
			secret(event.SecretLabel(s.party+"_verify_data"), get("finished"), kx.Value{Name: "finished_key", Bytes: get("expanded")})}
	case traceLabels[label] != "":
		return []traceSecret{expanded(traceLabels[label], "")}
	}
	for name := range s.values {
		switch name {
		case "PRK", "secret", "private key", "expanded", "finished":
			t.Errorf("%s: nobody compares %q", s.at, name)
		}
	}
	return nil
}
