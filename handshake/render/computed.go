package render

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// secret writes how a value came about: label, class of operation, who can know
// it, the inputs, the formula, the value, and a command that computes it again.
// next, perhaps nil, is what the same move computes after it: inputs that both have
// are listed there.
func (t *Pen) secret(s, next *event.Secret) {
	if !s.Known() && t.First("ui/secrets_shown") {
		t.Text(3, t.Say.UI("secrets_shown")+t.Say.Colon()+t.Say.Get(narrate.UI, "secrets_shown").Text, t.Paint.Dim)
	}
	secret := t.flow.secret(s)
	if s.Function == event.FunctionPart && t.o.Level != Bytes && !t.Takes() {
		t.slice(s, secret)
		return
	}
	key := narrate.SecretKey(s)
	label := t.flow.labelOf(s)
	entry := t.Say.Get(narrate.Secret, key)
	says := t.Values(entry.Text, s)
	if !t.First("secret/"+key) || !t.First("secret: "+says) {
		says = ""
	}
	f, shown := t.formula(s)
	head := t.Say.Named(narrate.Secret, key, label)
	if shown { // the input says the rest: A = aG
		head = t.Say.Aside(head, s.Method)
	}
	t.computation("   * "+head, entry.Ref, s.Op, says, t.Paint.Secret)
	listed := s.Inputs
	switch {
	case scheduled(s):
		listed = t.scheduleInputs(s)
	case next != nil && t.o.Level != Bytes && !t.Takes() && slices.EqualFunc(s.Inputs, next.Inputs, sameValue):
		listed = nil
	case joined(s) != "":
		listed = apart(s)
	}
	t.inputs(listed, func(name string) string { return name }) // the formula has these names
	if shown = shown && listed != nil; f != "" && !shown {
		t.Hang("       = ", 9, f, nil)
	}
	if mark, paint := t.mark(secret); !shown {
		t.Hang("       = ", 9, t.bytes(s.Value)+mark, paint)
		t.flow.shown[string(s.Value)] = true
	}
	if t.flow.label[string(s.Value)] == "" {
		t.flow.label[string(s.Value)] = label
	}
	t.recompute(s)
}

// slice is a part of the key block. It needs no explanation of its own: name, where it is
// cut, which says how long it is, and the value.
func (t *Pen) slice(s *event.Secret, secret bool) {
	const at, few = 48, 8
	mark, paint := t.mark(secret)
	value := t.fit(s.Value, t.Width-at-sheet.Width(mark)) // blank on a worksheet
	if _, hidden := t.blank.hide(s.Value, few); !hidden && len(s.Value) > few && at+sheet.Width(value)+sheet.Width(mark) > t.Width {
		value = sheet.Text(s.Value[:few]) + "…"
	}
	head := "     " + t.Paint.Name(sheet.Pad(string(s.Label), 20)) + sheet.Pad(" = "+s.Method, 20) + " = "
	if value += mark; at+sheet.Width(value) <= t.Width {
		t.Line(head + paint(value))
	} else {
		t.Hang(head, at, value, paint)
	}
}

// mark is what stands behind a value that has to be kept secret, and how it is painted.
func (t *Pen) mark(secret bool) (string, func(string) string) {
	if secret {
		return " [" + t.Say.UI("secret") + "]", t.Paint.Secret
	}
	return "", plainly
}

func plainly(s string) string { return s }

func sameValue(a, b event.Input) bool { return a.Name == b.Name && bytes.Equal(a.Bytes, b.Bytes) }

// computation opens what was computed or checked: what, and on the right where it is
// specified and what class of operation it is; then what there is to say of it. Where the
// line has no room for the section it stands behind that.
func (t *Pen) computation(head, ref string, op event.Op, says string, f func(string) string) {
	right := t.Say.Op(op)
	if right != "" {
		right = "[" + right + "]"
	}
	if both := strings.TrimSpace(ref + " " + right); says == "" || sheet.Width(head)+1+sheet.Width(both) <= t.Width {
		right, ref = both, ""
	}
	t.Sides(head, right, f)
	t.TextRef(7, says, ref, nil)
	t.class(op)
}

// class explains a class of operation where it comes up for the first time.
func (t *Pen) class(op event.Op) {
	if op == event.OpNone || !t.First("op/"+op.String()) {
		return
	}
	if e := t.Say.Get(narrate.Op, op.String()); e.Text != "" {
		t.Text(7, "["+e.Title+"] "+e.Text, t.Paint.Dim)
	}
}

