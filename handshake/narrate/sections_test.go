package narrate

import (
	"regexp"
	"strings"
	"testing"
)

// Each line is a section of a document and its title; of TLS 1.2, TLS 1.3 and certificates,
// what an entry cites has a title.
func TestSectionTitles(t *testing.T) {
	form := regexp.MustCompile(`^\d{4} [0-9A-Z](\d?)+(\.\d+)* [\w"(].*[^.]$`)
	last := ""
	for line := range strings.Lines(sectionsFile) {
		if line = strings.TrimRight(line, "\n"); strings.HasPrefix(line, "#") {
			continue
		}
		if !form.MatchString(line) || line == last {
			t.Errorf("%q is no section with its title", line)
		}
		last = line
	}
	if got := SectionTitle("RFC 9846 §4.2.3"); got != "Server Hello" {
		t.Errorf("RFC 9846 §4.2.3 is called %q", got)
	}
	cited := regexp.MustCompile(`RFC (?:9846|5246|5280|6960) §[0-9A-Z]+(?:\.[0-9]+)*`)
	n := 0
	for _, kind := range Kinds() {
		for _, key := range Keys(kind) {
			for _, section := range cited.FindAllString(Must(En, kind, key).Ref, -1) {
				if n++; SectionTitle(section) == "" {
					t.Errorf("%s: %s has no title", key, section)
				}
			}
		}
	}
	if n < 150 {
		t.Errorf("only %d sections are cited", n)
	}
}
