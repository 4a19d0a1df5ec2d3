package render

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/render/sheet"
)

// Answer is what belongs in one blank of a worksheet.
type Answer struct {
	N     int    `json:"n"`     // the blank's number, from 1
	Flow  int    `json:"flow"`  // which connection of the lesson, from 1
	Label string `json:"label"` // the secret's, "master_secret"
	Value string `json:"value"` // hex
}

// Answers lists what belongs in the blanks shown so far, in order.
func (t *Terminal) Answers() []Answer { return append([]Answer(nil), t.pen.blank.answers...) }

// WriteAnswers writes Answers as JSON: an array of {"n", "flow", "label", "value"}.
func (t *Terminal) WriteAnswers(w io.Writer) error {
	a := t.Answers()
	if a == nil {
		a = []Answer{}
	}
	return foreign.EncodeJSON(w, a, "  ")
}

// Learn makes a blank for a secret before it is told of, on a worksheet: who looks on learns what a
// message holds before he can tell what it is made of.
func (t *Terminal) Learn(s *event.Secret) { t.pen.blank.learn(s) }

// blanks hides derived values wherever they occur: a master secret is also an
// input of the key block, and a verify_data lies open in a record's plaintext.
type blanks struct {
	on      bool
	say     sheet.Voice
	flow    int
	values  [][]byte // of answers, in the same order
	answers []Answer
}

// minHidden is the shortest value that is looked for inside longer ones. The
// shortest that TLS 1.2 derives is a GCM nonce's 4 fixed bytes.
const minHidden = 4

// learn adds a secret that is computed from what the sheet shows. A key pair and a
// signature are not: they need a private key or fresh randomness. Nor is what somebody was
// given who looks on, or has opened with a key that is not on the sheet: from it the exercise begins.
func (b *blanks) learn(s *event.Secret) {
	if !b.on || len(s.Value) < minHidden || s.Function == event.FunctionSession || s.Function == event.FunctionGiven || s.Label == event.LabelServerEphemeral ||
		strings.HasSuffix(string(s.Label), "_key_share") || strings.HasSuffix(string(s.Label), "_signature") ||
		s.Label == event.LabelPremasterSecret && !slices.ContainsFunc(s.Inputs, func(in event.Input) bool { return in.Private && !bytes.Equal(in.Bytes, s.Value) }) || b.number(s.Value) > 0 {
		return
	}
	b.values = append(b.values, s.Value)
	b.answers = append(b.answers, Answer{N: len(b.values), Flow: max(b.flow, 1), Label: string(s.Label), Value: hex.EncodeToString(s.Value)})
}

// number is the blank that v belongs in, or 0.
func (b *blanks) number(v []byte) int {
	for i := range b.values {
		if bytes.Equal(b.values[i], v) {
			return i + 1
		}
	}
	return 0
}

// hide shows v, and puts a blank for what must not be shown. ok is false if v has
// nothing to hide.
func (b *blanks) hide(v []byte, room int) (s string, ok bool) {
	if !b.on {
		return "", false
	}
	if n := b.number(v); n > 0 {
		return blank(n), true
	}
	if n := b.partOf(v); n > 0 {
		return b.say.UI("blank_part", "blank", blank(n)), true
	}
	if v, n, at := b.find(v); n > 0 {
		return strings.TrimSpace(b.say.Hex(v[:at], room) + " " + blank(n) + " " + b.say.Hex(v[at+len(b.values[n-1]):], room)), true
	}
	return "", false
}

// minPart is the shortest value that is taken for a part of a blank, as what one half of
// a hybrid group yields is. Shorter ones could be alike by chance.
const minPart = 16

// partOf is the blank of which v is a part, or 0.
func (b *blanks) partOf(v []byte) int {
	if len(v) < minPart {
		return 0
	}
	for i, x := range b.values {
		if bytes.Contains(x, v) {
			return i + 1
		}
	}
	return 0
}

// find looks for the longest blank inside v.
func (b *blanks) find(v []byte) (in []byte, n, at int) {
	for i, x := range b.values {
		if p := bytes.Index(v, x); p >= 0 && (n == 0 || len(x) > len(b.values[n-1])) {
			n, at = i+1, p
		}
	}
	return v, n, at
}

func blank(n int) string { return fmt.Sprintf("______ (%d)", n) }
