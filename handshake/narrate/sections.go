package narrate

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed sections.txt
var sectionsFile string

// sections are titles by section: "RFC 9846 §4.2.3".
var sections = sync.OnceValue(func() map[string]string {
	titles := map[string]string{}
	for line := range strings.Lines(sectionsFile) {
		rfc, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if section, title, ok := strings.Cut(rest, " "); ok && rfc != "#" {
			titles["RFC "+rfc+" §"+section] = title
		}
	}
	return titles
})

// SectionTitle is the title of a section that is cited, "RFC 9846 §4.2.3", in the language of
// its document; "" of one whose title is not at hand.
func SectionTitle(section string) string { return sections()[section] }
