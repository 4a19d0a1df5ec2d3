package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// workLines tells what the sender of a block did before it sent.
func (t *Pen) workLines(b *block) {
	t.workOfLines(&b.work, func(m *event.Meta) string {
		if !b.after { // else its heading says who
			return ""
		}
		return t.Say.Party(m.Party) + t.Say.Colon()
	})
}

// workOfLines tells what was done; who is what stands before what somebody did.
func (t *Pen) workOfLines(w *work, who func(*event.Meta) string) {
	var lines []string
	for _, d := range w.decided {
		if _, raw := sheet.BytesOf(d.Chosen); !raw {
			lines = append(lines, who(d.Head())+t.decided(d))
		}
	}
	if len(lines) > 0 {
		t.Hang("   - ", 5, strings.Join(lines, t.Say.Semicolon()), nil)
	}
	var fine []string
	for _, c := range w.checked {
		if c.OK {
			fine = append(fine, who(c.Head())+t.passed(c))
		}
	}
	if len(fine) > 0 {
		t.Hang("   "+t.Paint.Good("? "), 5, strings.Join(fine, t.Say.Semicolon()), nil)
	}
	for _, c := range w.checked {
		if !c.OK {
			t.failed(c)
		}
	}
	t.secretLines(w.made)
	if n := len(w.same); n > 0 {
		t.Hang("   * ", 5, t.Say.UI("flights.same", "n", sheet.Text(n), "labels", t.ends(w.same)), nil)
	}
	for _, line := range w.trouble {
		t.Hang("   "+t.Paint.Bad("! "), 5, line, t.Paint.Bad)
	}
}

// ends names the first and the last of what is in order.
func (t *Pen) ends(labels []string) string {
	if len(labels) <= 2 {
		return t.Say.List(labels)
	}
	return labels[0] + " … " + labels[len(labels)-1]
}

// decided is what was chosen, without the reason.
func (t *Pen) decided(e *event.Decision) string {
	if e.What == event.DecisionVersion {
		return t.Short(e.Chosen) // which says what it is
	}
	if word, ours := t.Say.InWords(e.Chosen); ours {
		return t.Say.Title(narrate.Decision, narrate.DecidedKey(e)) + t.Say.Colon() + word
	}
	return t.Say.Title(narrate.Decision, string(e.What)) + " " + t.Short(e.Chosen)
}

// passed is a check that came out as it should. How many checks a chain has is what the path chosen has.
func (t *Pen) passed(c *event.Check) string {
	title := t.Say.Title(narrate.Check, string(c.What))
	if r := c.Report; r != nil && r.Chosen >= 0 && r.Chosen < len(r.Paths) {
		checks := r.Paths[r.Chosen].Checks
		if len(checks) == 0 { // the server's own certificate is the root that is trusted
			return title + t.Say.Colon() + t.Say.UI("check_ok")
		}
		title += t.Say.Colon() + t.Say.UI("all_n_checks_ok", "n", sheet.Text(len(checks)))
		var own []string // of a lesson's or a student's verifier
		for i := range checks {
			if !slices.Contains(pki.CheckKeys(), checks[i].Key) {
				own = append(own, t.chainKey(checks[i].Key))
			}
		}
		if len(own) > 0 {
			title += t.Say.Comma() + t.Say.UI("flights.among", "checks", t.Say.List(own))
		}
		return title
	}
	return title + t.Say.Colon() + t.Say.UI("check_ok")
}

// failed is a check that did not: which, on which certificate, and the values compared.
func (t *Pen) failed(c *event.Check) {
	t.Text(3, "? "+t.Say.Title(narrate.Check, string(c.What))+"  "+t.Say.UI("check_failed"), t.Paint.Bad)
	if c.Report == nil {
		t.inputs(c.Inputs, t.Say.Label)
	} else {
		t.failedChain(c.Report)
	}
	t.fault(c.Err, 5)
}

