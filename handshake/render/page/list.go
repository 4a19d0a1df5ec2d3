package page

import (
	_ "embed" // of the list's style and script
	"io"
)

//go:embed list.css
var listStyleText string

//go:embed list.js
var listScriptText string

// A list has a page's style and its own, and its own script.
var (
	listStyle  = asset{listStyleText}
	listScript = asset{listScriptText}
)

// ListPolicy is what a list allows itself: as Policy, and that it asks the server which it came from
// for what comes next.
func ListPolicy() string {
	return policyOf([]asset{style, listStyle}, []asset{listScript}) + "; connect-src 'self'"
}

// Outcome is what became of something that passed.
type Outcome string

// The outcomes. Each is a stable key. What failed was also refused by somebody: it has both.
const (
	Passed    Outcome = "passed"    // it went through
	Noted     Outcome = "noted"     // it went through, and something is to be said of it
	Failed    Outcome = "failed"    // it did not
	ByClient  Outcome = "client"    // … the client refused, or left
	ByServer  Outcome = "server"    // … the server, or a proxy on the way to it
	ByProxy   Outcome = "proxy"     // … the proxy itself
	Untouched Outcome = "untouched" // it was not looked into
)

// Outcomes lists every Outcome.
func Outcomes() []Outcome {
	return []Outcome{Passed, Noted, Failed, ByClient, ByServer, ByProxy, Untouched}
}

// What the form of a list asks for, and the language.
const (
	AskHost    = "host"
	AskOutcome = "outcome"
	AskLang    = "lang"
)

// List is what has passed a proxy, the newest first, as a page that goes on by itself.
type List struct {
	Proxy   string   // where it listens
	Try     string   // a command that sends something through it: what to do while the list is empty
	Entries []Listed // the newest first
	Hosts   []string // to choose from
	Host    string   // only those: a part of its name; "" for all
	Outcome Outcome  // only those; "" for all
	Gone    int      // how many entries are listed no more
	Older   Query    // where those before are; nil if there are none
	Newer   Query    // where the newest are; nil if these are they
	Again   Query    // this list
	Langs   []Link   // the same in each language
	After   string   // what the stream of those to come goes on behind; "": there is none to this page
	Most    int      // entries that the page has; as new ones come, the oldest go
}

// Listed is an entry of a List, in words.
type Listed struct {
	N                                           int
	Time, Method, Status, Sent, Received, Where string
	Outcomes                                    []Outcome
	Legs                                        string // what the handshakes settled
	Remarks                                     []Remark
	Open                                        Query // its own page
	Gone                                        bool  // nothing is left to open: only what is said here
}

// Remark is a line about an entry.
type Remark struct {
	Weight Weight
	Text   string
}

// Weight is how much a remark matters.
type Weight uint8

// The weights.
const (
	Aside   Weight = iota // it is as it should be
	Warning               // one should know it
	Fault                 // it is why it failed
)

// WriteList writes a list as a document. The error is the writer's.
func WriteList(w io.Writer, l List, o Options) error {
	d := newDocument(o, nil)
	d.styles, d.scripts, d.policy = []asset{style, listStyle}, []asset{listScript}, ListPolicy()
	d.footer = "page.list_made_by"
	d.heading = d.say.UI("page.list")
	d.page(func() {
		d.in(elHeader, nil, func() {
			d.with(elH1, d.heading)
			d.in(elP, []pair{class(classDim)}, func() {
				d.text(d.say.UI("page.list_on", "address", l.Proxy))
				d.linkLine(l.Langs)
			})
			d.listState(l)
			d.listFilter(l)
		})
		d.in(elMain, nil, func() { d.listed(l) })
	})
	return d.to(w)
}

// WriteListed writes one entry of a list, as it stands in the document. The error is the writer's.
func WriteListed(w io.Writer, e Listed, o Options) error {
	d := newDocument(o, nil)
	d.entry(e)
	return d.to(w)
}

// linkLine is links in a line, each after a blank.
func (d *document) linkLine(all []Link) {
	for _, l := range all {
		d.space()
		d.with(elA, l.Text, l.href(), when(l.Here, value(attrAriaCurrent, "page")))
	}
}

// states are what can be said of how the list goes on, by the script or without one.
var states = []string{"still", "live", "held", "lost", "over", "full"}

// listState says whether the list goes on by itself, and lets one hold it.
func (d *document) listState(l List) {
	d.newline()
	d.in(elP, []pair{id("state")}, func() {
		for _, s := range states {
			d.with(elSpan, d.say.UI("page.list_state_"+s), class(classState), value(attrDataState, s))
		}
		d.space()
		d.with(elA, d.say.UI("page.list_again"), ask(l.Again))
		if l.After != "" {
			d.space()
			d.with(elButton, d.say.UI("page.list_hold"), id("hold"), value(attrType, "button"))
		}
	})
}

