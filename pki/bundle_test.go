package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// element is a constructed one, identified by this byte, of these parts.
func element(tag byte, parts ...[]byte) []byte {
	b, err := asn1.Marshal(asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: true, Bytes: bytes.Join(parts, nil)})
	if err != nil {
		panic(err)
	}
	return b
}

func inDER(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

var (
	oidData   = inDER(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})
	oidSigned = inDER(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2})
)

// bundleOf is a certs-only SignedData, byte for byte by RFC 5652 §5.1; more follows the certificates.
func bundleOf(certs [][]byte, more ...[]byte) []byte {
	parts := [][]byte{inDER(1), element(0x31), element(0x30, oidData)}
	if len(certs) > 0 {
		parts = append(parts, element(0xa0, certs...))
	}
	parts = append(append(parts, more...), element(0x31))
	return element(0x30, oidSigned, element(0xa0, element(0x30, parts...)))
}

// lessonChain is a leaf, its intermediate and the root.
func lessonChain(t testing.TB) [][]byte {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	return [][]byte{l.Leaf.Leaf.Raw, l.Intermediate.Cert.Raw, l.Root.Cert.Raw}
}

// Certificates are read in each form in which they come, in the order of the file; only a bundle that
// comes first leaves open which is the leaf.
func TestReadCertificates(t *testing.T) {
	chain := lessonChain(t)
	leaf, middle, root := chain[0], chain[1], chain[2]
	block := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	crl := element(0xa1, element(0x30))
	attribute := element(0xa2, element(0x30)) // [2] v2AttrCert
	for name, tc := range map[string]struct {
		text      string
		want      [][]byte
		unordered bool
	}{
		"one, DER":               {string(leaf), chain[:1], false},
		"three, DER":             {string(leaf) + string(middle) + string(root), chain, false},
		"bundle, DER":            {string(bundleOf([][]byte{root, leaf, middle})), [][]byte{root, leaf, middle}, true},
		"bundle with more":       {string(bundleOf([][]byte{leaf, attribute, middle}, crl)), chain[:2], true},
		"bundle, PEM":            {block("PKCS7", bundleOf([][]byte{middle, leaf})), [][]byte{middle, leaf}, true},
		"bundle, CMS":            {block("CMS", bundleOf([][]byte{middle, leaf})), [][]byte{middle, leaf}, true},
		"bundle, old label":      {block("PKCS #7 SIGNED DATA", bundleOf([][]byte{middle})), chain[1:2], true},
		"leaf, and a bundle":     {block("CERTIFICATE", leaf) + block("PKCS7", bundleOf([][]byte{root, middle})), [][]byte{leaf, root, middle}, false},
		"leaf, and one, in DER":  {string(leaf) + string(bundleOf([][]byte{root, middle})), [][]byte{leaf, root, middle}, false},
		"a heading that is no 0": {"0 s:CN=leaf\n" + block("CERTIFICATE", leaf), chain[:1], false},
	} {
		bag, err := pki.ReadCertificates([]byte(tc.text))
		var got [][]byte
		for _, c := range bag.Certs {
			got = append(got, c.Raw)
		}
		if err != nil || !slices.EqualFunc(got, tc.want, bytes.Equal) || bag.Unordered != tc.unordered {
			t.Errorf("%s: %d certificates, unordered %v, %v", name, len(got), bag.Unordered, err)
		}
		if plain, err := pki.ParsePEM([]byte(tc.text)); err != nil || len(plain) != len(tc.want) {
			t.Errorf("%s: ParsePEM: %d certificates, %v", name, len(plain), err)
		}
	}
}

