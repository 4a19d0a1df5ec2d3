package pki_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// The prepared strings are what Python makes of the same with its own Unicode 3.2
// (unicodedata.ucd_3_2_0) and RFC 3454 tables (stringprep). Put between an x and a y,
// all of 3.2's 232,755 characters are equal to the same others there and here, but for
// five ideographs whose decomposition Unicode has corrected since (Corrigendum 4).
func TestPreparedAsRFC4518(t *testing.T) {
	for _, tc := range []struct {
		in, want string
		ok       bool
	}{
		{"Good CA", " good  ca ", true},
		{"GOOD  ca", " good  ca ", true},
		{"\tGood\nCA\r", " good  ca ", true},
		{"  ", "  ", true},
		{"Stra\u00dfe", " strasse ", true},
		{"STRASSE", " strasse ", true},
		{"\u0130stanbul", " i\u0307stanbul ", true},
		{"\u212aelvin", " kelvin ", true},
		{"\u00c5ngstr\u00f6m", " \u00e5ngstr\u00f6m ", true},
		{"A\u030angstro\u0308m", " \u00e5ngstr\u00f6m ", true},
		{"\u212bngstrom", " \u00e5ngstrom ", true},
		{"\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", " \u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3 ", true},
		{"soft\u00adhyphen", " softhyphen ", true},
		{"zero\u200bwidth", " zerowidth ", true},
		{"no\u00a0break", " no  break ", true},
		{"ideographic\u3000space", " ideographic  space ", true},
		{"line\u2028separator", " line  separator ", true},
		{"next\u0085line", " next  line ", true},
		{"var\ufe0fiation", " variation ", true},
		{"left\u200eright\u202emark", " leftrightmark ", true},
		{"\ufeffbom", " bom ", true},
		{"\ufb03ne", " ffine ", true},
		{"\uff21\uff22\uff23", " abc ", true},
		{"\u2121", " tel ", true},
		{"\u2460", " 1 ", true},
		{"a \u0308b", " a \u0308b ", true},
		{"\u5317\u4eac \u516c\u53f8", " \u5317\u4eac  \u516c\u53f8 ", true},
		{"\u1806x\u034fy\ufffcz", " xyz ", true},
		{"\U0001d400", " a ", true},
		{"\ue000private", "", false},
		{"\ufdd0none", "", false},
		{"bad\ufffd", "", false},
		{"\u0301start", "", false},
		{"nul\x00l", " null ", true},
	} {
		got, ok := pki.AppendPrepared(nil, cbasn1.UTF8String, []byte(tc.in))
		if ok != tc.ok || ok && string(got) != tc.want {
			t.Errorf("%q: %q, %v, want %q, %v", tc.in, got, ok, tc.want, tc.ok)
		}
		if ok != tc.ok || !pki.IsASCII([]byte(tc.in)) {
			continue
		}
		if slow, _ := pki.Prepare(tc.in); slow != string(got) {
			t.Errorf("%q: the way for ASCII gives %q, the other %q", tc.in, got, slow)
		}
	}
}

// Folded here and folded by package cases, from CaseFolding.txt, all characters are the same
// after NFKC, and so are all texts, which are folded character by character. What was there
// in Unicode 15.0 no later version folds otherwise (its stability policy).
func TestFoldedAsCaseFolding(t *testing.T) {
	fold, seen, folds := cases.Fold(), 0, 0
	rangetable.Visit(rangetable.Assigned("15.0.0"), func(r rune) {
		if !utf8.ValidRune(r) { // a surrogate
			return
		}
		as, want := norm.NFKD.String(string(r)), norm.NFKD.String(fold.String(string(r)))
		if unicode.Is(unicode.Cherokee, r) { // package cases makes each case the other one: nothing, twice
			if twice := fold.String(want); twice != as {
				t.Errorf("%U: package cases makes it %+q", r, twice)
			}
			want = as
		}
		if got := norm.NFKD.String(pki.Folded(string(r))); got != want {
			t.Errorf("%U: %+q, want %+q", r, got, want)
		}
		seen++
		if want != as {
			folds++
		}
	})
	if seen < 280_000 || folds < 1_300 {
		t.Errorf("%d characters, %d of which fold: the test looked in the wrong place", seen, folds)
	}
}