// listFilter is the form that chooses entries. Its answer is a page with an address of its own.
func (d *document) listFilter(l List) {
	d.newline()
	d.in(elForm, []pair{value(attrMethod, "get"), asAddressed, class(classFilter), value(attrAriaLabel, d.say.UI("page.list_choose"))}, func() {
		d.in(elLabel, nil, func() {
			d.text(d.say.UI("page.list_host"))
			d.space()
			d.start(elInput, value(attrType, "text"), value(attrName, AskHost), value(attrValue, l.Host), value(attrList, "hosts"))
		})
		d.in(elDatalist, []pair{id("hosts")}, func() {
			for _, h := range l.Hosts {
				d.start(elOption, value(attrValue, h))
				d.end()
			}
		})
		d.space()
		d.in(elLabel, nil, func() {
			d.text(d.say.UI("page.list_outcome"))
			d.space()
			d.in(elSelect, []pair{value(attrName, AskOutcome)}, func() {
				d.with(elOption, d.say.UI("page.list_all"), pair{attrValue, ""}, when(l.Outcome == "", is(attrSelected)))
				for _, o := range Outcomes() {
					d.with(elOption, d.say.UI("page.list_outcome_"+string(o)), value(attrValue, string(o)), when(l.Outcome == o, is(attrSelected)))
				}
			})
		})
		d.space()
		d.start(elInput, value(attrType, "hidden"), value(attrName, AskLang), value(attrValue, string(d.o.Lang)))
		d.with(elButton, d.say.UI("page.list_choose"), value(attrType, "submit"))
	})
}

// listed is the table, and what lies before and behind it.
func (d *document) listed(l List) {
	if l.Newer != nil {
		d.in(elP, nil, func() { d.with(elA, d.say.UI("page.list_newer"), ask(l.Newer)) })
	}
	d.newline()
	d.in(elTable, []pair{class(classEntries)}, func() {
		d.in(elThead, nil, func() {
			d.in(elTr, nil, func() {
				for _, k := range []string{"n", "time", "method", "status", "sent", "received", "where"} {
					d.with(elTh, d.say.UI("cmd.proxy_head_"+k), value(attrScope, "col"), when(k == "n" || k == "sent" || k == "received", class(classCount)))
				}
			})
		})
		d.newline()
		d.in(elTbody, []pair{id("entries"), when(l.After != "", value(attrDataAfter, l.After)), number(attrDataMost, l.Most)}, func() {
			for _, e := range l.Entries {
				d.entry(e)
			}
		})
	})
	d.newline()
	if len(l.Entries) == 0 {
		none := "page.list_none"
		if l.Host != "" || l.Outcome != "" || l.Newer != nil {
			none = "page.list_none_fits"
		}
		d.in(elDiv, []pair{id("none")}, func() {
			d.with(elP, d.say.UI(none))
			if l.Try != "" && none == "page.list_none" {
				d.in(elP, nil, func() { d.with(elCode, l.Try, value(attrTranslate, "no")) })
			}
		})
	}
	if l.Older != nil {
		d.in(elP, nil, func() { d.with(elA, d.say.UI("page.list_older"), ask(l.Older)) })
	} else if l.Gone > 0 {
		d.with(elP, d.say.UI("page.list_gone", "n", decimal(l.Gone)), class(classDim))
	}
}

// entry is a row of the table. Its one link is a stop of Tab, and no other is called like it.
func (d *document) entry(e Listed) {
	d.in(elTr, []pair{id(addressOf("e" + decimal(e.N))), class(outcomeClass(e.Outcomes))}, func() {
		d.with(elTd, decimal(e.N), class(classCount))
		d.with(elTd, e.Time)
		d.with(elTd, e.Method, value(attrTranslate, "no"))
		d.with(elTd, e.Status)
		d.with(elTd, e.Sent, class(classCount))
		d.with(elTd, e.Received, class(classCount))
		d.in(elTd, []pair{class(classWhere)}, func() {
			d.in(elA, []pair{ask(e.Open)}, func() {
				d.with(elSpan, d.say.UI("page.list_entry", "n", decimal(e.N))+d.say.Colon(), class(classHidden))
				d.with(elSpan, e.Where, value(attrTranslate, "no"))
			})
			d.remarks(e)
		})
	})
	d.newline()
}

// remarks are what is said of an entry below its line.
func (d *document) remarks(e Listed) {
	if e.Legs != "" {
		d.with(elP, e.Legs, class(classDim))
	}
	for _, r := range e.Remarks {
		d.with(elP, r.Text, class([]className{Aside: classDim, Warning: classPrivate, Fault: classBad}[min(r.Weight, Fault)]))
	}
	if e.Gone {
		d.with(elP, d.say.UI("page.list_not_kept"), class(classDim))
	}
}

func outcomeClass(all []Outcome) className {
	for _, o := range all {
		switch o {
		case Failed:
			return classFailed
		case Noted:
			return classRemarked
		}
	}
	return noClass
}

// WriteNotice writes, in place of a page, what there is to say instead; o.Around leads on. The error
// is the writer's.
func WriteNotice(w io.Writer, heading, text string, o Options) error {
	d := newDocument(o, nil)
	d.sheet(heading, func() {
		if text != "" {
			d.with(elP, text)
		}
	})
	return d.to(w)
}

// Around is what stands above a page that is served from a list.
type Around struct {
	Links []Link
	Entry *Listed // whose page it is; may be nil
}

// leadsAway writes it.
func (d *document) leadsAway() {
	a := d.o.Around
	if a == nil {
		return
	}
	d.in(elSection, []pair{class(classLab), value(attrAriaLabel, d.say.UI("page.list"))}, func() {
		d.in(elP, nil, func() { d.linkLine(a.Links) })
		if e := a.Entry; e != nil {
			d.in(elP, nil, func() {
				d.with(elB, d.say.UI("page.list_entry", "n", decimal(e.N)))
				for _, s := range []string{e.Time, e.Method, e.Where, e.Status} {
					if s != "" {
						d.space()
						d.with(elSpan, s, value(attrTranslate, "no"))
					}
				}
			})
			d.remarks(*e)
		}
	})
	d.newline()
}
