package narrate

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestLanguageOf(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want Lang
	}{
		{nil, En},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, Zh},
		{map[string]string{"LANG": "zh"}, Zh},
		{map[string]string{"LANG": "zh-Hans"}, Zh},
		{map[string]string{"LANG": "zhuang"}, En},
		{map[string]string{"LANG": "de_DE.UTF-8"}, En},
		{map[string]string{"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, En},
		{map[string]string{"LC_MESSAGES": "zh_TW", "LANG": "en_US"}, Zh},
		{map[string]string{"LC_ALL": "en_US", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN"}, En},
		{map[string]string{"LC_CTYPE": "zh_CN.UTF-8"}, En},
	} {
		if got := FromEnv(func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("FromEnv(%v) = %s, want %s", c.env, got, c.want)
		}
	}
	for _, l := range Langs() {
		if got, err := ParseLang(strings.ToUpper(string(l))); got != l || err != nil {
			t.Errorf("ParseLang(%q) = %v, %v", l, got, err)
		}
	}
	if _, err := ParseLang("fr"); err == nil {
		t.Error("ParseLang took fr")
	}
}

// TestLanguagesAgree holds that each language says the same things: the same keys,
// the same placeholders, a text where the other has one.
func TestLanguagesAgree(t *testing.T) {
	for _, k := range Kinds() {
		for _, l := range Langs() {
			var keys []string
			for key := range load(l, k) {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			for _, key := range union(keys, Keys(k)) {
				a, inEn := Get(En, k, key)
				b, ok := Get(l, k, key)
				if !inEn || !ok {
					t.Errorf("%s %q: in en %v, in %s %v", k, key, inEn, l, ok)
					continue
				}
				if !slices.Equal(placeholders(a), placeholders(b)) {
					t.Errorf("%s %s %q: placeholders %v, in en %v", l, k, key, placeholders(b), placeholders(a))
				}
				if (a.Text == "") != (b.Text == "") {
					t.Errorf("%s %s %q: a text in one language only", l, k, key)
				}
			}
		}
	}
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// placeholders are those of an entry. How a word agrees with a number is a language's own.
func placeholders(e Entry) []string {
	found := regexp.MustCompile(`\{[^{}:]*\}`).FindAllString(e.Title+" "+e.Text, -1)
	slices.Sort(found)
	return found
}

// TestProse holds what can be tested of how the texts are written.
func TestProse(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	fromARun := regexp.MustCompile(`0x[0-9a-fA-F]|\b[0-9a-f]*[0-9][0-9a-f]*[a-f][0-9a-f]*\b|\b[0-9a-f]{9,}\b|\bwww\.|\b4711\b`)
	asciiInHan := regexp.MustCompile(`\p{Han}[;:?!]|\p{Han}\.(\s|$)|  `)
	for _, l := range Langs() {
		for _, k := range Kinds() {
			for key, e := range load(l, k) {
				all := e.Title + "\n" + e.Text
				if strings.Contains(all, "秘钥") {
					t.Errorf("%s %s %q: 秘钥 for 密钥", l, k, key)
				}
				if v := fromARun.FindString(all); v != "" {
					t.Errorf("%s %s %q: %q looks like a value from a run", l, k, key, v)
				}
				if l == En && han.MatchString(all) {
					t.Errorf("en %s %q: Chinese", k, key)
				}
				if l == Zh && asciiInHan.MatchString(all) {
					t.Errorf("zh %s %q: ASCII punctuation behind Chinese, or two spaces: %s", k, key, all)
				}
				if k != UI && e.Text != "" && !strings.ContainsAny(e.Text[len(e.Text)-1:], ".?)") && l == En {
					t.Errorf("en %s %q: the text ends without a full stop", k, key)
				}
			}
		}
	}
}

// TestTranslated holds, of the Chinese, that nothing was left untranslated but names
// that are the same in both languages.
func TestTranslated(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for _, k := range Kinds() {
		for key, e := range load(Zh, k) {
			if e.Text != "" && !han.MatchString(e.Text) {
				t.Errorf("zh %s %q is not in Chinese: %s", k, key, e.Text)
			}
			if en, _ := Get(En, k, key); e.Title == en.Title && strings.Contains(e.Title, " ") {
				t.Errorf("zh %s %q has the English title %q", k, key, e.Title)
			}
		}
	}
}
