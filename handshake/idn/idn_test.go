package idn_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"tlslab/handshake/idn"
)

// typed is what a person types, and what is looked up for it: the examples of UTS #46 §7
// (faß.de, βόλος, the two with joiners), IANA's names for tests, RFC 3492 §7.1's script, and
// what libidn2 makes of the others.
var typed = []struct{ name, ascii string }{
	{"例子.example", "xn--fsqu00a.example"},
	{"例子.example.", "xn--fsqu00a.example."},
	{"例子。example。", "xn--fsqu00a.example."},
	{"bücher.example", "xn--bcher-kva.example"},
	{"BÜCHER.Example", "xn--bcher-kva.example"},
	{"bu\u0308cher.example", "xn--bcher-kva.example"},
	{"bü\u00adcher.example", "xn--bcher-kva.example"}, // a soft hyphen is left out
	{"日本語。ＪＰ", "xn--wgv71a119e.jp"},
	{"faß.de", "xn--fa-hia.de"}, // not fass.de: that was transitional
	{"βόλος.com", "xn--nxasmm1c.com"},
	{"ශ්\u200dරී.com", "xn--10cl1a0b660p.com"},
	{"نامه\u200cای.com", "xn--mgba3gch31f060k.com"},
	{"مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"},
	{"דוגמה.טעסט", "xn--6dbbec0c.xn--deba0ad"},
	{"💩.la", "xn--ls8h.la"}, // valid by UTS #46, as browsers have it
	{"xn--bcher-kva.例子", "xn--bcher-kva.xn--fsqu00a"},
	{"XN--BCHER-KVA.例子", "xn--bcher-kva.xn--fsqu00a"},
	{"ｌｏｃａｌｈｏｓｔ", "localhost"},
	{"１２７.0.0.1", "127.0.0.1"},
	{strings.Repeat("ü", 57) + ".example", "xn--t" + "da" + strings.Repeat("a", 56) + ".example"}, // 63 octets

	// ASCII is left as it is.
	{"", ""},
	{"www.lab.test", "www.lab.test"},
	{"WWW.Lab.Test.", "WWW.Lab.Test."},
	{"192.0.2.1", "192.0.2.1"},
	{"[2001:db8::1%eth0]", "[2001:db8::1%eth0]"},
	{"XN--BCHER-KVA.example", "XN--BCHER-KVA.example"},
	{"xn--a.example", "xn--a.example"},
	{"r3---sn-abc.example", "r3---sn-abc.example"},
	{"_sip.lab.test", "_sip.lab.test"},
}

func TestToASCII(t *testing.T) {
	for _, x := range typed {
		if got, err := idn.ToASCII(x.name); got != x.ascii || err != nil {
			t.Errorf("%q became %q, %v, want %q", x.name, got, err, x.ascii)
		}
	}
}

