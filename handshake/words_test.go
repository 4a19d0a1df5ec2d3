package handshake_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// words are the types of what is said in events, and in a report on a chain. They are strings underneath, so the compiler
// takes any literal for one of them: a word mistyped would be a word.
var words = map[string]bool{
	"tlslab/handshake/event.SecretLabel":  true,
	"tlslab/handshake/event.CheckName":    true,
	"tlslab/handshake/event.DecisionName": true,
	"tlslab/handshake/event.Why":          true,
	"tlslab/handshake/event.Guard":        true,
	"tlslab/handshake/event.SceneKey":     true,
	"tlslab/handshake/event.Access":       true,
	"tlslab/handshake/mitm.Standing":      true,
	"tlslab/handshake/mitm.Relayed":       true,
	"tlslab/handshake/observe.Why":        true,
	"tlslab/handshake/starttls.Protocol":  true,
	"tlslab/handshake/starttls.Fault":     true,
	"tlslab/handshake/starttls.Stage":     true,
	"tlslab/handshake/scenario.Resume":    true,
	"tlslab/handshake/transcript.Kind":    true,
	"tlslab/handshake/transcript.Source":  true,
	"tlslab/handshake/narrate.Kind":       true,
	"tlslab/handshake/narrate.Lang":       true,
	"tlslab/handshake/mitm/proxy.Kind":    true,
	"tlslab/handshake/mitm/proxy.Side":    true,
	"tlslab/handshake/mitm/proxy.Cause":   true,
	"tlslab/handshake/mitm/proxy.Warning": true,
	"tlslab/pki/lesson.Kind":              true,
	"tlslab/pki/authority.KeyKind":        true,
	"tlslab/pki/authority.Status":         true,
	"tlslab/pki.PEMFault":                 true,
	"tlslab/pki.RejectionReason":          true,
	"tlslab/pki.CheckKey":                 true,
	"tlslab/pki.NoteKey":                  true,
	"tlslab/pki.Absence":                  true,

	"tlslab/handshake/replay.FactName":  true,
	"tlslab/handshake/replay.RouteName": true,
	"tlslab/handshake/replay.Trick":     true,
	"tlslab/handshake/replay.Loot":      true,
	"tlslab/handshake/replay.Why":       true,
	"tlslab/handshake/replay.Outcome":   true,
	"tlslab/handshake/replay.Limit":     true,
	"tlslab/handshake/replay.Login":     true,
	"tlslab/handshake/replay/bank.Why":  true,
}

// TestWordsAreConstants: no literal becomes a word, anywhere but in the declaration of a
// constant. "" is no word.
func TestWordsAreConstants(t *testing.T) {
	declared := map[string]int{}
	for _, p := range typed(t) {
		inConst := map[ast.Expr]bool{}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
					for _, s := range d.Specs {
						for _, v := range s.(*ast.ValueSpec).Values {
							inConst[v] = true
						}
					}
				}
				return true
			})
		}
		for e, tv := range p.info.Types {
			named, ok := tv.Type.(*types.Named)
			if !ok || tv.Value == nil || named.Obj().Pkg() == nil || !words[named.String()] {
				continue
			}
			if !p.untyped(e) || constant.StringVal(tv.Value) == "" {
				continue
			}
			if inConst[e] {
				declared[named.String()]++
				continue
			}
			t.Errorf("%v: %v is a literal, and wants to be one of %v's constants", p.fset.Position(e.Pos()), tv.Value, named)
		}
	}
	for name := range words {
		if declared[name] == 0 {
			t.Errorf("no constant of %s was seen: the test looked in the wrong place", name)
		}
	}
}

// isWord reports whether e is of a word's type.
func (p *checked) isWord(e ast.Expr) bool {
	named, ok := p.info.Types[e].Type.(*types.Named)
	return ok && words[named.String()]
}

// untyped reports whether e is a literal, or a constant of no type by its name.
func (p *checked) untyped(e ast.Expr) bool {
	var id *ast.Ident
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
	}
	c, ok := p.info.Uses[id].(*types.Const)
	if !ok {
		return false
	}
	basic, ok := c.Type().(*types.Basic)
	return ok && basic.Info()&types.IsUntyped != 0
}

