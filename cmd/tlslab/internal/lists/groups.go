package lists

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/switches"
)

type groupsFlags struct {
	cli.View
	format string
}

// NewGroups is the verb groups.
func NewGroups() *cobra.Command {
	g := new(groupsFlags)
	cmd := &cobra.Command{
		Use:   "groups [NAME…]",
		Short: "List the key exchange groups: sizes, speed, quantum-safe or not",
		Long: `List what --group can name: its kind, the bytes of its two shares, the time of an
exchange, measured on the spot, and whether the key exchange is quantum-safe. With names,
list those. These can be named although they are not listed without:

  ` + strings.Join(switches.UnlistedNames(), "\n  "),
		Example: `  tlslab groups
  tlslab groups X-Wing X25519MLKEM768 P-256
  tlslab groups --format json`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(switches.NamesOfGroups(switches.ListedGroups()), switches.UnlistedNames()...), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return g.run(cmd.OutOrStdout(), args) },
	}
	g.LangFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&g.Color, "color", "auto", "auto, always or never; NO_COLOR is heeded")
	f.StringVar(&g.format, "format", "text", "text or json")
	cli.Complete(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
	cli.Complete(cmd, "format", func() []string { return []string{"text", "json"} })
	return cmd
}

func (g *groupsFlags) run(w io.Writer, names []string) error {
	if g.format != "text" && g.format != "json" {
		return cli.Misuse("", "--format %s: it is text or json", g.format)
	}
	out, err := g.Open(w, io.Discard) // it has no --out that anything could be said of
	if err != nil {
		return err
	}
	groups, err := groupsNamed(names)
	if err != nil {
		return err
	}
	rows, err := measureGroups(groups)
	if err != nil {
		return err
	}
	if g.format == "json" {
		return writeGroupsJSON(out, rows)
	}
	return groupsPage{lang: g.Lang, color: out.Options.Color, rows: rows}.write(out)
}

