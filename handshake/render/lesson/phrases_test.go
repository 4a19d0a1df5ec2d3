package lesson

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/pki"
)

// Every phrase that this package asks for exists in every language: a missing one
// would show as its key.
func TestPhrasesExist(t *testing.T) {
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for filepath.Base(root) != "render" {
		root = filepath.Dir(root)
	}
	keys := []string{"keys_change_send", "keys_change_recv", "keys_change_send_null", "keys_change_recv_null", "integrity_only", "encrypted",
		"keys_change_send_next", "keys_change_recv_next", "encrypted_from_here",
		"legal_send", "legal_recv", "reads_handshake", "reads_data", "has_master", "has_traffic_secrets", "can_impersonate"}
	for _, r := range pki.RejectionReasons() {
		keys = append(keys, "rejected_"+string(r))
	}
	err = filepath.WalkDir(root, func(f string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(f, ".go") || strings.HasSuffix(f, "_test.go") {
			return err
		}
		src, err := os.ReadFile(f)
		for _, m := range phrase.FindAllStringSubmatch(string(src), -1) {
			keys = append(keys, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) < 150 {
		t.Errorf("only %d phrases found in the source", len(keys))
	}
	for _, key := range append(keys, narrate.RecomputeReasons()...) {
		for _, l := range narrate.Langs() {
			if _, ok := narrate.Get(l, narrate.UI, key); !ok {
				t.Errorf("no %s phrase %q", l, key)
			}
		}
	}
}