// inputs lists values by name; those known to this end or to both ends alone are marked.
func (t *Pen) inputs(in []event.Input, label func(string) string) {
	n := 0
	for _, v := range in {
		n = max(n, min(sheet.Width(label(v.Name)), 36))
	}
	for _, v := range in {
		room := t.Width - 7 - max(n, sheet.Width(label(v.Name))) - 1
		if t.flow.private(v) {
			mark, paint := t.mark(true)
			t.Row(7, label(v.Name), n, t.fit(v.Bytes, room-sheet.Width(mark))+mark, paint)
		} else {
			t.Row(7, label(v.Name), n, t.input(v, room), nil)
		}
		t.flow.shown[string(v.Bytes)] = true
		t.flow.last[v.Name] = string(v.Bytes)
		t.gloss(7+n+1, v.Name, label(v.Name))
	}
}

// input is a public value of a computation; one that has a structure to be read is
// taken apart.
func (t *Pen) input(v event.Input, room int) string {
	parts, ok := hkdfLabel(v)
	if !ok {
		parts, ok = signed13(v)
	}
	switch {
	case len(v.Bytes) == 0:
		return t.Say.UI("empty")
	case !ok:
		return t.fit(v.Bytes, room)
	case t.o.Level == Bytes || t.o.Worksheet || t.Takes():
		return sheet.Text(v.Bytes) + " = " + parts
	default:
		return parts
	}
}

// apart are the inputs of a joined value without those that are joined themselves.
func apart(s *event.Secret) []event.Input {
	return slices.DeleteFunc(slices.Clone(s.Inputs), func(v event.Input) bool {
		return joined(&event.Secret{Inputs: s.Inputs, Value: v.Bytes}) != ""
	})
}

// joined says how a hybrid makes a share or a secret of its two parts': it sets them
// side by side. "" if this value came about in another way.
func joined(s *event.Secret) string {
	a, b, ok := sheet.Halves(s)
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(a.Name, " = ")
	second, _, _ := strings.Cut(b.Name, " = ")
	return first + sheet.Concatenated + second
}

// gloss says, at level Bytes and once, what an input is.
func (t *Pen) gloss(indent int, name, label string) {
	if t.o.Level != Bytes || !t.First("input/"+name) {
		return
	}
	if e := t.Say.Get(narrate.Input, narrate.InputKey(name)); e.Title != name && meaningOf(e) != label {
		t.Text(indent, meaningOf(e), t.Paint.Dim)
	}
}

// formula says how the inputs make the value; shown is true if the value is itself
// among the inputs, under the name that a textbook gives it.
func (t *Pen) formula(s *event.Secret) (f string, shown bool) {
	switch {
	case scheduled(s):
		return t.scheduleFormula(s), false
	case s.Function == event.FunctionPRF && len(s.Inputs) > 0:
		var seed []string
		for _, v := range s.Inputs[1:] {
			seed = append(seed, v.Name)
		}
		return fmt.Sprintf("PRF_%s(%s, %q, %s)", s.Hash, s.Inputs[0].Name, s.Tag, strings.Join(seed, sheet.Concatenated)), false
	case strings.HasSuffix(string(s.Label), "_signature"):
		return s.Method + "(" + t.Say.UI("private_key") + ", signed)", false
	}
	if parts := joined(s); parts != "" {
		return parts + " (" + s.Method + ")", false
	}
	for _, v := range s.Inputs {
		if bytes.Equal(v.Bytes, s.Value) {
			name := v.Name[strings.LastIndex(v.Name, "= ")+1:] // of "A = aG" what it is computed from
			return strings.TrimSpace(name), true
		}
	}
	if s.Function == event.FunctionSession {
		return "", false // kept, not computed
	}
	return s.Method, false
}

// longCommand is how many lines of shell a reader takes in passing: a PRF has up to
// ten, a key in PEM makes twenty and more.
const longCommand = 12

// sample are the values whose commands level Default shows: those on which all others
// rest, and one of each kind of step in TLS 1.3's key schedule.
var sample = map[event.SecretLabel]bool{event.LabelPremasterSecret: true, event.LabelMasterSecret: true,
	event.LabelSharedSecret: true, event.LabelHandshakeSecret: true, event.LabelClientHandshakeTrafficSecret: true}