func TestDecodeString(t *testing.T) {
	for _, tc := range []struct {
		tag  cbasn1.Tag
		in   string
		want string
		ok   bool
	}{
		{cbasn1.UTF8String, "Stra\u00dfe", "Stra\u00dfe", true},
		{cbasn1.UTF8String, "\xff", "", false},
		{cbasn1.PrintableString, "abc", "abc", true},
		{cbasn1.PrintableString, "\xdf", "", false},
		{cbasn1.T61String, "Stra\xdfe", "Stra\u00dfe", true},
		{pki.TagBMPString, "\x00S\x00t\x53\x17", "St\u5317", true},
		{pki.TagBMPString, "\x00S\x00", "", false},
		{pki.TagBMPString, "\xd8\x35\xdc\x00", "", false}, // UCS-2 has no surrogates
		{pki.TagUniversalString, "\x00\x00\x00S\x00\x01\xd4\x00", "S\U0001d400", true},
		{pki.TagUniversalString, "\x00\x11\x00\x00", "", false},
		{pki.TagUniversalString, "\x00\x00S", "", false},
		{cbasn1.OCTET_STRING, "abc", "", false},
	} {
		if got, ok := pki.DecodeString(tc.tag, []byte(tc.in)); ok != tc.ok || ok && got != tc.want {
			t.Errorf("tag %d, %q: %q, %v", tc.tag, tc.in, got, ok)
		}
	}
}

func TestSameName(t *testing.T) {
	utf8, printable := cbasn1.UTF8String, cbasn1.PrintableString
	cn := func(tag cbasn1.Tag, value string) []byte { return name(attr(typeCN, tag, value)) }
	one, two := pair(typeCN, utf8, "One"), pair(typeOU, printable, "two")
	for _, tc := range []struct {
		name string
		a, b []byte
		want bool
	}{
		{"case", cn(utf8, "Good CA"), cn(utf8, "gOOD ca"), true},
		{"spaces", cn(utf8, "Good CA"), cn(utf8, "  Good    CA "), true},
		{"no space", cn(utf8, "Good CA"), cn(utf8, "GoodCA"), false},
		{"string type", cn(utf8, "Good CA"), cn(printable, "Good CA"), true},
		{"BMPString", cn(utf8, "Stra\u00dfe"), cn(pki.TagBMPString, "\x00S\x00T\x00R\x00A\x00S\x00S\x00E"), true},
		{"UniversalString", cn(utf8, "A"), cn(pki.TagUniversalString, "\x00\x00\x00a"), true},
		{"TeletexString", cn(utf8, "\u00c5"), cn(cbasn1.T61String, "\xe5"), true},
		{"composed", cn(utf8, "\u00e5"), cn(utf8, "a\u030a"), true},
		{"other value", cn(utf8, "Good CA"), cn(utf8, "Good CB"), false},
		{"other type", cn(utf8, "x"), name(attr(typeO, utf8, "x")), false},
		{"a set", name(multi(one, two)), name(multi(two, one)), true},
		{"a set, other case", name(multi(one, two)), name(multi(pair(typeOU, utf8, "TWO"), pair(typeCN, printable, "one"))), true},
		{"a set, one missing", name(multi(one, two)), name(multi(one)), false},
		{"a set is not two", name(multi(one, two)), name(multi(one), multi(two)), false},
		{"order", name(multi(one), multi(two)), name(multi(two), multi(one)), false},
		{"longer", name(multi(one)), name(multi(one), multi(two)), false},
		{"domainComponent", name(attr(typeDC, cbasn1.IA5String, "lab")), name(attr(typeDC, cbasn1.IA5String, "LAB")), true},
		{"domainComponent, space", name(attr(typeDC, cbasn1.IA5String, "lab")), name(attr(typeDC, cbasn1.IA5String, "lab ")), false},
		{"domainComponent, half characters", name(attr(typeDC, cbasn1.IA5String, "ab")), name(attr(typeDC, pki.TagBMPString, "ab")), false}, // U+6162
		{"domainComponent, no string", name(attr(typeDC, cbasn1.IA5String, "ab")), name(attr(typeDC, cbasn1.OCTET_STRING, "ab")), false},
		{"emailAddress", name(attr(typeEmail, cbasn1.IA5String, "a@lab.test")), name(attr(typeEmail, utf8, "A@LAB.test")), true},
		{"a name beside one that runs on", cn(utf8, "a"), append(cn(utf8, "A"), 5, 0), false},
		{"no strings", cn(cbasn1.OCTET_STRING, "a"), cn(cbasn1.OCTET_STRING, "A"), false},
		{"private use, the same", cn(utf8, "\ue000"), cn(utf8, "\ue000"), true},
		{"private use, other case beside it", cn(utf8, "\ue000a"), cn(utf8, "\ue000A"), false},
		{"bytes are no string", cn(utf8, "ab"), cn(cbasn1.OCTET_STRING, " ab "), false},
		{"long", cn(utf8, strings.Repeat("a", 300)), cn(utf8, strings.Repeat("A", 300)), true},
		{"empty", name(), name(), true},
		{"empty or not", name(), cn(utf8, ""), false},
		{"no names", []byte("x"), []byte("y"), false},
	} {
		if got := pki.SameName(tc.a, tc.b); got != tc.want || pki.SameName(tc.b, tc.a) != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
		if same := pki.NameForm(tc.a) == pki.NameForm(tc.b); same != tc.want {
			t.Errorf("%s: forms are equal: %v", tc.name, same)
		}
	}
}

