package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/sig"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// chainMadeBy lets OpenSSL make a root, an intermediate and a leaf, out of these keys,
// and as x509 is told to sign each.
func chainMadeBy(t *testing.T, keys [3]string, sign [3][]string) (leaf, intermediate, root *x509.Certificate) {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	run := func(args ...string) {
		t.Helper()
		if out, err := openssl(t, args...); err != nil {
			t.Fatalf("openssl %v: %v: %s", args, err, out)
		}
	}
	ca := writeFile(t, dir, "ca.ext", []byte("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"))
	end := writeFile(t, dir, "end.ext", []byte("subjectAltName=DNS:www.lab.test\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"))
	certs := make([]*x509.Certificate, 3)
	for i, name := range []string{"root", "intermediate", "leaf"} {
		run("req", "-new", "-key", keys[i], "-subj", "/CN="+name, "-out", path(name+".csr"))
		args := []string{"x509", "-req", "-in", path(name + ".csr"), "-days", "20", "-extfile", ca, "-out", path(name + ".pem")}
		switch name {
		case "root":
			args = append(args, "-signkey", keys[0])
		case "intermediate":
			args = append(args, "-CA", path("root.pem"), "-CAkey", keys[0], "-CAcreateserial")
		case "leaf":
			args[7] = end
			args = append(args, "-CA", path("intermediate.pem"), "-CAkey", keys[1], "-CAcreateserial")
		}
		run(append(args, sign[i]...)...)
		read, err := authority.ReadCerts(path(name + ".pem"))
		if err != nil {
			t.Fatal(err)
		}
		certs[i] = read[0]

		// Requests and keys of OpenSSL's are read too, and the keys written as it writes them.
		text, err := os.ReadFile(path(name + ".csr"))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		csr, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if bad := pki.InnerCheckSignature(algid.Find(csr.SignatureAlgorithm, csr.Raw), pki.RequestKey(csr), csr.RawTBSCertificateRequest, csr.Signature); bad != nil {
			t.Errorf("request of %s: %v", name, bad)
		}
		key, err := authority.ReadKey(keys[i])
		if err != nil || !sameKey(pki.PublicKey(certs[i]), key.Public()) {
			t.Fatalf("key of %s: %v", name, err)
		}
		if text, err = os.ReadFile(keys[i]); err != nil {
			t.Fatal(err)
		}
		block, _ = pem.Decode(text)
		if der := pkitest.PKCS8(t, key); !bytes.Equal(der, block.Bytes) {
			t.Errorf("the key of %s is written as\n%x\nopenssl writes\n%x", name, der, block.Bytes)
		}
	}
	return certs[2], certs[1], certs[0]
}

