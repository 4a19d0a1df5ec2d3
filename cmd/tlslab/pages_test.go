package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages are the README.md files of this repository and the README.zh.md, of which the one at the top is the
// first that a newcomer reads. What they say is held to what is there: what they show of a
// run (readme_test.go), what they have one type, and what they name and link to.

const repository = "../.."

// pages returns the text of each page by its name from the top of the repository.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(repository, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "vendor" || d.Name() == ".git"): // others' pages
			return fs.SkipDir
		case d.Name() == "README.md" || d.Name() == "README.zh.md":
			b, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(repository, file)
			found[filepath.ToSlash(name)] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found["README.md"] == "" || len(found) < 2 {
		t.Fatalf("%d pages found", len(found))
	}
	return found
}

// A newcomer's page is short, and begins with what to type and what that shows: within the
// 24 lines of the smallest terminal.
func TestFirstPage(t *testing.T) {
	page := pages(t)["README.md"]
	if len(page) > 12<<10 {
		t.Errorf("README.md has %d bytes: a chapter of it belongs beside its code", len(page))
	}
	command, screen := strings.Index(page, "\n    go run ./cmd/tlslab run\n"), strings.Index(page, "\n<!-- first screen: tlslab run ")
	if command < 0 || screen < command || strings.Count(page[:screen], "\n") > 24 {
		t.Error("README.md does not begin with the first command, and what it shows")
	}
	ci, err := os.ReadFile(filepath.Join(repository, ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	if tests := "go test ./...\n"; !strings.Contains(page, "\n    "+tests) || !strings.Contains(string(ci), "\n"+tests) {
		t.Errorf("README.md and .ci/run test otherwise than by %q", tests)
	}
}

// Each link leads to a file that is there, and to a heading in it; each path that is named
// is there.
func TestPagesLinks(t *testing.T) {
	all := pages(t)
	link := regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)
	named := regexp.MustCompile("`((?:handshake|pki|examples|cmd|\\.ci)(?:/[a-z0-9_./]+)?)`")
	for name, text := range all {
		text = fences.ReplaceAllString(text, "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := name
			if m[1] != "" {
				target = path.Join(path.Dir(name), m[1])
			}
			if _, err := os.Stat(filepath.Join(repository, target)); err != nil || strings.Contains(m[1], ":") {
				t.Errorf("%s: no file %s", name, m[1])
				continue
			}
			if m[2] != "" && !slices.Contains(headings(all[target]), m[2]) {
				t.Errorf("%s: no heading #%s in %s, but %q", name, m[2], target, headings(all[target]))
			}
		}
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(repository, m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
}

// The page about the code has a row for each package of handshake and pki, but for what is
// internal or is there for tests (kxtest and sessiontest are there for a course's).
func TestPagesPackages(t *testing.T) {
	const page = "handshake/README.md"
	text := pages(t)[page]
	for _, tree := range []string{"handshake", "pki"} {
		err := filepath.WalkDir(filepath.Join(repository, tree), func(dir string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || !d.IsDir():
				return err
			case d.Name() == "internal" || d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test") && d.Name() != "kxtest" && d.Name() != "sessiontest":
				return fs.SkipDir
			}
			sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
			if err != nil || len(sources) == 0 {
				return err
			}
			name, err := filepath.Rel(filepath.Join(repository, "handshake"), dir)
			if link := "](" + filepath.ToSlash(name) + ")"; !strings.Contains(text, link) {
				t.Errorf("%s has no row for the package in %s, with a link […%s", page, dir, link)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// fences matches a block of what is shown or typed.
var fences = regexp.MustCompile("(?ms)^```.*?^```$")

// headings returns the anchors that a page has, as git's web faces make them.
func headings(page string) (anchors []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(fences.ReplaceAllString(page, ""), -1) {
		slug := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors = append(anchors, strings.ReplaceAll(slug, " ", "-"))
	}
	return anchors
}

// Each Go name that a page has in its running text, as package.Name, is exported there.
func TestPagesNames(t *testing.T) {
	exported := map[string]map[string]bool{} // by the package's name
	err := filepath.WalkDir(repository, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		names := exported[f.Name.Name]
		if names == nil {
			names = map[string]bool{}
			exported[f.Name.Name] = names
		}
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				names[d.Name.Name] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range s.Names {
							names[n.Name] = true
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`[^`\n]+`")
	name := regexp.MustCompile(`\b([a-z]+)\.([A-Z][A-Za-z0-9]*)`)
	checked := 0
	for page, text := range pages(t) {
		for _, span := range code.FindAllString(fences.ReplaceAllString(text, ""), -1) {
			for _, m := range name.FindAllStringSubmatch(span, -1) {
				if names := exported[m[1]]; names != nil {
					checked++
					if !names[m[2]] {
						t.Errorf("%s: package %s has no %s", page, m[1], m[2])
					}
				}
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d names were looked at", checked)
	}
}

// aPSK stands in for a key of which a page shows the ends.
const aPSK = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

// Each command that a page has one type is one: lessons are played, of other verbs the
// flags are read. A lesson may end in a refusal (status 1), not in a misuse (2).
func TestPagesCommands(t *testing.T) {
	typed := regexp.MustCompile(`(?m)^    tlslab (.+)$`)
	word := regexp.MustCompile(`'[^']*'|[^ ]+`)
	played, read := 0, 0
	all := pages(t)
	t.Chdir(t.TempDir()) // --answers and --pcap write here
	for page, text := range all {
		for _, m := range typed.FindAllStringSubmatch(text, -1) {
			line, _, _ := strings.Cut(m[1], "  ") // what it does stands apart
			line, _, _ = strings.Cut(line, " <")
			var args []string
			for _, w := range word.FindAllString(line, -1) {
				args = append(args, strings.ReplaceAll(strings.Trim(w, "'"), "0102…1f20", aPSK))
			}
			if args[0] == "run" || args[0] == "compare" || args[0] == "list" || args[0] == "replay" && !strings.Contains(line, "--store") {
				played++
			} else {
				read++
				args = append(args, "--help")
			}
			out, status := runTlslab(t, args...)
			if status == 2 {
				t.Errorf("%s: tlslab %s\n%s", page, line, out)
			}
		}
	}
	if played < 30 || read < 15 {
		t.Errorf("%d commands were played, of %d the flags were read: fewer than the pages have", played, read)
	}
}

// The table of flags that mean the same names the verbs that have them, all of them, but for
// those of ca, of list, where a flag is about one of the things that it lists, and of explain, which
// reads what others write or offer.
func TestPagesFlags(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `(--[A-Za-z-]+)` \\| ([a-z ]+) \\|")
	rows := row.FindAllStringSubmatch(pages(t)["cmd/tlslab/README.md"], -1)
	if len(rows) < 10 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	verbs := []string{"run", "client", "server", "verify", "explain", "proxy", "replay", "compare", "list", "groups", "web"}
	helps := map[string]string{}
	for _, v := range verbs {
		helps[v], _ = runTlslab(t, v, "--help")
	}
	for _, r := range rows {
		var have []string
		for _, v := range verbs {
			if regexp.MustCompile(`(?m)^ +(-., )?`+r[1]+` .*`).MatchString(helps[v]) && !(v == "list" && r[1] == "--tls") &&
				!(v == "explain" && (r[1] == "--keylogfile" || r[1] == "--psk")) {
				have = append(have, v)
			}
		}
		if strings.Join(have, " ") != r[2] {
			t.Errorf("%s is of %s, and the table says of %s", r[1], strings.Join(have, " "), r[2])
		}
	}
}

// runTlslab runs the command and returns what it printed and its exit status.
func runTlslab(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "tlslab"
	cmd.Env = append(os.Environ(), "LC_ALL=C", "NO_COLOR=1", "GORACE=atexit_sleep_ms=0") // else each lingers for a second under -race
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