// groupsNamed finds the groups of the arguments, each once; without arguments it is
// those that are listed.
func groupsNamed(args []string) ([]kx.Group, error) {
	if len(args) == 0 {
		return switches.ListedGroups(), nil
	}
	var out []kx.Group
	for _, name := range strings.FieldsFunc(strings.Join(args, ","), func(r rune) bool { return r == ',' || r == ':' || r == ' ' }) {
		g, err := private.ByName(name)
		if err != nil {
			return nil, cli.Misuse(reason.Usagef("There are %v; more are in: tlslab groups --help", reason.Names(switches.NamesOfGroups(switches.ListedGroups()))),
				"no group is called %q", name)
		}
		if !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out, nil
}

// groupRow is a group, and how long one exchange over it takes.
type groupRow struct {
	group kx.Group
	about kx.Description
	micro float64 // microseconds: offer, answer and finish, the quickest of count exchanges
	count int     // of how many
}

// A person waits: no round of measurements begins after measuring, but for the first few.
const (
	measuring = 700 * time.Millisecond
	fewest    = 5
)

// measureGroups times each group once a round, so that what else the machine has to do
// hits all of them alike, and keeps the quickest: the others were interrupted.
func measureGroups(groups []kx.Group) ([]groupRow, error) {
	rows := make([]groupRow, len(groups))
	for i, g := range groups {
		rows[i] = groupRow{group: g, about: g.(kx.Described).Describe()} // all that we ship describe themselves
		// The first exchange is not counted: tables are made during it.
		if err := exchangeOnce(g); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	err := measure(rows, func() float64 { return float64(time.Since(start).Nanoseconds()) / 1e3 }, exchangeOnce)
	return rows, err
}

// measure is measureGroups with a clock, in microseconds, and an exchange of the caller's.
func measure(rows []groupRow, now func() float64, exchange func(kx.Group) error) error {
	if len(rows) == 0 {
		return nil
	}
	for n := 1; n <= fewest || now() < float64(measuring.Microseconds()); n++ {
		for i := range rows {
			r := &rows[i]
			start := now()
			if err := exchange(r.group); err != nil {
				return err
			}
			if took := now() - start; n == 1 || took < r.micro {
				r.micro = took
			}
			r.count = n
		}
	}
	return nil
}

// exchangeOnce is both ends' work.
func exchangeOnce(g kx.Group) error {
	o, err := g.Offer(rand.Reader)
	if err != nil {
		return err
	}
	a, err := g.Answer(rand.Reader, o.Share())
	if err != nil {
		return err
	}
	_, err = o.Finish(a.Share())
	return err
}

// groupsPage is the table, the chart and what has to be said about them, in 80 columns.
type groupsPage struct {
	lang  narrate.Lang
	color bool
	rows  []groupRow
}

func (p groupsPage) write(w io.Writer) error {
	var b strings.Builder
	name := max(4, sheet.Width(cli.Say(p.lang, "groups_name")))
	for _, r := range p.rows {
		name = max(name, len(r.group.Name()))
	}
	p.table(&b, name)
	b.WriteByte('\n')
	p.chart(&b, name)
	b.WriteByte('\n')
	for _, line := range []string{
		cli.Say(p.lang, "groups_time", "n", fmt.Sprint(p.rows[0].count)),
		cli.Say(p.lang, "groups_quantum_note"),
		cli.Say(p.lang, "groups_classical"),
		cli.Say(p.lang, "groups_forged"),
		cli.Say(p.lang, "groups_versions"),
		cli.Say(p.lang, "groups_private", "first", iana.GroupPrivate.String(), "last", iana.GroupPrivateLast.String()),
		cli.Say(p.lang, "groups_more"),
	} {
		fmt.Fprintln(&b, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p groupsPage) table(b *strings.Builder, name int) {
	line := func(cells ...string) {
		for i, width := range []int{6, -name, -p.kindWidth(), 5, 6, 6} {
			b.WriteString(align(cells[i], width) + "  ")
		}
		b.WriteString(cells[6] + "\n")
	}
	line("ID", cli.Say(p.lang, "groups_name"), cli.Say(p.lang, "groups_kind"),
		cli.Say(p.lang, "groups_offer"), cli.Say(p.lang, "groups_answer"), "µs", cli.Say(p.lang, "groups_quantum"))
	for _, r := range p.rows {
		safe := cli.Say(p.lang, "groups_no")
		if r.about.QuantumSafe {
			safe = cli.Say(p.lang, "groups_yes")
			if p.color {
				safe = green(safe)
			}
		}
		line(fmt.Sprintf("0x%04x", uint16(r.group.ID())), r.group.Name(), p.kind(r.about),
			fmt.Sprint(r.about.Offer), fmt.Sprint(r.about.Answer), fmt.Sprintf("%.0f", r.micro), safe)
	}
}

// chart draws the two shares of each group to one scale, which the line above it names.
func (p groupsPage) chart(b *strings.Builder, name int) {
	const columns, number = 80, 5
	most := 0
	for _, r := range p.rows {
		most = max(most, r.about.Offer+r.about.Answer)
	}
	// Each share is rounded up to a whole mark: two marks more than the sum has.
	unit := ceil(most, columns-name-2-number-2-2)
	if unit > 10 {
		unit = 10 * ceil(unit, 10)
	}
	fmt.Fprintln(b, cli.Say(p.lang, "groups_chart", "n", fmt.Sprint(unit)))
	for _, r := range p.rows {
		fmt.Fprintf(b, "%s  %s  %s%s\n", align(r.group.Name(), -name), align(fmt.Sprint(r.about.Offer+r.about.Answer), number),
			strings.Repeat(">", ceil(r.about.Offer, unit)), strings.Repeat("<", ceil(r.about.Answer, unit)))
	}
}

func (p groupsPage) kind(about kx.Description) string {
	if about.Hybrid { // be it in the form of one KEM
		return cli.Say(p.lang, "groups_hybrid")
	}
	switch about.Kind {
	case kx.KindECDH:
		return cli.Say(p.lang, "groups_ecdh")
	case kx.KindFFDH:
		return cli.Say(p.lang, "groups_ffdh")
	case kx.KindKEM:
		return cli.Say(p.lang, "groups_kem")
	}
	return about.Kind.String()
}

func (p groupsPage) kindWidth() int {
	n := sheet.Width(cli.Say(p.lang, "groups_kind"))
	for _, r := range p.rows {
		n = max(n, sheet.Width(p.kind(r.about)))
	}
	return n
}

// ceil is a/b, rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// align fills s up to n columns, on the left; on the right if n is negative.
func align(s string, n int) string {
	if n < 0 {
		return sheet.Pad(s, -n)
	}
	return sheet.Flush(s, n)
}

func green(s string) string {
	c := color.New(color.FgGreen)
	c.EnableColor()
	return c.Sprint(s)
}

// writeGroupsJSON writes one object:
//
//	{"tlslab": 1, "certificates_quantum_safe": false, "groups": [{
//	  "id": {"hex": "0x11ec", "name": "X25519MLKEM768", "value": 4588}, "kind": "hybrid",
//	  "offer_bytes": 1216, "answer_bytes": 1120, "secret_bytes": 64, "hybrid": true,
//	  "quantum_safe": true, "microseconds": 192.05, "exchanges": 208}]}
//
// microseconds is one exchange's time, the least of so many exchanges.
func writeGroupsJSON(w io.Writer, rows []groupRow) error {
	type id struct {
		Hex   string `json:"hex"`
		Name  string `json:"name"`
		Value uint16 `json:"value"`
	}
	type group struct {
		ID           id      `json:"id"`
		Kind         string  `json:"kind"`
		Offer        int     `json:"offer_bytes"`
		Answer       int     `json:"answer_bytes"`
		Secret       int     `json:"secret_bytes"`
		Hybrid       bool    `json:"hybrid"`
		QuantumSafe  bool    `json:"quantum_safe"`
		Microseconds float64 `json:"microseconds"`
		Exchanges    int     `json:"exchanges"`
	}
	doc := struct {
		Version      int     `json:"tlslab"`
		Certificates bool    `json:"certificates_quantum_safe"`
		Groups       []group `json:"groups"`
	}{Version: 1}
	for _, r := range rows {
		n := uint16(r.group.ID())
		doc.Groups = append(doc.Groups, group{
			ID: id{fmt.Sprintf("0x%04x", n), r.group.Name(), n}, Kind: r.about.Kind.String(),
			Offer: r.about.Offer, Answer: r.about.Answer, Secret: r.about.Secret, Hybrid: r.about.Hybrid, QuantumSafe: r.about.QuantumSafe,
			Microseconds: r.micro, Exchanges: r.count,
		})
	}
	return foreign.EncodeJSON(w, doc, "  ")
}

// listGroups is `tlslab list groups`: the verb groups without its flags.
func listGroups(w io.Writer, lang narrate.Lang) error {
	rows, err := measureGroups(switches.ListedGroups())
	if err != nil {
		return err
	}
	return groupsPage{lang: lang, rows: rows}.write(w)
}
