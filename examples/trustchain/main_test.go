package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	var verdicts []string
	for l := range strings.Lines(out.String()) {
		if !strings.HasPrefix(l, " ") {
			what, verdict := strings.TrimSpace(l[:22]), strings.TrimSpace(l[22:])
			if strings.HasPrefix(verdict, "accepted") {
				verdict = "accepted"
			}
			verdicts = append(verdicts, what+": "+verdict)
		}
	}
	want := `as issued: accepted
intermediate missing: refused: certificate_untrusted
for another name: refused: certificate_wrong_name
an hour too late: refused: certificate_expired
name changed by hand: refused: certificate_bad_signature
root removed: refused: certificate_untrusted`
	if got := strings.Join(verdicts, "\n"); got != want {
		t.Errorf("%s\n---- in\n%s", got, &out)
	}
	if !strings.Contains(out.String(), "CN=Lab Root") {
		t.Errorf("the accepted path is not shown:\n%s", &out)
	}
}