// failedChain tells of each path what failed on it.
func (t *Pen) failedChain(r *pki.Report) {
	called := namesIn(r, t.Say)
	told := map[string]bool{}
	for i := range r.Paths {
		p := &r.Paths[i]
		for k := range p.Checks {
			ch := &p.Checks[k]
			if ch.OK || ch.Cert >= len(p.Certs) {
				continue
			}
			on := called.of(p.Certs[ch.Cert])
			if key := on + "\x00" + string(ch.Key); told[key] {
				continue
			} else {
				told[key] = true
			}
			t.Line("     " + t.Paint.Name(sheet.Cut(fmt.Sprintf("%d %s (%s)", ch.Cert, on, pki.CertKeyName(p.Certs[ch.Cert])), t.Width-5)))
			t.First(narrate.ChainKey(ch.Key)) // what the check is for stands in --full
			t.chainCheck(ch, 7)
		}
	}
	if len(told) > 0 {
		return
	}
	t.Text(5, t.Say.UI("no_path"), t.Paint.Bad)
	for _, x := range r.Rejected {
		what := called.of(x.Cert)
		if x.For != nil {
			what = t.Say.UI("candidate_for", "candidate", what, "for", called.of(x.For))
		}
		t.Text(5, "- "+what+t.Say.Colon()+t.Say.UI("rejected_"+string(x.Reason)), t.Paint.Dim)
	}
}

// secretLines tells of each value in a line what it is made of. Those that are made alike of
// the same, a key and its IV, share one.
func (t *Pen) secretLines(made []*event.Secret) {
	if len(made) > 0 && !made[0].Known() && t.First("ui/secrets_shown") {
		t.Text(3, t.Say.UI("secrets_shown")+t.Say.Colon()+t.Say.Get(narrate.UI, "secrets_shown").Text, t.Paint.Dim)
	}
	twice, once := map[event.SecretLabel]bool{}, map[event.SecretLabel]bool{}
	for _, x := range made {
		twice[x.Label], once[x.Label] = once[x.Label], true
	}
	for len(made) > 0 {
		n := 1
		for n < len(made) && (alike(made[0], made[n]) || n == 1 && leadsTo(made)) {
			n++
		}
		if sameBothWays(made) {
			t.keysBothWays(made[:4])
			made = made[4:]
			continue
		}
		t.secretLine(made[:n], twice[made[0].Label])
		made = made[n:]
	}
}

// alike reports whether two values come the same way from the same: a key and its IV, the parts
// of a key block, the two directions' secrets.
func alike(a, b *event.Secret) bool {
	if a.Function != b.Function || a.Conn != b.Conn {
		return false
	}
	switch a.Function {
	case event.FunctionNone:
		return a.Label == b.Label // a share for each group
	case event.FunctionExpandLabel:
		_, x, _ := strings.Cut(string(a.Label), "_")
		_, y, _ := strings.Cut(string(b.Label), "_")
		keyed := isKey(a) && strings.HasSuffix(b.Tag, "iv")
		if a.Label == b.Label { // of a second ticket: another value of that name
			return false
		}
		return len(a.Inputs) > 0 && len(b.Inputs) > 0 && bytes.Equal(a.Inputs[0].Bytes, b.Inputs[0].Bytes) && (keyed || x == y)
	}
	return a.Function == event.FunctionPart
}

// isKey reports whether a value is the key of an AEAD: "key" of TLS, "quic key" of QUIC.
func isKey(s *event.Secret) bool { return s.Tag == "key" || strings.HasSuffix(s.Tag, " key") }

// sameBothWays reports whether four values are a key and an IV for each direction.
func sameBothWays(made []*event.Secret) bool {
	if len(made) < 4 || !isKey(made[0]) || !isKey(made[2]) || !alike(made[0], made[1]) || !alike(made[2], made[3]) {
		return false
	}
	_, x, _ := strings.Cut(string(made[0].Label), "_")
	_, y, _ := strings.Cut(string(made[2].Label), "_")
	return x == y
}

// leadsTo reports whether the second of these is made of the first, and else of nothing that has
// a name: of zeros, a label, the messages so far. Then it needs no line of its own, unless it
// shares one with the third.
func leadsTo(made []*event.Secret) bool {
	a, b := made[0], made[1]
	if !scheduled(a) || !scheduled(b) || len(made) > 2 && alike(b, made[2]) {
		return false
	}
	of := false
	for _, v := range b.Inputs {
		switch {
		case bytes.Equal(v.Bytes, a.Value):
			of = v.Private // what everybody can compute is a lesson of its own
		case v.Private && !zeros(v):
			return false
		}
	}
	return of
}

// keysBothWays tells of a key and an IV for each direction in a line.
func (t *Pen) keysBothWays(made []*event.Secret) {
	for _, x := range made {
		t.flow.secret(x)
	}
	a, b := t.together([]string{t.flow.labelOf(made[0]), t.flow.labelOf(made[2])}), t.flow.labelOf(made[1])
	_, from, _ := strings.Cut(t.source(made[0], made[0].Inputs[0]), "_")
	t.Hang("   * ", 5, a+", …"+b[strings.LastIndex(b, "_"):]+" < …_"+from, t.Paint.Secret)
}

