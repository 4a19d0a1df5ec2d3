package page

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// report draws what a verifier said of a chain: for each path a matrix of checks and
// certificates, and under it each check, which a cell of the matrix leads to. The words are those
// that were told.
func (d *document) report(at address, r *pki.Report, all []told) {
	names, looked := map[*pki.Check]address{}, map[*pki.Check][]link{}
	for i := range r.Paths {
		d.matrix(at, r, i, names)
		d.looked(&r.Paths[i], looked)
	}
	var open *pki.Check
	var run []told
	flush := func() {
		if open != nil {
			d.check(names[open], open, run, looked[open])
		} else {
			d.tells(run, classTelling)
		}
		run = nil
	}
	for _, b := range all {
		c, _ := b.Of.(*pki.Check)
		if c != open {
			flush()
			open = c
		}
		run = append(run, b)
	}
	flush()
}

// matrix is the checks of a path as rows, its certificates as columns. What is no check of a
// certificate has an empty cell; a cross is a check that failed, and nothing else.
func (d *document) matrix(at address, r *pki.Report, i int, names map[*pki.Check]address) {
	p := &r.Paths[i]
	var keys []pki.CheckKey
	cells := map[pki.CheckKey]map[int][]*pki.Check{}
	for k := range p.Checks {
		c := &p.Checks[k]
		if cells[c.Key] == nil {
			cells[c.Key] = map[int][]*pki.Check{}
			keys = append(keys, c.Key)
		}
		cells[c.Key][c.Cert] = append(cells[c.Key][c.Cert], c)
		names[c] = d.ladder.taken.take(at.at(decimal(c.Cert), string(c.Key)))
	}
	if len(keys) == 0 {
		return
	}
	verdict := "path_rejected"
	if i == r.Chosen {
		verdict = "path_chosen"
	}
	d.newline()
	d.start(elDiv, class(classScroll))
	d.start(elTable, class(classChecks))
	d.with(elCaption, d.say.UI(verdict))
	d.start(elTr)
	d.with(elTd, "")
	for n, c := range p.Certs {
		d.in(elTh, []pair{value(attrScope, "col")}, func() {
			d.with(elSpan, decimal(n), class(classN))
			d.space()
			d.text(sheet.Subject(c))
		})
	}
	d.end()
	for _, key := range keys {
		d.start(elTr)
		d.with(elTh, d.say.Title(narrate.Check, narrate.ChainKey(key)), value(attrScope, "row"))
		for n := range p.Certs {
			d.in(elTd, nil, func() { d.verdict(at, n, key, cells[key][n], names) })
		}
		d.end()
	}
	d.end()
	d.end()
}

// verdict is a cell: how a check of a certificate came out, and the way to what it looked at. Of
// several the first that failed is shown.
func (d *document) verdict(at address, cert int, key pki.CheckKey, checks []*pki.Check, names map[*pki.Check]address) {
	if len(checks) == 0 {
		return
	}
	c := checks[0]
	if i := slices.IndexFunc(checks, func(c *pki.Check) bool { return !c.OK }); i >= 0 {
		c = checks[i]
	}
	good, says := classGood, "check_ok"
	if !c.OK {
		good, says = classBad, "check_failed"
	}
	d.with(elA, d.say.UI(says), class(good), to(names[c]),
		value(attrAriaLabel, d.say.UI("page.verdict", "check", d.say.Title(narrate.Check, narrate.ChainKey(key)), "n", decimal(cert), "verdict", d.say.UI(says), "at", string(names[c]))))
}

// check is one check, as it was told: its first line, and the sentence, the values compared and
// the fields looked at.
func (d *document) check(at address, c *pki.Check, all []told, looked []link) {
	if len(all) == 0 {
		return
	}
	state := classGood
	if !c.OK {
		state = classBad
	}
	d.newline()
	d.start(elDetails, class(classCheck, state), id(at), when(!c.OK, is(attrOpen)))
	d.in(elSummary, nil, func() {
		d.in(elSpan, []pair{class(classCalled)}, func() { d.runs(all[0].Text) })
		d.space()
		d.with(elSpan, string(at), class(classHidden))
	})
	d.in(elDiv, []pair{class(classTelling)}, func() {
		d.ref(all[0].Ref)
		d.blocks(all[1:])
		d.lookedAt(looked)
	})
	d.end()
}

// reportOf is the report of a check that has one.
func reportOf(it *item) *pki.Report {
	if c, ok := it.e.(*event.Check); ok {
		return c.Report
	}
	return nil
}

// link is a field that a check looked at, and where it stands.
type link struct {
	at     address // "" if the page does not have it, such as a root's
	name   string
	absent string // what it means that there is no such field; "" if there is one
}

// looked finds the fields that each check of a path looked at.
func (d *document) looked(p *pki.Path, of map[*pki.Check][]link) {
	for i, fields := range p.Looked() {
		for _, f := range fields {
			l := link{name: f.Path}
			if f.Cert >= 0 && f.Cert < len(p.Certs) {
				l.name = decimal(f.Cert) + " " + f.Path
				_, path, _ := cut(f.Path)
				if base := d.held[string(p.Certs[f.Cert].Raw)]; base != "" && f.Absent == "" {
					l.at = base.at(path)
				}
			}
			if _, path, _ := cut(f.Path); f.Cert == pki.Stapled && d.stapled != "" && f.Absent == "" {
				l.at = d.stapled.at(path)
			}
			if f.Absent != "" {
				l.absent = d.say.Title(narrate.Check, narrate.AbsentKey(f.Absent))
			}
			of[&p.Checks[i]] = append(of[&p.Checks[i]], l)
		}
	}
}

// lookedAt lists the fields.
func (d *document) lookedAt(fields []link) {
	if len(fields) == 0 {
		return
	}
	d.in(elDiv, []pair{class(classEdges)}, func() {
		d.with(elSpan, d.say.UI("page.looked_at"), class(classDim))
		for _, f := range fields {
			d.space()
			switch {
			case f.absent != "":
				d.with(elSpan, d.say.Aside(f.name, f.absent))
			case f.at == "":
				d.with(elSpan, f.name, value(attrTranslate, "no"))
			default:
				d.with(elA, f.name, to(f.at), value(attrTranslate, "no"), placed(f.name, f.at))
			}
		}
	})
}
