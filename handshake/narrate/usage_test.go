package narrate

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"tlslab/handshake/reason"
)

// sentencesOf says which arguments of a function are sentences of a Usage, by what is called: in
// which package, if it must be one.
var sentencesOf = map[string][]int{
	"reason.Usagef":        {0},
	"cli.Misuse":           {0, 1},
	"cli.Failure":          {0, 1},
	"cli.Unusable":         {0, 1},
	"trust.kept":           {2},
	"switches.Misuse":      {1, 2},
	"cli.Exactly":          {1},
	"cli.AtLeast":          {1},
	"scenario.refuse":      {1},
	"scenario.contradict":  {2},
	"scenario.twoVersions": {2},
}

// usages is every sentence of the module about what was typed.
func usages(t *testing.T) (all []said) {
	constants := map[string]string{} // by directory and name
	type call struct {
		dir, at string
		e       ast.Expr
	}
	var calls []call
	source(t, func(set *token.FileSet, f *ast.File) {
		dir := filepath.Dir(set.Position(f.Pos()).Filename)
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
				for i, name := range v.Names {
					if s, ok := literal(v.Values[i]); ok {
						constants[dir+" "+name.Name] = s
					}
				}
			}
			c, of, name := called(n)
			if of == "" {
				of = f.Name.Name
			}
			for _, i := range sentencesOf[of+"."+name] {
				if i < len(c.Args) {
					calls = append(calls, call{dir, set.Position(c.Pos()).String(), c.Args[i]})
				}
			}
			return true
		})
	})
	for _, c := range calls {
		s, ok := literal(c.e)
		id, named := c.e.(*ast.Ident)
		if !ok && named {
			s, ok = constants[c.dir+" "+id.Name]
		}
		switch {
		case ok && s != "":
			all = append(all, said{c.at, s})
		case ok || named: // a Usage of its own, which is found where it is made
		default:
			if _, of, name := called(c.e); of != "reason" || name != "Usagef" {
				t.Errorf("%s: a sentence is no constant, so nobody can look it up: make it with reason.Usagef", c.at)
			}
		}
	}
	return all
}

// TestUsages: every sentence about what was typed has its entry, which takes the same arguments,
// and no entry waits for a sentence that nobody says.
func TestUsages(t *testing.T) {
	known := map[string]bool{}
	for _, p := range usages(t) {
		e, ok := Get(Zh, usage, p.format)
		if wordless(p.format) && !ok || known[p.format] {
			continue
		}
		known[p.format] = true
		switch {
		case !ok:
			t.Errorf("%s: zh has no usage\n= %s", p.at, p.format)
		case fmt.Sprint(takes(e.Title)) != fmt.Sprint(takes(p.format)):
			t.Errorf("%s: %q takes %v, but %q takes %v", p.at, p.format, takes(p.format), e.Title, takes(e.Title))
		case e.Text != "" || e.Ref != "":
			t.Errorf("%q has a second line", p.format)
		}
	}
	for key := range load(Zh, usage) {
		if !known[key] {
			t.Errorf("usage %q is an orphan: nobody says it", key)
		}
	}
	if len(known) < 230 {
		t.Errorf("only %d sentences were found", len(known))
	}
}

// TestUsagesKeepTheGlossary: they are texts like others, in the settled words and marks.
func TestUsagesKeepTheGlossary(t *testing.T) {
	for key, e := range load(Zh, usage) {
		for _, w := range glossary {
			if w.lang == Zh && regexp.MustCompile(w.never).MatchString(e.Title) {
				t.Errorf("%q: %q, never %s", key, e.Title, w.never)
			}
		}
		// Flags, commands and names stay as they are typed, letter by letter.
		flags := regexp.MustCompile(`--[a-zA-Z][\w-]*`)
		if a, b := flags.FindAllString(key, -1), flags.FindAllString(e.Title, -1); !slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))) {
			t.Errorf("%q names %q, %q names %q", key, a, e.Title, b)
		}
	}
}

// TestUsage: what goes into a sentence is said in the language too, and English is as it was.
func TestUsage(t *testing.T) {
	ours := reason.Because("%s does not verify under this key", "ed25519")
	u := reason.Usagef("%v\n%v", reason.Usagef("--%s %s: its value is %s", "width", "x%d", reason.Usagef("a whole number")), reason.Usagef("There are %v.", reason.Names{"a", "b"}))
	for _, c := range []struct {
		l    Lang
		u    reason.Usage
		want string
	}{
		{En, u, "--width x%d: its value is a whole number\nThere are a, b."},
		{Zh, u, "--width x%d：值应该是：整数\n有 a、b。"},
		{En, reason.Usagef("--rewrite %s: %w", "a", ours), "--rewrite a: ed25519 does not verify under this key"},
		{Zh, reason.Usagef("--rewrite %s: %w", "a", ours), "--rewrite a：用这把密钥验证 ed25519 签名没有通过"},
		{Zh, reason.Usagef("nobody says %s, nor 100%%", "this"), "nobody says this, nor 100%"},
		{En, reason.Usagef("a sentence, 100% of it"), "a sentence, 100% of it"},
	} {
		if got := Usage(c.l, c.u); got != c.want {
			t.Errorf("%s: %q, want %q", c.l, got, c.want)
		}
	}
	if wrapped := errors.New("why"); !errors.Is(reason.Usagef("%s: %w", "x", wrapped), wrapped) {
		t.Error("what it wraps cannot be found")
	}
}