// What holds no certificate is told from what is damaged.
func TestReadCertificatesRefuses(t *testing.T) {
	chain := lessonChain(t)
	whole := bundleOf(chain[:2])
	ber := append(append([]byte{0x30, 0x80}, oidSigned...), 0xa0, 0x80, 0, 0, 0, 0)
	flipped := bytes.Clone(whole)
	flipped[bytes.Index(flipped, chain[0])+4] = 0x31 // its TBSCertificate is a SET
	for name, tc := range map[string]struct {
		text  []byte
		cause string
		n     int
	}{
		"no certificates":           {bundleOf(nil), pki.CauseEmptyBundle, 0},
		"only an attribute one":     {bundleOf([][]byte{element(0xa2)}), pki.CauseEmptyBundle, 0},
		"data":                      {element(0x30, oidData, element(0xa0, inDER([]byte("x")))), pki.CauseNotSignedData, 0},
		"BER":                       {ber, pki.CauseBundleEncoding, 0},
		"signers missing":           {element(0x30, oidSigned, element(0xa0, element(0x30, inDER(1), element(0x31), element(0x30, oidData)))), pki.CauseBundleEncoding, 0},
		"two contents":              {element(0x30, oidSigned, element(0xa0, element(0x30), element(0x30))), pki.CauseBundleEncoding, 0},
		"bytes behind a component":  {bundleOf(chain[:1], inDER(1)), pki.CauseBundleEncoding, 0},
		"a certificate is cut":      {bundleOf([][]byte{chain[0][:99]}), pki.CauseBundleEncoding, 0},
		"a certificate is none":     {flipped, "", 1},
		"cut":                       {whole[:len(whole)-5], pki.CauseCutShort, 1},
		"DER, and text behind":      {append(bytes.Clone(chain[0]), '\n'), pki.CauseTrailing, 1},
		"DER, and a damaged second": {append(bytes.Clone(chain[0]), chain[1][:99]...), pki.CauseCutShort, 2},
		"a bundle as a certificate": {pki.EncodeCert(whole), pki.CauseIsBundle, 1},
	} {
		bag, err := pki.ReadCertificates(tc.text)
		var c *pki.CertificateError
		if !errors.As(err, &c) || bag.Certs != nil {
			t.Errorf("%s: %d certificates, %v", name, len(bag.Certs), err)
			continue
		}
		if c.N != tc.n || tc.cause != "" && pki.Cause(c.Err) != tc.cause || c.Err.Reason != reason.CertificateMalformed || c.Err.Ref == "" {
			t.Errorf("%s: certificate %d, %s: %v", name, c.N, pki.Cause(c.Err), err)
		}
	}
	for text, fault := range map[string]pki.PEMFault{"0": pki.PEMNothing, "0 s:CN=leaf and more of the like, longer than 48\n": pki.PEMNothing, " \n": pki.PEMBlank, "": pki.PEMBlank} {
		var p *pki.PEMError
		if _, err := pki.ReadCertificates([]byte(text)); !errors.As(err, &p) || p.Fault != fault {
			t.Errorf("%q: %v, want %s", text, err, fault)
		}
	}
}

