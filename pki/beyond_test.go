package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
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
		read, err := ReadCerts(path(name + ".pem"))
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
		if bad := checkSignature(findAlgorithm(csr.SignatureAlgorithm, csr.Raw), RequestKey(csr), csr.RawTBSCertificateRequest, csr.Signature); bad != nil {
			t.Errorf("request of %s: %v", name, bad)
		}
		key, err := ReadKey(keys[i])
		if err != nil || !keyFits(certs[i], key) {
			t.Fatalf("key of %s: %v", name, err)
		}
		if text, err = os.ReadFile(keys[i]); err != nil {
			t.Fatal(err)
		}
		block, _ = pem.Decode(text)
		if der := pkcs8(t, key); !bytes.Equal(der, block.Bytes) {
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
			r, err := Verify([]*x509.Certificate{leaf, intermediate}, VerifyOptions{Roots: NewTrustStore(root), ServerName: "www.lab.test", Explain: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := KeyName(PublicKey(leaf)); got != tc.leafKey {
				t.Errorf("the leaf's key is %s", got)
			}
			for i, want := range tc.signatures {
				check := checkOf(t, r, CheckSignature, i)
				if got := check.Input(InSignatureAlgorithm); got != want {
					t.Errorf("signature %d is %s, want %s", i, got, want)
				}
				if got := check.Input(InIssuerKey); got != tc.issuers[i] {
					t.Errorf("issuer's key %d is %s", i, got)
				}
				if salt, _ := check.Input(InSalt).([]byte); len(salt) != tc.salts[i] {
					t.Errorf("signature %d has a salt of %d bytes", i, len(salt))
				}
				if want == "Ed448" && !bytes.Equal(bytesOf(t, check, InSB), bytesOf(t, check, InRPlusKA)) {
					t.Error("[S]B is not R + [k]A")
				}
			}
			silent, err := Verify([]*x509.Certificate{leaf, intermediate}, VerifyOptions{Roots: NewTrustStore(root)})
			if !silent.OK {
				t.Errorf("silent: %v", err)
			}
			if _, err := Verify([]*x509.Certificate{leaf, intermediate}, VerifyOptions{Roots: NewTrustStore(intermediate)}); err != nil {
				t.Errorf("the intermediate installed as an anchor: %v", err)
			}
		})
	}
}

