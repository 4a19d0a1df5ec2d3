package render

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// WriteReport writes the judgement on a certificate chain alone, as `tlslab verify`
// prints it: the verdict, and for a refusal what to do, then how it was reached. At level
// Brief it is a line a path, a certificate and a check that failed.
func WriteReport(w io.Writer, r *pki.Report, o TerminalOptions) error {
	t := newPen(w, o)
	if o.Level == Brief {
		t.briefReport(r)
		return t.Err()
	}
	t.judgement(r)
	t.report(r, 0)
	t.formsOf(r.ServerName, 0)
	return t.Err()
}

// judgement is the verdict in a line, and the error and the advice if it is a refusal. The
// check that failed stands further down, without them.
func (t *Pen) judgement(r *pki.Report) {
	if r.Err == nil {
		t.Text(0, t.Say.UI("judged_good"), t.Paint.Good)
		return
	}
	why := t.Say.Get(narrate.Reason, narrate.VerdictKey(r))
	t.Text(0, t.Say.UI("judged_bad")+t.Say.Colon()+why.Title, t.Paint.Bad)
	t.Text(2, t.Say.Error(r.Err), t.Paint.Bad)
	t.Text(2, why.Text, nil)
	if n := r.AlsoFailed(); n > 0 {
		t.Text(2, t.Say.UI("judged_more", "n", strconv.Itoa(n)), t.Paint.Bad)
	}
	t.flow.faults[r.Err.Error()] = true
}

// briefReport cuts each line where the terminal ends, but for the error that decided.
func (t *Pen) briefReport(r *pki.Report) {
	if r.Err == nil {
		t.Text(0, t.Say.UI("judged_good"), t.Paint.Good)
	} else {
		t.Text(0, t.Say.UI("judged_bad")+t.Say.Colon()+t.Say.Error(r.Err), t.Paint.Bad)
	}
	line := func(indent int, s string, f func(string) string) {
		t.Line(strings.Repeat(" ", indent) + f(sheet.Cut(s, t.Width-indent)))
	}
	called := namesIn(r, t.Say)
	for i := range r.Paths {
		p := &r.Paths[i]
		verdict, f := t.pathVerdict(r, i)
		line(0, verdict+t.Say.Colon()+called.path(p), f)
		for k, c := range p.Certs {
			fine := 0
			var failed []*pki.Check
			for n := range p.Checks {
				switch ch := &p.Checks[n]; {
				case ch.Cert != k:
				case ch.OK:
					fine++
				default:
					failed = append(failed, ch)
				}
			}
			key := "all_n_checks_ok"
			if len(failed) > 0 {
				key = "n_checks_ok"
			}
			line(2, strconv.Itoa(k)+" "+called.of(c)+t.Say.Colon()+t.Say.UI(key, "n", strconv.Itoa(fine)), t.Paint.Name)
			for _, ch := range failed {
				line(4, t.Say.UI("check_failed")+" "+t.chainKey(ch.Key)+t.Say.Colon()+t.Say.Title(narrate.Reason, narrate.FailureKey(ch)), t.Paint.Bad)
			}
		}
	}
	if len(r.Paths) == 0 {
		line(0, t.Say.UI("no_path"), t.Paint.Bad)
	}
}

// pathVerdict is what became of path i, and how it is painted.
func (t *Pen) pathVerdict(r *pki.Report, i int) (string, func(string) string) {
	if i == r.Chosen {
		return t.Say.UI("path_chosen"), t.Paint.Good
	}
	return t.Say.UI("path_rejected"), t.Paint.Bad
}

// report writes each path in the order tried: its certificates, and on each of
// them each check with its inputs; then what no path went through.
func (t *Pen) report(r *pki.Report, indent int) {
	called := namesIn(r, t.Say)
	for i := range r.Paths {
		p := &r.Paths[i]
		verdict, f := t.pathVerdict(r, i)
		t.Text(indent, verdict+t.Say.Colon()+called.path(p), f)
		t.pathChecks(p, called, indent+2)
		if p.Err != nil {
			t.fault(p.Err, indent+2)
		}
	}
	if len(r.Paths) == 0 || r.Chosen < 0 {
		t.Text(indent, t.Say.UI("no_path"), t.Paint.Bad)
	}
	for _, x := range r.Rejected {
		what := called.of(x.Cert)
		if x.For != nil {
			what = t.Say.UI("candidate_for", "candidate", what, "for", called.of(x.For))
		}
		t.Text(indent, "- "+what+t.Say.Colon()+t.Say.UI("rejected_"+string(x.Reason)), t.Paint.Dim)
	}
}

