package explain_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/explain"
)

// A server without tickets says little behind a handshake of TLS 1.3, and that its answer is as short as an alert is no
// refusal where the client said as little before, or went; and that a client said so little is no proof that it asked nothing.
func TestGoodbyes(t *testing.T) {
	file, err := os.ReadFile("testdata/goodbyes.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := read(t, file, explain.Options{})
	if err != nil || len(all) != 4 {
		t.Fatal(len(all), err)
	}
	for _, c := range all {
		want := explain.CausePin
		if c.Number == 2 { // two bytes and a goodbye
			want = ""
		}
		if o := c.Outcome; o.What != explain.Done || !o.Inferred || o.Cause != want {
			t.Errorf("connection %d: %+v", c.Number, o)
		}
	}
}

// A client's request that stays closed behind a handshake that opened is a request.
func TestClosedRequest(t *testing.T) {
	for _, name := range []string{"tls13", "gnutls"} {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		lines := without(logLines(t, name), clientTraffic, serverTraffic)
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, clientHandshake) }) {
			t.Fatal("nothing opens the handshake")
		}
		all, _, err := read(t, file, explain.Options{Keys: explain.Keys{Logged: keyLog(lines)}})
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		if o := all[0].Outcome; o.What != explain.Done || o.Inferred || o.Cause != "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