// TestWordsAreComparedAsWords: no word is made a string to be held against a literal, which
// could be mistyped. A part of one (a suffix) may be.
func TestWordsAreComparedAsWords(t *testing.T) {
	seen := 0
	for _, p := range typed(t) {
		unworded := func(e ast.Expr) bool {
			call, ok := ast.Unparen(e).(*ast.CallExpr)
			if !ok || len(call.Args) != 1 || !p.info.Types[call.Fun].IsType() || !p.isWord(call.Args[0]) {
				return false
			}
			seen++
			return !p.isWord(e)
		}
		literal := func(e ast.Expr) bool {
			tv := p.info.Types[e]
			return tv.Value != nil && tv.Value.Kind() == constant.String && constant.StringVal(tv.Value) != ""
		}
		refuse := func(e ast.Expr) {
			t.Errorf("%v: a word is compared with a string; it wants to be compared with a constant of its own type", p.fset.Position(e.Pos()))
		}
		written := map[ast.Expr]bool{}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, e := range n.Lhs {
						written[e] = true
					}
				case *ast.CallExpr:
					unworded(n)
				case *ast.BinaryExpr:
					if (n.Op == token.EQL || n.Op == token.NEQ) && (unworded(n.X) && literal(n.Y) || unworded(n.Y) && literal(n.X)) {
						refuse(n)
					}
				case *ast.SwitchStmt:
					if n.Tag == nil || !unworded(n.Tag) {
						break
					}
					for _, c := range n.Body.List {
						for _, e := range c.(*ast.CaseClause).List {
							if literal(e) {
								refuse(e)
							}
						}
					}
				case *ast.IndexExpr: // of a map, whose keys may be literals
					if unworded(n.Index) && !written[n] {
						refuse(n)
					}
				}
				return true
			})
		}
	}
	if seen < 20 {
		t.Errorf("%d words are made strings: the test looked in the wrong place", seen)
	}
}

// checked is a package of ours with the types of its expressions.
type checked struct {
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

// typed type-checks every package of the module, without its tests. What they import is read
// from the compiler's export data, which go list makes.
func typed(t *testing.T) []checked {
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}\t{{.Dir}}\t{{range .GoFiles}}{{.}} {{end}}", "./...")
	list.Dir = ".."
	var complaint bytes.Buffer
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		t.Fatal(err, complaint.String())
	}
	export, ours := map[string]string{}, [][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		export[f[0]] = f[1]
		if strings.HasPrefix(f[0], "tlslab/") {
			ours = append(ours, f)
		}
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if export[path] == "" {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(export[path])
	})
	var all []checked
	for _, f := range ours {
		p := checked{fset: fset, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
		for _, name := range strings.Fields(f[3]) {
			file, err := parser.ParseFile(fset, filepath.Join(f[2], name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			p.files = append(p.files, file)
		}
		conf := types.Config{Importer: imports}
		if _, err := conf.Check(f[0], fset, p.files, p.info); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 40 {
		t.Fatalf("%d packages: the test looked in the wrong place", len(all))
	}
	return all
}

// TestMethodIsOnlyPrinted: what made a secret stands in fields of its own. Its Method is for
// people: nothing compares it, or takes it apart.
func TestMethodIsOnlyPrinted(t *testing.T) {
	printed := 0
	for _, p := range typed(t) {
		isMethod := func(n ast.Node) bool {
			e, ok := n.(*ast.SelectorExpr)
			if !ok || e.Sel.Name != "Method" {
				return false
			}
			of := p.info.Types[e.X].Type
			if ptr, ok := of.(*types.Pointer); ok {
				of = ptr.Elem()
			}
			return of != nil && of.String() == "tlslab/handshake/event.Secret"
		}
		refuse := func(in ast.Node, parts ...ast.Expr) {
			for _, e := range parts {
				if isMethod(e) {
					t.Errorf("%v: Method is read; Label, Version, Exchange, Group, Function or Scheme has it", p.fset.Position(in.Pos()))
				}
			}
		}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BinaryExpr:
					if n.Op != token.ADD {
						refuse(n, n.X, n.Y)
					}
				case *ast.SwitchStmt:
					refuse(n, n.Tag)
				case *ast.IndexExpr:
					refuse(n, n.X, n.Index)
				case *ast.SliceExpr:
					refuse(n, n.X)
				case *ast.CallExpr:
					if fun, ok := n.Fun.(*ast.SelectorExpr); ok {
						from, _ := fun.X.(*ast.Ident)
						if from != nil && slices.Contains([]string{"strings", "bytes", "strconv", "regexp"}, from.Name) || strings.Contains(fun.Sel.Name, "Scan") || strings.Contains(fun.Sel.Name, "ByName") {
							refuse(n, n.Args...)
						}
					}
				}
				if isMethod(n) {
					printed++
				}
				return true
			})
		}
	}
	if printed < 3 {
		t.Errorf("Method was seen %d times: the test looked in the wrong place", printed)
	}
}
