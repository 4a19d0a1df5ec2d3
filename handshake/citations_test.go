package handshake_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// olderRFC is where RFC 8446 itself is meant, by file, with how often: what it said and RFC
// 9846 does not, or a trace that was made for it. All else cites today's.
var olderRFC = map[string]int{
	"handshake/keyschedule/tls13.go":         1, // "master secret", which is now main secret
	"handshake/rules_test.go":                2, // which forbids it in errors
	"handshake/message/extension_allowed.go": 1, // a table with rows that RFC 9846 left out
}

var (
	margin   = regexp.MustCompile(`\n[ \t]*(//|#)?[ \t]*`) // where a sentence goes on in the next line
	citation = regexp.MustCompile(`RFC (\d+)((?:,? (?:and |or |to )?§[\dA-Z]+(?:\.\d+)*(?: ?\([a-z0-9]+\)(?:[-–(][a-z0-9()]*\)?)*)?)*)`)
	section  = regexp.MustCompile(`§([\dA-Z]+(?:\.\d+)*)`)
)

// TestCitations holds each section that is cited, in code, in tests and in what learners
// read, against the RFC's own: testdata/sections.txt has a line for each RFC, its number
// and its sections'. Numbers change from one RFC to the next, and nobody sees by looking at
// one that it is the older's.
func TestCitations(t *testing.T) {
	sections := map[string][]string{}
	data, err := os.ReadFile("testdata/sections.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		sections[f[0]] = f[1:]
	}
	for _, rfc := range []string{"9846", "5246", "5280"} {
		if len(sections[rfc]) < 50 {
			t.Fatalf("RFC %s has %d sections", rfc, len(sections[rfc]))
		}
	}

	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	older, checked := map[string]int{}, map[string]int{}
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(path.Base(name), "."):
			return fs.SkipDir
		case d.IsDir(), !slices.Contains([]string{".go", ".txt", ".txtar", ".md"}, path.Ext(name)), name == "handshake/citations_test.go":
			return nil
		}
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		for _, c := range citation.FindAllStringSubmatch(margin.ReplaceAllString(string(b), " "), -1) {
			rfc := c[1]
			if rfc == "8446" {
				older[name]++
			}
			for _, s := range section.FindAllStringSubmatch(c[2], -1) {
				if known, ok := sections[rfc]; ok {
					checked[rfc]++
					if !slices.Contains(known, s[1]) {
						t.Errorf("%s cites RFC %s §%s, and there is no such section", name, rfc, s[1])
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range older {
		if olderRFC[name] != n {
			t.Errorf("%s cites RFC 8446 %d times: say what RFC 9846 says, whose sections have other numbers; or, if it is the older RFC that is meant, say so in olderRFC", name, n)
		}
	}
	for name := range olderRFC {
		if older[name] == 0 {
			t.Errorf("%s no longer cites RFC 8446: take it off the list", name)
		}
	}
	if checked["9846"] < 200 || checked["5246"] < 100 || checked["5280"] < 50 {
		t.Errorf("only %v citations were found: the test looked in the wrong place", checked)
	}
	t.Logf("sections checked, by RFC: %v, of %d RFCs", checked, len(slices.Collect(maps.Keys(sections))))
}