// secretLine is what some values are called, and what they are made of: the formula, or where
// the line has no room for it, the names. Of two with one name the value tells which it is.
func (t *Pen) secretLine(made []*event.Secret, named bool) {
	s := made[0]
	var labels []string
	secret := false
	for _, x := range made {
		secret = t.flow.secret(x) || secret
		if label := t.flow.labelOf(x); !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	f, value := plainly, ""
	if secret {
		f = t.Paint.Secret
	}
	if len(made) == 1 {
		value = sheet.Cut(sheet.Text(s.Value), 9)
	}
	label, room := t.together(labels), t.Width-5
	if named && value != "" {
		room -= sheet.Width(value) + 2
	}
	line := label
	for _, from := range t.madeOf(label, made) {
		if line = label + from; sheet.Width(line) <= room {
			break
		}
	}
	if gap := t.Width - 5 - sheet.Width(line) - sheet.Width(value); value != "" && gap >= 2 {
		t.Line("   * " + f(line) + strings.Repeat(" ", gap) + t.Paint.Dim(value))
		return
	}
	t.Hang("   * ", 5, line, f)
}

// together are labels with what two of them have in common written once.
func (t *Pen) together(labels []string) string {
	if len(labels) != 2 {
		return t.Say.List(labels)
	}
	a, b := labels[0], labels[1]
	for i := len(a) - 1; i > 0; i-- {
		if a[i] == '_' && strings.HasPrefix(b, a[:i]) && strings.HasSuffix(b, "_iv") {
			return a + ", …" + b[i:]
		}
	}
	if x, y, ok := strings.Cut(a, "_"); ok && strings.HasSuffix(b, "_"+y) {
		return x + "_…, " + b
	}
	return t.Say.List(labels)
}

// madeOf says where values come from, from long to short.
func (t *Pen) madeOf(label string, made []*event.Secret) []string {
	s := made[0]
	var names []string
	for _, v := range s.Inputs {
		if v.Name == "hkdf_label" || len(v.Bytes) == 0 || ofNothing(s, v) {
			continue
		}
		name := t.source(s, v)
		switch {
		case s.Function == event.FunctionExtract && zeros(v):
			name = "0"
		case s.Label == event.LabelEarlySecret && v.Name == "ikm":
			name = "PSK" // as RFC 9846 §7.1 draws it
		}
		names = append(names, name)
	}
	if s.Label == event.LabelEarlySecret && len(made) > 1 && slices.Contains(names, "PSK") {
		names = slices.DeleteFunc(names, func(name string) bool { return name == "0" }) // beside a key it says nothing
	}
	if len(made) > 1 && scheduled(s) && !alike(s, made[1]) { // the formula is the first's alone
		return []string{" < " + t.Say.List(slices.Compact(slices.Clone(names))), " < " + names[0]}
	}
	args := strings.Join(names, ", ")
	from := " < " + t.Say.List(names)
	switch {
	case s.Function == event.FunctionExtract || s.Function == event.FunctionHMAC:
		return []string{" = " + s.Method + "(" + args + ")", from}
	case s.Function == event.FunctionExpandLabel && len(made) == 1:
		tag := fmt.Sprintf("%s, %q", names[0], s.Tag)
		if len(names) > 1 {
			tag += ", " + strings.Join(names[1:], ", ")
		}
		return []string{" = " + s.Method + "(" + tag + ")", " = Expand-Label(" + tag + ")", from, " < " + names[0]}
	case s.Function == event.FunctionExpandLabel:
		return []string{" = " + s.Method + "(" + args + ")", from, " < " + names[0]}
	case s.Function == event.FunctionPRF:
		return []string{fmt.Sprintf(" = PRF(%s, %q, %s)", names[0], s.Tag, strings.Join(names[1:], sheet.Concatenated)), from}
	case s.Function == event.FunctionPart:
		return []string{from}
	case len(made) > 1: // shares
		var groups []string
		for _, x := range made {
			groups = append(groups, x.Method)
		}
		return []string{t.Say.Colon() + t.Say.List(groups)}
	}
	if key := narrate.Unmade(s); key != "" {
		return []string{t.Say.Colon() + t.Say.UI(key)}
	}
	if f, input := t.formula(s); f != "" && !(input && strings.HasPrefix(label, f)) { // or it says its own name
		return []string{" = " + f}
	}
	return []string{t.Say.Colon() + s.Method}
}
