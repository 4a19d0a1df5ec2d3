package page

import (
	"io"
	"strings"

	"tlslab/handshake/narrate"
)

// Form is what stands above a lesson of the lab: the lessons in a row, the switches in closed
// groups, and what the switches have led to. It is sent as an address, so the address is the lesson.
type Form struct {
	Lessons []Link
	Groups  []Group
	Notes   []string // what has no effect
	Beside  []Link   // the lesson beside the same with one switch less
	Command string   // that makes the same page; "" if there is none
}

// Link is an address of the server that a page came from. Here marks the one that the page answers.
type Link struct {
	Text string
	To   Query
	At   string // what is to be seen of it, an id on that page; "" for its top
	Here bool
}

func (l Link) href() pair {
	to := ask(l.To)
	if l.At != "" {
		to.value += "#" + string(addressOf(l.At))
	}
	return to
}

// Group is switches that belong together.
type Group struct {
	Key      string // narrate's "group/" and this
	Switches []Switch
	Note     string // about switches that are not there; may be ""
}

// Switch is one control.
type Switch struct {
	Name    string // in the address; narrate's "switch/" and this
	Kind    SwitchKind
	Choices []string // of a SwitchChoice, and those that a SwitchList may have
	Value   string   // as the address has it; "" if it is not set
}

// SwitchKind says how a switch is drawn. It is package switches' Kind.
type SwitchKind string

// The kinds. Each is a stable key.
const (
	SwitchToggle SwitchKind = "toggle"
	SwitchChoice SwitchKind = "choice"
	SwitchList   SwitchKind = "list"
	SwitchNumber SwitchKind = "number"
	SwitchText   SwitchKind = "text"
)

// asAddressed is of a form that shows what the address says, also to who comes back to the page:
// else a browser would put into it what was last chosen there.
var asAddressed = value(attrAutocomplete, "off")

// form writes the Form, where there is one.
func (d *document) form() {
	f := d.o.Form
	if f == nil {
		return
	}
	d.in(elSection, []pair{id("lab"), class(classLab), value(attrAriaLabel, d.lab("switches"))}, func() {
		d.lessons(f)
		d.in(elForm, []pair{value(attrMethod, "get"), asAddressed}, func() {
			for _, g := range f.Groups {
				d.group(g)
			}
			d.with(elButton, d.lab("play"), value(attrType, "submit"))
			d.space()
			d.with(elA, d.lab("begin_again"), ask(Query{{Name: "lang", Value: string(d.say.Lang)}}))
		})
		for _, n := range f.Notes {
			d.with(elP, n, class(classPrivate))
		}
		d.besides(f)
		if f.Command != "" {
			d.in(elP, []pair{class(classDim)}, func() {
				d.text(d.lab("command") + d.say.Colon())
				d.with(elCode, f.Command, value(attrTranslate, "no"))
			})
		}
	})
	d.newline()
}

// lab is a word of the lab.
func (d *document) lab(key string) string { return d.say.Get(narrate.Lab, key).Title }

// besides offers to see what a switch has changed.
func (d *document) besides(f *Form) {
	if len(f.Beside) == 0 {
		return
	}
	d.in(elP, nil, func() {
		d.text(d.lab("beside_what") + d.say.Colon())
		for i, l := range f.Beside {
			if i > 0 {
				d.text(d.say.Comma())
			}
			d.with(elA, l.Text, ask(l.To))
		}
	})
}

func (d *document) lessons(f *Form) {
	d.in(elNav, []pair{class(classLessons), value(attrAriaLabel, d.lab("lessons"))}, func() {
		for _, l := range f.Lessons {
			d.newline()
			d.with(elA, l.Text, ask(l.To), when(l.Here, value(attrAriaCurrent, "page")))
		}
	})
	d.newline()
}

// group writes switches that are closed until they are asked for; what is set stands beside the
// group's name.
func (d *document) group(g Group) {
	var set []string
	for _, s := range g.Switches {
		switch {
		case s.Kind == SwitchToggle && s.Value != "":
			set = append(set, s.Name)
		case s.Value != "":
			set = append(set, s.Name+" "+s.Value)
		}
	}
	d.newline()
	d.in(elDetails, []pair{class(classGroup)}, func() {
		d.in(elSummary, nil, func() {
			d.text(d.lab("group/" + g.Key))
			if len(set) > 0 {
				d.space()
				d.with(elCode, strings.Join(set, ", "), value(attrTranslate, "no"))
			}
		})
		for _, s := range g.Switches {
			d.newline()
			d.in(elLabel, []pair{class(classSwitch)}, func() { d.control(s) })
		}
		if g.Note != "" {
			d.newline()
			d.with(elP, g.Note, class(classDim))
		}
	})
}

// control writes one switch, within its label.
func (d *document) control(s Switch) {
	about := d.say.Get(narrate.Lab, "switch/"+s.Name)
	if s.Kind == SwitchToggle {
		d.start(elInput, value(attrType, "checkbox"), value(attrName, s.Name), value(attrValue, "on"), when(s.Value != "", is(attrChecked)))
		d.space()
	}
	d.with(elB, about.Title)
	d.space()
	d.with(elCode, s.Name, value(attrTranslate, "no"))
	d.space()
	switch s.Kind {
	case SwitchChoice:
		d.in(elSelect, []pair{value(attrName, s.Name)}, func() {
			d.with(elOption, d.lab("unset"), pair{attrValue, ""}, when(s.Value == "", is(attrSelected)))
			for _, c := range s.Choices {
				d.with(elOption, c, value(attrValue, c), when(s.Value == c, is(attrSelected)))
			}
		})
	case SwitchNumber:
		d.start(elInput, value(attrType, "number"), value(attrName, s.Name), value(attrValue, s.Value))
	case SwitchList:
		list := addressOf("list", s.Name)
		d.start(elInput, value(attrType, "text"), value(attrName, s.Name), value(attrValue, s.Value), value(attrList, string(list)))
		d.in(elDatalist, []pair{id(list)}, func() {
			for _, c := range s.Choices {
				d.start(elOption, value(attrValue, c))
				d.end()
			}
		})
	case SwitchText:
		d.start(elInput, value(attrType, "text"), value(attrName, s.Name), value(attrValue, s.Value))
	}
	if about.Text != "" {
		d.space()
		d.with(elSpan, about.Text, class(classDim))
	}
}

// Refusal is switches that make no lesson.
type Refusal struct {
	Text, Remedy string
	LeaveOut     []Link
}

// WriteRefusal writes, in place of a lesson, why there is none. The error is the writer's.
func WriteRefusal(w io.Writer, r Refusal, o Options) error {
	d := newDocument(o, nil)
	d.sheet(d.lab("contradiction"), func() {
		d.with(elP, r.Text, class(classBad))
		if r.Remedy != "" {
			d.with(elP, r.Remedy)
		}
		if len(r.LeaveOut) == 0 {
			return
		}
		d.in(elUl, nil, func() {
			for _, l := range r.LeaveOut {
				d.in(elLi, nil, func() { d.with(elA, l.Text, ask(l.To)) })
			}
		})
	})
	return d.to(w)
}
