package render

import (
	"crypto/x509"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// sceneInFlight takes a scene where it belongs to a block, and reports whether it is told by that.
func (t *Pen) sceneInFlight(e event.Scene) bool {
	myths := t.mythsOf([]event.Event{e})
	if issue, ok := e.(*event.Issue); ok && t.o.Level == Flights {
		t.issued = append(t.issued, issue)
		t.there.ca = true
		return true
	}
	t.tellIssued()
	_, step := e.(event.Stepped)
	if step && t.block != nil && t.block.after && t.o.Level == Flights {
		t.block.myths = append(t.block.myths, myths...)
		t.block.body = append(t.block.body, func() { t.scene(e) })
		return true
	}
	t.endFlights()
	t.sceneMyths = append(t.sceneMyths, myths...)
	return false
}

// tellIssued says in a line that a certificate was issued.
func (t *Pen) tellIssued() {
	steps := t.issued
	if t.issued = nil; len(steps) == 0 {
		return
	}
	names, issuer := "", ""
	for _, i := range steps {
		for _, in := range i.Step.Inputs {
			switch in.Name {
			case pki.InSubject:
				names = commonName(t.Short(in.Value()))
			case pki.InIssuer:
				issuer = commonName(t.Short(in.Value()))
			}
		}
	}
	t.Text(3, t.Say.Party(steps[0].Party)+t.Say.Colon()+t.Say.UI("flights.issued", "subject", names, "issuer", issuer, "n", sheet.Text(len(steps))), nil)
}

// commonName is the CN of a distinguished name as our CA writes one, or all of it.
func commonName(dn string) string {
	cn, ok := strings.CutPrefix(dn, "CN=")
	if !ok {
		return dn
	}
	cn, _, _ = strings.Cut(cn, ",")
	return cn
}

// legend says what the marks mean at this level.
func (t *Pen) legend() string {
	if t.o.Level == Flights {
		return t.Say.UI("flights.legend")
	}
	return t.Say.UI("legend")
}

// inShort is as much of a scene's text as this level has room for.
func (t *Pen) inShort(text string) string {
	if t.o.Level == Flights {
		return t.gist(text)
	}
	return text
}

// short takes a value of a scene: one that can be read out goes to the words, a certificate and
// the like to the rows, bytes to neither.
func (t *Pen) short(v event.Value, words *[]pki.Input, rows []event.Value) []event.Value {
	switch v.Value.(type) {
	case []byte, nil:
	case *x509.Certificate, *pki.Report, error, string:
		return append(rows, v)
	default:
		*words = append(*words, pki.NewInput(v.Name, t.Say.Word(t.Value(v))))
	}
	return rows
}

// there is what a flow has that a flag shows alone.
type there struct {
	messages                   int // of the longest flow
	secrets, checks, myths, ca bool
}

// notes notes what an event has of that.
func (t *there) notes(e event.Event) {
	switch e.(type) {
	case *event.Secret:
		t.secrets = true
	case *event.Check:
		t.checks = true
	}
}

// more says what to type for the rest, of which there is something.
func (t *Pen) more() {
	if !t.flow.lesson { // whose outcome stands above it
		t.Blank()
	}
	what, flags := "--full", []string(nil)
	if n := min(t.there.messages, 2); n > 0 { // the second is an answer, where there is one
		what += t.Say.Semicolon() + t.Say.UI("flights.every_byte", "n", sheet.Text(n))
	}
	for _, f := range []struct {
		flag string
		some bool
	}{{"--secrets", t.there.secrets}, {"--checks", t.there.checks}, {"--myths", t.there.myths}, {"--ca", t.there.ca}} {
		if f.some {
			flags = append(flags, f.flag)
		}
	}
	if len(flags) > 0 {
		what += t.Say.Semicolon() + t.Say.List(flags)
	}
	t.Text(0, t.Say.UI("flights.more", "what", what), nil)
}

// keep keeps the events of a lesson's flow, for what is said in the end. A live connection, which
// can go on for long, has no flow, and one that was recorded has no flags to try.
func (t *Pen) keep(e event.Event) {
	if t.asked != Flights {
		return
	}
	if t.flow.lesson {
		t.flow.events = append(t.flow.events, e)
	}
}

// whatIf says what to try next.
func (t *Pen) whatIf() {
	if t.o.Level == Flights && t.flow.lesson {
		t.Text(0, narrate.Summarize(t.flow.events).WhatIf.In(t.Say.Lang), nil)
	}
}
