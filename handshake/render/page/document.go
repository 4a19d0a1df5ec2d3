package page

import (
	"crypto/sha256"
	_ "embed" // of the style and the script
	"encoding/base64"
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

//go:embed page.css
var styleText string

//go:embed page.js
var scriptText string

// The style and the script, which stand in the document.
var (
	style  = asset{styleText}
	script = asset{scriptText}
)

// document is a page while it is written.
type document struct {
	markup
	o        Options
	styles   []asset
	scripts  []asset
	policy   string // what the document allows itself
	footer   string // what is said of that, in the footer; "": as of a page that only shows
	say      sheet.Voice
	ladder   *ladder
	graph    *graph             // of secrets
	heading  string             // what the page is called
	held     map[string]address // where the bytes of a certificate stand
	stapled  address            // where the bytes of the last stapled response stand
	blank    blanks             // of a worksheet
	withheld withheld           // of a page without secrets
	events   []event.Event
	used     map[meaning]string // entries of the glossary, and where they are specified
	arrows   int                // on the page
	carried  map[string]*row    // by their bytes, the arrows that carried them first
	folds    int                // of values, so far
	commands int                // to be copied, so far
	asks     asks               // that are still to be drawn
}

// newDocument begins a document about these events.
func newDocument(o Options, events []event.Event) *document {
	if o.Lang == "" {
		o.Lang = narrate.En
	}
	styles, scripts := o.assets()
	d := &document{o: o, styles: styles, scripts: scripts, policy: policyOf(styles, scripts), say: sheet.Speak(o.Lang), ladder: build(events, o.Leads), events: events, used: map[meaning]string{}, held: map[string]address{}, carried: map[string]*row{}}
	d.graph = edgesOf(d.ladder)
	d.heading = d.title()
	d.countArrows()
	d.placeAsks()
	return d
}

// to writes what was made to w.
func (d *document) to(w io.Writer) error {
	_, err := w.Write(d.out.Bytes())
	return err
}

// Policy is what a document allows itself at most: styles and scripts of ours by their hashes, and no
// request to anywhere, but for a form's to where the page came from (CSP Level 3 §2.4).
func Policy() string {
	return policyOf([]asset{style, predictStyle}, []asset{script, predictScript})
}

func hashOf(a asset) string {
	sum := sha256.Sum256([]byte(a.text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// langOf is what HTML calls a language (RFC 5646).
func langOf(l narrate.Lang) string {
	if l == narrate.Zh {
		return "zh-Hans"
	}
	return string(l)
}

// write writes the whole document of a ladder.
func (d *document) write() {
	d.page(func() {
		d.in(elHeader, nil, d.top)
		d.in(elMain, nil, func() {
			for _, a := range d.ladder.acts {
				d.act(a)
			}
			d.score()
			d.secrets()
			d.glossary()
		})
	})
}

// sheet writes a document that is no ladder.
func (d *document) sheet(heading string, inside func()) {
	d.heading = heading
	d.page(func() {
		d.in(elHeader, nil, func() { d.with(elH1, heading) })
		d.in(elMain, nil, func() {
			inside()
			d.glossary()
		})
	})
}

// page writes a document around its body.
func (d *document) page(body func()) {
	d.out.WriteString("<!DOCTYPE html>\n")
	d.in(elHTML, []pair{value(attrLang, langOf(d.o.Lang))}, func() {
		d.in(elHead, nil, d.head)
		d.newline()
		d.in(elBody, []pair{when(d.o.Predict != nil, class(classPredicts))}, func() { d.body(body) })
	})
	d.newline()
}

// head is what stands before the body. The policy comes before all that it is about.
func (d *document) head() {
	d.start(elMeta, value(attrCharset, "utf-8"))
	d.start(elMeta, value(attrHTTPEquiv, "Content-Security-Policy"), value(attrContent, d.policy))
	d.start(elMeta, value(attrName, "viewport"), value(attrContent, "width=device-width, initial-scale=1"))
	d.start(elMeta, value(attrName, "referrer"), value(attrContent, "no-referrer"))
	d.start(elMeta, value(attrName, "color-scheme"), value(attrContent, "light dark"))
	d.start(elMeta, value(attrName, "generator"), value(attrContent, d.program()))
	d.with(elTitle, d.heading)
	d.start(elLink, value(attrRel, "icon"), noIcon())
	d.newline()
	for _, s := range d.styles {
		d.embed(elStyle, s)
	}
}

// program names what made the page.
func (d *document) program() string {
	if d.o.Version == "" {
		return "tlslab"
	}
	return "tlslab " + d.o.Version
}

// whoMade says who made the page, and where what is typed into it goes.
func (d *document) whoMade() string {
	if d.footer != "" {
		return d.say.UI(d.footer, "program", d.program())
	}
	if d.o.Form == nil {
		return d.say.UI("page.made_by", "program", d.program())
	}
	return narrate.Fill(d.lab("made_by"), map[string]string{"program": d.program()})
}

// body is what is seen, and the script, which needs all of it.
func (d *document) body(inside func()) {
	d.form()
	d.leadsAway()
	inside()
	d.newline()
	d.start(elDiv, id("said"), value(attrAriaLive, "polite"), class(classHidden))
	d.end()
	d.in(elFooter, nil, func() { d.with(elP, d.whoMade()) })
	d.newline()
	for _, a := range d.scripts {
		d.embed(elScript, a)
	}
}
