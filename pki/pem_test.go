package pki

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// pemChain is a leaf and its intermediate as PEM, and the line on which the second
// block begins.
func pemChain(t testing.TB) (leaf, intermediate string, second int) {
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	leaf, intermediate = string(EncodeCert(l.Chain[0])), string(EncodeCert(l.Chain[1]))
	return leaf, intermediate, strings.Count(leaf, "\n") + 1
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
	leaf, intermediate, _ := pemChain(t)
	for name, text := range map[string]string{
		"as it is":                    leaf + intermediate,
		"mark of UTF-8":               utf8Mark + leaf + intermediate,
		"two files with marks":        utf8Mark + leaf + utf8Mark + intermediate,
		"CR LF":                       strings.ReplaceAll(utf8Mark+leaf+intermediate, "\n", "\r\n"),
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
		certs, err := ParsePEM([]byte(text))
		if err != nil || len(certs) != 2 {
			t.Errorf("%s: %d certificates, %v", name, len(certs), err)
			continue
		}
		if got := string(EncodeCert(certs[0].Raw)) + string(EncodeCert(certs[1].Raw)); got != leaf+intermediate {
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
	leaf, intermediate, second := pemChain(t)
	end := strings.LastIndex(intermediate, pemEnd)
	edit := func(old, new string) string { return leaf + strings.Replace(intermediate, old, new, 1) }
	for name, tc := range map[string]struct {
		text  string
		fault PEMFault
		line  int
	}{
		"cut off in the base64":      {leaf + intermediate[:end-10], PEMTruncated, second + strings.Count(intermediate[:end-10], "\n")},
		"cut off before END":         {leaf + intermediate[:end], PEMTruncated, second + strings.Count(intermediate[:end], "\n") - 1},
		"cut off in END":             {leaf + intermediate[:end+12], PEMTruncated, second + strings.Count(intermediate[:end], "\n")},
		"cut off in END's hyphens":   {leaf + intermediate[:end+3], PEMTruncated, second + strings.Count(intermediate[:end], "\n")},
		"cut off within BEGIN":       {leaf + "-----BEGIN CERTIF", PEMBadMarker, second},
		"first one cut short":        {leaf[:100] + "\n" + intermediate, PEMTruncated, strings.Count(leaf[:100], "\n") + 2},
		"a character lost":           {edit("IB", "I"), PEMBadBase64, second + strings.Count(intermediate, "\n") - 1},
		"a character of none":        {edit("MI", "MI*"), PEMJunk, second + 1},
		"a byte of no ASCII":         {edit("MI", "MI\xff"), PEMJunk, second + 1},
		"a zero":                     {edit("MI", "MI\x00"), PEMJunk, second + 1},
		"padding amid":               {edit("MI", "M=I"), PEMBadBase64, second + 1},
		"a comment inside":           {edit("\nMI", "\n# the intermediate\nMI"), PEMJunk, second + 1},
		"END and BEGIN on one line":  {strings.TrimSpace(leaf) + intermediate, PEMBadMarker, second - 1},
		"END, mark, BEGIN":           {strings.TrimSpace(leaf) + utf8Mark + intermediate, PEMBadMarker, second - 1},
		"all on one line":            {leaf + strings.ReplaceAll(intermediate, "\n", ""), PEMBadMarker, second},
		"END of something else":      {edit("-----END CERTIFICATE", "-----END X509 CRL"), PEMWrongLabel, second + strings.Count(intermediate, "\n") - 1},
		"no BEGIN":                   {leaf + intermediate[28:], PEMStrayEnd, second + strings.Count(intermediate[28:], "\n") - 1},
		"four hyphens":               {strings.ReplaceAll(leaf+intermediate, "-----", "----"), PEMBadMarker, 1},
		"dashes of a word processor": {leaf + strings.ReplaceAll(intermediate, "-----", "—–-"), PEMBadMarker, second},
		"lower case":                 {leaf + strings.ToLower(intermediate), PEMBadMarker, second},
		"no label":                   {leaf + "-----BEGIN -----\nAAAA\n-----END -----\n", PEMBadMarker, second},
		"nothing inside":             {leaf + "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n", PEMEmpty, second + 2},
		"UTF-16, little endian":      {asUTF16(leaf, binary.LittleEndian, true), PEMUTF16, 0},
		"UTF-16, big endian":         {asUTF16(leaf, binary.BigEndian, true), PEMUTF16, 0},
		"UTF-16, no mark":            {asUTF16("# text\n"+leaf, binary.LittleEndian, false), PEMUTF16, 0},
		"UTF-16, big, no mark":       {asUTF16(leaf, binary.BigEndian, false), PEMUTF16, 0},
		"a chain as PKCS #7":         {leaf + string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: []byte{1}})), PEMOtherForm, second},
		"a trusted certificate":      {leaf + strings.ReplaceAll(intermediate, " CERT", " TRUSTED CERT"), PEMOtherForm, second},
		"no block":                   {"certificates: none\n", PEMNothing, 0},
		"empty":                      {"", PEMNothing, 0},
	} {
		certs, err := ParsePEM([]byte(tc.text))
		var p *PEMError
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
	text, err := os.ReadFile("lessonkeys/ecdsa-leaf.pem")
	if err != nil {
		t.Fatal(err)
	}
	key := string(text)
	leaf, _, _ := pemChain(t)
	for _, whole := range []string{key, utf8Mark + key, strings.ReplaceAll(key, "\n", "\r"), leaf + key} {
		if _, err := ParseKeyPEM([]byte(whole)); err != nil {
			t.Errorf("%.20q: %v", whole, err)
		}
	}
	for broken, fault := range map[string]PEMFault{
		key[:len(key)-30]: PEMTruncated,
		leaf[:100] + "\n" + key[strings.Index(key, pemBegin):]: PEMTruncated,
		strings.TrimSpace(leaf) + key:                          PEMBadMarker,
		asUTF16(key, binary.BigEndian, true):                   PEMUTF16,
		leaf:                                                   PEMNothing,
	} {
		var p *PEMError
		if _, err := ParseKeyPEM([]byte(broken)); !errors.As(err, &p) || p.Fault != fault {
			t.Errorf("%.20q: %v, want %s", broken, err, fault)
		}
	}
}

