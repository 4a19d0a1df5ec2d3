package proxy

import (
	"bytes"
	"io"
	"strings"

	"tlslab/handshake/reason"
)

// Rewrite replaces Old by New wherever it stands in a body.
type Rewrite struct{ Old, New []byte }

// ParseRewrite reads OLD=NEW. NEW may be empty, and may hold further equals signs.
func ParseRewrite(text string) (Rewrite, error) {
	old, new, ok := strings.Cut(text, "=")
	if !ok || old == "" {
		return Rewrite{}, reason.Because("it takes OLD=NEW, and an OLD that is not empty")
	}
	return Rewrite{[]byte(old), []byte(new)}, nil
}

// Rewriter is a reader whose source has been rewritten. It holds back no more than might
// be the beginning of something to replace.
type Rewriter struct {
	Replaced int // so far

	src   io.Reader
	rules []Rewrite
	raw   []byte // read, and not yet looked through
	out   []byte // looked through, and not yet read from here
	err   error
	store []byte
}

// NewRewriter returns a reader of src with each rule applied; at each place the first one
// that fits.
func NewRewriter(src io.Reader, rules []Rewrite) *Rewriter { return &Rewriter{src: src, rules: rules} }

// Read reads rewritten bytes.
func (r *Rewriter) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		buf := make([]byte, 4096)
		n, err := r.src.Read(buf)
		r.raw, r.err = append(r.raw, buf[:n]...), err
		r.look(err != nil)
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// Add appends to dst what is settled once p has come too; instead of Read, for one who is given
// the source piece by piece.
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
			r.out, r.raw = append(r.out, r.rules[rule].New...), r.raw[len(r.rules[rule].Old):]
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
		if j := bytes.Index(r.raw[:min(len(r.raw), at+len(r.rules[i].Old))], r.rules[i].Old); j >= 0 && j < at {
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
		old := r.rules[i].Old
		for n := min(len(old)-1, len(r.raw)); n > len(r.raw)-at; n-- {
			if bytes.HasSuffix(r.raw, old[:n]) {
				at, rule = len(r.raw)-n, i
				break
			}
		}
	}
	return at, rule
}
