package render

import (
	"bytes"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/render/sheet"
)

// What a student brings: a group that no registry names, and, while it is not finished,
// two ends that do not come to the same secret.

// disagreement says that the two ends of a connection have come to different secrets,
// where s is the second of them; "" if they have not. It is to be asked of every secret,
// once.
func (t *Pen) disagreement(s *event.Secret) string {
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
	line := t.Say.UI("secrets_differ", "secrets", t.Say.Party(first.Party)+" "+a+t.Say.Comma()+t.Say.Party(s.Party)+" "+b)
	if s.Group.ID != 0 && !t.flow.altered[s.Conn] { // each end had what the other sent, so it is the group
		line += t.Say.Stop() + t.Say.UI("secrets_differ_group")
	}
	return line + strings.TrimSpace(t.Say.Stop())
}

// apart writes two values as shortly as shows that they differ.
func (t *Pen) apart(a, b []byte) (string, string) {
	for _, show := range []func([]byte) string{t.start, t.bytes} {
		if x, y := show(a), show(b); x != y {
			return x, y
		}
	}
	return sheet.Text(a), sheet.Text(b)
}

// learnGroups takes from a move what a group is called that the registry has no name for.
func (t *Pen) learnGroups(g []event.Event) {
	for _, e := range g {
		if s, ok := e.(*event.Secret); ok && (s.Label == event.LabelClientKeyShare || s.Label == event.LabelServerKeyShare) {
			t.NameGroup(s.Group.ID, s.Group.Name)
		}
	}
}

// NameGroup takes a name for a number that has none.
func (t *Pen) NameGroup(id iana.Group, name string) {
	if number := id.String(); strings.HasPrefix(number, "0x") && name != "" && name != number {
		t.own[id] = name
	}
}

// Plain says a value whole, in one line, with the names of groups that the run has told of, and names beyond ASCII
// in both forms.
func (t *Pen) Plain(v any) string {
	switch v := v.(type) {
	case iana.Group:
		if name, ok := t.own[v]; ok && v.Called() == v.String() {
			return t.Say.Aside(name, v.String())
		}
	case []iana.Group:
		names := make([]string, len(v))
		for i, g := range v {
			names[i] = t.Plain(g)
		}
		return strings.Join(names, ", ")
	}
	return idn.BothForms(sheet.Text(v))
}
