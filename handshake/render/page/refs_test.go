package page

import (
	"regexp"
	"strconv"
	"testing"
)

// FuzzCited: a section is found where a regular expression finds it.
func FuzzCited(f *testing.F) {
	for _, s := range []string{"", "RFC 9846 §4.3.8", "RFC 9846 §E.4, RFC 5246 §7.4.7.1.", "see RFC 791 § 1", "RFC 12 §3", "RFC 123456 §3", "RFC RFC 9846 §4", "RFC 9846 §.1", "RFC 9846 §", "RFC 9846§1", "RFC 5280 §6.1.3.a", "（RFC 9846 §4.2.2）"} {
		f.Add(s)
	}
	pattern := regexp.MustCompile(`RFC (\d{3,5}) §([0-9A-Z]+(?:\.[0-9]+)*)`)
	f.Fuzz(func(t *testing.T, s string) {
		before, n, section, after := cited(s)
		m := pattern.FindStringSubmatchIndex(s)
		if m == nil {
			if before != s || section != "" || after != "" {
				t.Errorf("%q: found %d §%s", s, n, section)
			}
			return
		}
		if before != s[:m[0]] || strconv.Itoa(n) != s[m[2]:m[3]] && s[m[2]] != '0' || section != s[m[4]:m[5]] || after != s[m[1]:] {
			t.Errorf("%q: found %q, %d, %q, %q", s, before, n, section, after)
		}
	})
}
