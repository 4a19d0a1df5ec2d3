// Package beside sets two runs of a lesson side by side: what travelled is aligned message by
// message and field by field, and what differs is told from what is the same.
//
// It takes events and gives rows; it plays nothing and draws nothing. Two runs from the same seed
// differ where a switch made them differ, and in what chance gave to either afterwards: a value is
// compared with the value under the same name, never with the bytes at the same place.
//
// Read Compare first.
package beside

import (
	"bytes"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/wire"
)

// Flow is one flow of a run.
type Flow struct {
	Name   string
	Events []event.Event
}

// Act is a flow of either run, or of one of them.
type Act struct {
	Left, Right string // names; "": the other run has no such flow
	Rows        []Row
}

// Row is a message of either run, or of one of them, or what was sent as application data.
type Row struct {
	Left, Right *Sent   // nil: it did not travel there
	Fields      []Field // leaves, in the order of the message; nil of what only one run has
}

// Same reports whether both runs have it, with the same bytes.
func (r Row) Same() bool {
	return r.Left != nil && r.Right != nil && bytes.Equal(r.Left.Bytes, r.Right.Bytes)
}

// Either is the message of one of the runs, the left one's first.
func (r Row) Either() *Sent {
	if r.Left != nil {
		return r.Left
	}
	return r.Right
}

// Sent is what a party sent at once.
type Sent struct {
	Party string
	Event event.Event // a Message, an Alert or Data
	Bytes []byte      // a message with its header; of an alert both its bytes
	name  string      // what is aligned: a message's kind
}

// Field is a leaf of a message in either run, or in one of them.
type Field struct {
	Name        string      // as wire.Field has it
	Left, Right *wire.Field // nil: that message has no such field
	InLeft      []byte      // its bytes there
	InRight     []byte
}

// Same reports whether both have it, with the same bytes.
func (f Field) Same() bool {
	return f.Left != nil && f.Right != nil && bytes.Equal(f.InLeft, f.InRight)
}

// Compare aligns two runs. Flows of the same name belong together, and so do those that are left
// over, in their order.
func Compare(left, right []Flow) []Act {
	pairs := align(len(left), len(right), func(i, j int) bool { return left[i].Name == right[j].Name })
	var acts []Act
	for _, p := range together(pairs) {
		var a Act
		var l, r []Sent
		if p.i >= 0 {
			a.Left, l = left[p.i].Name, sent(left[p.i].Events)
		}
		if p.j >= 0 {
			a.Right, r = right[p.j].Name, sent(right[p.j].Events)
		}
		a.Rows = rows(l, r)
		acts = append(acts, a)
	}
	return acts
}

// sent is what the parties of a flow sent, in order.
func sent(events []event.Event) (out []Sent) {
	for _, e := range events {
		s := Sent{Party: e.Head().Party, Event: e}
		switch e := e.(type) {
		case *event.Message:
			if e.Dir != event.Send {
				continue
			}
			s.Bytes, s.name = e.Raw, e.Kind.String()
		case *event.Alert:
			if e.Dir != event.Send {
				continue
			}
			s.Bytes, s.name = []byte{byte(e.Level), byte(e.Description)}, "alert "+e.Description.String() // close_notify is no answer to a refusal
		case *event.Data:
			if e.Dir != event.Send {
				continue
			}
			s.Bytes, s.name = e.Data, "application_data"
		default:
			continue
		}
		out = append(out, s)
	}
	return out
}

// rows aligns what was sent by who sent it and what it is.
func rows(left, right []Sent) (out []Row) {
	for _, p := range align(len(left), len(right), func(i, j int) bool {
		return left[i].Party == right[j].Party && left[i].name == right[j].name
	}) {
		var r Row
		if p.i >= 0 {
			r.Left = &left[p.i]
		}
		if p.j >= 0 {
			r.Right = &right[p.j]
		}
		if r.Left != nil && r.Right != nil {
			r.Fields = fields(r.Left, r.Right)
		}
		out = append(out, r)
	}
	return out
}

// fields aligns the leaves of two messages of a kind: those of a name in their order, a value with
// its equal before a value with another.
func fields(left, right *Sent) (out []Field) {
	l, r := leaves(left), leaves(right)
	for _, name := range names(l, r) {
		of := func(f Field) bool { return f.Name == name }
		mine, theirs := only(l, of), only(r, of)
		for _, p := range together(align(len(mine), len(theirs), func(i, j int) bool { return bytes.Equal(mine[i].InLeft, theirs[j].InLeft) })) {
			f := Field{Name: name}
			if p.i >= 0 {
				f.Left, f.InLeft = mine[p.i].Left, mine[p.i].InLeft
			}
			if p.j >= 0 {
				f.Right, f.InRight = theirs[p.j].Left, theirs[p.j].InLeft
			}
			out = append(out, f)
		}
	}
	return out
}

// leaves are the leaves of a message, as the left side of Fields.
func leaves(s *Sent) (out []Field) {
	m, ok := s.Event.(*event.Message)
	if !ok {
		return nil
	}
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Leaf() {
			out = append(out, Field{Name: f.Name, Left: f, InLeft: m.Raw[f.Off : f.Off+f.Len]})
		}
	}
	return out
}

func only(fields []Field, is func(Field) bool) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return !is(f) })
}

// names are the names of both, each once: the left one's order, and what the right one has more
// behind the name that it follows there.
func names(left, right []Field) (out []string) {
	add := func(fields []Field) {
		at := 0
		for _, f := range fields {
			if i := slices.Index(out, f.Name); i >= 0 {
				at = i + 1
				continue
			}
			out = slices.Insert(out, at, f.Name)
			at++
		}
	}
	add(left)
	add(right)
	return out
}
