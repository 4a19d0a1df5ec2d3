package page

import (
	"regexp"
	"strconv"

	"tlslab/handshake/narrate"
)

// cited finds "RFC 9846 §4.3.8" and what stands for an appendix, "§E.4".
var cited = regexp.MustCompile(citation)

const citation = `RFC (\d{3,5}) §([0-9A-Z]+(?:\.[0-9]+)*)`

// ref writes where something is specified, each section as a link to it. Following it is the
// only thing on the page that asks anything of anybody, and only the reader can.
func (d *document) ref(s string) {
	if s == "" {
		return
	}
	d.space()
	d.in(elSpan, []pair{class(classRef)}, func() {
		from := 0
		for _, m := range cited.FindAllStringSubmatchIndex(s, -1) {
			d.text(s[from:m[0]])
			n, err := strconv.Atoi(s[m[2]:m[3]])
			if err != nil {
				continue
			}
			d.with(elA, s[m[0]:m[1]], rfc(n, s[m[4]:m[5]]), value(attrRel, "noreferrer"))
			if title := narrate.SectionTitle(s[m[0]:m[1]]); title != "" {
				d.text(d.say.Comma() + title)
			}
			from = m[1]
		}
		d.text(s[from:])
	})
}
