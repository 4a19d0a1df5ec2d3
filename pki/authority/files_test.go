package authority_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func TestAuthorityOnDisk(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	dir := filepath.Join(t.TempDir(), "new", "ca")
	if _, err := authority.Save(dir, l.Intermediate, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, authority.KeyFile)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info.Mode(), err)
	}
	a, err := authority.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Cert.Equal(l.Intermediate.Cert) || a.Parent == nil || !a.Root().Cert.Equal(l.Root.Cert) || a.Parent.Key != nil {
		t.Error("the authority came back otherwise")
	}
	csr, err := authority.NewRequest(l.Key, authority.Request{DNSNames: []string{l.Name}})
	if err != nil {
		t.Fatal(err)
	}
	if is, err := a.Sign(csr, authority.LeafOptions{}); err != nil || len(is.Chain) != 2 {
		t.Errorf("signing after loading: %v", err)
	}
	if _, err := a.Parent.Sign(csr, authority.LeafOptions{}); err == nil {
		t.Error("signed without a key")
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	a, b := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Root, pkitest.Lesson(t, lesson.Options{KeyAlg: "ed25519"}).Root
	dir := t.TempDir()
	mine := filepath.Join(dir, authority.CertFile)
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := authority.Save(dir, a, authority.FileOptions{})
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "overwrite") || !strings.Contains(err.Error(), mine) {
		t.Errorf("an authority that is there: %v", err)
	}
	files, _ := os.ReadDir(dir)
	if text, _ := os.ReadFile(mine); string(text) != "mine" || len(files) != 1 {
		t.Error("it was touched, or others written beside it")
	}

	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := authority.WriteKey(path, a.Key, authority.FileOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("WriteKey over a file: %v", err)
	}
	// Asked to, it replaces the file and does not inherit its mode.
	if err := authority.WriteKey(path, b.Key, authority.FileOptions{Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode after overwriting: %v, %v", info.Mode(), err)
	}
	if key, err := authority.ReadKey(path); err != nil || !authority.KeyFits(b.Cert, key) {
		t.Errorf("read back: %v", err)
	}
}

// A key without its certificate is what a full disk or a kill once left. It is replaced,
// unasked, but not lost.
func TestUnfinishedAuthority(t *testing.T) {
	a, b := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Root, pkitest.Lesson(t, lesson.Options{KeyAlg: "ed25519"}).Root
	dir := t.TempDir()
	if err := authority.WriteKey(filepath.Join(dir, authority.KeyFile), b.Key, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := authority.Load(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without its certificate it is an authority: %v", err)
	}
	aside, err := authority.Save(dir, a, authority.FileOptions{})
	if err != nil || len(aside) != 1 {
		t.Fatal(aside, err)
	}
	if got, err := authority.Load(dir); err != nil || !got.Cert.Equal(a.Cert) {
		t.Errorf("the new one: %v", err)
	}
	if key, err := authority.ReadKey(aside[0]); err != nil || !authority.KeyFits(b.Cert, key) {
		t.Errorf("the key that was there: %v", err)
	}
}

// What is replaced is kept, key and certificate, and a root in the place of an intermediate
// has no issuers.
func TestReplacedAuthority(t *testing.T) {
	l, b := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}), pkitest.Lesson(t, lesson.Options{KeyAlg: "ed25519"}).Root
	dir := t.TempDir()
	if _, err := authority.Save(dir, l.Intermediate, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	aside, err := authority.Save(dir, b, authority.FileOptions{Overwrite: true})
	if err != nil || len(aside) != 3 {
		t.Fatal(aside, err)
	}
	if got, err := authority.Load(dir); err != nil || !got.Cert.Equal(b.Cert) || got.Parent != nil {
		t.Errorf("the new one is %+v, %v", got, err)
	}
	in := func(name string) string { return filepath.Join(dir, name+".old") }
	certs, key, err := authority.LoadPair(in(authority.CertFile), in(authority.KeyFile))
	if err != nil || !certs[0].Equal(l.Intermediate.Cert) || !authority.KeyFits(certs[0], key) {
		t.Errorf("the old one: %v", err)
	}
}

