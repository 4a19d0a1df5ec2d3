package narrate

import (
	"regexp"
	"strings"
	"testing"
)

// counted is a number and what is counted by it, and what the number may be followed by: "{n} more records".
var counted = regexp.MustCompile(`\{(\w+)\} (?:of \{\w+\} )?(?:\w+ ){0,2}(bytes|records|connections|packets|checks|values|parts|steps|blanks|zeros|events|fields|ones|entries|certificates|messages|pages|lines|times|exchanges)\b`)

// several are texts whose number is never one: the key, and why.
var several = map[string]string{
	"caption compressed_certificate": "a certificate is longer",
	"predict believed/all":           "a chain has more checks",
	"predict believed/check":         "who checks",
	"scene replay_bytes":             "a ClientHello is longer",
	"scene replay_captured":          "a ClientHello is longer",
	"scene early_data_acted":         "it acts again",
	"summary happened/replayed":      "it acts again",
	"summary happened/exchanges":     "several are told together",
	"summary exchanges":              "several are told together",
	"ui first_title":                 "several are told together",
	"ui certificate_line":            "a certificate is longer",
	"ui compare_size":                "a certificate is longer",
	"ui compare_fits_window":         "a flight is longer",
	"ui compare_exceeds_window":      "a flight is longer",
	"ui cmd.groups_chart":            "a mark stands for many",
	"ui cmd.page_files":              "so many may be written",
	"ui cmd.proxy_limit_bytes":       "a limit that is built in",
	"ui cmd.pem_other_form":          "no number",
	"ui cmd.ticket_key_theirs":       "48 or 80",
	"ui cmd.ticket_key_short":        "how long one is",
	"ui cmd.ticket_key_long":         "how long one is",
	"ui page.bytes_first":            "a limit that is built in",
	"ui page.all_bytes":              "what is long is folded",
	"ui page.same_bytes":             "what is long is folded",
}

// A number that may be 1 has its noun beside it in both forms, and its verb: "1 byte is", "2 bytes are".
func TestNumbersAgree(t *testing.T) {
	used := map[string]bool{}
	for _, k := range Kinds() {
		for key, e := range load(En, k) {
			for _, m := range counted.FindAllString(e.Title+" "+e.Text, -1) {
				at := string(k) + " " + key
				if used[at] = true; several[at] == "" {
					t.Errorf("%s: %q has no form for 1: {n:byte|bytes}, or a reason in several", at, m)
				}
			}
		}
		for key, e := range load(Zh, k) {
			if strings.Contains(e.Title+e.Text, "|") && regexp.MustCompile(`\{\w+:`).MatchString(e.Title+e.Text) {
				t.Errorf("zh %s %s: a Chinese word has one form", k, key)
			}
		}
	}
	for at := range several {
		if !used[at] {
			t.Errorf("%s counts nothing any more", at)
		}
	}
	for n, want := range map[string]string{"0": "0 bytes are", "1": "1 byte is", "2": "2 bytes are", "11": "11 bytes are"} {
		if got := Fill("{n} {n:byte|bytes} {n:is|are}", map[string]string{"n": n}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Fill("{n} {n:byte|bytes}", nil); got != "{n} {n:byte|bytes}" {
		t.Errorf("what has no value is not to be seen: %q", got)
	}
}
