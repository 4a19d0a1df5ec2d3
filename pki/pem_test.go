package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// The forms in which openssl writes private keys.
func TestKeyForms(t *testing.T) {
	r, e := lesson.Key("leaf").(*rsa.PrivateKey), lesson.KeyECDSA("leaf").(*ecdsa.PrivateKey)
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
		"a certificate":       {string(pki.EncodeCert(pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Chain[0])), nil, "no private key"},
	} {
		key, err := pki.ParseKeyPEM([]byte(tc.text))
		switch {
		case tc.want != nil && (err != nil || !tc.want.Equal(key)):
			t.Errorf("%s: %v", name, err)
		case tc.want == nil && (err == nil || !strings.Contains(err.Error(), tc.err)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParsePEM(f *testing.F) {
	l := pkitest.Lesson(f, lesson.Options{KeyAlg: "ecdsa"})
	cert := pki.EncodeCert(l.Leaf.Leaf.Raw)
	f.Add(cert)
	f.Add(append([]byte("text\n"), append(cert, cert...)...))
	for _, alg := range lesson.KeyAlgs() {
		text, err := os.ReadFile("lesson/keys/" + alg + "-leaf.pem")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if certs, err := pki.ParsePEM(text); (err == nil) != (len(certs) > 0) {
			t.Fatalf("%d certificates and error %v", len(certs), err)
		}
		if key, err := pki.ParseKeyPEM(text); (err == nil) != (key != nil) {
			t.Fatalf("key %v and error %v", key, err)
		}
	})
}

// asUTF16 writes text as editors on Windows do.
func asUTF16(text string, order binary.AppendByteOrder, mark bool) string {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// What is read over leaves every block where it was.
func TestPEMKeepsEveryBlock(t *testing.T) {
	leaf, intermediate, _ := pkitest.PemChain(t)
	for name, text := range map[string]string{
		"as it is":                    leaf + intermediate,
		"mark of UTF-8":               pki.Utf8Mark + leaf + intermediate,
		"two files with marks":        pki.Utf8Mark + leaf + pki.Utf8Mark + intermediate,
		"CR LF":                       strings.ReplaceAll(pki.Utf8Mark+leaf+intermediate, "\n", "\r\n"),
		"CR":                          strings.ReplaceAll(leaf+intermediate, "\n", "\r"),
		"no last line end":            strings.TrimSuffix(leaf+intermediate, "\n"),
		"white space around lines":    strings.ReplaceAll(leaf+intermediate, "\n", " \t\n  "),
		"empty lines":                 strings.ReplaceAll(leaf+intermediate, "\n", "\n\n"),
		"headings":                    "# leaf\nsubject=CN = x\n" + leaf + "\n 1 s:CN = y\n---\n" + intermediate + "---\nServer certificate\n",
		"old labels":                  strings.ReplaceAll(leaf, " CERTIFICATE", " X509 CERTIFICATE") + strings.ReplaceAll(intermediate, " CERTIFICATE", " X.509 CERTIFICATE"),
		"a list in prose":             "- Begin with the leaf\n" + leaf + "- then the intermediate\n" + intermediate + "- End of the list\n",
		"commented out":               leaf + "# " + strings.ReplaceAll(strings.TrimSpace(leaf), "\n", "\n# ") + "\n" + intermediate,
		"a key between":               leaf + string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{1}})) + intermediate,
		"lines of 76, without breaks": strings.ReplaceAll(leaf, "\n", " \n") + oneLine(intermediate),
	} {
		certs, err := pki.ParsePEM([]byte(text))
		if err != nil || len(certs) != 2 {
			t.Errorf("%s: %d certificates, %v", name, len(certs), err)
			continue
		}
		if got := string(pki.EncodeCert(certs[0].Raw)) + string(pki.EncodeCert(certs[1].Raw)); got != leaf+intermediate {
			t.Errorf("%s: other certificates than were written", name)
		}
	}
}

// oneLine writes the whole base64 of a block on one line, as some tools do.
func oneLine(block string) string {
	lines := strings.Split(strings.TrimSpace(block), "\n")
	return lines[0] + "\n" + strings.Join(lines[1:len(lines)-1], "") + "\n" + lines[len(lines)-1] + "\n"
}