// One form is the beginning of another exactly if its name is the other's upper part.
func TestFormsNest(t *testing.T) {
	c, o, ou := attr(typeC, cbasn1.PrintableString, "SE"), attr(typeO, cbasn1.UTF8String, "Acme"), attr(typeOU, cbasn1.UTF8String, "X")
	top := pki.NameForm(name(c, o))
	for _, tc := range []struct {
		name []byte
		want bool
	}{
		{name(c, o, ou), true}, {name(c, o), true}, {name(c), false}, {name(o, c), false},
		{name(c, attr(typeO, cbasn1.UTF8String, "Acmes")), false},
		{name(c, multi(pair(typeO, cbasn1.UTF8String, "Acme"), pair(typeOU, cbasn1.UTF8String, "X"))), false},
	} {
		if got := strings.HasPrefix(pki.NameForm(tc.name), top); got != tc.want {
			t.Errorf("%s: %v", pki.NameString(tc.name), got)
		}
	}
}

// A chain in which each issuer is written in another way than its own subject: it holds,
// and says so in every place where names are compared.
func TestChainWithNamesWrittenDifferently(t *testing.T) {
	w := newWorld("ecdsa", 1)
	for _, c := range w.certs {
		c.NotBefore, c.NotAfter = pkitest.Time.AddDate(-5, 0, 0), pkitest.Time.AddDate(20, 0, 0)
	}
	intermediate := name(attr(typeO, cbasn1.UTF8String, "test"), attr(typeCN, cbasn1.UTF8String, "World intermediate"))
	shouted := name(attr(typeO, cbasn1.PrintableString, "TEST"), attr(typeCN, cbasn1.PrintableString, " WORLD  Intermediate"))
	root := name(attr(typeO, cbasn1.UTF8String, "test"), attr(typeCN, cbasn1.PrintableString, "World root"))
	other := name(attr(typeO, cbasn1.UTF8String, "tEst"), attr(typeCN, cbasn1.UTF8String, "world root"))
	w.certs[1].RawSubject, w.root().RawSubject = intermediate, root
	chain, anchor := w.signed(t, shouted, other)
	if bytes.Equal(chain[0].RawIssuer, chain[1].RawSubject) || bytes.Equal(chain[1].RawIssuer, anchor.RawSubject) {
		t.Fatal("the names are written alike")
	}
	store := pki.NewTrustStore(anchor)
	for range 2 { // the second time the store remembers
		if got := store.FindBySubject(other); len(got) != 1 || got[0] != anchor {
			t.Errorf("the anchor is not found under its other name: %v", got)
		}
	}
	for _, explain := range []bool{false, true} {
		r, err := pki.Verify(chain, pki.VerifyOptions{Roots: store, ServerName: "www.lab.test", Time: pkitest.Time, Explain: explain})
		if err != nil {
			t.Fatal(err)
		}
		if explain && !checkOf(t, r, pki.CheckIssuerName, 0).OK {
			t.Error("the row issuer_name fails")
		}
	}
	if _, err := pki.Verify(chain, pki.VerifyOptions{Time: pkitest.Time, Explain: true}); reason.Of(err) != reason.CertificateUntrusted {
		t.Errorf("without an anchor: %v", err)
	}
	if store.Remove(anchor); len(store.FindBySubject(other)) != 0 {
		t.Error("removed, and still found")
	}

	temp := t.TempDir()
	rootFile := writeFile(t, temp, "root.pem", pki.EncodeCert(anchor.Raw))
	if out, err := openssl(t, "verify", "-attime", attime, "-no-CApath", "-no-CAstore", "-CAfile", rootFile, "-untrusted",
		writeFile(t, temp, "ca.pem", pki.EncodeCert(chain[1].Raw)), writeFile(t, temp, "leaf.pem", pki.EncodeCert(chain[0].Raw))); err != nil {
		t.Errorf("openssl: %s", out)
	}
}

