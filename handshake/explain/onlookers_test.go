package explain_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/explain"
	"tlslab/pki/authority"
)

// seen is what the onlookers make of a connection, in lines that a person can check against make.sh.
func seen(c *explain.Connection) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %d %s %s:", c.Number, c.Version, c.Suite)
	for _, t := range c.Parts {
		sure := "?"
		if t.Sure {
			sure = ""
		}
		fmt.Fprintf(&b, " %s%s", t.Part, sure)
	}
	fmt.Fprintln(&b)
	for _, o := range c.Onlookers {
		fmt.Fprintf(&b, "    %-10s", o.Party)
		for _, s := range o.Parts {
			fmt.Fprintf(&b, " %s", s)
		}
		fmt.Fprintf(&b, "; in all %s", o.Whole)
		if !o.Tried {
			b.WriteString(", not tried")
		}
		if o.Session != 0 {
			fmt.Fprintf(&b, ", by connection %d", o.Session)
		}
		if o.Why != "" {
			fmt.Fprintf(&b, ": %s", o.Why)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// What each onlooker can read of what OpenSSL, GnuTLS and curl said: where no key is at hand, and
// where all are that were kept.
func TestOnlookers(t *testing.T) {
	key, err := authority.ReadKey("testdata/rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range captures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		kept, _ := keysFor(t, name)
		for _, row := range []struct {
			with string
			keys explain.Keys
		}{{"no key", explain.Keys{}}, {"the server's key, and the key log if there is one", explain.Keys{RSA: asRSA(t, key), Logged: kept.Logged}}} {
			all, totals, err := read(t, file, explain.Options{Keys: row.keys, Onlookers: true})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if totals.TLS > 0 {
				fmt.Fprintf(&b, "%s, with %s\n", filepath.Base(name), row.with)
			}
			for _, c := range all {
				if c.TLS {
					b.WriteString(seen(c))
				}
			}
		}
	}
	const golden = "testdata/onlookers.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("they see otherwise than in %s (-update writes it anew):\n%s", golden, b.String())
	}
}

// In TLS 1.2 a pre-shared key belongs to cipher suites that are not known here: of those it is not said that
// no such key has a part in the connection.
func TestPSKSuites(t *testing.T) {
	for _, row := range []struct {
		suite      uint16
		psk, thief explain.WhyNot
		sight      explain.Sight
	}{
		{0x008c, explain.AlienSuite, explain.NoPart, explain.Untried},    // TLS_PSK_WITH_AES_128_CBC_SHA
		{0xc035, explain.PSKAndMore, explain.NoPart, explain.Closed},     // TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA
		{0x0094, explain.PSKAndMore, explain.AlienSuite, explain.Closed}, // TLS_RSA_PSK_WITH_AES_128_CBC_SHA
		{0xc02f, explain.PSKUnused, explain.OnlySigns, explain.Closed},   // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	} {
		var b bytes.Buffer
		r := record(&b)
		s := r.connection(1)
		s.open()
		s.say(0, hello)
		s.say(1, asRecords(append([]byte{2, 0, 0, 38, 3, 3, 37: 0}, 0, byte(row.suite>>8), byte(row.suite), 0)))
		for by := range 2 {
			s.say(by, append([]byte{20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 40}, make([]byte, 40)...))
			s.say(by, append([]byte{23, 3, 3, 0, 40}, make([]byte, 40)...))
		}
		r.w.Flush()
		all, _, err := read(t, b.Bytes(), explain.Options{Onlookers: true})
		if err != nil || len(all) != 1 || uint16(all[0].Suite) != row.suite {
			t.Fatal(len(all), err)
		}
		for _, o := range all[0].Onlookers {
			switch o.Party {
			case explain.PSKThief:
				if o.Why != row.psk || o.Whole != row.sight {
					t.Errorf("%#x: who has a pre-shared key: %s, %s", row.suite, o.Whole, o.Why)
				}
			case explain.Thief:
				if o.Why != row.thief {
					t.Errorf("%#x: who has the server's key: %s, %s", row.suite, o.Whole, o.Why)
				}
			}
		}
	}
}
