package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestAuthorityOnDisk(t *testing.T) {
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	dir := filepath.Join(t.TempDir(), "new", "ca")
	if _, err := SaveAuthority(dir, l.Intermediate, FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, AuthorityKeyFile)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info.Mode(), err)
	}
	a, err := LoadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Cert.Equal(l.Intermediate.Cert) || a.Parent == nil || !a.Root().Cert.Equal(l.Root.Cert) || a.Parent.Key != nil {
		t.Error("the authority came back otherwise")
	}
	csr, err := NewRequest(l.Key, Request{DNSNames: []string{l.Name}})
	if err != nil {
		t.Fatal(err)
	}
	if is, err := a.Sign(csr, LeafOptions{}); err != nil || len(is.Chain) != 2 {
		t.Errorf("signing after loading: %v", err)
	}
	if _, err := a.Parent.Sign(csr, LeafOptions{}); err == nil {
		t.Error("signed without a key")
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	a, b := lesson(t, LessonOptions{KeyAlg: "ecdsa"}).Root, lesson(t, LessonOptions{KeyAlg: "ed25519"}).Root
	dir := t.TempDir()
	mine := filepath.Join(dir, AuthorityCertFile)
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := SaveAuthority(dir, a, FileOptions{})
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
	if err := WriteKey(path, a.Key, FileOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("WriteKey over a file: %v", err)
	}
	// Asked to, it replaces the file and does not inherit its mode.
	if err := WriteKey(path, b.Key, FileOptions{Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode after overwriting: %v, %v", info.Mode(), err)
	}
	if key, err := ReadKey(path); err != nil || !keyFits(b.Cert, key) {
		t.Errorf("read back: %v", err)
	}
}

// A key without its certificate is what a full disk or a kill once left. It is replaced,
// unasked, but not lost.
func TestUnfinishedAuthority(t *testing.T) {
	a, b := lesson(t, LessonOptions{KeyAlg: "ecdsa"}).Root, lesson(t, LessonOptions{KeyAlg: "ed25519"}).Root
	dir := t.TempDir()
	if err := WriteKey(filepath.Join(dir, AuthorityKeyFile), b.Key, FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAuthority(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without its certificate it is an authority: %v", err)
	}
	aside, err := SaveAuthority(dir, a, FileOptions{})
	if err != nil || len(aside) != 1 {
		t.Fatal(aside, err)
	}
	if got, err := LoadAuthority(dir); err != nil || !got.Cert.Equal(a.Cert) {
		t.Errorf("the new one: %v", err)
	}
	if key, err := ReadKey(aside[0]); err != nil || !keyFits(b.Cert, key) {
		t.Errorf("the key that was there: %v", err)
	}
}

// What is replaced is kept, key and certificate, and a root in the place of an intermediate
// has no issuers.
func TestReplacedAuthority(t *testing.T) {
	l, b := lesson(t, LessonOptions{KeyAlg: "ecdsa"}), lesson(t, LessonOptions{KeyAlg: "ed25519"}).Root
	dir := t.TempDir()
	if _, err := SaveAuthority(dir, l.Intermediate, FileOptions{}); err != nil {
		t.Fatal(err)
	}
	aside, err := SaveAuthority(dir, b, FileOptions{Overwrite: true})
	if err != nil || len(aside) != 3 {
		t.Fatal(aside, err)
	}
	if got, err := LoadAuthority(dir); err != nil || !got.Cert.Equal(b.Cert) || got.Parent != nil {
		t.Errorf("the new one is %+v, %v", got, err)
	}
	in := func(name string) string { return filepath.Join(dir, name+".old") }
	certs, key, err := LoadPair(in(AuthorityCertFile), in(AuthorityKeyFile))
	if err != nil || !certs[0].Equal(l.Intermediate.Cert) || !keyFits(certs[0], key) {
		t.Errorf("the old one: %v", err)
	}
}

// Whoever reads while it is replaced reads one or the other.
func TestReadWhileReplaced(t *testing.T) {
	dir := t.TempDir()
	roots := []*Authority{lesson(t, LessonOptions{KeyAlg: "ecdsa"}).Root, lesson(t, LessonOptions{KeyAlg: "ed25519"}).Root}
	if _, err := SaveAuthority(dir, roots[0], FileOptions{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 30 {
			if _, err := SaveAuthority(dir, roots[i%2], FileOptions{Overwrite: true}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			for range 60 {
				if a, err := LoadAuthority(dir); err != nil || a.Parent != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestKeysDoNotMix(t *testing.T) {
	dir := t.TempDir()
	a, b := lesson(t, LessonOptions{KeyAlg: "ecdsa"}).Root, lesson(t, LessonOptions{KeyAlg: "ed25519"}).Root
	if _, err := SaveAuthority(dir, a, FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := WriteKey(filepath.Join(dir, AuthorityKeyFile), b.Key, FileOptions{Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAuthority(dir); err == nil || !strings.Contains(err.Error(), "does not belong") {
		t.Errorf("a key of another authority: %v", err)
	}
}

func TestReadErrorsSayWhatToDo(t *testing.T) {
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	dir := t.TempDir()
	key, der, both := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.der"), filepath.Join(dir, "both.pem")
	if err := WriteKey(key, l.Key, FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(der, l.Leaf.Leaf.Raw, 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(both, append(EncodeCert(l.Leaf.Leaf.Raw), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCerts(key); err == nil || !strings.Contains(err.Error(), `only "PRIVATE KEY"`) {
		t.Errorf("a key for a certificate: %v", err)
	}
	if _, err := ReadCerts(der); err == nil || !strings.Contains(err.Error(), "-inform DER") {
		t.Errorf("DER: %v", err)
	}
	if certs, err := ReadCerts(both); err != nil || len(certs) != 1 {
		t.Errorf("certificate and key in one file: %v", err)
	}
	if k, err := ReadKey(both); err != nil || !keyFits(l.Leaf.Leaf, k) {
		t.Errorf("certificate and key in one file: %v", err)
	}
	if _, err := ReadKey(filepath.Join(dir, "none.pem")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// The forms in which openssl writes private keys.
func TestKeyForms(t *testing.T) {
	r, e := LessonKey("leaf").(*rsa.PrivateKey), LessonKeyECDSA("leaf").(*ecdsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(e)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for name, tc := range map[string]struct {
		text string
		want interface{ Equal(crypto.PrivateKey) bool }
		err  string
	}{
		"PKCS #1":             {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)), r, ""},
		"SEC 1 with its head": {block("EC PARAMETERS", []byte{6, 0}) + block("EC PRIVATE KEY", sec1), e, ""},
		"encrypted PKCS #8":   {block("ENCRYPTED PRIVATE KEY", []byte{0}), nil, "openssl pkey"},
		"encrypted PKCS #1":   {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", nil, "openssl pkey"},
		"rubbish":             {block("PRIVATE KEY", []byte{1, 2, 3}), nil, "asn1"},
		"a certificate":       {string(EncodeCert(lesson(t, LessonOptions{KeyAlg: "ecdsa"}).Chain[0])), nil, "no private key"},
	} {
		key, err := ParseKeyPEM([]byte(tc.text))
		switch {
		case tc.want != nil && (err != nil || !tc.want.Equal(key)):
			t.Errorf("%s: %v", name, err)
		case tc.want == nil && (err == nil || !strings.Contains(err.Error(), tc.err)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChainRoundTrip(t *testing.T) {
	l := lesson(t, LessonOptions{})
	path := filepath.Join(t.TempDir(), "chain.pem")
	if err := WriteChain(path, l.Chain, FileOptions{}); err != nil {
		t.Fatal(err)
	}
	certs, err := ReadCerts(path)
	if err != nil || len(certs) != len(l.Chain) || !bytes.Equal(certs[0].Raw, l.Chain[0]) || !bytes.Equal(certs[1].Raw, l.Chain[1]) {
		t.Errorf("read back %d certificates: %v", len(certs), err)
	}
}

func TestTrustStore(t *testing.T) {
	l := lesson(t, LessonOptions{Kind: UntrustedRoot, KeyAlg: "ecdsa"})
	s := NewTrustStore(l.Root.Cert)
	s.Add(l.Root.Cert)
	if s.Len() != 1 || !s.Contains(l.Root.Cert) || s.Contains(l.Other.Cert) {
		t.Errorf("%d certificates after adding one twice", s.Len())
	}
	if n, err := s.AddPEM(append([]byte("# other\n"), EncodeCert(l.Other.Cert.Raw)...)); n != 1 || err != nil || s.Len() != 2 {
		t.Errorf("AddPEM: %d, %v", n, err)
	}
	before := s.FindBySubject(l.Root.Cert.RawSubject)
	if !s.Remove(l.Root.Cert) || s.Remove(l.Root.Cert) || s.Len() != 1 || len(before) != 1 || len(s.FindBySubject(l.Root.Cert.RawSubject)) != 0 {
		t.Error("removing does not remove, or changes a slice given out")
	}
	if _, err := s.AddPEM(append(EncodeCert(l.Root.Cert.Raw), EncodeCert([]byte("rubbish"))...)); err == nil || s.Len() != 1 {
		t.Errorf("a bad bundle: %v, and %d certificates", err, s.Len())
	}
	var nobody *TrustStore
	if nobody.Len() != 0 || nobody.Contains(l.Root.Cert) || nobody.All() != nil {
		t.Error("a nil store trusts somebody")
	}
}

func TestSystemStore(t *testing.T) {
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	dir := t.TempDir()
	file := filepath.Join(dir, "roots.pem")
	text := append(EncodeCert(l.Root.Cert.Raw), EncodeCert([]byte("odd old root"))...)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", "")
	if s, err := SystemStore(); err != nil || s.Len() != 1 {
		t.Errorf("SSL_CERT_FILE: %v", err)
	}
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", dir)
	if s, err := SystemStore(); err != nil || !s.Contains(l.Root.Cert) {
		t.Errorf("SSL_CERT_DIR: %v", err)
	}
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	if _, err := SystemStore(); err == nil || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("an empty directory: %v", err)
	}
}

func FuzzParsePEM(f *testing.F) {
	l := lesson(f, LessonOptions{KeyAlg: "ecdsa"})
	cert := EncodeCert(l.Leaf.Leaf.Raw)
	f.Add(cert)
	f.Add(append([]byte("text\n"), append(cert, cert...)...))
	for _, alg := range LessonKeyAlgs() {
		text, err := os.ReadFile("lessonkeys/" + alg + "-leaf.pem")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if certs, err := ParsePEM(text); (err == nil) != (len(certs) > 0) {
			t.Fatalf("%d certificates and error %v", len(certs), err)
		}
		if key, err := ParseKeyPEM(text); (err == nil) != (key != nil) {
			t.Fatalf("key %v and error %v", key, err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	for _, kind := range []Kind{Good, SelfSigned, NameConstraint, NotACA} {
		l := lesson(f, LessonOptions{Kind: kind, KeyAlg: "ecdsa", Staple: "good"})
		f.Add(l.Leaf.Leaf.Raw, l.Intermediate.Cert.Raw, l.Root.Cert.Raw, l.Name, l.Staple)
	}
	for _, alg := range []string{"ed448", "rsa-pss"} {
		l := lesson(f, LessonOptions{KeyAlg: alg, Staple: "good"})
		f.Add(l.Leaf.Leaf.Raw, l.Intermediate.Cert.Raw, l.Root.Cert.Raw, l.Name, l.Staple)
	}
	pss := lesson(f, LessonOptions{Staple: "good", PSS: true})
	f.Add(pss.Leaf.Leaf.Raw, pss.Intermediate.Cert.Raw, pss.Root.Cert.Raw, "192.0.2.1", []byte{0x30})
	f.Fuzz(func(t *testing.T, leaf, above, root []byte, name string, staple []byte) {
		var certs []*x509.Certificate
		for _, der := range [][]byte{leaf, above, root} {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return
			}
			certs = append(certs, c)
		}
		o := VerifyOptions{Roots: NewTrustStore(certs[2]), ServerName: name, Time: lessonTime, Staple: staple}
		silent, _ := Verify(certs[:2], o)
		o.Explain = true
		full, _ := Verify(certs[:2], o)
		if silent.OK != full.OK {
			t.Fatalf("silent: %v, explained: %v", silent.Err, full.Err)
		}
		if silent.Err != nil && silent.Err.Error() != full.Err.Error() {
			t.Fatalf("silent: %v, explained: %v", silent.Err, full.Err)
		}
	})
}