// A file is named, with the line; what it holds is quoted.
func TestPEMErrorNamesFileAndLine(t *testing.T) {
	leaf, _, second := pemChain(t)
	path := filepath.Join(t.TempDir(), "chain.pem")
	if err := os.WriteFile(path, []byte(leaf+"-----BEGIN \x1b[2J\u202e-----\nAAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, certErr := ReadCerts(path)
	_, keyErr := ReadKey(path)
	for _, err := range []error{certErr, keyErr} {
		if err == nil || !strings.HasPrefix(err.Error(), path+": line ") || strings.ContainsAny(err.Error(), "\x1b\u202e") {
			t.Errorf("%q", err)
		}
	}
	if p := new(PEMError); !errors.As(certErr, &p) || p.Begin != second || p.File != path {
		t.Errorf("%+v", certErr)
	}
	for _, fault := range PEMFaults() {
		if text := (&PEMError{Fault: fault, Line: 7, Label: "CERTIFICATE", Got: "x"}).Error(); len(text) < len("line 7: ")+10 {
			t.Errorf("%s says %q", fault, text)
		}
	}
}

// A damaged bundle of roots is refused, and so is a damaged file in a directory of them.
func TestSystemStoreRefusesDamage(t *testing.T) {
	leaf, intermediate, _ := pemChain(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "a.pem")
	if err := os.WriteFile(file, []byte(leaf+intermediate[:200]), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", "")
	for range 2 {
		var p *PEMError
		if _, err := SystemStore(); !errors.As(err, &p) || p.File != file {
			t.Error(err)
		}
		t.Setenv("SSL_CERT_FILE", "")
		t.Setenv("SSL_CERT_DIR", dir)
	}
}

// FuzzReadPEM holds the reader against encoding/pem, which leaves out what it cannot
// read: what we accept has all that is found there, and as many blocks as it has BEGIN
// lines.
func FuzzReadPEM(f *testing.F) {
	leaf, intermediate, _ := pemChain(f)
	f.Add([]byte(utf8Mark + leaf + intermediate))
	f.Add([]byte(strings.TrimSpace(leaf) + intermediate[:99]))
	f.Add([]byte("-----BEGIN A-----\r\nX: y,\r\n z\r\n\r\nAA==\r\n-----END A-----"))
	f.Add([]byte(asUTF16("-----BEGIN A-----", binary.BigEndian, false)))
	f.Fuzz(func(t *testing.T, text []byte) {
		blocks, err := ReadPEM(text)
		var p *PEMError
		if err != nil && (!errors.As(err, &p) || blocks != nil || p.Error() == "") {
			t.Fatalf("%d blocks and error %v", len(blocks), err)
		}
		if err != nil {
			return
		}
		lines := strings.FieldsFunc(string(text), func(c rune) bool { return c == '\r' || c == '\n' })
		begins := 0
		for _, l := range lines {
			if strings.HasPrefix(strings.TrimPrefix(strings.TrimSpace(l), utf8Mark), pemBegin) {
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