func TestBeyondX509MadeByOpenSSL(t *testing.T) {
	dir := t.TempDir()
	key := func(name string, args ...string) string {
		path := filepath.Join(dir, name)
		if out, err := openssl(t, append([]string{"genpkey", "-out", path}, args...)...); err != nil {
			t.Fatalf("genpkey %v: %v: %s", args, err, out)
		}
		return path
	}
	rsaPair := func(name string, args ...string) [2]string { // making RSA keys is most of this test's time
		args = append(args, "-pkeyopt", "rsa_keygen_bits:2048")
		return [2]string{key(name+"1", args...), key(name+"2", args...)}
	}
	rsaKey, pssKey := rsaPair("rsa", "-algorithm", "RSA"), rsaPair("pss", "-algorithm", "RSA-PSS")
	only384 := rsaPair("384", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_pss_keygen_md:sha384", "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha384", "-pkeyopt", "rsa_pss_keygen_saltlen:48")
	edKey := [2]string{key("ed1", "-algorithm", "ED448"), key("ed2", "-algorithm", "ED448")}
	digest := []string{"-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"}
	as384 := []string{"-sha384", "-sigopt", "rsa_pss_saltlen:48"}
	longest := []string{"-sha512", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:max"}

	for name, tc := range map[string]struct {
		keys       [3][2]string // of root, intermediate, leaf
		sign       [3][]string
		signatures [2]string // of leaf, intermediate
		issuers    [2]string
		salts      [2]int
		leafKey    string
	}{
		"Ed448":                         {[3][2]string{edKey, edKey, edKey}, [3][]string{}, [2]string{"Ed448", "Ed448"}, [2]string{"Ed448", "Ed448"}, [2]int{}, "Ed448"},
		"id-RSASSA-PSS":                 {[3][2]string{pssKey, pssKey, pssKey}, [3][]string{digest, digest, digest}, [2]string{"SHA256-RSAPSS", "SHA256-RSAPSS"}, [2]string{"RSA-PSS-2048", "RSA-PSS-2048"}, [2]int{32, 32}, "RSA-PSS-2048"},
		"restricted to SHA-384":         {[3][2]string{only384, only384, pssKey}, [3][]string{as384, as384, as384}, [2]string{"SHA384-RSAPSS", "SHA384-RSAPSS"}, [2]string{"RSA-PSS-2048", "RSA-PSS-2048"}, [2]int{48, 48}, "RSA-PSS-2048"},
		"PSS by rsaEncryption":          {[3][2]string{rsaKey, rsaKey, pssKey}, [3][]string{digest, digest, digest}, [2]string{"SHA256-RSAPSS", "SHA256-RSAPSS"}, [2]string{"RSA-2048", "RSA-2048"}, [2]int{32, 32}, "RSA-PSS-2048"},
		"salts as long as fit":          {[3][2]string{rsaKey, pssKey, edKey}, [3][]string{longest, longest, longest}, [2]string{"SHA512-RSAPSS with a salt of 190 bytes", "SHA512-RSAPSS with a salt of 190 bytes"}, [2]string{"RSA-PSS-2048", "RSA-2048"}, [2]int{190, 190}, "Ed448"},
		"Ed448 over PSS over PKCS #1":   {[3][2]string{rsaKey, pssKey, edKey}, [3][]string{{"-sha256"}, {"-sha256"}, digest}, [2]string{"SHA256-RSAPSS", "SHA256-RSA"}, [2]string{"RSA-PSS-2048", "RSA-2048"}, [2]int{32, 0}, "Ed448"},
		"rsaEncryption over Ed448, PSS": {[3][2]string{pssKey, edKey, rsaKey}, [3][]string{digest, digest, {}}, [2]string{"Ed448", "SHA256-RSAPSS"}, [2]string{"Ed448", "RSA-PSS-2048"}, [2]int{0, 32}, "RSA-2048"},
	} {
		t.Run(name, func(t *testing.T) {
			leaf, intermediate, root := chainMadeBy(t, [3]string{tc.keys[0][0], tc.keys[1][1], tc.keys[2][0]}, tc.sign)
			r, err := pki.Verify([]*x509.Certificate{leaf, intermediate}, pki.VerifyOptions{Roots: pki.NewTrustStore(root), ServerName: "www.lab.test", Explain: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := pki.KeyName(pki.PublicKey(leaf)); got != tc.leafKey {
				t.Errorf("the leaf's key is %s", got)
			}
			for i, want := range tc.signatures {
				check := checkOf(t, r, pki.CheckSignature, i)
				if got := check.Input(pki.InSignatureAlgorithm); got != want {
					t.Errorf("signature %d is %s, want %s", i, got, want)
				}
				if got := check.Input(pki.InIssuerKey); got != tc.issuers[i] {
					t.Errorf("issuer's key %d is %s", i, got)
				}
				if salt, _ := check.Input(pki.InSalt).([]byte); len(salt) != tc.salts[i] {
					t.Errorf("signature %d has a salt of %d bytes", i, len(salt))
				}
				if want == "Ed448" && !bytes.Equal(bytesOf(t, check, pki.InSB), bytesOf(t, check, pki.InRPlusKA)) {
					t.Error("[S]B is not R + [k]A")
				}
			}
			silent, err := pki.Verify([]*x509.Certificate{leaf, intermediate}, pki.VerifyOptions{Roots: pki.NewTrustStore(root)})
			if !silent.OK {
				t.Errorf("silent: %v", err)
			}
			if _, err := pki.Verify([]*x509.Certificate{leaf, intermediate}, pki.VerifyOptions{Roots: pki.NewTrustStore(intermediate)}); err != nil {
				t.Errorf("the intermediate installed as an anchor: %v", err)
			}
		})
	}
}

// Each kind of authority signs each kind of leaf, and openssl verify accepts it.
func TestBeyondX509VerifiedByOpenSSL(t *testing.T) {
	for _, by := range []lesson.Options{{KeyAlg: "rsa"}, {KeyAlg: "rsa", PSS: true}, {KeyAlg: "rsa-pss"}, {KeyAlg: "ecdsa"}, {KeyAlg: "ed448"}} {
		l := pkitest.Lesson(t, by)
		for _, alg := range []string{"rsa", "rsa-pss", "ed25519", "ed448"} {
			csr, err := authority.NewRequest(lesson.KeyOf(alg, "leaf"), authority.Request{DNSNames: []string{l.Name}, Rand: pkitest.Seeded(5)})
			if err != nil {
				t.Fatal(err)
			}
			is, err := l.Intermediate.Sign(csr, authority.LeafOptions{NotBefore: pkitest.Time, Rand: pkitest.Seeded(6)})
			if err != nil {
				t.Fatalf("%+v, %s: %v", by, alg, err)
			}
			l.Chain = is.Chain
			if r := pkitest.Judge(t, l, true); !r.OK {
				t.Errorf("%+v, %s: %v", by, alg, r.Err)
			}
			dir := t.TempDir()
			out, err := openssl(t, "verify", "-x509_strict", "-purpose", "sslserver", "-auth_level", "2", "-attime", attime, "-no-CApath", "-no-CAstore",
				"-CAfile", writeFile(t, dir, "root.pem", pki.EncodeCert(l.Root.Cert.Raw)), "-untrusted", writeFile(t, dir, "others.pem", pemOf(is.Chain[1:])),
				writeFile(t, dir, "leaf.pem", pemOf(is.Chain[:1])))
			if err != nil {
				t.Errorf("%+v signs %s: %v: %s", by, alg, err, out)
			}
			key := filepath.Join(dir, "key.pem")
			if err := authority.WriteKey(key, lesson.KeyOf(alg, "leaf"), authority.FileOptions{}); err != nil {
				t.Fatal(err)
			}
			ours, err1 := openssl(t, "pkey", "-in", key, "-pubout")
			certs, err2 := openssl(t, "x509", "-in", filepath.Join(dir, "leaf.pem"), "-noout", "-pubkey")
			if err1 != nil || err2 != nil || ours != certs || !strings.Contains(ours, "PUBLIC KEY") {
				t.Errorf("%s: openssl reads another key from our file (%v, %v):\n%s%s", alg, err1, err2, ours, certs)
			}
		}
	}
}

// Restricted keys of ours are as restricted in OpenSSL's eyes.
func TestRestrictedPSSKeyReadByOpenSSL(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, dir, "message", []byte("to be signed"))
	for i, tc := range []struct {
		params sig.PSSParams
		hash   string
		salt   string
		fits   bool
	}{
		{sig.PSSParams{Hash: crypto.SHA256, SaltLength: 32}, "-sha256", "32", true},
		{sig.PSSParams{Hash: crypto.SHA256, SaltLength: 32}, "-sha256", "40", true},
		{sig.PSSParams{Hash: crypto.SHA256, SaltLength: 32}, "-sha256", "31", false},
		{sig.PSSParams{Hash: crypto.SHA256, SaltLength: 32}, "-sha512", "64", false},
		{sig.PSSParams{Hash: crypto.SHA512, SaltLength: 20}, "-sha512", "20", true},
		{sig.PSSParams{Hash: crypto.SHA1, SaltLength: 20}, "-sha256", "32", false},
	} {
		key := &sig.PSSPrivateKey{RSA: lesson.KeyOf("rsa", "leaf").(*rsa.PrivateKey), Params: &tc.params}
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := authority.WriteKey(path, key, authority.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		out, err := openssl(t, "dgst", tc.hash, "-sigopt", "rsa_pss_saltlen:"+tc.salt, "-sign", path, "-out", filepath.Join(dir, "signature"), file)
		if (err == nil) != tc.fits {
			t.Errorf("%+v: openssl signs with %s and %s: %v: %s", tc.params, tc.hash, tc.salt, err, out)
		}
		if back, err := authority.ReadKey(path); err != nil || !key.Equal(back) {
			t.Errorf("%+v: read back: %v", tc.params, err)
		}
	}
}
