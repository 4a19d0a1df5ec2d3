package authority_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func TestSystemStore(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	dir := t.TempDir()
	file := filepath.Join(dir, "roots.pem")
	text := append(pki.EncodeCert(l.Root.Cert.Raw), pki.EncodeCert([]byte("odd old root"))...)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", "")
	if s, err := authority.SystemStore(); err != nil || s.Len() != 1 {
		t.Errorf("SSL_CERT_FILE: %v", err)
	}
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", dir)
	if s, err := authority.SystemStore(); err != nil || !s.Contains(l.Root.Cert) {
		t.Errorf("SSL_CERT_DIR: %v", err)
	}
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	if _, err := authority.SystemStore(); err == nil || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("an empty directory: %v", err)
	}
}

// A damaged bundle of roots is refused, and so is a damaged file in a directory of them.
func TestSystemStoreRefusesDamage(t *testing.T) {
	leaf, intermediate, _ := pkitest.PemChain(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "a.pem")
	if err := os.WriteFile(file, []byte(leaf+intermediate[:200]), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", "")
	for range 2 {
		var p *pki.PEMError
		if _, err := authority.SystemStore(); !errors.As(err, &p) || p.File != file {
			t.Error(err)
		}
		t.Setenv("SSL_CERT_FILE", "")
		t.Setenv("SSL_CERT_DIR", dir)
	}
}
