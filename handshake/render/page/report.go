package page

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
	"tlslab/pki"
	"tlslab/pki/der"
)

// WriteReport writes the judgement on a certificate chain as a document: the verdict, the checks
// as a matrix, each check with what it looked at, and the certificates down to every byte. The
// error is the writer's.
func WriteReport(w io.Writer, r *pki.Report, o Options) error {
	d := newDocument(o, nil)
	heading := d.say.UI("judged_good")
	if r.Err != nil {
		heading = d.say.UI("judged_bad") + d.say.Colon() + d.say.Get(narrate.Reason, narrate.VerdictKey(r)).Title
	}
	if r.ServerName != "" {
		heading = d.say.Aside(heading, sheet.Text(r.ServerName))
	}
	var all []told
	err := render.WriteReport(io.Discard, r, render.TerminalOptions{Lang: d.o.Lang, Take: func(about event.Event, b sheet.Block) {
		all = append(all, told{b, about})
	}})
	if err != nil {
		return err
	}
	d.sheet(heading, func() {
		certificates := certificatesOf(r)
		for i, c := range certificates {
			d.held[string(c)] = addressOf("cert", decimal(i))
		}
		if o.Staple != nil {
			d.stapled = "staple"
		}
		d.in(elDiv, []pair{id("chain"), class(classKnows)}, func() { d.report("chain", r, all) })
		for i, c := range certificates {
			name := decimal(i)
			if parsed, err := pki.ParseCached(c); err == nil {
				name += " " + sheet.Subject(parsed)
			}
			d.dissected(name, addressOf("cert", decimal(i)), c, der.WalkCertificate)
		}
		if o.Staple != nil {
			d.dissected(d.say.Title(narrate.Cert, "ocsp_response"), "staple", o.Staple, der.WalkOCSPResponse)
		}
	})
	return d.to(w)
}

// certificatesOf are the certificates of all paths, each once.
func certificatesOf(r *pki.Report) [][]byte {
	var out [][]byte
	seen := map[string]bool{}
	for _, p := range r.Paths {
		for _, c := range p.Certs {
			if !seen[string(c.Raw)] {
				seen[string(c.Raw)] = true
				out = append(out, c.Raw)
			}
		}
	}
	return out
}

// dissected shows the bytes of a document beside its fields.
func (d *document) dissected(name string, at address, raw []byte, walk func([]byte) ([]wire.Field, error)) {
	x := field{}
	x.Value = raw
	x.whole = true
	inside, _ := walk(raw) // what it refuses is a check's to tell
	fields, _ := d.dissect(&x, inside, ordinals{})
	d.newline()
	d.start(elDetails, class(classRecord), id(at))
	d.in(elSummary, nil, func() {
		d.with(elSpan, name, class(classCalled))
		d.space()
		d.with(elSpan, d.size(len(raw)), class(classSize))
	})
	d.bytes(name, at, raw, fields)
	d.end()
}

// Write writes what is told in blocks, and is no ladder, as a document of its own: a comparison, a
// matrix of attacks and defences. Tell writes with the options that it gets. The error is tell's
// or the writer's.
func Write(w io.Writer, title string, o Options, tell func(render.TerminalOptions) error) error {
	d := newDocument(o, nil)
	var all []told
	err := tell(render.TerminalOptions{Lang: d.o.Lang, Layout: o.Layout, Worksheet: o.Worksheet, Take: func(about event.Event, b sheet.Block) {
		all = append(all, told{b, about})
	}})
	if err != nil {
		return err
	}
	if len(all) > 0 && sheet.Unpainted(all[0].Text) == title { // which is said already
		all = all[1:]
	}
	d.sheet(title, func() { d.tells(all, classTelling) })
	return d.to(w)
}
