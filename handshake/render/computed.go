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
)

// secret writes how a value came about: label, class of operation, who can know
// it, the inputs, the formula, the value, and a command that computes it again.
// next, perhaps nil, is what the same move computes after it: inputs that both have
// are listed there.
func (t *Pen) secret(s, next *event.Secret) {
	if t.first("ui/secrets_shown") {
		t.text(3, t.say.ui("secrets_shown")+t.say.colon()+t.say.get(narrate.UI, "secrets_shown").Text, t.paint.dim)
	}
	secret := t.flow.secret(s)
	if s.Function == event.FunctionPart && t.o.Level != Bytes {
		t.slice(s, secret)
		return
	}
	key := narrate.SecretKey(s)
	label := t.flow.labelOf(s)
	entry := t.say.get(narrate.Secret, key)
	says := t.values(entry.Text, s)
	if !t.first("secret/"+key) || !t.first("secret: "+says) {
		says = ""
	}
	f, shown := t.formula(s)
	head := t.say.named(narrate.Secret, key, label)
	if shown { // the input says the rest: A = aG
		head = t.say.aside(head, s.Method)
	}
	t.computation("   * "+head, entry.Ref, s.Op, says, t.paint.secret)
	listed := s.Inputs
	switch {
	case scheduled(s):
		listed = t.scheduleInputs(s)
	case next != nil && t.o.Level != Bytes && slices.EqualFunc(s.Inputs, next.Inputs, sameValue):
		listed = nil
	case joined(s) != "":
		listed = apart(s)
	}
	t.inputs(listed, func(name string) string { return name }) // the formula has these names
	if shown = shown && listed != nil; f != "" && !shown {
		t.hang("       = ", 9, f, nil)
	}
	if mark, paint := t.mark(secret); !shown {
		t.hang("       = ", 9, t.bytes(s.Value)+mark, paint)
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
	value := t.fit(s.Value, t.width-at-width(mark)) // blank on a worksheet
	if _, hidden := t.blank.hide(s.Value, few); !hidden && at+width(value)+width(mark) > t.width {
		value = text(s.Value[:few]) + "…"
	}
	head := "     " + t.paint.name(pad(string(s.Label), 20)) + pad(" = "+s.Method, 20) + " = "
	if value += mark; at+width(value) <= t.width {
		t.line(head + paint(value))
	} else {
		t.hang(head, at, value, paint)
	}
}

// mark is what stands behind a value that has to be kept secret, and how it is painted.
func (t *Pen) mark(secret bool) (string, func(string) string) {
	if secret {
		return " [" + t.say.ui("secret") + "]", t.paint.secret
	}
	return "", plainly
}

func plainly(s string) string { return s }

func sameValue(a, b event.Input) bool { return a.Name == b.Name && bytes.Equal(a.Bytes, b.Bytes) }

// computation opens what was computed or checked: what, and on the right where it is
// specified and what class of operation it is; then what there is to say of it. Where the
// line has no room for the section it stands behind that.
func (t *Pen) computation(head, ref string, op event.Op, says string, f func(string) string) {
	right := t.say.op(op)
	if right != "" {
		right = "[" + right + "]"
	}
	if both := strings.TrimSpace(ref + " " + right); says == "" || width(head)+1+width(both) <= t.width {
		right, ref = both, ""
	}
	t.sides(head, right, f)
	t.textRef(7, says, ref, nil)
	t.class(op)
}

// class says of a class of operation what it is, where the first of it comes up.
func (t *Pen) class(op event.Op) {
	if op == event.OpNone || !t.first("op/"+op.String()) {
		return
	}
	if e := t.say.get(narrate.Op, op.String()); e.Text != "" {
		t.text(7, "["+e.Title+"] "+e.Text, t.paint.dim)
	}
}

// inputs lists values by name; those known to this end or to both ends alone are marked.
func (t *Pen) inputs(in []event.Input, label func(string) string) {
	n := 0
	for _, v := range in {
		n = max(n, min(width(label(v.Name)), 36))
	}
	for _, v := range in {
		room := t.width - 7 - max(n, width(label(v.Name))) - 1
		if t.flow.private(v) {
			mark, paint := t.mark(true)
			t.row(7, label(v.Name), n, t.fit(v.Bytes, room-width(mark))+mark, paint)
		} else {
			t.row(7, label(v.Name), n, t.input(v, room), nil)
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
		return t.say.ui("empty")
	case !ok:
		return t.fit(v.Bytes, room)
	case t.o.Level == Bytes || t.o.Worksheet:
		return text(v.Bytes) + " = " + parts
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

// concatenated joins the names of values that stand one behind the other. RFC 5246 writes a
// plus, which beside points and numbers would mean a sum.
const concatenated = " ‖ "

// joined says how a hybrid makes a share or a secret of its two parts': it sets them
// side by side. "" if this value came about in another way.
func joined(s *event.Secret) string {
	a, b, ok := halves(s)
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(a.Name, " = ")
	second, _, _ := strings.Cut(b.Name, " = ")
	return first + concatenated + second
}

// halves are the two inputs that make the value, one behind the other, if any do.
func halves(s *event.Secret) (a, b event.Input, ok bool) {
	for i, a := range s.Inputs {
		rest, ok := bytes.CutPrefix(s.Value, a.Bytes)
		if !ok || len(rest) == 0 || len(a.Bytes) == 0 {
			continue
		}
		for _, b := range s.Inputs[i+1:] {
			if bytes.Equal(rest, b.Bytes) {
				return a, b, true
			}
		}
	}
	return event.Input{}, event.Input{}, false
}

// gloss says, at level Bytes and once, what an input is.
func (t *Pen) gloss(indent int, name, label string) {
	if t.o.Level != Bytes || !t.first("input/"+name) {
		return
	}
	if e := t.say.get(narrate.Input, narrate.InputKey(name)); e.Title != name && meaningOf(e) != label {
		t.text(indent, meaningOf(e), t.paint.dim)
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
		return fmt.Sprintf("PRF_%s(%s, %q, %s)", s.Hash, s.Inputs[0].Name, s.Tag, strings.Join(seed, concatenated)), false
	case strings.HasSuffix(string(s.Label), "_signature"):
		return s.Method + "(" + t.say.ui("private_key") + ", signed)", false
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
var sample = map[string]bool{"premaster_secret": true, "master_secret": true,
	"shared_secret": true, "handshake_secret": true, "client_handshake_traffic_secret": true}

// recompute shows the command for the shell, or why there is none. Below level Bytes
// a sample of the values have theirs, once; one line says where those of the others
// are.
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
			why = "guessed" // what he took up is no earlier connection of his
		}
		if t.o.Level == Bytes || !t.flow.reasons[why] {
			t.text(7, t.say.ui(why), t.paint.dim)
		}
		t.flow.reasons[why] = true
		return
	}
	lines := wrapCommand(cmd, t.width)
	if t.o.Level != Bytes && (!sample[string(s.Label)] || len(lines) > longCommand || !t.first("command/"+string(s.Label))) {
		if t.first("ui/commands_in_bytes") {
			t.text(7, t.say.ui("commands_in_bytes"), t.paint.dim)
		}
		return
	}
	t.text(7, strings.TrimSpace(t.say.ui(why)+t.say.colon()), t.paint.dim)
	for _, l := range lines {
		t.line(t.paint.dim(l)) // from the first column, to be copied as it is
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
			if strings.HasSuffix(string(s.Label), "_verify_data") && t.o.Level != Bytes {
				continue // that is what the check above has said
			}
			labels = append(labels, t.flow.labelOf(s))
		}
	}
	if len(labels) > 0 {
		t.hang("   * ", 5, t.say.ui("same_secrets", "party", t.say.party(m.head.Party), "labels", t.say.list(labels)), nil)
	}
}

// decision writes what was chosen and why; once, for both ends come to the same.
func (t *Pen) decision(e *event.Decision) {
	if !t.flow.news(e) && t.o.Level != Bytes {
		return
	}
	head := t.say.named(narrate.Decision, string(e.What), string(e.What)) + " = " + t.short(e.Chosen)
	if word, ours := t.say.inWords(e.Chosen); ours {
		head = t.say.title(narrate.Decision, narrate.DecidedKey(e)) + t.say.colon() + word
	}
	if n := count(e.Among); n > 1 {
		head = t.say.aside(head, t.say.ui("among_n", "n", text(n)))
	}
	entry := t.say.get(narrate.Decision, narrate.DecisionKey(e))
	why := entry.Title
	if why == "" {
		entry = t.say.get(narrate.Decision, string(e.What))
		why = entry.Text
	}
	if why == "" {
		why = strings.ReplaceAll(string(e.Why), "_", " ")
	}
	t.hangRef("   - ", 5, head+t.say.stop()+t.values(why, e), entry.Ref, nil)
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
	entry, says := t.say.get(narrate.Check, string(e.What)), ""
	if t.first("check/" + string(e.What)) {
		says = t.values(entry.Text, e)
	}
	t.computation("   ? "+t.say.title(narrate.Check, string(e.What))+"  "+verdict, entry.Ref, e.Op, says, f)
	if e.Method != "" {
		t.inputs(t.news(e), t.say.label)
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
		return t.say.ui("check_ok"), t.paint.good
	}
	return t.say.ui("check_failed"), t.paint.bad
}
