package explain

import (
	"bytes"
	"context"
	"crypto/rsa"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/observe"
	"tlslab/handshake/quic"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/pki/authority"
)

// odd are connections whose columns are as full as they come.
func odd() (all []*explain.Connection) {
	groups := []event.Group{{}, event.GroupAt(iana.X25519MLKEM768), event.GroupAt(iana.SecP256r1MLKEM768)}
	names := []string{"", "www.lab.test", "assets-prod.eu-central-1.example.net", strings.Repeat("a.very.long.name.", 15), strings.Repeat("\u202e网", 60)}
	reads := []explain.Reading{{Data: true, Session: 123456}, {Data: true, Computed: true}, {}, {Cut: true}, {Initial: true}, {Initial: true, Hello: true}}
	for i := range 9 * len(names) * len(reads) {
		c := &explain.Connection{Number: []int{1, 10000, 1234567}[i%3], TLS: true, ServerName: names[i%len(names)], Version: iana.TLS13, Group: groups[i/3%3], Resumed: i%2 == 0,
			Read: reads[i/len(names)%len(reads)], Outcome: explain.Outcome{What: explain.Done}, Parts: []explain.There{{Part: observe.PartHandshake}, {Part: observe.PartServerCertificate, Sure: true}}}
		if c.Read.Initial {
			c.QUIC = &explain.QUIC{Version: quic.V2, First: quic.V1}
		}
		for _, party := range explain.OnlookerParties() {
			c.Onlookers = append(c.Onlookers, explain.Onlooker{Party: party, Whole: explain.Untried, Why: explain.NoLog, Parts: []explain.Sight{explain.Untried, explain.Closed}})
		}
		all = append(all, c)
	}
	return all
}

// No line of the list, and of the table of who can read what, is wider than was asked for: of all captures, and of
// connections whose names and numbers are long.
func TestWidths(t *testing.T) {
	const at = "../../../../handshake/explain/testdata/"
	names, err := filepath.Glob(at + "*.pcapng")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	key, err := authority.ReadKey(at + "rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	all := odd()
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		o := explain.Options{Onlookers: true, Each: func(c *explain.Connection) { all = append(all, c) }}
		o.Keys.RSA = key.(*rsa.PrivateKey)
		if _, err := explain.Read(context.Background(), bytes.NewReader(file), o); err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range narrate.Langs() {
		for _, width := range []int{40, 59, 60, 80, 95} {
			var list0, table0 bytes.Buffer
			l := &list{out: &cli.Output{Writer: &list0, Options: render.TerminalOptions{Lang: lang, Width: width}}, lang: lang}
			table := newReaders(l.out.Options.Page(&table0), l.out.Options.Voice(), true)
			parts := newReaders(l.out.Options.Page(&table0), l.out.Options.Voice(), true)
			for _, c := range all {
				if !c.TLS {
					continue
				}
				l.add(c)
				l.flush()
				table.connection(c)
				parts.parts(c)
			}
			for _, b := range []*bytes.Buffer{&list0, &table0} {
				for _, line := range strings.Split(b.String(), "\n") {
					if n := sheet.Width(line); n > width {
						t.Errorf("%s, %d columns: this line has %d: %q", lang, width, n, line)
					}
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

// Nothing of a cell is lost where it is wider than its column: it goes on below; and a long name is told in a line of
// its own.
func TestCellsGoOn(t *testing.T) {
	squeezed := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for _, lang := range narrate.Langs() {
		for _, width := range []int{60, 80, 95} {
			var b bytes.Buffer
			l := &list{out: &cli.Output{Writer: &b, Options: render.TerminalOptions{Lang: lang, Width: width}}, lang: lang, headed: true}
			for _, c := range odd() {
				r := &row{when: "12:34:56", host: host(c), version: column(c), exchange: exchange(c)}
				r.opens, _ = l.words(opensKey(c), "n", "123456")
				cells := r.cells(width - 7)
				told := make([]string, len(cells))
				across("1234567", cells, func(i int, part string) string {
					told[i] += part
					return part
				})
				want := []string{r.when, r.host, r.version, r.exchange, r.opens}
				if sheet.Width(r.host) > longest {
					b.Reset()
					l.connection(c)
					l.flush()
					if want[1] = cells[1].text; !strings.Contains(squeezed(b.String()), squeezed(r.host)) {
						t.Errorf("%s, %d columns: %q is not told:\n%s", lang, width, r.host, b.String())
					}
				}
				for i := range want {
					if squeezed(told[i]) != squeezed(want[i]) {
						t.Errorf("%s, %d columns: of %q is told %q", lang, width, want[i], told[i])
					}
				}
			}
		}
	}
}

// No line of what stands below the list is wider than what was asked for.
func TestEndIsWrapped(t *testing.T) {
	const at = "../../../../handshake/explain/testdata/"
	for _, name := range []string{"early", "quic_v1", "not_tls"} {
		for _, lang := range narrate.Langs() {
			said, err := run(t, at+name+".pcapng", "--lang", string(lang), "--width", "60", "--keylogfile", at+"dhe.log")
			if err != nil {
				t.Fatal(name, err)
			}
			for line := range strings.Lines(said) {
				if line = strings.TrimSuffix(line, "\n"); sheet.Width(line) > 60 {
					t.Errorf("%s, %s: %d columns: %s", name, lang, sheet.Width(line), line)
				}
			}
		}
	}
}
