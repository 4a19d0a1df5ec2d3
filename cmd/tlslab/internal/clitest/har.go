package clitest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// InvalidHAR is what the schema of HAR 1.2 has against a document; nil if nothing.
func InvalidHAR(t *testing.T, b []byte) error {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), "handshake/mitm/har/testdata/har-schema/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema: %v", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.AddResource("https://har.test/"+filepath.Base(name), doc); err != nil { // they know each other by their $id, which is relative
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("https://har.test/har.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// moduleRoot is where go.mod lies, above the directory that the test runs in.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test", err)
	return ""
}
