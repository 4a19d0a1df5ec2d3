package pki_test

import (
	"bytes"
	"crypto"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// openssl runs the tool and returns what it printed, on both streams.
func openssl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		missing(t, "openssl")
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	return string(out), err
}

func writeFile(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sameKey(a, b crypto.PublicKey) bool {
	return a.(interface{ Equal(crypto.PublicKey) bool }).Equal(b)
}

func pemOf(chain [][]byte) []byte {
	var text []byte
	for _, der := range chain {
		text = append(text, pki.EncodeCert(der)...)
	}
	return text
}

var attime = strconv.FormatInt(pkitest.Time.Unix(), 10)

func TestOpenSSLVerifyAgrees(t *testing.T) {
	except := map[lesson.Kind]string{
		lesson.Revoked:    "openssl verify takes no stapled response",
		lesson.MustStaple: "openssl verify takes no stapled response",
		lesson.NoSAN:      "openssl still falls back to the common name",
	}
	for _, alg := range lesson.KeyAlgs() {
		for _, kind := range lesson.Kinds() {
			if kind == lesson.SHA1 && !pkitest.SignsSHA1(alg) {
				continue // no such signature exists
			}
			l := pkitest.Lesson(t, lesson.Options{Kind: kind, KeyAlg: alg})
			dir := t.TempDir()
			args := []string{"verify", "-purpose", "sslserver", "-auth_level", "2", "-attime", attime, "-verify_hostname", l.Name,
				"-no-CApath", "-no-CAstore", "-CAfile", writeFile(t, dir, "roots.pem", pki.EncodeCert(l.Roots.All()[0].Raw))}
			if len(l.Chain) > 1 {
				args = append(args, "-untrusted", writeFile(t, dir, "others.pem", pemOf(l.Chain[1:])))
			}
			out, err := openssl(t, append(args, writeFile(t, dir, "leaf.pem", pemOf(l.Chain[:1])))...)
			ok := pkitest.Judge(t, l, false).OK
			if (err == nil) != ok && except[kind] == "" {
				t.Errorf("%s, %s: we accept %v, openssl says %s", alg, kind, ok, out)
			}
			if (err == nil) == ok && except[kind] != "" {
				t.Errorf("%s, %s is listed (%s), but we agree", alg, kind, except[kind])
			}
		}
	}
}

// The block that our report opens a signature to is the one that OpenSSL's raw
// RSA operation gives.
func TestOpenSSLOpensTheSameBlock(t *testing.T) {
	dir := t.TempDir()
	r := pkitest.Judge(t, pkitest.Lesson(t, lesson.Options{}), true)
	check := checkOf(t, r, pki.CheckSignature, 0)
	issuer := writeFile(t, dir, "issuer.pem", pki.EncodeCert(r.Paths[0].Certs[1].Raw))
	sig := writeFile(t, dir, "sig", bytesOf(t, check, pki.InSignature))
	block := filepath.Join(dir, "block")
	if out, err := openssl(t, "pkeyutl", "-verifyrecover", "-certin", "-inkey", issuer, "-pkeyopt", "rsa_padding_mode:none", "-in", sig, "-out", block); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := os.ReadFile(block)
	if err != nil || !bytes.Equal(got, bytesOf(t, check, pki.InRecoveredBlock)) {
		t.Errorf("openssl opens the signature to\n%x, %v, we to\n%x", got, err, bytesOf(t, check, pki.InRecoveredBlock))
	}
}

func TestOpenSSLReadsOurRequestsAndStatuses(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		l := pkitest.Lesson(t, lesson.Options{KeyAlg: alg})
		dir := t.TempDir()
		csr, err := authority.NewRequest(l.Key, authority.Request{DNSNames: []string{l.Name}})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := openssl(t, "req", "-inform", "DER", "-in", writeFile(t, dir, "csr", csr), "-verify", "-noout", "-text"); err != nil || !strings.Contains(out, "DNS:"+l.Name) {
			t.Errorf("%s request: %v: %s", alg, err, out)
		}
		leaf, issuer := writeFile(t, dir, "leaf.pem", pki.EncodeCert(l.Leaf.Leaf.Raw)), writeFile(t, dir, "issuer.pem", pki.EncodeCert(l.Intermediate.Cert.Raw))
		root := writeFile(t, dir, "root.pem", pki.EncodeCert(l.Root.Cert.Raw))
		responder, err := l.Intermediate.NewResponder(authority.Options{CommonName: "Responder", Key: lesson.KeyOf(alg, "ocsp"), NotBefore: pkitest.Time, Rand: pkitest.Seeded(1)})
		if err != nil {
			t.Fatal(err)
		}
		for _, status := range []authority.Status{authority.StatusGood, authority.StatusRevoked, authority.StatusUnknown} {
			for _, by := range []*authority.Responder{nil, responder} {
				der, err := l.Intermediate.OCSP(l.Leaf.Leaf, status, authority.OCSPOptions{Time: time.Now().Add(-time.Hour), Responder: by}) // -attime is for certificates only
				if err != nil {
					t.Fatal(err)
				}
				out, err := openssl(t, "ocsp", "-respin", writeFile(t, dir, "resp", der), "-issuer", issuer, "-cert", leaf,
					"-CAfile", root, "-attime", attime, "-verify_other", issuer)
				if err != nil || !strings.Contains(out, "Response verify OK") || !strings.Contains(out, "leaf.pem: "+string(status)) {
					t.Errorf("%s, %s, delegated %v: %v: %s", alg, status, by != nil, err, out)
				}
			}
		}
	}
}

