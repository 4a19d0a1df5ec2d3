package capture

import (
	"html"
	"strings"
)

// markup is HTML of ours, with blanks such as {{Host}}. The proxy's two pages for a browser are made of it: the one
// that says why there is no answer, and the one from which a root is fetched.
//
// It stands in for html/template, which calls methods by names that it finds in its text. A program that can do so keeps
// every method of every type in it, because the linker cannot know which are called: tlslab was 13 MB larger, and each
// start of it slower.
type markup string

// filled is m with its blanks filled. A string is text, whatever is in it: it is escaped, for an element and for an
// attribute in quotes. A markup goes in as it is. Whoever leaves a blank, or fills one that there is not, has made
// a mistake that every page would show: it panics.
func (m markup) filled(values map[string]any) markup {
	var out strings.Builder
	rest, used := string(m), map[string]bool{}
	for {
		before, after, blank := strings.Cut(rest, "{{")
		out.WriteString(before)
		if !blank {
			break
		}
		name, behind, _ := strings.Cut(after, "}}")
		switch v := values[name].(type) {
		case string:
			out.WriteString(escaped(v))
		case markup:
			out.WriteString(string(v))
		default:
			panic("capture: nothing to write for {{" + name + "}}")
		}
		used[name] = true
		rest = behind
	}
	if len(used) != len(values) {
		panic("capture: more is given than the page has blanks for")
	}
	return markup(out.String())
}

// where is m if a condition holds, and else nothing.
func (m markup) where(holds bool) markup {
	if holds {
		return m
	}
	return ""
}

// escaped is text in HTML. A plus sign could begin UTF-7, for a browser that does not heed the page's charset.
func escaped(s string) string {
	return strings.NewReplacer("\x00", "\ufffd", "+", "&#43;").Replace(html.EscapeString(s))
}
