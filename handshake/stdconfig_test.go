package handshake_test

import (
	"crypto/tls"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"testing"
)

// TestStandardConfig: whoever knows crypto/tls finds each field of its Config in the table of the
// package comment, and each name that the table gives in return is one of ours.
func TestStandardConfig(t *testing.T) {
	told := standardTable(t)
	std := reflect.TypeFor[tls.Config]()
	for i := range std.NumField() {
		f := std.Field(i)
		if f.IsExported() && told[f.Name] == "" {
			t.Errorf("crypto/tls has Config.%s, and the table does not", f.Name)
		}
	}
	if std = reflect.TypeFor[tls.Certificate](); std.NumField() != 6 {
		t.Errorf("crypto/tls.Certificate has %d fields: look at the paragraph below the table", std.NumField())
	}
	packages := imported(t, "tlslab/handshake", "tlslab/handshake/session", "tlslab/pki")
	for name, answer := range told {
		if _, is := reflect.TypeFor[tls.Config]().FieldByName(name); !is {
			t.Errorf("crypto/tls has no Config.%s", name)
		}
		names, why, _ := strings.Cut(answer, ":")
		if names == "none" {
			if strings.TrimSpace(why) == "" {
				t.Errorf("%s: none, and nobody says why", name)
			}
			continue
		}
		for _, ours := range strings.Split(names, ", ") {
			if !resolves(packages, ours) || !token.IsExported(ours) {
				t.Errorf("%s: there is no %s here", name, ours)
			}
		}
	}
}

// standardTable reads the table out of doc.go.
func standardTable(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(file.Doc.Text()) {
		if name, answer, ok := strings.Cut(strings.TrimSpace(line), "  "); ok && strings.HasPrefix(line, "\t") && token.IsExported(name) {
			rows[name] = strings.TrimSpace(answer)
		}
	}
	return rows
}

// resolves reports whether a name is a field of Config, or with a type before it one of that
// type, or with a package before it one of that package.
func resolves(packages map[string]*types.Package, name string) bool {
	of, last, dotted := strings.Cut(name, ".")
	if !dotted {
		of, last = "Config", name
	}
	for _, p := range packages {
		if p.Name() == of {
			return p.Scope().Lookup(last) != nil
		}
	}
	here := packages["tlslab/handshake"]
	o := here.Scope().Lookup(of)
	if o == nil {
		return false
	}
	f, _, _ := types.LookupFieldOrMethod(types.NewPointer(o.Type()), true, here, last)
	return f != nil
}