// pathChecks writes the checks, certificate by certificate. A check that says no
// more than "ok" shares a line with others; the signature, whatever failed and, at
// level Bytes, all others show what they looked at.
func (t *Pen) pathChecks(p *pki.Path, called reportNames, indent int) {
	var states []pki.PathState
	if t.o.Level == Bytes {
		states = p.States()
	}
	for i, c := range p.Certs {
		if name := fmt.Sprintf("%d %s (%s)", i, called.of(c), pki.CertKeyName(c)); t.Takes() {
			t.Put(sheet.Block{Kind: sheet.Heading, Indent: indent, Text: t.Paint.Name(name), Of: c})
		} else {
			t.Line(strings.Repeat(" ", indent) + t.Paint.Name(sheet.Cut(name, t.Width-indent)))
		}
		var fine []string
		for k := range p.Checks {
			ch := &p.Checks[k]
			if ch.Cert != i {
				continue
			}
			if ch.OK && t.o.Level != Bytes && !t.Takes() && !worthShowing(ch) {
				fine = append(fine, t.chainKey(ch.Key))
				continue
			}
			t.Of = ch
			t.chainCheck(ch, indent+2)
			t.Of = nil
		}
		if len(fine) > 0 {
			t.Hang(strings.Repeat(" ", indent+2)+t.Paint.Good(t.Say.UI("check_ok"))+" ", indent+3+sheet.Width(t.Say.UI("check_ok")), t.Say.List(fine), nil)
		}
		t.pathState(states, i, indent+2)
		for k := range p.Notes {
			if n := &p.Notes[k]; n.Cert == i {
				t.note(n, indent+2)
			}
		}
	}
}

// pathState writes what is carried down from certificate i to those below, or nothing if no
// state is about it.
func (t *Pen) pathState(states []pki.PathState, i, indent int) {
	for k := range states {
		if s := &states[k]; s.Cert == i {
			t.Sides(strings.Repeat(" ", indent)+t.Say.UI("path_state"), "RFC 5280 §6.1.2", t.Paint.Dim)
			if t.First("path_state") {
				t.Text(indent+3, t.Say.Get(narrate.UI, "path_state").Text, nil)
			}
			t.table(indent+3, s.Inputs(), nil)
		}
	}
}

// note writes a remark, which is neither a check that passed nor one that failed; what
// the rule is good for once, however many certificates break it.
func (t *Pen) note(n *pki.Note, indent int) {
	key := narrate.NoteKey(n.Key)
	e := t.Say.Get(narrate.Check, key)
	values := map[string]string{"got": t.Plain(n.Got)}
	t.Sides(strings.Repeat(" ", indent)+t.Say.UI("check_note")+" "+narrate.Fill(e.Title, values), n.Ref, t.Paint.Dim)
	if t.First(key) {
		t.Text(indent+3, narrate.Fill(e.Text, values), nil)
	}
}

// chainCheck writes one check with its inputs.
func (t *Pen) chainCheck(c *pki.Check, indent int) {
	verdict, f := t.verdict(c.OK)
	t.Sides(strings.Repeat(" ", indent)+verdict+" "+t.Say.Named(narrate.Check, narrate.ChainKey(c.Key), string(c.Key)), c.Ref, f)
	if !c.OK || c.Key == pki.CheckSignature || t.o.Level == Bytes {
		if key := narrate.ChainKey(c.Key); t.First(key) {
			t.Text(indent+3, t.Say.Get(narrate.Check, key).Text, nil)
		}
	}
	inputs := t.inputsOf(c)
	if c.OK && t.o.Level != Bytes {
		var words []pki.Input
		words, inputs = inWords(inputs)
		t.sentence(indent+3, words)
	}
	t.table(indent+3, inputs, func(in pki.Input) func(string) string { return t.compared(c, in) })
	if unmet(c) {
		t.Text(indent+3, t.Say.UI("policy_unmet"), nil)
	}
	if c.Err != nil {
		t.faultAs(c.Err, narrate.FailureKey(c), indent+3)
	}
}

// unmet reports whether a path passed although none of the policies that the user named is valid for it: to name one
// is to accept it, and not to require it (RFC 5280 §6.1.1 (c), (e)).
func unmet(c *pki.Check) bool {
	valid, shown := c.Input(pki.InUserPolicies).([]string)
	return c.OK && shown && len(valid) == 0 && c.Input(pki.InInitialPolicySet) != nil
}

// inWords parts inputs into those that can be read out in a sentence, and those that
// stand below each other to be compared.
func inWords(inputs []pki.Input) (words, bytes []pki.Input) {
	for _, in := range inputs {
		if _, ok := in.Value().([]byte); ok {
			bytes = append(bytes, in)
		} else {
			words = append(words, in)
		}
	}
	return words, bytes
}