// OpenSSL writes the bundle, and reads the same out of it.
func TestBundleOfOpenSSL(t *testing.T) {
	dir := t.TempDir()
	chain := lessonChain(t)
	file := writeFile(t, dir, "chain.pem", pemOf([][]byte{chain[2], chain[0], chain[1]}))
	for _, form := range []string{"DER", "PEM"} {
		out := filepath.Join(dir, form)
		if said, err := openssl(t, "crl2pkcs7", "-nocrl", "-certfile", file, "-outform", form, "-out", out); err != nil {
			t.Fatal(said)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		bag, err := pki.ReadCertificates(text)
		if err != nil || len(bag.Certs) != 3 || !bag.Unordered {
			t.Fatalf("%s: %d certificates, unordered %v, %v", form, len(bag.Certs), bag.Unordered, err)
		}
		said, err := openssl(t, "pkcs7", "-inform", form, "-in", out, "-print_certs")
		if err != nil {
			t.Fatal(said)
		}
		theirs, err := pki.ParsePEM([]byte(said))
		if err != nil || !slices.EqualFunc(theirs, bag.Certs, (*x509.Certificate).Equal) {
			t.Errorf("%s: OpenSSL reads %d other certificates, %v", form, len(theirs), err)
		}
	}
	if said, err := openssl(t, "pkcs7", "-inform", "DER", "-in", writeFile(t, dir, "ours", bundleOf(chain)), "-print_certs", "-noout"); err != nil || strings.Count(said, "subject=") != 3 {
		t.Errorf("the bundle of this test: %v, %s", err, said)
	}
}

// The leaf of a bundle is found by who issued whom, and not by where it stands.
func TestLeafOf(t *testing.T) {
	chain := lessonChain(t)
	certs, err := pki.Certificates(chain)
	if err != nil {
		t.Fatal(err)
	}
	other, err := pki.Certificates(lessonChain2(t))
	if err != nil {
		t.Fatal(err)
	}
	leaf, middle, root, stranger, otherLeaf := certs[0], certs[1], certs[2], other[2], other[0]
	for name, tc := range map[string]struct {
		certs      []*x509.Certificate
		leaf       *x509.Certificate // nil: nobody can tell
		candidates int
	}{
		"sorted otherwise":     {[]*x509.Certificate{root, middle, leaf}, leaf, 0},
		"twice the leaf":       {[]*x509.Certificate{leaf, middle, leaf}, leaf, 0},
		"alone":                {[]*x509.Certificate{leaf}, leaf, 0},
		"CAs alone":            {[]*x509.Certificate{root, middle}, middle, 0},
		"a stranger's root":    {[]*x509.Certificate{stranger, root, leaf, middle}, leaf, 0},
		"two leaves":           {[]*x509.Certificate{leaf, middle, otherLeaf}, nil, 2},
		"two roots":            {[]*x509.Certificate{root, stranger}, nil, 2},
		"each issued another":  {crossCertified(t), nil, 0},
		"a leaf in the middle": {append(crossCertified(t), leaf), leaf, 0},
	} {
		i, err := pki.LeafOf(tc.certs)
		if tc.leaf != nil {
			if err != nil || !tc.certs[i].Equal(tc.leaf) {
				t.Errorf("%s: %d, %v", name, i, err)
			} else if first := pki.LeafFirst(tc.certs, i); first[0] != tc.certs[i] || len(first) != len(tc.certs) {
				t.Errorf("%s: first %v of %d", name, first[0].Subject, len(first))
			}
			continue
		}
		var e *pki.LeafError
		if !errors.As(err, &e) || len(e.Candidates) != tc.candidates || e.Error() == "" {
			t.Errorf("%s: %d, %v", name, i, err)
		}
	}
}

func lessonChain2(t testing.TB) [][]byte {
	w := newWorld("ed25519", 1)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	return [][]byte{w.certs[0].Raw, w.certs[1].Raw, w.certs[2].Raw}
}

// crossCertified are two CAs that certify each other.
func crossCertified(t testing.TB) []*x509.Certificate {
	w := newWorld("ed25519", 2)
	w.certs[3].Subject = w.certs[1].Subject
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	return w.certs[1:3]
}

func FuzzReadCertificates(f *testing.F) {
	chain := lessonChain(f)
	f.Add(bundleOf(chain))
	f.Add(bundleOf(nil))
	f.Add(append(bytes.Clone(chain[0]), bundleOf(chain[1:])...))
	f.Add(append(append([]byte{0x30, 0x80}, oidSigned...), 0xa0, 0x80))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: bundleOf(chain[:1], element(0xa1))}))
	f.Fuzz(func(t *testing.T, text []byte) {
		bag, err := pki.ReadCertificates(text)
		if (err == nil) != (len(bag.Certs) > 0) {
			t.Fatalf("%d certificates and error %v", len(bag.Certs), err)
		}
		var p *pki.PEMError
		var c *pki.CertificateError
		if err != nil && (!errors.As(err, &p) && !errors.As(err, &c) || err.Error() == "") {
			t.Fatalf("an error of no kind: %v", err)
		}
		if err != nil {
			return
		}
		for _, c := range bag.Certs { // each is in the file, or in its base64
			if !bytes.Contains(text, c.Raw) && !bytes.Contains(text, []byte("-----BEGIN ")) {
				t.Fatal("a certificate that is not in the text")
			}
		}
		i, err := pki.LeafOf(bag.Certs)
		var l *pki.LeafError
		if err != nil && !errors.As(err, &l) || i >= len(bag.Certs) {
			t.Fatalf("leaf %d of %d, %v", i, len(bag.Certs), err)
		}
		if err == nil && len(pki.LeafFirst(bag.Certs, i)) != len(bag.Certs) {
			t.Fatal("one was lost")
		}
	})
}
