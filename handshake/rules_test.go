package handshake_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Every refusal names the section of the rule that was broken: that each place which makes
// an error says one is read from the source, and that it reaches whoever reads the error is
// seen in every refusal of this package's other tests (checkRule).

// sectionForm is how a rule is named.
var sectionForm = regexp.MustCompile(`^(RFC \d{4}|FIPS \d+(-\d)?|X\.6[89]0|draft-[a-z0-9-]+) §[0-9A-Z]+(\.\d+)*( \([a-z]\)(\(\d\))?)?$`)

// noRule are reasons that break no rule of a specification.
var noRule = []reason.Reason{reason.Misuse, reason.Internal, reason.PeerAlert}

// checkRule demands that a refusal names a section in the line that is printed, once, and
// that it is one of the version that the ends had settled on.
func checkRule(t testing.TB, e *handshake.Endpoint, err error) {
	t.Helper()
	var re *reason.Error
	if !errors.As(err, &re) || slices.Contains(noRule, re.Reason) {
		return
	}
	if !sectionForm.MatchString(re.Ref) {
		t.Errorf("no rule is named by %v", err)
		return
	}
	if n := strings.Count(re.Error(), re.Ref+")"); n != 1 {
		t.Errorf("the rule is named %d times in: %v", n, re)
	}
	// A certificate is judged by rules that know no version of TLS, and its order is TLS
	// 1.3's word for both; a downgrade is found by TLS 1.3's own rule.
	ofBoth := strings.HasPrefix(re.Reason.String(), "certificate") || re.Reason == reason.DowngradeDetected
	switch v := e.Summary().Version; {
	case v == iana.TLS12 && strings.HasPrefix(re.Ref, "RFC 9846") && !ofBoth:
		t.Errorf("TLS 1.3's rule in a connection of TLS 1.2: %v", re)
	case v == iana.TLS13 && strings.HasPrefix(re.Ref, "RFC 5246"):
		t.Errorf("TLS 1.2's rule in a connection of TLS 1.3: %v", re)
	}
}

// unruled are the places where an error may name no rule, and why.
var unruled = map[string]string{
	"handshake/proof.go sign":                       "what our own key cannot do is Misuse, or Internal",
	"handshake/kx/share.go BadShare":                "the error is a group's that has no rule we know of",
	"handshake/verdict.go judged":                   "a verifier of the caller's own goes by rules of its own",
	"handshake/kx/exchange_rsa.go strong":           "no specification bounds an RSA key from above",
	"handshake/sig/sig.go accepts":                  "no specification bounds an RSA key from above: the limit is ours, and the words say so",
	"handshake/session/file.go ParseFile":           "the format is ours",
	"handshake/session/sharedkeys.go fetch":         "the format is ours",
	"handshake/session/given.go ParseTicketKey":     "the format is ours",
	"handshake/session/given.go known":              "no specification says that a key must have been drawn",
	"handshake/session/given.go NewGivenTicketKeys": "the names are ours",
	"pki/publickey.go keyFault":                     "no specification bounds an RSA key from above, or speaks of Edwards points of small order",
}

// Every place that makes an error names a rule: by a constant, or by a function or a value
// that is called rule or ref and is made of constants.
func TestEveryErrorNamesItsRule(t *testing.T) {
	places, used := 0, map[string]bool{}
	for dir, files := range engineFiles(t) {
		for _, f := range files {
			for _, d := range f.ast.Decls {
				in := f.name
				if fn, ok := d.(*ast.FuncDecl); ok {
					in += " " + fn.Name.Name
				}
				ast.Inspect(d, func(n ast.Node) bool {
					ref, why, made := madeError(n, f.name, dir.refArg)
					if !made || slices.Contains([]string{"reason.Misuse", "reason.Internal", "reason.PeerAlert"}, why) {
						return true
					}
					places++
					if ref == nil || emptyText(ref) {
						if used[in] = true; unruled[in] == "" {
							t.Errorf("%s: an error without a rule, and no reason for that in the list", in)
						}
					} else if bad := unclear(ref); bad != "" {
						t.Errorf("%s: %s is not a constant, nor called a rule", in, bad)
					}
					return true
				})
			}
		}
	}
	if places < 300 {
		t.Errorf("only %d places were found", places)
	}
	for in := range unruled {
		if !used[in] && in != "pki/publickey.go keyFault" { // which returns the rule, and makes no error
			t.Errorf("%s is listed, and always names a rule", in)
		}
	}
}

// Every constant that names a section is of its form, and none is RFC 8446's, which RFC 9846
// has replaced.
func TestRulesAreSections(t *testing.T) {
	seen := map[string]bool{}
	for _, files := range engineFiles(t) {
		for _, f := range files {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				ref, _, made := madeError(n, f.name, nil)
				if fn, ok := n.(*ast.FuncDecl); ok && named(fn.Name.Name) {
					ast.Inspect(fn, func(n ast.Node) bool { return collect1(n, seen) })
				} else if made && ref != nil {
					ast.Inspect(ref, func(n ast.Node) bool { return collect1(n, seen) })
				} else if call, ok := n.(*ast.CallExpr); ok {
					for _, a := range call.Args { // ref arguments of functions of ours
						if lit, ok := a.(*ast.BasicLit); ok && strings.Contains(lit.Value, " §") && lit.Value[1] != 0x20 && !strings.Contains(lit.Value, ": ") && strings.Count(lit.Value, " ") < 4 {
							collect1(lit, seen)
						}
					}
				}
				return true
			})
		}
	}
	for ref := range seen {
		if !sectionForm.MatchString(ref) {
			t.Errorf("%q is not of the form of a section", ref)
		}
		if strings.HasPrefix(ref, "RFC 8446") {
			t.Errorf("%s: RFC 9846 is today's TLS 1.3", ref)
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d sections were found", len(seen))
	}
}

