package predict

import (
	"slices"
	"strconv"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// believable are the checks that decide whom an end believes.
var believable = []event.CheckName{event.CheckCertificateChain, event.CheckServerKeyExchangeSignature, event.CheckCertificateVerifySignature,
	event.CheckFinished, event.CheckPSKBinder}

// The keys of answers.
const (
	yes = "yes"
	no  = "no"
)

// beliefs asks whether what a peer shows is believed: rather where it is not, or where somebody
// in between shows it.
func (a *asker) beliefs() (out []asking) {
	user := "" // of a flow in which somebody stands between, who is at its beginning
	for _, e := range a.events {
		if f, ok := e.(*event.Flow); ok {
			if user = ""; len(f.Parties) > 2 {
				user = f.Parties[0]
			}
		}
		c, ok := e.(*event.Check)
		if !ok || !slices.Contains(believable, c.What) {
			continue
		}
		weight := 0
		switch {
		case !c.OK, c.Report != nil && c.Party == user:
			weight = 2
		case c.Report != nil:
			weight = 1
		}
		out = append(out, asking{Believed, c, weight, func(q *Question) { a.believe(q, c) }})
	}
	return out
}

func (a *asker) believe(q *Question, c *event.Check) {
	party := a.say.Party(c.Party)
	what := a.say.Get(narrate.Check, string(c.What))
	if c.Report != nil && len(c.Report.Paths) > 0 {
		q.Text = a.words("believed/chain", "party", party)
		a.chain(q, c.Report)
		return
	}
	q.Text = a.words("believed/check", "party", party, "check", what.Title)
	reason := a.together(a.words("believed/holds", "check", what.Title), what.Text)
	if !c.OK {
		reason = a.together(a.words("believed/fails", "check", what.Title, "why", a.say.Fault(c.Err)), what.Text)
	}
	q.Choices = []Choice{
		{Key: yes, Text: a.words("believed/yes"), Right: c.OK, Reason: reason},
		{Key: no, Text: a.words("believed/no"), Right: !c.OK, Reason: reason},
	}
}

// chain makes the choices for a chain: it is believed, or one of the checks on it fails.
func (a *asker) chain(q *Question, r *pki.Report) {
	judged := &r.Paths[len(r.Paths)-1]
	for i := range r.Paths {
		if p := &r.Paths[i]; i == r.Chosen || r.Chosen < 0 && p.Err != nil && p.Err == r.Err {
			judged = p
		}
	}
	var fails *pki.Check
	holds := map[pki.CheckKey]*pki.Check{}
	var failed, order []pki.CheckKey
	for i := range judged.Checks {
		c := &judged.Checks[i]
		switch {
		case !c.OK:
			failed = append(failed, c.Key)
			if fails == nil || c.Err == r.Err {
				fails = c
			}
		case holds[c.Key] == nil: // on the leaf first
			holds[c.Key] = c
			order = append(order, c.Key)
		}
	}
	var verdict string
	switch {
	case r.OK:
		verdict = a.words("believed/all", "n", strconv.Itoa(len(judged.Checks)))
	case fails != nil:
		verdict = a.checked(fails)
	default:
		verdict = a.say.Fault(r.Err)
	}
	q.Choices = []Choice{{Key: yes, Text: a.words("believed/yes"), Right: r.OK, Reason: verdict}}
	if !r.OK {
		key, because := no, a.say.Get(narrate.Reason, narrate.VerdictKey(r)).Title
		if fails != nil {
			key, because = string(fails.Key), a.say.Title(narrate.Check, narrate.ChainKey(fails.Key))
		}
		q.Choices = append(q.Choices, Choice{Key: key, Text: a.words("believed/no_because", "check", because), Right: true, Reason: verdict})
	}
	order = slices.DeleteFunc(order, func(k pki.CheckKey) bool { return slices.Contains(failed, k) })
	a.notable(order, q.Place)
	for _, k := range order[:min(len(order), most-len(q.Choices))] {
		q.Choices = append(q.Choices, Choice{Key: string(k), Text: a.words("believed/no_because", "check", a.say.Title(narrate.Check, narrate.ChainKey(k))), Reason: a.checked(holds[k])})
	}
}

// notable orders checks: by chance, but those that a learner has heard of before the others.
func (a *asker) notable(keys []pki.CheckKey, place string) {
	known := []pki.CheckKey{pki.CheckValidity, pki.CheckName, pki.CheckSignature, pki.CheckTrustAnchor, pki.CheckStaple}
	slices.SortStableFunc(keys, func(x, y pki.CheckKey) int {
		if kx, ky := slices.Contains(known, x), slices.Contains(known, y); kx != ky {
			if kx {
				return -1
			}
			return 1
		}
		return a.byChance(place+string(x), place+string(y))
	})
}

// checked is what the verifier says of a check: what it asks, what it looked at, and what came of it.
func (a *asker) checked(c *pki.Check) string {
	what := a.say.Get(narrate.Check, narrate.ChainKey(c.Key))
	var looked []string
	for _, in := range c.Inputs {
		if _, bytes := in.Value().([]byte); bytes {
			continue
		}
		value := sheet.Text(in.Value())
		if word, ours := a.say.InWords(in.Value()); ours && (in.Name == pki.InStatus || value == "true" || value == "false") {
			value = word
		}
		if value != "" {
			looked = append(looked, a.say.Label(in.Name)+" "+sheet.Cut(value, 60))
		}
	}
	verdict := a.words("believed/holds", "check", what.Title)
	if !c.OK {
		why := a.say.Get(narrate.Reason, narrate.FailureKey(c)).Title
		verdict = a.words("believed/fails", "check", what.Title, "why", why)
	}
	found := ""
	if len(looked) > 0 {
		found = a.words("believed/looked", "what", strings.Join(looked, a.say.Semicolon()))
	}
	return a.together(verdict, what.Text, found)
}
