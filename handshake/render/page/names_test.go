package page_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/render/page"
)

// written are the classes of the style sheets and those of the scripts: what follows a point in a
// selector, and what the script adds.
func written(t *testing.T) (inStyle, inScript map[string]bool) {
	t.Helper()
	inStyle, inScript = map[string]bool{}, map[string]bool{}
	point := regexp.MustCompile(`\.([a-z][\w-]*)`)
	css := regexp.MustCompile(`(?s)/\*.*?\*/|"[^"\n]*"`).ReplaceAllString(read(t, "page.css")+read(t, "list.css")+read(t, "predict.css"), "")
	for _, m := range point.FindAllStringSubmatch(css, -1) {
		inStyle[m[1]] = true
	}
	js := regexp.MustCompile(`(?m)//.*$|\$\{[^}]*\}`).ReplaceAllString(read(t, "page.js")+read(t, "list.js")+read(t, "predict.js"), "")
	for _, literal := range regexp.MustCompile("\"[^\"\n]*\"|`[^`]*`").FindAllString(js, -1) {
		for _, m := range point.FindAllStringSubmatch(literal, -1) {
			inScript[m[1]] = true
		}
	}
	for _, m := range regexp.MustCompile(`(?:classList\.\w+|mark)\((?:name, )?"(\w+)"`).FindAllStringSubmatch(js, -1) {
		inScript[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`\? "(\w+)" : "(\w+)"\)`).FindAllStringSubmatch(js, -1) { // a mark of one kind or the other
		inScript[m[1]], inScript[m[2]] = true, true
	}
	return inStyle, inScript
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A class that is written is for a style or for the script, and one that those ask for is written:
// by the page, or by the script as a mark.
func TestClassesAreUsed(t *testing.T) {
	inStyle, inScript := written(t)
	marks := []string{"js", "on", "selected", "lecture", "from", "into", "settled"}
	ours := page.ClassNames()
	if len(ours) < 50 || len(inStyle) < 50 || len(inScript) < 10 {
		t.Fatalf("%d classes, %d in the style, %d in the script: nothing was tested", len(ours), len(inStyle), len(inScript))
	}
	for _, c := range ours {
		if !inStyle[c] && !inScript[c] {
			t.Errorf("class %q has no style and no script", c)
		}
		if slices.Contains(marks, c) {
			t.Errorf("class %q is a mark of the script: it has two meanings", c)
		}
	}
	for _, m := range marks {
		if !inStyle[m] || !inScript[m] {
			t.Errorf("mark %q: in the style %v, in the script %v", m, inStyle[m], inScript[m])
		}
	}
	for _, asked := range []map[string]bool{inStyle, inScript} {
		for c := range asked {
			if !slices.Contains(ours, c) && !slices.Contains(marks, c) {
				t.Errorf("class %q is asked for, and never written", c)
			}
		}
	}
}

// The name of a class, an element or an attribute that nothing is written with is not there.
func TestNamesAreUsed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used, named := map[string]bool{}, []string{}
	for _, f := range files {
		switch {
		case strings.HasSuffix(f, "_test.go"):
		case f == "names.go" || f == "classes.go":
			for _, m := range regexp.MustCompile(`\b((?:el|attr|class)[A-Z]\w*): "`).FindAllStringSubmatch(read(t, f), -1) {
				named = append(named, m[1])
			}
		default:
			for _, word := range regexp.MustCompile(`\b(?:el|attr|class)[A-Z]\w*`).FindAllString(read(t, f), -1) {
				used[word] = true
			}
		}
	}
	if len(named) < 130 {
		t.Fatalf("%d names: nothing was tested", len(named))
	}
	for _, n := range named {
		if !used[n] {
			t.Errorf("nothing is written with %s", n)
		}
	}
}