// A block that is not as it should be is never left out: a chain that is one
// certificate shorter than its file looks whole.
func TestPEMRefusesWhatItCannotRead(t *testing.T) {
	leaf, intermediate, second := pkitest.PemChain(t)
	end := strings.LastIndex(intermediate, pki.PemEnd)
	edit := func(old, new string) string { return leaf + strings.Replace(intermediate, old, new, 1) }
	for name, tc := range map[string]struct {
		text  string
		fault pki.PEMFault
		line  int
	}{
		"cut off in the base64":      {leaf + intermediate[:end-10], pki.PEMTruncated, second + strings.Count(intermediate[:end-10], "\n")},
		"cut off before END":         {leaf + intermediate[:end], pki.PEMTruncated, second + strings.Count(intermediate[:end], "\n") - 1},
		"cut off in END":             {leaf + intermediate[:end+12], pki.PEMTruncated, second + strings.Count(intermediate[:end], "\n")},
		"cut off in END's hyphens":   {leaf + intermediate[:end+3], pki.PEMTruncated, second + strings.Count(intermediate[:end], "\n")},
		"cut off within BEGIN":       {leaf + "-----BEGIN CERTIF", pki.PEMBadMarker, second},
		"first one cut short":        {leaf[:100] + "\n" + intermediate, pki.PEMTruncated, strings.Count(leaf[:100], "\n") + 2},
		"a character lost":           {edit("IB", "I"), pki.PEMBadBase64, second + strings.Count(intermediate, "\n") - 1},
		"a character of none":        {edit("MI", "MI*"), pki.PEMJunk, second + 1},
		"a byte of no ASCII":         {edit("MI", "MI\xff"), pki.PEMJunk, second + 1},
		"a zero":                     {edit("MI", "MI\x00"), pki.PEMJunk, second + 1},
		"padding amid":               {edit("MI", "M=I"), pki.PEMBadBase64, second + 1},
		"a comment inside":           {edit("\nMI", "\n# the intermediate\nMI"), pki.PEMJunk, second + 1},
		"END and BEGIN on one line":  {strings.TrimSpace(leaf) + intermediate, pki.PEMBadMarker, second - 1},
		"END, mark, BEGIN":           {strings.TrimSpace(leaf) + pki.Utf8Mark + intermediate, pki.PEMBadMarker, second - 1},
		"all on one line":            {leaf + strings.ReplaceAll(intermediate, "\n", ""), pki.PEMBadMarker, second},
		"END of something else":      {edit("-----END CERTIFICATE", "-----END X509 CRL"), pki.PEMWrongLabel, second + strings.Count(intermediate, "\n") - 1},
		"no BEGIN":                   {leaf + intermediate[28:], pki.PEMStrayEnd, second + strings.Count(intermediate[28:], "\n") - 1},
		"four hyphens":               {strings.ReplaceAll(leaf+intermediate, "-----", "----"), pki.PEMBadMarker, 1},
		"dashes of a word processor": {leaf + strings.ReplaceAll(intermediate, "-----", "—–-"), pki.PEMBadMarker, second},
		"lower case":                 {leaf + strings.ToLower(intermediate), pki.PEMBadMarker, second},
		"no label":                   {leaf + "-----BEGIN -----\nAAAA\n-----END -----\n", pki.PEMBadMarker, second},
		"nothing inside":             {leaf + "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n", pki.PEMEmpty, second + 2},
		"UTF-16, little endian":      {asUTF16(leaf, binary.LittleEndian, true), pki.PEMUTF16, 0},
		"UTF-16, big endian":         {asUTF16(leaf, binary.BigEndian, true), pki.PEMUTF16, 0},
		"UTF-16, no mark":            {asUTF16("# text\n"+leaf, binary.LittleEndian, false), pki.PEMUTF16, 0},
		"UTF-16, big, no mark":       {asUTF16(leaf, binary.BigEndian, false), pki.PEMUTF16, 0},
		"a trusted certificate":      {leaf + strings.ReplaceAll(intermediate, " CERT", " TRUSTED CERT"), pki.PEMOtherForm, second},
		"no block":                   {"certificates: none\n", pki.PEMNothing, 0},
		"empty":                      {"", pki.PEMBlank, 0},
		"blank":                      {pki.Utf8Mark + " \r\n", pki.PEMBlank, 0},
	} {
		certs, err := pki.ParsePEM([]byte(tc.text))
		var p *pki.PEMError
		if !errors.As(err, &p) || certs != nil {
			t.Errorf("%s: %d certificates, %v", name, len(certs), err)
			continue
		}
		if p.Fault != tc.fault || p.Line != tc.line {
			t.Errorf("%s: %s on line %d, want %s on line %d (%v)", name, p.Fault, p.Line, tc.fault, tc.line, err)
		}
	}
}