// No names: what is typed, and the rule that it breaks.
func TestToASCIIRefuses(t *testing.T) {
	for name, why := range map[string]string{
		"ü..example":   "empty",
		".ü.example":   "empty",
		"ü..":          "empty",
		"ü\xff.test":   "UTF-8",
		"ü\x00.test":   "U+0000",
		"ü test":       "U+0020",
		"bü_x.test":    "U+005F",
		"*.bü.test":    "U+002A",
		"bü:443":       "U+003A",
		"bü/x":         "U+002F",
		"-ü.test":      "invalid label",
		"ü-.test":      "invalid label",
		"ab--ü.test":   "invalid label",
		"\u0308ü.test": "invalid label", // it begins with a mark
		"a\u200db.例子":  "invalid label", // a joiner that joins nothing
		"a\u200cb.例子":  "invalid label",
		"1مثال.test":   "invalid label", // it begins with a digit, and runs from right to left
		"aמ.test":      "invalid label",
		"xn--a.例子":     "invalid label", // decodes to U+0080
		"xn--abc-.例子":  "invalid label", // decodes to ASCII
		"xn--\u00fc":   "invalid label",
		"\u202eü.test": "U+202E",
		"\ue000.test":  "U+E000",

		strings.Repeat("ü", 58) + ".example":                "63 octets",
		strings.Repeat(strings.Repeat("ü", 50)+".", 5):      "253 octets",
		strings.Repeat("\u00ad", 5000) + "ü.example":        "253 octets",
		strings.Repeat("a", 64) + ".例子":                     "63 octets",
		strings.Repeat("a.", 122) + "xn--fsqu00a" + ".例子.x": "253 octets",
	} {
		got, err := idn.ToASCII(name)
		var bad *idn.NameError
		if !errors.As(err, &bad) || got != "" || bad.Name != name && len(name) < 4096 || !strings.Contains(bad.Why, why) || bad.Ref == "" {
			t.Errorf("%q became %q, %v, want an error on %q", name, got, err, why)
		} else if strings.ContainsAny(err.Error(), "\x00\u202e\ue000\u200d") {
			t.Errorf("%q: its error is not quoted: %q", name, err)
		}
	}
}