// Whoever reads while it is replaced reads one or the other.
func TestReadWhileReplaced(t *testing.T) {
	dir := t.TempDir()
	roots := []*authority.CA{pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Root, pkitest.Lesson(t, lesson.Options{KeyAlg: "ed25519"}).Root}
	if _, err := authority.Save(dir, roots[0], authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 30 {
			if _, err := authority.Save(dir, roots[i%2], authority.FileOptions{Overwrite: true}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			for range 60 {
				if a, err := authority.Load(dir); err != nil || a.Parent != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestKeysDoNotMix(t *testing.T) {
	dir := t.TempDir()
	a, b := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Root, pkitest.Lesson(t, lesson.Options{KeyAlg: "ed25519"}).Root
	if _, err := authority.Save(dir, a, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := authority.WriteKey(filepath.Join(dir, authority.KeyFile), b.Key, authority.FileOptions{Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := authority.Load(dir); err == nil || !strings.Contains(err.Error(), "does not belong") {
		t.Errorf("a key of another authority: %v", err)
	}
}

func TestReadErrorsSayWhatToDo(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	dir := t.TempDir()
	key, der, both := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.der"), filepath.Join(dir, "both.pem")
	if err := authority.WriteKey(key, l.Key, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(der, l.Leaf.Leaf.Raw, 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(both, append(pki.EncodeCert(l.Leaf.Leaf.Raw), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := authority.ReadCerts(key); err == nil || !strings.Contains(err.Error(), `only "PRIVATE KEY"`) {
		t.Errorf("a key for a certificate: %v", err)
	}
	if certs, err := authority.ReadCerts(der); err != nil || len(certs) != 1 {
		t.Errorf("DER: %v", err)
	}
	if certs, err := authority.ReadCerts(both); err != nil || len(certs) != 1 {
		t.Errorf("certificate and key in one file: %v", err)
	}
	if k, err := authority.ReadKey(both); err != nil || !authority.KeyFits(l.Leaf.Leaf, k) {
		t.Errorf("certificate and key in one file: %v", err)
	}
	if _, err := authority.ReadKey(filepath.Join(dir, "none.pem")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestChainRoundTrip(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{})
	path := filepath.Join(t.TempDir(), "chain.pem")
	if err := authority.WriteChain(path, l.Chain, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	certs, err := authority.ReadCerts(path)
	if err != nil || len(certs) != len(l.Chain) || !bytes.Equal(certs[0].Raw, l.Chain[0]) || !bytes.Equal(certs[1].Raw, l.Chain[1]) {
		t.Errorf("read back %d certificates: %v", len(certs), err)
	}
}

// A file is named, with the line; what it holds is quoted.
func TestPEMErrorNamesFileAndLine(t *testing.T) {
	leaf, _, second := pkitest.PemChain(t)
	path := filepath.Join(t.TempDir(), "chain.pem")
	if err := os.WriteFile(path, []byte(leaf+"-----BEGIN \x1b[2J\u202e-----\nAAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, certErr := authority.ReadCerts(path)
	_, keyErr := authority.ReadKey(path)
	for _, err := range []error{certErr, keyErr} {
		if err == nil || !strings.HasPrefix(err.Error(), path+": line ") || strings.ContainsAny(err.Error(), "\x1b\u202e") {
			t.Errorf("%q", err)
		}
	}
	if p := new(pki.PEMError); !errors.As(certErr, &p) || p.Begin != second || p.File != path {
		t.Errorf("%+v", certErr)
	}
	for _, fault := range pki.PEMFaults() {
		if text := (&pki.PEMError{Fault: fault, Line: 7, Label: "CERTIFICATE", Got: "x"}).Error(); len(text) < len("line 7: ")+10 {
			t.Errorf("%s says %q", fault, text)
		}
	}
}
