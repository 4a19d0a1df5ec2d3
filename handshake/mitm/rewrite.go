package mitm

import (
	"bytes"
	"strings"

	"tlslab/handshake/reason"
)

// Rewrite is what a box changes in the plaintext that it relays: each Old becomes New,
// in both directions. The zero value changes nothing.
type Rewrite struct{ Old, New string }

// ParseRewrite reads OLD=NEW. NEW may be empty, and may hold further equals signs.
func ParseRewrite(text string) (Rewrite, error) {
	old, new, ok := strings.Cut(text, "=")
	if !ok || old == "" {
		return Rewrite{}, reason.Because("it takes OLD=NEW, and an OLD that is not empty")
	}
	return Rewrite{old, new}, nil
}

// Apply returns what becomes of a text, and how often Old was found in it. It sees the text alone:
// an Old that comes in two pieces it does not find, and a Rewriter does.
func (r Rewrite) Apply(text string) (changed string, times int) {
	if r.Old == "" {
		return text, 0
	}
	rw := NewRewriter(r)
	return string(rw.End(rw.Add(nil, []byte(text)))), rw.Replaced
}

// Rewriter changes what comes piece by piece. It holds back no more than might be the beginning of
// something to replace.
type Rewriter struct {
	Replaced int // so far

	rules [][2][]byte // old and new
	raw   []byte      // come, and not yet looked through
	out   []byte      // looked through
	store []byte
}

// NewRewriter returns a Rewriter with these rules, of which none has an empty Old; at each place the
// first one that fits.
func NewRewriter(rules ...Rewrite) *Rewriter {
	r := &Rewriter{}
	for _, rule := range rules {
		r.rules = append(r.rules, [2][]byte{[]byte(rule.Old), []byte(rule.New)})
	}
	return r
}

// Add appends to dst what is settled once p has come too.
func (r *Rewriter) Add(dst, p []byte) []byte {
	r.raw = append(r.raw, p...)
	r.look(false)
	return append(dst, r.out...)
}

// End appends the rest.
func (r *Rewriter) End(dst []byte) []byte {
	r.look(true)
	return append(dst, r.out...)
}

// look moves what is settled from raw to out; all of it at the end.
func (r *Rewriter) look(end bool) {
	r.out = r.store[:0]
	for len(r.raw) > 0 {
		at, rule := r.first()
		if !end {
			// What has come may be the beginning of something that stands before it.
			if open, n := r.partial(); open < at || open == at && n < rule {
				r.out, r.raw = append(r.out, r.raw[:open]...), r.raw[open:]
				break
			}
		}
		r.out, r.raw = append(r.out, r.raw[:at]...), r.raw[at:]
		if rule < len(r.rules) {
			r.out, r.raw = append(r.out, r.rules[rule][1]...), r.raw[len(r.rules[rule][0]):]
			r.Replaced++
		}
	}
	r.raw = bytes.Clone(r.raw)
	r.store = r.out
}

// first finds the first place at which a rule fits, and the first rule that does; the end
// if none does.
func (r *Rewriter) first() (at, rule int) {
	at, rule = len(r.raw), len(r.rules)
	for i := range r.rules {
		if j := bytes.Index(r.raw[:min(len(r.raw), at+len(r.rules[i][0]))], r.rules[i][0]); j >= 0 && j < at {
			at, rule = j, i
		}
	}
	return at, rule
}

// partial finds the first place from which the last bytes may be the beginning of something
// to replace, and the rule for that.
func (r *Rewriter) partial() (at, rule int) {
	at, rule = len(r.raw), len(r.rules)
	for i := range r.rules {
		old := r.rules[i][0]
		for n := min(len(old)-1, len(r.raw)); n > len(r.raw)-at; n-- {
			if bytes.HasSuffix(r.raw, old[:n]) {
				at, rule = len(r.raw)-n, i
				break
			}
		}
	}
	return at, rule
}
