package event

import "tlslab/pki"

// Scene is what a lesson does around its endpoints: a CA issues, a thief copies a key, an
// interceptor forges. Endpoints never emit one. Each is a struct of the package that plays
// it, or a student's own, with Meta inside and a pointer receiver:
//
//	type Coffee struct {
//		event.Meta
//		Cups int
//	}
//
//	func (*Coffee) Key() event.SceneKey       { return SceneCoffee }
//	func (c *Coffee) Values() []event.Value   { return []event.Value{{Name: "cups", Value: c.Cups}} }
type Scene interface {
	Event
	// Key is what happened, and the same each time: "mitm_forge". A transcript names the
	// scene by it.
	Key() SceneKey
	// Values are what there is to show, in the order to be shown. A value that is to be
	// left out this time is not among them.
	Values() []Value
}

// Varied is a Scene that can happen in more than one way, each with words of its own. The
// words of any other Scene are those of its Key.
type Varied interface {
	Scene
	// Entry is narrate's key of the words for how it happened this time: Key, or Key with a
	// variant behind a plus, "mitm_forge+stolen".
	Entry() SceneKey
}

// SceneKey names a scene.
type SceneKey string

// Variant is the key of the words for a scene that happened in a way of its own.
func (k SceneKey) Variant(way string) SceneKey { return k + SceneKey("+"+way) }

// Value is one value of a scene.
type Value struct {
	Name  string
	Value any // string, []byte, int, []int, bool, time.Time, error, *x509.Certificate, *pki.Report, Valued
}

// Valued is a value that has parts, such as what one party knows.
type Valued interface{ Values() []Value }

// The scenes are here that more than one player tells, or that the faces know by name; each other is in
// its player's package.
const (
	SceneFlow    SceneKey = "flow"
	SceneOutcome SceneKey = "outcome"
	// SceneRecorded heads what was overheard: neither end has told of what it read.
	SceneRecorded SceneKey = "recorded"
	// SceneRecordingEnded closes the account of it.
	SceneRecordingEnded SceneKey = "recording_ended"
)

// Flow heads a flow: connections with their own parties, one after the other. A lesson tells
// it, and whoever plays what was recorded.
type Flow struct {
	Meta
	Name    string   // "rsa", "resumed", "proxy_both"
	Parties []string // from left to right
	Variant string   // what is different about it this time, "0rtt"; "" if nothing is
	Own     bool     // it has a student's key exchange, and no words under its name
	// Passthrough, Resume and Host are those of the lesson or of the recording.
	Passthrough bool
	Resume      string
	Host        string
}

// Key returns SceneFlow.
func (*Flow) Key() SceneKey { return SceneFlow }

// Entry is one for each name, and for each variant of it.
func (f *Flow) Entry() SceneKey {
	switch {
	case f.Own:
		return SceneFlow
	case f.Variant != "":
		return (SceneFlow + SceneKey("/"+f.Name)).Variant(f.Variant)
	}
	return SceneFlow + SceneKey("/"+f.Name)
}

// Values are name and parties, and what is set of the others.
func (f *Flow) Values() []Value {
	values := []Value{{"name", f.Name}, {"parties", f.Parties}}
	if f.Passthrough {
		values = append(values, Value{"passthrough", true})
	}
	if f.Resume != "" {
		values = append(values, Value{"resume", f.Resume})
	}
	if f.Host != "" {
		values = append(values, Value{"host", f.Host})
	}
	return values
}

// Outcome closes a flow.
type Outcome struct {
	Meta
	Done     bool   // the data arrived, and both ends closed
	Intended bool   // that it was refused is what the lesson wanted
	Refused  string // the party that did; "" if none
	Err      error  // why, or nil
}

// Key returns SceneOutcome.
func (*Outcome) Key() SceneKey { return SceneOutcome }

// Values are all four.
func (o *Outcome) Values() []Value {
	return []Value{{"done", o.Done}, {"intended", o.Intended}, {"refused", o.Refused}, {"error", o.Err}}
}

// Issue is a step by which an authority makes a certificate.
type Issue struct {
	Meta
	Step pki.IssueStep
}

// Key is one for each key of a step: "ca_sign".
func (i *Issue) Key() SceneKey { return IssueKey(i.Step.Key) }

// Values are what went into the step.
func (i *Issue) Values() []Value {
	values := make([]Value, 0, len(i.Step.Inputs))
	for _, in := range i.Step.Inputs {
		values = append(values, Value{in.Name, in.Value()})
	}
	return values
}

// IssueKey is the Key of the Issue of a step, one of pki.StepKeys.
func IssueKey(step string) SceneKey { return SceneKey("ca_" + step) }

// Stepped is a Scene that is a step of a story whose length is known.
type Stepped interface {
	Scene
	Step() (n, of int) // n from 1
}
