package iana

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Every alert that RFC 9846 §B.2 lists has its name there, without "_RESERVED"; those
// beside them are the registry's. A number without a name is shown in hex, and nobody
// learns from it what the peer meant.
func TestAlertNames(t *testing.T) {
	f, err := os.Open("testdata/rfc9846-alerts.txt") // the enum of RFC 9846 §B.2, a line each
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[AlertDescription]string{52: "too_many_cids_requested", 121: "ech_required"} // RFC 9147, RFC 9849
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, number, ok := strings.Cut(strings.TrimSuffix(lines.Text(), "),"), "(")
		n, err := strconv.ParseUint(number, 10, 8)
		if !ok || err != nil {
			t.Fatalf("no alert: %q", lines.Text())
		}
		want[AlertDescription(n)] = strings.TrimSuffix(name, "_RESERVED")
	}
	if len(want) < 36 {
		t.Fatalf("only %d alerts in the RFC's list", len(want))
	}
	for n := range 256 {
		d := AlertDescription(n)
		name := want[d]
		if name == "" {
			name = fmt.Sprintf("0x%02x", n)
		}
		if d.String() != name {
			t.Errorf("alert %d is called %s, want %s", n, d, name)
		}
	}
}