func TestToPattern(t *testing.T) {
	for name, want := range map[string]string{"*.例子.example": "*.xn--fsqu00a.example", "*.lab.test": "*.lab.test", "例子.example": "xn--fsqu00a.example"} {
		if got, err := idn.ToPattern(name); got != want || err != nil {
			t.Errorf("%q became %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"*.*.例子", "例*.example", "*例子.example", "*.ü_.test"} {
		got, err := idn.ToPattern(name)
		if err == nil || !strings.Contains(err.Error(), `"`+name+`"`) {
			t.Errorf("%q became %q, %v", name, got, err)
		}
	}
}

// shown is what comes on the wire, and what may be shown beside it; "" for nothing.
var shown = []struct{ name, written string }{
	{"xn--fsqu00a.example", "例子.example"},
	{"xn--fsqu00a.example.", "例子.example."},
	{"www.xn--fsqu00a.example", "www.例子.example"},
	{"XN--BCHER-KVA.Example", "bücher.example"},
	{"xn--fa-hia.de", "faß.de"},
	{"xn--nxasmm1c.com", "βόλος.com"},
	{"xn--10cl1a0b660p.com", "ශ්\u200dරී.com"},
	{"xn--mgba3gch31f060k.com", "نامه\u200cای.com"},
	{"xn--mgbh0fb.xn--kgbechtv", "مثال.إختبار"},
	{"xn--80ak6aa92e.com", "аррӏе.com"}, // Cyrillic all of it: why the A-label stays

	{"www.lab.test", ""},
	{"192.0.2.1", ""},
	{"", ""},
	{"xn--.example", ""},              // nothing encoded
	{"xn--a.example", ""},             // U+0080
	{"xn--abc-.example", ""},          // abc
	{"xn--www-.xn--bcher-kva.de", ""}, // one false label spoils the name
	{"xn--99999999.example", ""},      // overflows
	{"xn--BCHER-KVA--.example", ""},   // no Punycode
	{"xn--a-ecp.ru", ""},              // a⒈ maps to "a1.": a dot inside a label
	{"xn--ab-6bv.example", ""},        // a∕b, with U+2215, looks like a path
	{"xn--ls8h.la", ""},               // an emoji is no letter (RFC 5892 §2.1)
	{"xn--n3h.net", ""},               // nor is a snowman
	{"xn--ab-m1t.example", ""},        // a, ZWJ, b
	{"xn--1-zmcl5hc.example", ""},     // breaks RFC 5893 §2
	{"xn--bcher-kva..example", ""},
	{"xn--bcher-kva.exa mple", ""},
	{"xn--bcher-kva.(bank.example)", ""},
	{"xn--fsqu00a.例子", ""}, // not ASCII: no A-label
	{"_sip.xn--fsqu00a.example", ""},
	{"xn--tda" + strings.Repeat("a", 57) + ".example", ""}, // 64 octets
	{strings.Repeat("a.", 122) + "xn--fsqu00a", ""},        // 255 octets
}

func TestToUnicode(t *testing.T) {
	for _, x := range shown {
		if got, ok := idn.ToUnicode(x.name); got != x.written || ok != (x.written != "") {
			t.Errorf("%q is written %q, %v, want %q", x.name, got, ok, x.written)
		}
	}
}

func TestBothForms(t *testing.T) {
	for s, want := range map[string]string{
		"xn--fsqu00a.example":                           "xn--fsqu00a.example (例子.example)",
		"DNS:*.xn--fsqu00a.example, DNS:lab.test":       "DNS:*.xn--fsqu00a.example (*.例子.example), DNS:lab.test",
		"CN=XN--BCHER-KVA.example,O=Lab":                "CN=XN--BCHER-KVA.example (bücher.example),O=Lab",
		"email:a@xn--bcher-kva.example":                 "email:a@xn--bcher-kva.example (bücher.example)",
		"expected xn--bcher-kva.x, got xn--fsqu00a.x.":  "expected xn--bcher-kva.x (bücher.x), got xn--fsqu00a.x. (例子.x)",
		".xn--fsqu00a":                                  ".xn--fsqu00a (例子)",
		"名字 xn--fsqu00a。":                               "名字 xn--fsqu00a (例子)。",
		"xn--mgbh0fb.xn--kgbechtv 25":                   "xn--mgbh0fb.xn--kgbechtv (مثال.إختبار, RTL) 25",
		"xn--mgba3gch31f060k.com":                       `xn--mgba3gch31f060k.com (نامه\u200cای.com, RTL)`,
		"xn--80ak6aa92e.com":                            "xn--80ak6aa92e.com (аррӏе.com)",
		"xn--ab-6bv.example xn--a (xn--b":               "xn--ab-6bv.example xn--a (xn--b",
		"xn--fsqu00a.example (bank.example)":            "xn--fsqu00a.example (例子.example) (bank.example)",
		"www.lab.test":                                  "www.lab.test",
		"xn--":                                          "xn--",
		"":                                              "",
		"/tmp/a_xn--fsqu00a-b xn--fsqu00a_b.example.ok": "/tmp/a_xn--fsqu00a-b xn--fsqu00a_b.example.ok",
	} {
		got := idn.BothForms(s)
		if got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
		if again := idn.BothForms(got); again != got {
			t.Errorf("%q became %q the second time", got, again)
		}
	}
}

// What a person types is found in the transcript as the person wrote it, or in the mapped
// form of that.
func TestRoundTrip(t *testing.T) {
	for _, x := range typed {
		written, ok := idn.ToUnicode(x.ascii)
		if !ok {
			continue
		}
		if again, err := idn.ToASCII(written); !strings.EqualFold(again, x.ascii) || err != nil {
			t.Errorf("%q is written %q, and that becomes %q, %v", x.ascii, written, again, err)
		}
	}
}

func FuzzBothForms(f *testing.F) {
	for _, x := range typed {
		f.Add(x.name)
	}
	for _, x := range shown {
		f.Add(x.name)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ascii, err := idn.ToASCII(s); err == nil && strings.ContainsFunc(ascii, func(r rune) bool { return r > unicode.MaxASCII }) {
			t.Errorf("%q became %q", s, ascii)
		}
		written, ok := idn.ToUnicode(s)
		if ok {
			if again, err := idn.ToASCII(written); err != nil || !strings.EqualFold(again, s) {
				t.Errorf("%q is written %q, and that becomes %q, %v", s, written, again, err)
			}
		}
		both := idn.BothForms(s)
		if len(both) < len(s) || idn.BothForms(both) != both {
			t.Errorf("%q became %q", s, both)
		}
	})
}