// Each kind of authority signs each kind of leaf, and openssl verify accepts it.
func TestBeyondX509VerifiedByOpenSSL(t *testing.T) {
	for _, by := range []LessonOptions{{KeyAlg: "rsa"}, {KeyAlg: "rsa", PSS: true}, {KeyAlg: "rsa-pss"}, {KeyAlg: "ecdsa"}, {KeyAlg: "ed448"}} {
		l := lesson(t, by)
		for _, alg := range []string{"rsa", "rsa-pss", "ed25519", "ed448"} {
			csr, err := NewRequest(lessonKey(alg, "leaf"), Request{DNSNames: []string{l.Name}, Rand: seeded(5)})
			if err != nil {
				t.Fatal(err)
			}
			is, err := l.Intermediate.Sign(csr, LeafOptions{NotBefore: lessonTime, Rand: seeded(6)})
			if err != nil {
				t.Fatalf("%+v, %s: %v", by, alg, err)
			}
			l.Chain = is.Chain
			if r := judge(t, l, true); !r.OK {
				t.Errorf("%+v, %s: %v", by, alg, r.Err)
			}
			dir := t.TempDir()
			out, err := openssl(t, "verify", "-x509_strict", "-purpose", "sslserver", "-auth_level", "2", "-attime", attime, "-no-CApath", "-no-CAstore",
				"-CAfile", writeFile(t, dir, "root.pem", EncodeCert(l.Root.Cert.Raw)), "-untrusted", writeFile(t, dir, "others.pem", pemOf(is.Chain[1:])),
				writeFile(t, dir, "leaf.pem", pemOf(is.Chain[:1])))
			if err != nil {
				t.Errorf("%+v signs %s: %v: %s", by, alg, err, out)
			}
			key := filepath.Join(dir, "key.pem")
			if err := WriteKey(key, lessonKey(alg, "leaf"), FileOptions{}); err != nil {
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
		key := &sig.PSSPrivateKey{RSA: lessonKey("rsa", "leaf").(*rsa.PrivateKey), Params: &tc.params}
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := WriteKey(path, key, FileOptions{}); err != nil {
			t.Fatal(err)
		}
		out, err := openssl(t, "dgst", tc.hash, "-sigopt", "rsa_pss_saltlen:"+tc.salt, "-sign", path, "-out", filepath.Join(dir, "signature"), file)
		if (err == nil) != tc.fits {
			t.Errorf("%+v: openssl signs with %s and %s: %v: %s", tc.params, tc.hash, tc.salt, err, out)
		}
		if back, err := ReadKey(path); err != nil || !key.Equal(back) {
			t.Errorf("%+v: read back: %v", tc.params, err)
		}
	}
}

// Both sides of Ed448's equation come out alike for a good signature, apart for a
// message or an S that is not the signed one, and not at all for what is no signature.
func TestEd448Sides(t *testing.T) {
	key := lessonKey("ed448", "leaf").(ed448.PrivateKey)
	pub := key.Public().(ed448.PublicKey)
	good := ed448.Sign(key, []byte("m"), "")
	bend := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	// y = p+1, in 57 bytes, is a second encoding of y = 1, the neutral element.
	again := append(bytes.Repeat([]byte{0}, 28), bytes.Repeat([]byte{0xff}, 28)...)
	again = append(again, 0)
	for name, tc := range map[string]struct {
		message   string
		signature []byte
		shown     bool
	}{
		"good":              {"m", good, true},
		"another message":   {"n", good, true},
		"another S":         {"m", bend(57), true},
		"S above the order": {"m", bend(113), false},
		"R encoded oddly":   {"m", append(again, good[57:]...), false},
		"too short":         {"m", good[:113], false},
	} {
		inputs := ed448Sides(pub, []byte(tc.message), tc.signature)
		if (len(inputs) == 2) != tc.shown {
			t.Errorf("%s: shown are %v", name, inputs)
		}
		equal := len(inputs) == 2 && bytes.Equal(inputs[0].Value.([]byte), inputs[1].Value.([]byte))
		if valid := ed448.Verify(pub, []byte(tc.message), tc.signature, ""); equal != valid || valid != (name == "good") {
			t.Errorf("%s: valid %v, the sides are equal: %v", name, valid, equal)
		}
	}
}

// What a PSS key may not do is refused in a certificate, though the numbers are right.
func TestPSSKeysAreKeptApart(t *testing.T) {
	numbers := lessonKey("rsa", "root").(*rsa.PrivateKey)
	message := []byte("to be signed")
	restricted := &sig.PSSPublicKey{RSA: &numbers.PublicKey, Params: &sig.PSSParams{Hash: crypto.SHA256, SaltLength: 32}}
	free := &sig.PSSPublicKey{RSA: &numbers.PublicKey}
	for _, tc := range []struct {
		by   algorithm
		pub  crypto.PublicKey
		fits bool
	}{
		{algorithmNamed(x509.SHA256WithRSA), &numbers.PublicKey, true},
		{algorithmNamed(x509.SHA256WithRSA), free, false},
		{algorithmNamed(x509.SHA256WithRSAPSS), &numbers.PublicKey, true},
		{algorithmNamed(x509.SHA256WithRSAPSS), free, true},
		{algorithmNamed(x509.SHA256WithRSAPSS), restricted, true},
		{algorithmNamed(x509.SHA384WithRSAPSS), free, true},
		{algorithmNamed(x509.SHA384WithRSAPSS), restricted, false},
		{pssAlgorithm(crypto.SHA256, 31), free, true},
		{pssAlgorithm(crypto.SHA256, 31), restricted, false},
		{pssAlgorithm(crypto.SHA256, 33), restricted, true},
	} {
		signature, err := tc.by.sign(seeded(1), numbers, message)
		if err != nil {
			t.Fatal(err)
		}
		bad := checkSignature(tc.by, tc.pub, message, signature)
		if (bad == nil) != tc.fits || bad != nil && bad.Field != "signature_algorithm" {
			t.Errorf("%s under %T: %v", tc.by, tc.pub, bad)
		}
		if _, shows := (&Check{Inputs: explainSignature(tc.by, tc.pub, message, signature)}).Input(InEncodedMessage).([]byte); shows != (tc.fits && tc.by.kind == pss) {
			t.Errorf("%s under %T: an encoded message is shown: %v", tc.by, tc.pub, shows)
		}
		if tc.fits && tc.by.kind == pss { // another salt than the algorithm says
			if bad := checkSignature(pssAlgorithm(tc.by.hash, tc.by.salt+1), tc.pub, message, signature); bad == nil {
				t.Errorf("%s accepted with a salt of one byte more", tc.by)
			}
		}
	}
	if a := pssAlgorithm(crypto.SHA256, 0); checkSignature(a, free, message, make([]byte, 256)) == nil || a.String() != "SHA256-RSAPSS with a salt of 0 bytes" {
		t.Errorf("no salt: %s", a)
	}
}

// Every scheme of TLS is found on a certificate that bears it, and only there.
func TestSignatureSchemes(t *testing.T) {
	for alg, want := range map[string]iana.SignatureScheme{
		"rsa": iana.RSAPKCS1SHA256, "ecdsa": iana.ECDSAP256SHA256, "p384": iana.ECDSAP384SHA384, "p521": iana.ECDSAP521SHA512,
		"rsa-pss": iana.RSAPSSPSSSHA256, "ed25519": iana.Ed25519, "ed448": iana.Ed448,
	} {
		l := lesson(t, LessonOptions{KeyAlg: alg})
		s, ok := SignatureScheme(l.Leaf.Leaf, PublicKey(l.Intermediate.Cert))
		if !ok || s.ID != want {
			t.Errorf("%s: %v, %v", alg, s, ok)
		}
		if s, ok := SignatureScheme(l.Leaf.Leaf, nil); ok {
			t.Errorf("%s without a key: %v", alg, s)
		}
		if hasSHA1(alg) {
			old := lesson(t, LessonOptions{KeyAlg: alg, Kind: SHA1})
			if s, ok := SignatureScheme(old.Leaf.Leaf, PublicKey(l.Intermediate.Cert)); !ok || s.Hash != crypto.SHA1 {
				t.Errorf("%s over SHA-1: %v, %v", alg, s, ok)
			}
		}
	}
	pss := lesson(t, LessonOptions{PSS: true}).Leaf.Leaf
	numbers := LessonKey("intermediate").Public().(*rsa.PublicKey)
	if s, ok := SignatureScheme(pss, numbers); !ok || s.ID != iana.RSAPSSRSAESHA256 {
		t.Errorf("PSS by rsaEncryption: %v, %v", s, ok)
	}
	if s, ok := SignatureScheme(pss, &sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.SHA256, SaltLength: 20}}); ok {
		t.Errorf("parameters that differ from the key's: %v", s)
	}
}

