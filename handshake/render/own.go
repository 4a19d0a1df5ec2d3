package render

import (
	"bytes"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/message"
)

// What a student brings: a group that no registry names, and, while it is not finished,
// two ends that do not come to the same secret.

// disagreement says that the two ends of a connection have come to different secrets,
// where s is the second of them; "" if they have not. It is to be asked of every secret,
// once.
func (t *Terminal) disagreement(s *event.Secret) string {
	if s.Label != event.LabelSharedSecret && s.Label != event.LabelPremasterSecret {
		return ""
	}
	of := agreement{s.Conn, string(s.Label)}
	first := t.flow.agreed[of]
	if first == nil || first.Party == s.Party {
		t.flow.agreed[of] = s
		return ""
	}
	if bytes.Equal(first.Value, s.Value) {
		return ""
	}
	a, b := t.apart(first.Value, s.Value)
	line := t.say.ui("secrets_differ", "secrets", t.say.party(first.Party)+" "+a+t.say.comma()+t.say.party(s.Party)+" "+b)
	_, group, exchange := strings.Cut(s.Method, " ") // "ECDHE toy32": of TLS 1.2; RSA has no group
	if of.label == "shared_secret" || exchange && group != "" {
		if !t.flow.altered[s.Conn] { // each end had what the other sent, so it is the group
			line += t.say.stop() + t.say.ui("secrets_differ_group")
		}
	}
	return line + strings.TrimSpace(t.say.stop())
}

// apart writes two values as shortly as shows that they differ.
func (t *Terminal) apart(a, b []byte) (string, string) {
	for _, show := range []func([]byte) string{t.start, t.bytes} {
		if x, y := show(a), show(b); x != y {
			return x, y
		}
	}
	return text(a), text(b)
}

// learnGroups takes from a move what a group is called that the registry has no name
// for: the share in the message is the one that was computed.
func (t *Terminal) learnGroups(g []event.Event) {
	for _, e := range g {
		m, ok := e.(*event.Message)
		if !ok {
			continue
		}
		for id, share := range sharesOf(m) {
			for _, e := range g {
				if s, ok := e.(*event.Secret); ok && strings.HasSuffix(string(s.Label), "_key_share") && bytes.Equal(s.Value, share) {
					t.learnGroup(id, s.Method)
				}
			}
		}
	}
}

// sharesOf are the key shares in a hello, by group.
func sharesOf(m *event.Message) map[iana.Group][]byte {
	shares := map[iana.Group][]byte{}
	switch hello := m.Msg.(type) {
	case *message.ClientHello:
		if x, ok := message.Get[*message.KeyShareClient](&hello.Extensions); ok {
			for _, s := range x.Shares {
				shares[s.Group] = s.Share
			}
		}
	case *message.ServerHello:
		if x, ok := message.Get[*message.KeyShareServer](&hello.Extensions); ok {
			shares[x.Entry.Group] = x.Entry.Share
		}
	}
	return shares
}

// learnGroup takes a name for a number that has none.
func (t *Terminal) learnGroup(id iana.Group, name string) {
	if number := id.String(); strings.HasPrefix(number, "0x") && name != number {
		t.own[id] = name
	}
}

// plain is text, with the names of groups that the run has told of, and names beyond ASCII
// in both forms.
func (t *Terminal) plain(v any) string {
	switch v := v.(type) {
	case iana.Group:
		if name, ok := t.own[v]; ok && groupName(v) == v.String() {
			return t.say.aside(name, v.String())
		}
	case []iana.Group:
		names := make([]string, len(v))
		for i, g := range v {
			names[i] = t.plain(g)
		}
		return strings.Join(names, ", ")
	}
	return idn.BothForms(text(v))
}
