package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestErrorsAreToldInTheReadersLanguage: what fills {error} in a text of narrate's is
// narrate.Fault's, for an error's own Error is English.
func TestErrorsAreToldInTheReadersLanguage(t *testing.T) {
	var files []string
	err := filepath.WalkDir(".", func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".go") {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var list []ast.Expr
			switch n := n.(type) {
			case *ast.CallExpr:
				list = n.Args
			case *ast.CompositeLit:
				list = n.Elts
			}
			for i := range list[:max(0, len(list)-1)] {
				if l, ok := list[i].(*ast.BasicLit); !ok || l.Value != `"error"` {
					continue
				}
				told++
				ast.Inspect(list[i+1], func(n ast.Node) bool {
					if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Error" {
						t.Errorf("%s: this error is English in every language: say narrate.Fault", set.Position(s.Pos()))
					}
					return true
				})
			}
			return true
		})
	}
	if told < 8 {
		t.Errorf("only %d errors are told", told)
	}
}