// The keys that a certificate may hold come back out of their SubjectPublicKeyInfo,
// and what is not quite one is none.
func TestPublicKeyEncodings(t *testing.T) {
	numbers := LessonKey("leaf").Public().(*rsa.PublicKey)
	point := lessonKey("ed448", "leaf").Public().(ed448.PublicKey)
	for _, pub := range []crypto.PublicKey{
		numbers, point, LessonKeyECDSA("leaf").Public(),
		&sig.PSSPublicKey{RSA: numbers},
		&sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.SHA384, SaltLength: 0}},
		&sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.SHA1, SaltLength: 20}},
	} {
		der, err := MarshalPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePublicKey(der)
		if err != nil || !pub.(interface{ Equal(crypto.PublicKey) bool }).Equal(back) {
			t.Errorf("%s comes back as %v, %v", KeyName(pub), back, err)
		}
		for n := range der {
			if _, err := ParsePublicKey(der[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are a key", KeyName(pub), n, len(der))
			}
		}
	}
	if _, err := MarshalPublicKey(&sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.MD5}}); err == nil {
		t.Error("MD5 has been encoded")
	}

	sha256ID := pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}
	params := func(p pssParameters) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: oidPSS, Parameters: asn1.RawValue{FullBytes: marshal(t, p)}}
	}
	mgf := func(inner pkix.AlgorithmIdentifier) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: asn1.RawValue{FullBytes: marshal(t, inner)}}
	}
	oddNull := pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.RawValue{FullBytes: []byte{2, 1, 0}}}
	rsaKey := x509.MarshalPKCS1PublicKey(numbers)
	for name, info := range map[string]subjectPublicKeyInfo{
		"Ed448 with parameters":      {pkix.AlgorithmIdentifier{Algorithm: oidEd448, Parameters: asn1.NullRawValue}, bitString(point)},
		"Ed448 of 56 bytes":          {pkix.AlgorithmIdentifier{Algorithm: oidEd448}, bitString(point[:56])},
		"PSS with NULL":              {pkix.AlgorithmIdentifier{Algorithm: oidPSS, Parameters: asn1.NullRawValue}, bitString(rsaKey)},
		"PSS without a key":          {pkix.AlgorithmIdentifier{Algorithm: oidPSS}, bitString(rsaKey[1:])},
		"MGF1 with another hash":     {params(pssParameters{Hash: sha256ID, Salt: 32, Trailer: 1}), bitString(rsaKey)},
		"another mask":               {params(pssParameters{Hash: sha256ID, MGF: sha256ID, Salt: 32, Trailer: 1}), bitString(rsaKey)},
		"another trailer":            {params(pssParameters{Hash: sha256ID, MGF: mgf(sha256ID), Salt: 32, Trailer: 2}), bitString(rsaKey)},
		"a salt below nothing":       {params(pssParameters{Hash: sha256ID, MGF: mgf(sha256ID), Salt: -1, Trailer: 1}), bitString(rsaKey)},
		"a hash with odd parameters": {params(pssParameters{Hash: oddNull, MGF: mgf(sha256ID), Salt: 32, Trailer: 1}), bitString(rsaKey)},
	} {
		if pub, err := ParsePublicKey(marshal(t, info)); err == nil {
			t.Errorf("%s is the key %v", name, pub)
		}
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A certificate whose key nobody knows is judged, refused and explained like others.
func TestUnknownKindsOfKey(t *testing.T) {
	l := lesson(t, LessonOptions{KeyAlg: "ed448"})
	for name, bend := range map[string]func(der []byte){
		// The second 1.3.101.113 is the key's, the first and third the signatures'.
		"key":       func(der []byte) { bendOID(t, der, 1) },
		"signature": func(der []byte) { bendOID(t, der, 0); bendOID(t, der, 1) },
	} {
		der := bytes.Clone(l.Leaf.Leaf.Raw)
		bend(der)
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if unknown := PublicKey(leaf) == nil; unknown != (name == "key") {
			t.Errorf("%s: the key is unknown: %v", name, unknown)
		}
		if got := SignatureName(leaf); (got == "1.3.101.114") != (name == "signature") {
			t.Errorf("%s: signed with %s", name, got)
		}
		for _, explain := range []bool{false, true} {
			r, err := Verify([]*x509.Certificate{leaf, l.Intermediate.Cert}, VerifyOptions{Roots: l.Roots, Time: lessonTime, Explain: explain})
			if reason.Of(err) != reason.CertificateBadSignature {
				t.Errorf("%s: %v", name, err)
			}
			if explain && name == "key" && checkOf(t, r, CheckPublicKey, 0).OK {
				t.Errorf("an unknown key passes")
			}
		}
	}
}

// bendOID makes the nth 1.3.101.113 of what is left into 1.3.101.114, nobody's.
func bendOID(t *testing.T, der []byte, n int) {
	t.Helper()
	oid := []byte{6, 3, 0x2b, 0x65, 0x71}
	for {
		i := bytes.Index(der, oid)
		if i < 0 {
			t.Fatal("no such object identifier")
		}
		if n == 0 {
			der[i+4]++
			return
		}
		der, n = der[i+5:], n-1
	}
}

func FuzzParsePublicKey(f *testing.F) {
	for _, alg := range LessonKeyAlgs() {
		der, err := MarshalPublicKey(lessonKey(alg, "leaf").Public())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	der, err := MarshalPublicKey(&sig.PSSPublicKey{RSA: LessonKey("leaf").Public().(*rsa.PublicKey), Params: &sig.PSSParams{Hash: crypto.SHA384, SaltLength: 48}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		pub, err := ParsePublicKey(der)
		if err != nil || !beyondX509(pub) {
			return
		}
		again, err := MarshalPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParsePublicKey(again); err != nil || !pub.(interface{ Equal(crypto.PublicKey) bool }).Equal(back) {
			t.Fatalf("%x comes back as %v, %v", der, back, err)
		}
	})
}