func collect1(n ast.Node, seen map[string]bool) bool {
	if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil && s != "" && strings.Contains(s, "§") {
			seen[s] = true
		}
	}
	return true
}

// madeError says whether n makes an error of package reason, and by which reason and rule.
// refArg tells of a package's own functions which argument is a rule.
func madeError(n ast.Node, file string, refArg map[string]int) (ref ast.Expr, why string, made bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := text(n.Fun)
		if name == "reason.New" || name == "reason.Wrap" {
			return n.Args[1], text(n.Args[0]), true
		}
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			name = name[i+1:]
		}
		i, ok := refArg[name]
		if !ok {
			i, ok = refArg[file+" "+name]
		}
		if ok && i < len(n.Args) {
			return n.Args[i], "", true
		}
	case *ast.CompositeLit:
		if text(n.Type) != "reason.Error" {
			return nil, "", false
		}
		for _, e := range n.Elts {
			kv := e.(*ast.KeyValueExpr)
			switch text(kv.Key) {
			case "Ref":
				ref = kv.Value
			case "Reason":
				why = text(kv.Value)
			}
		}
		return ref, why, true
	}
	return nil, "", false
}

// unclear returns what in an expression is neither a constant section nor called a rule.
func unclear(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, _ := strconv.Unquote(e.Value); sectionForm.MatchString(s) {
			return ""
		}
	case *ast.Ident:
		if named(e.Name) {
			return ""
		}
	case *ast.SelectorExpr:
		if named(e.Sel.Name) {
			return ""
		}
	case *ast.CallExpr:
		if name := text(e.Fun); named(name[strings.LastIndexByte(name, '.')+1:]) {
			for _, a := range e.Args {
				if lit, ok := a.(*ast.BasicLit); ok && unclear(lit) != "" {
					return unclear(lit)
				}
			}
			return ""
		} else if name == "choose" && unclear(e.Args[1])+unclear(e.Args[2]) == "" {
			return ""
		}
	}
	return text(e)
}

// named reports whether a name says that what it stands for is a rule.
func named(name string) bool {
	return name == "ref" || name == "Ref" || name == "rule" || strings.HasSuffix(name, "Rule")
}

func emptyText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Value == `""`
}

// text is an expression as far as it is made of names.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return text(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return text(e.X)
	case *ast.ParenExpr:
		return text(e.X)
	case *ast.BasicLit:
		return e.Value
	}
	return fmt.Sprintf("%T", e)
}

// source is a package's directory, and which argument of its functions is called ref.
type source struct {
	dir    string
	refArg map[string]int
}

type sourceFile struct {
	name string
	ast  *ast.File
}

// engineFiles parses what can make an error: all packages under handshake and pki, and the
// command, without their tests.
func engineFiles(t *testing.T) map[*source][]sourceFile {
	t.Helper()
	byDir := map[string]*source{}
	all := map[*source][]sourceFile{}
	for _, root := range []string{"../handshake", "../pki", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/reason/") {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, b, 0)
			if err != nil {
				return err
			}
			dir := filepath.Dir(path)
			if byDir[dir] == nil {
				byDir[dir] = &source{dir, map[string]int{}}
			}
			at := byDir[dir]
			all[at] = append(all[at], sourceFile{strings.TrimPrefix(path, "../"), f})
			for name, i := range refArgs(strings.TrimPrefix(path, "../"), f) {
				at.refArg[name] = i
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// makes reports whether a function that takes a rule makes an error of it, or gives it to a
// walk, which will.
func makes(name string, fn *ast.FuncType) bool {
	if name == "header" || strings.HasPrefix(name, "walk") || name == "Under" && len(fn.Params.List) == 1 {
		return true
	}
	if fn.Results == nil {
		return false
	}
	return slices.ContainsFunc(fn.Results.List, func(r *ast.Field) bool {
		t := text(r.Type)
		return t == "error" || t == "unfit" || strings.HasSuffix(t, "Error")
	})
}

// refArgs finds the functions of a file that take a rule: with a parameter called ref. One
// that has no name but a variable's is known in its file alone.
func refArgs(file string, f *ast.File) map[string]int {
	args := map[string]int{}
	add := func(name string, fn *ast.FuncType) {
		if !makes(name, fn) {
			return
		}
		i := 0
		for _, p := range fn.Params.List {
			for _, n := range p.Names {
				if n.Name == "ref" {
					args[name] = i
				}
				i++
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n.Name.Name, n.Type)
		case *ast.AssignStmt: // refuse := func(ref, …)
			if fn, ok := n.Rhs[0].(*ast.FuncLit); ok && len(n.Rhs) == 1 {
				add(file+" "+text(n.Lhs[0]), fn.Type)
			}
		}
		return true
	})
	return args
}
