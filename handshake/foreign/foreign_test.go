package foreign_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tlslab/handshake/foreign"
)

// hostile is what no terminal should get, a kind a line.
var hostile = map[string]string{
	"clear the screen":        "\x1b[2J\x1b[H",
	"a colour":                "\x1b[32mok\x1b[0m",
	"a title":                 "\x1b]0;pwned\a",
	"newline":                 "x\nok all 25 checks",
	"carriage return":         "refused\raccepted",
	"tab":                     "a\tb",
	"backspace":               "no\b\bok",
	"NUL":                     "a\x00b",
	"DEL":                     "a\x7fb",
	"C1":                      "\u009b2J",
	"NEL":                     "a\u0085b",
	"override":                "\u202etxt.exe",
	"isolate":                 "\u2066a\u2069",
	"mark":                    "a\u200fb",
	"arabic letter mark":      "a\u061cb",
	"zero width":              "pay\u200bpal",
	"joiner":                  "a\u200db",
	"word joiner":             "a\u2060b",
	"byte-order mark":         "\ufeffa",
	"soft hyphen":             "a\u00adb",
	"line separator":          "a\u2028b",
	"variation selector":      "a\ufe0f",
	"more selectors":          "a\U000e0100",
	"tag":                     "a\U000e0041",
	"grapheme joiner":         "a\u034fb",
	"filler that is a letter": "\u3164\u115f",
	"no-break space":          "a\u00a0b",
	"noncharacter":            "\ufdd0\uffff",
	"private use":             "\ue000",
	"C1 as a byte":            "\x9b2J",
	"half a character":        "\xe4\xbe",
	"overlong":                "\xc0\x9b",
	"surrogate":               "\xed\xa0\x80",
}

// unseen finds what no output may hold. It is written apart from the code that it
// judges: by Unicode's categories, not by what the package asks.
func unseen(s string) (string, bool) {
	for i, r := range s {
		if r == utf8.RuneError && s[i] != 0xef {
			return fmt.Sprintf("byte %#x", s[i]), true
		}
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp, unicode.Variation_Selector) ||
			strings.ContainsRune("\u034f\u115f\u1160\u3164\uffa0\u00a0\ufdd0\uffff", r) {
			return fmt.Sprintf("%U", r), true
		}
	}
	return "", false
}

func TestEveryWayOutQuotes(t *testing.T) {
	for name, s := range hostile {
		err := errors.New(s)
		for way, out := range map[string]string{
			"String": foreign.Of(s).String(), "bytes": foreign.Of([]byte(s)).String(), "Line": foreign.Line(s),
			"%v": fmt.Sprintf("%v", foreign.Of(s)), "%s": fmt.Sprintf("%s", foreign.Of(s)), "%+v": fmt.Sprintf("%+v", foreign.Of(s)),
			"%#v": fmt.Sprintf("%#v", foreign.Of(s)), "%q": fmt.Sprintf("%q", foreign.Of(s)), "%x": fmt.Sprintf("%x", foreign.Of(s)),
			"in a struct": fmt.Sprint(struct{ foreign.Text }{foreign.Of(s)}), "Value": foreign.Value(s), "list": foreign.Value([]string{"a", s}),
			"error": foreign.Value(err), "nested": foreign.Value(fmt.Errorf("got %w", err)),
		} {
			if what, bad := unseen(out); bad || out == "" {
				t.Errorf("%s by %s: %s in %q", name, way, what, out)
			}
		}
	}
}

type (
	named    []byte
	digest   [4]byte
	spelled  byte // a code point of a peer's, with a name of its own or in hexadecimal
	speaking [2]byte
)

func (s spelled) String() string { return fmt.Sprintf("0x%02x", byte(s)) }
func (speaking) String() string  { return "says" }

// Bytes are shown as on the wire: in hexadecimal, whatever type holds them.
func TestBytesAreHex(t *testing.T) {
	for _, test := range []struct {
		v    any
		want string
	}{
		{[]byte("yyyy"), "79797979"}, {[]byte{0}, "00"}, {[]byte{}, "none"}, {[]byte(nil), "none"},
		{named{1, 0xff}, "01ff"}, {digest{1, 2, 3, 4}, "01020304"}, {&digest{1, 2, 3, 4}, "01020304"}, {[1]byte{0x80}, "80"},
		{speaking{1, 2}, "says"}, {[]spelled{1, 2}, "[0x01 0x02]"}, {[]uint16{1, 2}, "[1 2]"}, {(*digest)(nil), "<nil>"}, {7, "7"},
	} {
		if got := foreign.Value(test.v); got != test.want {
			t.Errorf("%T %v is shown as %q, not %q", test.v, test.v, got, test.want)
		}
	}
}

