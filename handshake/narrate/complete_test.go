package narrate

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/message"
	"tlslab/handshake/mitm"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/replay"
	"tlslab/handshake/scenario"
	"tlslab/handshake/starttls"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
	"tlslab/pki"
	"tlslab/pki/der"
)

// TestComplete holds, of every kind, that each key which can be emitted has an entry
// and that no entry waits for a key which nothing emits. What the lessons emit is
// not a list but seen; where code has a list it is asked. The labels of the page
// are render's, which tests them.
func TestComplete(t *testing.T) {
	want := listed()
	for _, events := range play(t) {
		c := new(Context)
		for _, e := range events {
			see(e, c, func(k Kind, key string) { want[k] = append(want[k], key) })
		}
	}
	for _, events := range recordings(t) {
		c := new(Context)
		for _, e := range events {
			see(e, c, func(k Kind, key string) { want[k] = append(want[k], key) })
		}
	}
	for _, e := range oddities() {
		want[Captions] = append(want[Captions], Caption(e, new(Context)).keys(Captions)...)
	}
	for _, events := range stories(t) {
		s := Summarize(events)
		for _, part := range []Sentence{s.Happened, s.Readers, s.WhatIf} {
			want[Summaries] = append(want[Summaries], part.keys(Summaries)...)
		}
	}
	for _, events := range play(t) {
		x, _ := CompareExchanges(flowsOf(events))
		for _, part := range []Sentence{x.Title, x.Happened, x.Readers, x.WhatIf} {
			want[Summaries] = append(want[Summaries], part.keys(Summaries)...)
		}
	}
	for _, v := range explained(t) {
		want[Input] = append(want[Input], InputKey(v))
	}
	for _, k := range Kinds() {
		if k == UI || k == Hint || k == Lab || k == Predict || k == Recording { // the command's tables, the lab, predict's questions and the verb explain ask for these, and they are tested there
			continue
		}
		if k == Short { // not each needs one
			for _, key := range want[Move] {
				if has(Short, key) {
					want[k] = append(want[k], key)
				}
			}
			for _, key := range want[Myth] {
				if has(Short, "myth/"+key) {
					want[k] = append(want[k], "myth/"+key)
				}
			}
		}
		keys := slices.Compact(slices.Sorted(slices.Values(want[k])))
		for _, l := range Langs() {
			for _, key := range keys {
				if _, ok := Get(l, k, key); !ok {
					t.Errorf("%s has no %s %q", l, k, key)
				}
			}
		}
		for _, key := range Keys(k) {
			if !slices.Contains(keys, key) {
				t.Errorf("%s %q is an orphan: nothing emits it", k, key)
			}
		}
	}
}

// texts are words as they are written.
func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}

// listed is what the packages say that they can emit.
func listed() map[Kind][]string {
	want := map[Kind][]string{
		Secret: texts(slices.Concat(event.SecretLabels(), explain.SecretLabels())), Check: texts(event.CheckNames()), Step: suite.StepNames(),
		Scene: slices.Concat(texts(scenario.SceneKeys()), texts(replay.SceneKeys()), texts(explain.SceneKeys()), texts(starttls.SceneKeys()), []string{"flow/proxy_both", "flow/proxy_to_client", "flow/proxy_no_keys", "flow/live", string(event.SceneUnkept), string((&mitm.ClientConnects{}).Entry())}), Input: pki.InputNames(),
	}
	add := func(k Kind, key string) { want[k] = append(want[k], key) }
	add(Move, MoveKey(&event.Message{Meta: event.Meta{Move: "client/send/client_hello"}, Kind: message.KindClientHello, Msg: new(message.ClientHello), QUIC: true}, new(Context)))
	hidden := new(message.ClientHello)
	hidden.Extensions.Add(&message.SupportedVersions{Versions: []iana.Version{iana.TLS13}}, &message.Raw{ExtType: iana.ExtEncryptedClientHello})
	for _, move := range []string{"client/send/client_hello", "server/recv/client_hello"} {
		add(Move, MoveKey(&event.Message{Meta: event.Meta{Move: move}, Kind: message.KindClientHello, Msg: hidden}, new(Context)))
	}
	for _, r := range []event.Role{event.Client, event.Server} {
		for _, m := range handshake.Moves(r) {
			add(Move, m.String())
			if m.When != "" {
				add(Guard, string(m.When))
			}
			if m.In == event.Connected && m.Msg == message.KindClientHello {
				add(Move, MoveKey(&event.Message{Meta: event.Meta{State: m.In, Move: m.String()}, Kind: m.Msg}, new(Context)))
			}
			if m.Version == iana.TLS12 && m.Msg == message.KindNewSessionTicket {
				add(Move, MoveKey(&event.Message{Meta: event.Meta{State: m.In, Move: m.String()}, Kind: m.Msg, Msg: new(message.NewSessionTicket12)}, new(Context)))
			}
		}
	}
	for _, e := range variants() {
		add(Secret, SecretKey(e))
	}
	for _, path := range message.FieldPaths() {
		for _, e := range spoken() {
			add(Field, FieldKey(path, e))
		}
	}
	for _, key := range der.FieldKeys() {
		if key = CertFieldKey(wire.Field{Name: key}); key != undescribed { // else the key has no entry, and TestEveryCertFieldHasWords says so
			add(Cert, key)
		}
	}
	add(Cert, undescribed)
	for _, path := range record.FieldPaths() {
		add(Field, path)
	}
	for _, key := range pki.CheckKeys() {
		add(Check, ChainKey(key))
	}
	for _, key := range pki.NoteKeys() {
		add(Check, NoteKey(key))
	}
	for _, a := range pki.Absences() {
		add(Check, AbsentKey(a))
	}
	for _, r := range reason.All() {
		add(Reason, r.String())
	}
	for _, k := range strangerKinds {
		add(Reason, reason.NotTLS.String()+"+"+k.kind)
	}
	for r, causes := range pki.Causes() {
		for _, cause := range causes {
			add(Reason, r.String()+"+"+cause)
		}
	}
	for what, whys := range event.DecisionNames() {
		add(Decision, string(what))
		for _, why := range whys {
			add(Decision, DecidedKey(&event.Decision{What: what, Why: why}))
			add(Decision, DecisionKey(&event.Decision{What: what, Why: why}))
		}
	}
	for n := range 256 {
		if name := iana.AlertDescription(n).String(); !strings.HasPrefix(name, "0x") {
			add(Alert, name)
		}
	}
	for s := event.Start; s <= event.Failed; s++ {
		add(State, s.String())
	}
	for o := event.OpAsymmetric; o <= event.OpRandom; o++ {
		add(Op, o.String())
	}
	for _, m := range moments {
		add(Myth, m.myth)
	}
	return want
}