// Self-issued is who bears one name, however it is written twice: such a one does not
// count for the path length, and its names are not constrained.
func TestSelfIssuedWrittenDifferently(t *testing.T) {
	for _, written := range []string{"World cross-root", "WORLD  cross-root"} {
		w := newWorld("ecdsa", 2)
		w.certs[1].RawSubject = name(attr(typeO, cbasn1.UTF8String, "test"), attr(typeCN, cbasn1.UTF8String, "World cross-root"))
		w.certs[2].RawSubject = name(attr(typeO, cbasn1.UTF8String, "test"), attr(typeCN, cbasn1.UTF8String, "World cross-root"))
		w.certs[1].DNSNames = []string{"ca.other.test"}
		w.certs[2].MaxPathLenZero, w.certs[2].PermittedDNSDomains = true, []string{"lab.test"}
		chain, root := w.signed(t, nil, name(attr(typeO, cbasn1.UTF8String, "test"), attr(typeCN, cbasn1.PrintableString, written)))
		if _, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), ServerName: "www.lab.test", Time: pkitest.Time}); err != nil {
			t.Errorf("%q: %v", written, err)
		}
	}
}

// A responder's name, and the issuer that a status names by a hash of its name as the
// certificate in question writes it (RFC 6960 §4.1.1).
func TestStapleWithNamesWrittenDifferently(t *testing.T) {
	w := newWorld("ecdsa", 1)
	w.certs[1].RawSubject = name(attr(typeCN, cbasn1.UTF8String, "Status CA"))
	chain, root := w.signed(t, name(attr(typeCN, cbasn1.PrintableString, "STATUS ca")))
	a := &authority.CA{Cert: chain[1], Key: lesson.KeyOf("ecdsa", "intermediate")}
	alias := *chain[1]
	alias.RawSubject = name(attr(typeCN, cbasn1.PrintableString, "status  CA"))
	for _, by := range []*authority.Responder{nil, {Cert: &alias, Key: a.Key}} {
		der, err := a.OCSP(chain[0], authority.StatusGood, authority.OCSPOptions{Time: pkitest.Time, Responder: by})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), Time: pkitest.Time.Add(1), Staple: der}); err != nil {
			t.Error(err)
		}
	}
}

// What the store remembers of names that a peer made up is bounded.
func TestStoreForgetsNames(t *testing.T) {
	store := pki.NewTrustStore(pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Root.Cert)
	for i := range 2*pki.MaxAsked + 10 {
		store.FindBySubject(name(attr(typeCN, cbasn1.UTF8String, fmt.Sprint("stranger ", i))))
	}
	store.FindBySubject(name(attr(typeCN, cbasn1.UTF8String, strings.Repeat("long", pki.MaxFormName))))
	if len(store.Asked()) > pki.MaxAsked {
		t.Errorf("%d names remembered", len(store.Asked()))
	}
	for _, written := range store.Asked() {
		if len(written) > pki.MaxFormName {
			t.Errorf("a name of %d bytes remembered", len(written))
		}
	}
}

// Names are compared by SameName, or by their forms, wherever names are compared: a
// bytes.Equal of two raw names is RFC 3280's rule.
func TestNobodyComparesRawNames(t *testing.T) {
	raw := regexp.MustCompile(`(bytes\.Equal|string)\([^()]*\.Raw(Subject|Issuer)\b`)
	fast := regexp.MustCompile(`emptyName|\|\| v\.subjectForm`) // is it empty; or else by form
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for n, line := range strings.Split(string(text), "\n") {
			seen += strings.Count(line, "RawIssuer")
			if raw.MatchString(line) && !fast.MatchString(line) {
				t.Errorf("%s:%d compares names byte for byte: %s", path, n+1, strings.TrimSpace(line))
			}
		}
		return err
	})
	if err != nil || seen < 5 {
		t.Errorf("looked in the wrong place: %v", err)
	}
}

// FuzzName: whatever is sent for a name, comparing it ends, and is an equivalence.
func FuzzName(f *testing.F) {
	f.Add(name(attr(typeCN, cbasn1.UTF8String, "Good CA")), name(attr(typeCN, cbasn1.PrintableString, "good  ca")))
	f.Add(name(multi(pair(typeCN, cbasn1.UTF8String, "One"), pair(typeOU, cbasn1.T61String, "tw\xf6"))), name(attr(typeDC, cbasn1.IA5String, "LAB")))
	f.Add(name(attr(typeCN, pki.TagBMPString, "\x00a\x53\x17")), name())
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !pki.SameName(a, a) || !pki.SameName(b, b) {
			t.Error("a name is not itself")
		}
		same := pki.SameName(a, b)
		if same != pki.SameName(b, a) || same != (pki.NameForm(a) == pki.NameForm(b)) {
			t.Error("two answers")
		}
		if !same {
			return
		}
		// What matches lies in the other's subtree, and so does what is below it.
		if form, ok := pki.AppendName(nil, a); ok {
			longer, _ := pki.AppendName(form, b)
			if !bytes.HasPrefix(longer, form) {
				t.Error("a form is not at the beginning of a longer one")
			}
		}
		pki.EmailAddresses(a)
	})
}
