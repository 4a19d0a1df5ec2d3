package explain_test

import (
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
