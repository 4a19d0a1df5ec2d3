package page

import (
	"bytes"
	"encoding/hex"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
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

// withholding is how much of an event is left out of a page that can be passed on.
type withholding uint8

const (
	nothing  withholding = iota
	contents             // of a record: what was in it; its bytes on the wire are sealed
	wholly               // of application data, and of a record that hides nothing
)

// withheld is what is left out of the events that are on the page all the same, since something was
// sent there.
type withheld map[event.Event]withholding

// withoutSecrets leaves out of the events what must stay secret: the values that a party
// computed, what of them went into a check or a record; and the application data, early or not, which
// whoever protected it did not want read: a cookie is worth as much as a key. What was sent under
// keys stays as it went over the wire, unless those keys only say who wrote it.
//
// Where application data stood is as much of nothing, so that its length can be told. That is
// not shown: withheld has those events.
func withoutSecrets(events []event.Event) ([]event.Event, withheld) {
	var out []event.Event
	var said [][]byte
	held, secret := withheld{}, map[string]bool{}
	for _, e := range events {
		switch e := e.(type) {
		case *event.Secret:
			if !e.Label.Travels() {
				secret[string(e.Value)] = true
			}
		case *event.Data:
			said = append(said, e.Data)
		}
	}
	tells := func(b []byte) bool {
		return secret[string(b)] || len(b) >= 4 && slices.ContainsFunc(said, func(d []byte) bool { return len(d) >= 4 && (bytes.Contains(b, d) || bytes.Contains(d, b)) })
	}
	for _, e := range events {
		switch e := e.(type) {
		case *event.Secret:
			continue
		case *event.Flow, *event.Onlooked: // of which no value is shown
		case event.Scene: // such as one in which a secret is stolen, or that says what a thief has read
			if slices.ContainsFunc(e.Values(), func(v event.Value) bool { return holds(v.Value, tells) }) {
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
		case *event.Data:
			d := *e
			d.Data = make([]byte, len(e.Data))
			held[&d] = wholly
			out = append(out, &d)
			continue
		case *event.Record:
			r := *e
			if e.Type == iana.ApplicationData && len(e.Payload) > 0 {
				r.Payload, held[&r] = make([]byte, len(e.Payload)), contents
				if readOnTheWire(e) {
					held[&r] = wholly
				}
			}
			r.Steps = nil
			for _, s := range e.Steps {
				if s.OfKeys() {
					continue
				}
				switch s.Name {
				case suite.StepPlaintext, suite.StepCompressed, suite.StepInnerPlaintext, suite.StepMAC, suite.StepPadding, suite.StepZeros:
					if held[&r] != nothing {
						continue
					}
				}
				r.Steps = append(r.Steps, s)
			}
			out = append(out, &r)
			continue
		}
		out = append(out, e)
	}
	return out, held
}

// readOnTheWire reports whether a record carries what is in it as it is: in clear, or under keys
// that only say who wrote it.
func readOnTheWire(e *event.Record) bool {
	return !e.Protected || bytes.Contains(e.Wire, e.Payload) || len(e.Step(suite.StepCompressed)) > 0 && bytes.Contains(e.Wire, e.Step(suite.StepCompressed))
}

// holds reports whether a scene's value is such bytes or such a text, or has one within it.
func holds(v any, such func([]byte) bool) bool {
	switch v := v.(type) {
	case []byte:
		return such(v)
	case string:
		return such([]byte(v))
	case interface{ Values() []event.Value }:
		return slices.ContainsFunc(v.Values(), func(in event.Value) bool { return holds(in.Value, such) })
	}
	return false
}