// sentence writes inputs one behind the other, or below each other where that takes
// hardly more lines. No line ends between a name and its value.
func (t *Pen) sentence(indent int, inputs []pki.Input) {
	var lines []string
	for i, in := range inputs {
		part := t.Say.Label(in.Name) + " " + t.saysInput(in)
		if i < len(inputs)-1 {
			part += strings.TrimRight(t.Say.Semicolon(), " ")
		}
		gap := t.Say.Semicolon()[len(strings.TrimRight(t.Say.Semicolon(), " ")):]
		if k := len(lines) - 1; k >= 0 && (t.Takes() || indent+sheet.Width(lines[k]+gap+part) <= t.Width) {
			lines[k] += gap + part
		} else {
			lines = append(lines, part)
		}
	}
	if len(lines) > (len(inputs)+1)*2/3 && !t.Takes() {
		t.table(indent, inputs, nil)
		return
	}
	for _, l := range lines {
		t.Text(indent, l, nil)
	}
}

// table writes inputs below each other; f, which may be nil, says how to paint one.
func (t *Pen) table(indent int, inputs []pki.Input, f func(pki.Input) func(string) string) {
	n := 0
	for _, in := range inputs {
		n = max(n, min(sheet.Width(t.Say.Label(in.Name)), 32))
	}
	for _, in := range inputs {
		var painted func(string) string
		if f != nil {
			painted = f(in)
		}
		t.Row(indent, t.Say.Label(in.Name), n, t.saysInput(in), painted)
		t.gloss(indent+n+1, in.Name, t.Say.Label(in.Name))
	}
}

// saysInput is the value of an input as it is read. Some of our own words are among the values, and are said
// in the reader's language; a peer's name that happens to be such a word is not. Where there is nothing, that is said.
func (t *Pen) saysInput(in pki.Input) string {
	value := t.Short(in.Value())
	if value == "" {
		return t.Say.UI("empty")
	}
	switch in.Name {
	case pki.InStatus:
		return t.Say.Word(value)
	case pki.InWantedUsage:
		return strings.ReplaceAll(value, pki.OrUsage, " "+t.Say.UI("or")+" ")
	}
	return value
}

// chainKey is what a check is called among others: by its title, unless the
// identifier is in the reader's language.
func (t *Pen) chainKey(key pki.CheckKey) string {
	if t.Say.Lang == narrate.En {
		return string(key)
	}
	return t.Say.Title(narrate.Check, narrate.ChainKey(key))
}

// worthShowing reports whether a check shows its inputs though it passed: each
// signature, of the leaf name, dates and stapled status, what the user demands of the path, and what is no check of pki's but
// one that a lesson or a student's own verifier adds to a path, such as a pin.
func worthShowing(c *pki.Check) bool {
	return c.Key == pki.CheckSignature || !slices.Contains(pki.CheckKeys(), c.Key) || c.Cert == 0 && (c.Key == pki.CheckName || c.Key == pki.CheckValidity || c.Key == pki.CheckStaple || c.Key == pki.CheckTLSFeature || demanded(c))
}

// demanded reports whether a check is about what the user demands of the path, beyond what its certificates do.
func demanded(c *pki.Check) bool {
	return c.Key == pki.CheckDepth || c.Key == pki.CheckPolicy && c.Input(pki.InInitialPolicySet) != nil
}

// inputsOf are the inputs of a check that are shown. The block that an RSA signature
// opens to is so once: it explains where the digest comes from.
func (t *Pen) inputsOf(c *pki.Check) []pki.Input {
	var shown []pki.Input
	for _, in := range c.Inputs {
		again := in.Name == pki.InRecoveredBlock && !t.First(pki.InRecoveredBlock) && c.OK && t.o.Level != Bytes
		if t.wanted(in.Name) && !again {
			shown = append(shown, in)
		}
	}
	return shown
}

// wanted leaves out, below level Bytes, what makes a table long and teaches nothing
// by its first bytes.
func (t *Pen) wanted(input string) bool {
	switch input {
	case pki.InTBS, pki.InCertificate, pki.InCSR, pki.InPadding, pki.InDigestInfo, pki.InSignature, pki.InSelfSigned,
		pki.InPublicKeyHash, pki.InSerial, pki.InHash, pki.InResponse, pki.InIssuerNameHash, pki.InIssuerKeyHash, pki.InProducedAt:
		return t.o.Level == Bytes
	}
	return true
}

// compared colours the two values that must be equal.
func (t *Pen) compared(c *pki.Check, in pki.Input) func(string) string {
	if c.Key != pki.CheckSignature {
		return nil
	}
	switch in.Name {
	case pki.InTBSHash, pki.InRecoveredDigest, pki.InR, pki.InXOfR, pki.InSB, pki.InRPlusKA:
		if c.OK {
			return t.Paint.Good
		}
		return t.Paint.Bad
	}
	return nil
}