// A response made by OpenSSL, which names its signer by key and the certificate
// by SHA-256.
func TestStatusMadeByOpenSSL(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	dir := t.TempDir()
	issuer, leaf := writeFile(t, dir, "issuer.pem", pki.EncodeCert(l.Intermediate.Cert.Raw)), writeFile(t, dir, "leaf.pem", pki.EncodeCert(l.Leaf.Leaf.Raw))
	key := filepath.Join(dir, "key.pem")
	if err := authority.WriteKey(key, l.Intermediate.Key, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	for index, want := range map[string]string{
		"V\t360101000000Z\t\t%X\tunknown\t/CN=leaf\n":              "",
		"R\t360101000000Z\t260101000000Z\t%X\tunknown\t/CN=leaf\n": "certificate_revoked",
	} {
		db := writeFile(t, dir, "index.txt", fmt.Appendf(nil, index, l.Leaf.Leaf.SerialNumber))
		request, response := filepath.Join(dir, "request"), filepath.Join(dir, "response")
		for _, args := range [][]string{
			{"ocsp", "-sha256", "-issuer", issuer, "-cert", leaf, "-no_nonce", "-reqout", request},
			{"ocsp", "-index", db, "-CA", issuer, "-rsigner", issuer, "-rkey", key, "-resp_key_id", "-resp_no_certs", "-ndays", "7", "-reqin", request, "-respout", response},
		} {
			if out, err := openssl(t, args...); err != nil {
				t.Fatalf("openssl %v: %v: %s", args, err, out)
			}
		}
		der, err := os.ReadFile(response)
		if err != nil {
			t.Fatal(err)
		}
		st, refused := pki.InnerCheckStaple(der, l.Leaf.Leaf, l.Intermediate.Cert, time.Now().Add(time.Minute))
		if (want == "") != (refused == nil) || refused != nil && refused.Reason.String() != want {
			t.Errorf("%q: %v", index, refused)
		}
		if !st.ID().Hash.Algorithm.Equal(algid.OIDSHA256) {
			t.Errorf("certificate named by %v", st.ID().Hash.Algorithm)
		}
	}
}

// A chain made by OpenSSL with its own keys is judged as ours are.
func TestChainMadeByOpenSSL(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	run := func(args ...string) {
		if out, err := openssl(t, args...); err != nil {
			t.Fatalf("openssl %v: %v: %s", args, err, out)
		}
	}
	run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", path("ca.key"), "-out", path("ca.pem"),
		"-subj", "/CN=OpenSSL Root", "-days", "30")
	run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", path("leaf.key"), "-out", path("leaf.csr"), "-subj", "/CN=ignored")
	extensions := writeFile(t, dir, "ext", []byte("subjectAltName=DNS:*.lab.test,IP:192.0.2.7\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n"))
	run("x509", "-req", "-in", path("leaf.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "20",
		"-extfile", extensions, "-out", path("leaf.pem"))

	chain, err := authority.ReadCerts(path("leaf.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := authority.ReadCerts(path("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"www.lab.test": true, "192.0.2.7": true, "lab.test": false, "ignored": false} {
		r, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(roots...), ServerName: name, Explain: true})
		if r.OK != want {
			t.Errorf("%s: %v", name, err)
		}
		if check := checkOf(t, r, pki.CheckSignature, 0); !bytes.Equal(bytesOf(t, check, pki.InXOfR), bytesOf(t, check, pki.InR)) {
			t.Error("x(R) mod n is not r")
		}
	}
	key, err := authority.ReadKey(path("leaf.key"))
	if err != nil || !sameKey(pki.PublicKey(chain[0]), key.Public()) {
		t.Errorf("openssl's key: %v", err)
	}
}