// A key's file has the same reader: whatever makes a chain unreadable makes a key so,
// and so does a broken block before it.
func TestPEMKeyHasTheSameReader(t *testing.T) {
	text, err := os.ReadFile("lesson/keys/ecdsa-leaf.pem")
	if err != nil {
		t.Fatal(err)
	}
	key := string(text)
	leaf, _, _ := pkitest.PemChain(t)
	for _, whole := range []string{key, pki.Utf8Mark + key, strings.ReplaceAll(key, "\n", "\r"), leaf + key} {
		if _, err := pki.ParseKeyPEM([]byte(whole)); err != nil {
			t.Errorf("%.20q: %v", whole, err)
		}
	}
	for broken, fault := range map[string]pki.PEMFault{
		key[:len(key)-30]: pki.PEMTruncated,
		leaf[:100] + "\n" + key[strings.Index(key, pki.PemBegin):]: pki.PEMTruncated,
		strings.TrimSpace(leaf) + key:                              pki.PEMBadMarker,
		asUTF16(key, binary.BigEndian, true):                       pki.PEMUTF16,
		leaf:                                                       pki.PEMNothing,
	} {
		var p *pki.PEMError
		if _, err := pki.ParseKeyPEM([]byte(broken)); !errors.As(err, &p) || p.Fault != fault {
			t.Errorf("%.20q: %v, want %s", broken, err, fault)
		}
	}
}

// FuzzReadPEM holds the reader against encoding/pem, which leaves out what it cannot
// read: what we accept has all that is found there, and as many blocks as it has BEGIN
// lines.
func FuzzReadPEM(f *testing.F) {
	leaf, intermediate, _ := pkitest.PemChain(f)
	f.Add([]byte(pki.Utf8Mark + leaf + intermediate))
	f.Add([]byte(strings.TrimSpace(leaf) + intermediate[:99]))
	f.Add([]byte("-----BEGIN A-----\r\nX: y,\r\n z\r\n\r\nAA==\r\n-----END A-----"))
	f.Add([]byte(asUTF16("-----BEGIN A-----", binary.BigEndian, false)))
	f.Fuzz(func(t *testing.T, text []byte) {
		blocks, err := pki.ReadPEM(text)
		var p *pki.PEMError
		if err != nil && (!errors.As(err, &p) || blocks != nil || p.Error() == "") {
			t.Fatalf("%d blocks and error %v", len(blocks), err)
		}
		if err != nil {
			return
		}
		lines := strings.FieldsFunc(string(text), func(c rune) bool { return c == '\r' || c == '\n' })
		begins := 0
		for _, l := range lines {
			if strings.HasPrefix(strings.TrimPrefix(strings.TrimSpace(l), pki.Utf8Mark), pki.PemBegin) {
				begins++
			}
		}
		if begins != len(blocks) {
			t.Fatalf("%d blocks of %d", len(blocks), begins)
		}
		k := 0
		for b, rest := pem.Decode(text); b != nil; b, rest = pem.Decode(rest) {
			for k < len(blocks) && (blocks[k].Type != b.Type || !bytes.Equal(blocks[k].Bytes, b.Bytes)) {
				k++
			}
			if k == len(blocks) {
				t.Fatalf("encoding/pem found %q with %d bytes, we did not", b.Type, len(b.Bytes))
			}
			k++
		}
	})
}
