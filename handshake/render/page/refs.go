package page

import (
	"strconv"
	"strings"

	"tlslab/handshake/narrate"
)

// ref writes where something is specified, each section as a link to it. Following it is the
// only thing on the page that asks anything of anybody, and only the reader can.
func (d *document) ref(s string) {
	if s == "" {
		return
	}
	d.space()
	d.in(elSpan, []pair{class(classRef)}, func() {
		for {
			before, n, section, after := cited(s)
			d.text(before)
			if section == "" {
				return
			}
			whole := s[len(before) : len(s)-len(after)]
			d.with(elA, whole, rfc(n, section), value(attrRel, "noreferrer"))
			if title := narrate.SectionTitle(whole); title != "" {
				d.text(d.say.Comma() + title)
			}
			s = after
		}
	})
}

// cited finds the first "RFC 9846 §4.3.8" in s, or one of an appendix, "§E.4": the RFC's number, the
// section, and what stands before and after. Where there is none all of s stands before. It is
// written by hand because nothing else in a page's engine needs package regexp.
func cited(s string) (before string, n int, section, after string) {
	const rfc, sign = "RFC ", " §"
	for from := 0; ; from += len(rfc) {
		i := strings.Index(s[from:], rfc)
		if i < 0 {
			return s, 0, "", ""
		}
		from += i
		rest := s[from+len(rfc):]
		digits := leading(rest, "0123456789")
		n, err := strconv.Atoi(rest[:digits])
		if err != nil || digits < 3 || digits > 5 || !strings.HasPrefix(rest[digits:], sign) {
			continue
		}
		rest = rest[digits+len(sign):]
		end := leading(rest, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		for end > 0 && strings.HasPrefix(rest[end:], ".") {
			more := leading(rest[end+1:], "0123456789")
			if more == 0 {
				break // the full stop of a sentence
			}
			end += 1 + more
		}
		if end > 0 {
			return s[:from], n, rest[:end], rest[end:]
		}
	}
}

// leading counts the bytes at the beginning of s that are among these.
func leading(s, these string) int { return len(s) - len(strings.TrimLeft(s, these)) }
