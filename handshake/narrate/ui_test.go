package narrate

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestPhrasesAreUsed holds that no phrase of the page is an orphan. What asks for a
// phrase is code elsewhere, that no list tells of: so the string literals of render, of mitm,
// of the command and of this package are looked through. A literal that ends in "_"
// or "." is taken for the beginning of a key that is put together, and so is one
// whose rest is a literal too.
func TestPhrasesAreUsed(t *testing.T) {
	literals := map[string]bool{}
	for _, dir := range []string{".", "../render", "../mitm", "../../cmd"} {
		if err := collect(dir, literals); err != nil {
			t.Fatal(err)
		}
	}
	used := func(key string) bool {
		if literals[key] {
			return true
		}
		for i, c := range key {
			if (c == '_' || c == '.') && (literals[key[:i+1]] || literals[key[:i]] && literals[key[i:]]) {
				return true
			}
		}
		return false
	}
	for _, key := range Keys(UI) {
		if !used(key) {
			t.Errorf("ui %q is an orphan: no code asks for it", key)
		}
	}
}

// collect takes in the string literals of the Go files below dir, tests left out.
func collect(dir string, literals map[string]bool) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		var s scanner.Scanner
		s.Init(set.AddFile(path, -1, len(src)), src, nil, 0)
		for {
			_, tok, text := s.Scan()
			if tok == token.EOF {
				return nil
			}
			if tok != token.STRING {
				continue
			}
			if v, err := strconv.Unquote(text); err == nil {
				literals[v] = true
			}
		}
	})
}