// Who reads an escape can tell what it stands for, and what people write is left alone.
func TestQuotingCanBeUndone(t *testing.T) {
	for name, s := range hostile {
		got, err := strconv.Unquote(`"` + strings.ReplaceAll(foreign.Quote(s), `"`, `\"`) + `"`)
		if err != nil || got != s {
			t.Errorf("%s: %q came back as %q, %v", name, s, got, err)
		}
	}
	for _, s := range []string{"www.example.org", "例子.测试，漢字", `say "hi"`, "naïve Ωmega", "😀", "مثال", "re\u0301sume\u0301", "\ufffd"} {
		if foreign.Quote(s) != s || foreign.Line(s) != s {
			t.Errorf("%q became %q and %q", s, foreign.Quote(s), foreign.Line(s))
		}
	}
	if a, b := foreign.Quote(`\x1b`), foreign.Quote("\x1b"); a == b {
		t.Errorf("what the peer wrote and what we escaped look the same: %s", a)
	}
	if s := foreign.Line(foreign.Quote("\x1b")); s != `\x1b` {
		t.Errorf("a sentence with quoted text in it became %q", s)
	}
}

func TestWriterLetsOurCodesThrough(t *testing.T) {
	const ours = "\x1b[1mbold\x1b[22m \x1b[31;1mred\x1b[0;22m 中文\n\tnext\n"
	var out bytes.Buffer
	if n, err := foreign.NewWriter(&out, true).Write([]byte(ours)); n != len(ours) || err != nil || out.String() != ours {
		t.Errorf("%d, %v: %q", n, err, out.String())
	}
	out.Reset()
	_, _ = foreign.NewWriter(&out, false).Write([]byte(ours))
	if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "中文\n\tnext\n") {
		t.Errorf("without colours: %q", out.String())
	}
	for name, s := range hostile {
		out.Reset()
		w := foreign.NewWriter(&out, true)
		if n, err := w.Write([]byte("a" + s + "b\n")); n != len(s)+3 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		seen := out.String()
		if name == "a colour" { // it is one of ours, and where it became text it was to be quoted
			seen = strings.NewReplacer("\x1b[32m", "", "\x1b[0m", "").Replace(seen)
		}
		seen = strings.NewReplacer("\n", "", "\t", "").Replace(seen)
		if what, bad := unseen(seen); bad {
			t.Errorf("%s: %s in %q", name, what, seen)
		}
	}
	for _, s := range []string{"\x1b[8m", "\x1b[5m", "\x1b[38;5;1m", "\x1b[32", "\x1b[m", "\x1b[1;2J", "\x1b[31;8m"} {
		out.Reset()
		_, _ = foreign.NewWriter(&out, true).Write([]byte(s))
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%q passed", s)
		}
	}
}

func TestJSONStaysWhatItWas(t *testing.T) {
	for name, s := range hostile {
		var out bytes.Buffer
		if err := foreign.EncodeJSON(&out, map[string]string{s: "<" + s + ">"}, " "); err != nil {
			t.Fatal(err)
		}
		if what, bad := unseen(strings.ReplaceAll(out.String(), "\n", "")); bad {
			t.Errorf("%s: %s in %s", name, what, out.String())
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatalf("%s: %v in %s", name, err, out.String())
		}
		if valid := strings.ToValidUTF8(s, ""); utf8.ValidString(s) && back[s] != "<"+s+">" || !utf8.ValidString(s) && len(back) != 1 {
			t.Errorf("%s: %q became %q", name, valid, back)
		}
	}
}

func FuzzWaysOut(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []string{foreign.Quote(s), foreign.Line(s), foreign.Value(errors.New(s))} {
			if what, bad := unseen(out); bad {
				t.Errorf("%s in %q", what, out)
			}
		}
		if got, err := strconv.Unquote(`"` + strings.ReplaceAll(foreign.Quote(s), `"`, `\"`) + `"`); err != nil || got != s {
			t.Errorf("%q came back as %q, %v", s, got, err)
		}
		var out bytes.Buffer
		if _, err := foreign.NewWriter(&out, false).Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if what, bad := unseen(strings.NewReplacer("\n", "", "\t", "").Replace(out.String())); bad {
			t.Errorf("%s passed the net in %q", what, out.String())
		}
		out.Reset()
		if err := foreign.EncodeJSON(&out, s, ""); err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || utf8.ValidString(s) && back != s {
			t.Errorf("%q came back as %q, %v", s, back, err)
		}
	})
}
