package narrate

import (
	"regexp"
	"strings"
	"testing"
)

// A section is no matter of language: every entry has the same one in each.
func TestRefsInEveryLanguage(t *testing.T) {
	n := 0
	for _, k := range Kinds() {
		for _, key := range Keys(k) {
			en, _ := Get(En, k, key)
			for _, l := range Langs() {
				if e, _ := Get(l, k, key); e.Ref != en.Ref {
					t.Errorf("%s: %s %q cites %q, in English %q", l, k, key, e.Ref, en.Ref)
				}
			}
			if en.Ref != "" {
				n++
				if !section.MatchString(en.Ref) {
					t.Errorf("%s %q cites %q", k, key, en.Ref)
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d entries cite anything", n)
	}
}

var section = regexp.MustCompile(`^(RFC \d{4,}( §[0-9A-Z][0-9A-Za-z.() ]*)?(, RFC \d{4,}( §[0-9A-Z][0-9A-Za-z.() ]*)?)*|draft-[a-z0-9-]+)$`)

// Every value of a handshake and every step of a record has a section, but for what a
// student's own exchange makes; and it is one of the version that it stands in.
func TestEveryComputationHasItsSection(t *testing.T) {
	for _, k := range []Kind{Secret, Step} {
		for _, key := range Keys(k) {
			e, _ := Get(En, k, key)
			if e.Ref == "" && !strings.HasSuffix(key, "+other") {
				t.Errorf("%s %q has no section", k, key)
			}
			if strings.HasSuffix(key, tls13) && strings.HasPrefix(e.Ref, "RFC 5246") {
				t.Errorf("%s %q cites %s", k, key, e.Ref)
			}
		}
	}
}
