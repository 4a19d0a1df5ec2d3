package handshake_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// ofCourses are the packages that a course imports, and the vocabulary that those speak in. What
// they export is a promise: see examples/README.md.
var ofCourses = []string{"tlslab/handshake", "tlslab/handshake/event", "tlslab/handshake/scenario", "tlslab/handshake/kx",
	"tlslab/handshake/kx/kxtest", "tlslab/handshake/tls", "tlslab/handshake/transcript", "tlslab/pki", "tlslab/pki/authority", "tlslab/pki/lesson"}

// TestAPI: what these packages export is what testdata/api.txt says, so that a name which goes
// or changes is seen by whoever takes it away. `go test ./handshake -run TestAPI -args -api`
// writes the file anew.
func TestAPI(t *testing.T) {
	const file = "testdata/api.txt"
	got := api(t)
	if *updateAPI {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	have, had := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for _, l := range had {
		if !slices.Contains(have, l) {
			t.Errorf("gone: %s", l)
		}
	}
	for _, l := range have {
		if !slices.Contains(had, l) {
			t.Errorf("new: %s", l)
		}
	}
}

var updateAPI = flag.Bool("api", false, "write testdata/api.txt anew")

// api lists the exported names, a line each, with their types.
func api(t *testing.T) []byte {
	t.Helper()
	packages := imported(t, ofCourses...)
	var b bytes.Buffer
	for _, path := range ofCourses {
		p := packages[path]
		short := strings.TrimPrefix(strings.TrimPrefix(path, "tlslab/"), "handshake/")
		near := func(q *types.Package) string {
			if q == p {
				return ""
			}
			return q.Name()
		}
		say := func(o types.Object) { fmt.Fprintf(&b, "%s: %s\n", short, types.ObjectString(o, near)) }
		for _, name := range p.Scope().Names() {
			o := p.Scope().Lookup(name)
			if !o.Exported() {
				continue
			}
			named, isType := o.(*types.TypeName)
			if !isType {
				say(o)
				continue
			}
			fmt.Fprintf(&b, "%s: type %s\n", short, name)
			if s, ok := named.Type().Underlying().(*types.Struct); ok {
				for f := range s.Fields() {
					if f.Exported() {
						fmt.Fprintf(&b, "%s: %s.%s %s\n", short, name, f.Name(), types.TypeString(f.Type(), near))
					}
				}
			}
			methods := types.NewMethodSet(types.NewPointer(named.Type()))
			if types.IsInterface(named.Type()) {
				methods = types.NewMethodSet(named.Type())
			}
			for m := range methods.Methods() {
				if m.Obj().Exported() && len(m.Index()) == 1 { // its own, and not what is embedded
					say(m.Obj())
				}
			}
		}
	}
	return b.Bytes()
}

// imported are packages as the compiler sees them, by their paths.
func imported(t *testing.T, paths ...string) map[string]*types.Package {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, paths...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		at[path] = name
	}
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(at[path]) })
	packages := map[string]*types.Package{}
	for _, path := range paths {
		if packages[path], err = imports.Import(path); err != nil {
			t.Fatal(err)
		}
	}
	return packages
}
