package page

import (
	"bytes"
	"encoding/hex"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/kx"
	"tlslab/handshake/render"
	"tlslab/handshake/suite"
)

// blanks are what a worksheet leaves to the student: the values that the terminal leaves blank
// are blank wherever they stand on the page.
type blanks [][]byte

// blanksOf are the values that whoever tells leaves blank.
func blanksOf(t Teller) blanks {
	a, ok := t.(interface{ Answers() []render.Answer })
	if !ok {
		return nil
	}
	var out blanks
	for _, x := range a.Answers() {
		if v, err := hex.DecodeString(x.Value); err == nil && len(v) >= 4 {
			out = append(out, v)
		}
	}
	return out
}

// hides reports whether bytes hold a value that is to be filled in, or are a part of one, and
// its blank.
func (b blanks) hides(raw []byte) (blank string, ok bool) {
	for i, v := range b {
		if bytes.Contains(raw, v) || len(raw) >= 4 && bytes.Contains(v, raw) {
			return "(" + decimal(i+1) + ") ________", true
		}
	}
	return "", false
}

// withoutSecrets leaves out of the events what must stay secret: the values that a party
// computed, what of them went into a check or a record. What was sent under keys stays as
// it went over the wire.
func withoutSecrets(events []event.Event) []event.Event {
	var out []event.Event
	secret := map[string]bool{}
	for _, e := range events {
		if s, ok := e.(*event.Secret); ok && !travels(s.Label) {
			secret[string(s.Value)] = true
		}
	}
	for _, e := range events {
		switch e := e.(type) {
		case *event.Secret:
			continue
		case *event.Flow:
		case event.Scene: // such as one in which a secret is stolen
			if slices.ContainsFunc(e.Values(), func(v event.Value) bool { b, ok := v.Value.([]byte); return ok && secret[string(b)] }) {
				continue
			}
		case *event.Check:
			c := *e
			c.Inputs = nil
			for _, in := range e.Inputs {
				if in.Private {
					in.Value = kx.Value{Name: in.Name, Private: true}
				}
				c.Inputs = append(c.Inputs, in)
			}
			out = append(out, &c)
			continue
		case *event.Record:
			r := *e
			r.Steps = nil
			for _, s := range e.Steps {
				switch s.Name {
				case suite.StepFixedIV, suite.StepWriteIV, suite.StepNonce:
				default:
					r.Steps = append(r.Steps, s)
				}
			}
			out = append(out, &r)
			continue
		}
		out = append(out, e)
	}
	return out
}