// recompute shows the command for the shell, or why there is no command. Below level Bytes
// only a sample of the values have their commands shown, once; one line says where the
// commands of the others are.
func (t *Pen) recompute(s *event.Secret) {
	if t.o.Worksheet {
		return
	}
	cmd, why := narrate.Recompute(s)
	if why == "" {
		why = "recompute"
	}
	if cmd == "" {
		if s.Function == event.FunctionSession && t.flow.guessed && s.Party == "attacker" {
			why = "guessed" // he resumes no earlier connection of his own
		}
		if t.o.Level == Bytes || !t.flow.reasons[why] {
			t.Text(7, t.Say.UI(why), t.Paint.Dim)
		}
		t.flow.reasons[why] = true
		return
	}
	if t.Takes() {
		t.Put(sheet.Block{Kind: sheet.Command, Indent: 7, Label: t.Say.UI(why), Text: cmd})
		return
	}
	lines := wrapCommand(cmd, t.Width)
	if t.o.Level != Bytes && (!sample[s.Label] || len(lines) > longCommand || !t.First("command/"+string(s.Label))) {
		if t.First("ui/commands_in_bytes") {
			t.Text(7, t.Say.UI("commands_in_bytes"), t.Paint.Dim)
		}
		return
	}
	t.Text(7, strings.TrimSpace(t.Say.UI(why)+t.Say.Colon()), t.Paint.Dim)
	for _, l := range lines {
		t.Line(t.Paint.Dim(l)) // from the first column, to be copied as it is
	}
}

// repeated finds the secrets of a move that another end has shown already.
func (t *Pen) repeated(m *move) map[*event.Secret]bool {
	same := map[*event.Secret]bool{}
	for _, e := range m.events {
		if s, ok := e.(*event.Secret); ok && t.flow.computed(s) {
			// That each end comes to it from another private key its move has said.
			same[s] = s.Label != event.LabelPremasterSecret || s.Exchange != iana.KxRSA && t.o.Level != Bytes
		}
	}
	return same
}

// same tells in one line which secrets both ends now have.
func (t *Pen) same(m *move, same map[*event.Secret]bool) {
	var labels []string
	for _, e := range m.events {
		if s, ok := e.(*event.Secret); ok && same[s] {
			if len(labels) == 0 {
				t.tells(e)
			}
			if strings.HasSuffix(string(s.Label), "_verify_data") && t.o.Level != Bytes {
				continue // that is what the check above has said
			}
			labels = append(labels, t.flow.labelOf(s))
		}
	}
	if len(labels) > 0 {
		t.Hang("   * ", 5, t.Say.UI("same_secrets", "party", t.Say.Party(m.head.Party), "labels", t.Say.List(labels)), nil)
	}
}

// decision writes what was chosen and why; once, for both ends come to the same.
func (t *Pen) decision(e *event.Decision) {
	if !t.flow.news(e) && t.o.Level != Bytes {
		return
	}
	head := t.Say.Named(narrate.Decision, string(e.What), string(e.What)) + " = " + t.Short(e.Chosen)
	if word, ours := t.Say.InWords(e.Chosen); ours {
		head = t.Say.Title(narrate.Decision, narrate.DecidedKey(e)) + t.Say.Colon() + word
	}
	if n := count(e.Among); n > 1 {
		head = t.Say.Aside(head, t.Say.UI("among_n", "n", sheet.Text(n)))
	}
	entry := t.Say.Get(narrate.Decision, narrate.DecisionKey(e))
	why := entry.Title
	if why == "" {
		entry = t.Say.Get(narrate.Decision, string(e.What))
		why = entry.Text
	}
	if why == "" {
		why = strings.ReplaceAll(string(e.Why), "_", " ")
	}
	t.HangRef("   - ", 5, head+t.Say.Stop()+t.Values(why, e), entry.Ref, nil)
}

// count is how many there were to choose from; 0 for what is no list.
func count(among any) int {
	if r := reflect.ValueOf(among); r.Kind() == reflect.Slice {
		return r.Len()
	}
	return 0
}

// check writes a check with its inputs and its outcome.
func (t *Pen) check(e *event.Check) {
	verdict, f := t.verdict(e.OK)
	entry, says := t.Say.Get(narrate.Check, string(e.What)), ""
	if t.First("check/" + string(e.What)) {
		says = t.Values(entry.Text, e)
	}
	t.computation("   ? "+t.Say.Title(narrate.Check, string(e.What))+"  "+verdict, entry.Ref, e.Op, says, f)
	if e.Method != "" {
		t.inputs(t.news(e), t.Say.Label)
	}
	if e.Report != nil {
		t.report(e.Report, 5)
	}
	t.fault(e.Err, 7)
}

// news are the inputs of a check. What is long and stands further up already, where it
// was made, is left out below level Bytes, unless the check failed.
func (t *Pen) news(e *event.Check) []event.Input {
	const long = 32 // bytes: what is compared, a verify_data, is shorter
	if !e.OK || t.o.Level == Bytes {
		return e.Inputs
	}
	var in []event.Input
	for _, v := range e.Inputs {
		if len(v.Bytes) < long || !t.flow.shown[string(v.Bytes)] {
			in = append(in, v)
		}
	}
	return in
}

func (t *Pen) verdict(ok bool) (string, func(string) string) {
	if ok {
		return t.Say.UI("check_ok"), t.Paint.Good
	}
	return t.Say.UI("check_failed"), t.Paint.Bad
}