// spoken is a message for each way in which FieldKey tells the versions apart.
func spoken() []*event.Message {
	hello := &message.ClientHello{}
	hello.Extensions.List = []message.Extension{&message.SupportedVersions{Versions: []iana.Version{iana.TLS13, iana.TLS12}}}
	return []*event.Message{
		{Msg: &message.ClientHello{}},
		{Msg: hello},
		{Msg: hello, QUIC: true},
		{Meta: event.Meta{Move: "server/send/finished" + tls13}},
	}
}

// variants is one secret of TLS 1.3 for each way in which SecretKey tells them apart.
func variants() []*event.Secret {
	out := []*event.Secret{
		{Label: event.LabelSharedSecret, Group: event.Group{ID: iana.GroupPrivate, Name: "a student's own"}},
		{Label: event.LabelClientVerifyData, Version: iana.TLS13},
		{Label: event.LabelServerVerifyData, Version: iana.TLS13},
		{Label: event.LabelCertificateVerifySignature, Version: iana.TLS13},
		{Label: event.LabelClientKeyShare, Meta: event.Meta{Move: "client/send/client_hello/tls13"}},
	}
	for _, g := range slices.Concat(kx.All(), private.Groups()) {
		out = append(out, &event.Secret{Label: event.LabelSharedSecret, Group: event.GroupOf(g)})
	}
	return out
}

// see tells of every key that an event carries.
func see(e event.Event, c *Context, add func(Kind, string)) {
	if p := e.Head().Party; p != "" {
		add(Party, p)
	}
	if key := MoveKey(e, c); key != "" {
		add(Move, key)
	}
	for _, key := range Caption(e, c).keys(Captions) {
		add(Captions, key)
	}
	switch e := e.(type) {
	case *event.Message:
		for _, f := range e.Fields {
			add(Field, FieldKeyOf(f, e))
		}
	case *event.Record:
		inner := slices.ContainsFunc(e.Steps, func(s suite.Step) bool { return s.Name == suite.StepContentType })
		for _, s := range e.Steps {
			add(Step, StepKey(s.Name, inner))
		}
		_, opened := e.Opened()
		for _, f := range append(e.Fields(), opened...) {
			add(Field, RecordFieldKey(f, e))
		}
	case *event.Secret:
		add(Secret, SecretKey(e))
		for _, v := range e.Inputs {
			add(Input, InputKey(v.Name))
		}
	case *event.Check:
		add(Check, string(e.What))
		for _, v := range e.Inputs {
			add(Input, InputKey(v.Name))
		}
		if e.Report == nil {
			break
		}
		for _, p := range e.Report.Paths {
			for _, check := range p.Checks {
				add(Check, ChainKey(check.Key))
				for _, in := range check.Inputs {
					add(Input, in.Name)
				}
			}
		}
	case *event.Decision:
		add(Decision, DecidedKey(e))
		add(Decision, DecisionKey(e))
	case *event.Alert:
		add(Alert, e.Description.String())
		if e.Err != nil {
			add(Reason, reason.Of(e.Err).String())
		}
	case event.Scene:
		add(Scene, EntryOf(e))
		for _, v := range e.Values() {
			if k, ok := v.Value.(scenario.Knowledge); ok {
				add(Party, k.Party)
			}
		}
	}
}

// explained is what the key exchanges tell of themselves.
func explained(t *testing.T) (names []string) {
	tell := func(x any) {
		if e, ok := x.(kx.Explainer); ok {
			for _, v := range e.Explain() {
				names = append(names, v.Name)
			}
		}
	}
	for _, g := range kx.All() {
		o, err := g.Offer(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		a, err := g.Answer(rand.Reader, o.Share())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Finish(a.Share()); err != nil {
			t.Fatal(err)
		}
		tell(o)
		tell(a)
	}
	return names
}
