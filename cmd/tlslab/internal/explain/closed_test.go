package explain

import (
	"regexp"
	"strings"
	"testing"
)

// A record that stayed closed is told once, under its sender, and nothing is said to have been in it.
func TestClosedRecordsAreToldOnce(t *testing.T) {
	onTheWire := regexp.MustCompile(`on the wire ((?:[0-9a-f]{2} )+)`)
	for name, closed := range map[string]int{"warned": 3, "no_suite": 0} {
		file := "../../../../handshake/explain/testdata/" + name + ".pcapng"
		connection := "1"
		if closed > 0 {
			connection = "2"
		}
		text := all(t, file, "--show", connection, "--full", "--lang", "en")
		seen := map[string]int{}
		for _, m := range onTheWire.FindAllStringSubmatch(text, -1) {
			seen[m[1]]++
		}
		if len(seen) != closed || strings.Contains(text, "opened\n") {
			t.Errorf("%s: %d records that stayed closed, want %d, and none of them opened:\n%s", name, len(seen), closed, text)
		}
		for record, n := range seen {
			if n != 1 {
				t.Errorf("%s: %s stands there %d times", name, record, n)
			}
		}
	}
}

// Behind a warning of TLS 1.2 the handshake goes on: nobody has stopped.
func TestWarningStopsNobody(t *testing.T) {
	const file = "../../../../handshake/explain/testdata/warned.pcapng"
	for lang, words := range map[string][2]string{"en": {"-- server warns --", "server stops"}, "zh": {"-- 服务器发出警告 --", "服务器中止握手"}} {
		if text := all(t, file, "--show", "1", "--lang", lang); !strings.Contains(text, words[0]) || strings.Contains(text, words[1]) {
			t.Errorf("want %q and not %q:\n%s", words[0], words[1], text)
		}
		if text := all(t, file, "--show", "3", "--lang", "en"); !strings.Contains(text, "-- client stops --") {
			t.Error(text)
		}
	}
}
