package sig

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/iana"
)

// openssl verifies what we sign, and we verify what openssl signs.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("absent, and CI=true asks for it: openssl")
		}
		t.Skip("absent: openssl")
	}
	for _, s := range All() {
		t.Run(s.Name(), func(t *testing.T) {
			key := keyFor(s)
			dir := t.TempDir()
			file := func(name string, content []byte) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			run := func(args ...string) []byte {
				t.Helper()
				out, err := exec.Command(openssl, args...).CombinedOutput()
				if err != nil {
					t.Fatalf("openssl %q: %v\n%s", args, err, out)
				}
				return out
			}
			private := file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8(t, s)}))
			public := filepath.Join(dir, "pub.pem")
			run("pkey", "-in", private, "-pubout", "-out", public)

			ours, err := s.Sign(seeded(1), key, msg)
			if err != nil {
				t.Fatal(err)
			}
			in, sigFile, theirs := file("msg", msg), file("ours", ours), filepath.Join(dir, "theirs")
			if s.Kind == EdDSA {
				run("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-in", in, "-sigfile", sigFile)
				run("pkeyutl", "-sign", "-rawin", "-inkey", private, "-in", in, "-out", theirs)
			} else {
				args := []string{"dgst", "-" + digestName(s)}
				if s.Kind == RSAPSS {
					args = append(args, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
				}
				run(append(args, "-verify", public, "-signature", sigFile, in)...)
				run(append(args, "-sign", private, "-out", theirs, in)...)
			}
			signature, err := os.ReadFile(theirs)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(key.Public(), msg, signature); err != nil {
				t.Errorf("openssl's signature: %v", err)
			}
			if s.Kind == EdDSA && !bytes.Equal(signature, ours) {
				t.Errorf("EdDSA is deterministic, but openssl signs %x, we %x", signature, ours)
			}
		})
	}
}

func digestName(s *Scheme) string {
	switch s.Hash.Size() {
	case 20:
		return "sha1"
	case 32:
		return "sha256"
	case 48:
		return "sha384"
	}
	return "sha512"
}

// pkcs8 is the DER of a scheme's key. crypto/x509 does not know Ed448 (RFC 8410 §7),
// nor id-RSASSA-PSS, whose key is RSA's under another identifier (RFC 4055 §1.2).
func pkcs8(t *testing.T, s *Scheme) []byte {
	if s.ID == iana.Ed448 {
		return append(unhex("3047020100300506032b6571043b0439"), keyFor(s).(ed448.PrivateKey).Seed()...)
	}
	if k, ok := keyFor(s).(*PSSPrivateKey); ok {
		der, err := asn1.Marshal(struct {
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
		}{0, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}}, x509.MarshalPKCS1PrivateKey(k.RSA)})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	der, err := x509.MarshalPKCS8PrivateKey(keyFor(s))
	if err != nil {
		t.Fatal(err)
	}
	return der
}
