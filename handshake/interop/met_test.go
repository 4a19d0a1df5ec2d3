package interop_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

// README.md's table of whom we have met is made of what these tests ran, and held to
// it: every handshake with a peer that ended well is noted by met. Where the whole set
// has run, TestMain compares; go test ./handshake/interop -update writes the table anew.

var update = flag.Bool("update", false, "write the table of peers into the README")

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "tlslab-interop")
	if err != nil {
		panic(err)
	}
	workDir = dir
	code := m.Run()
	if code == 0 {
		code = checkPeersTable()
	}
	_ = os.RemoveAll(dir) // a leftover in the temporary directory is no failure
	os.Exit(code)
}

// The peers, in the table's order.
const (
	theStdlib  = "crypto/tls"
	theOpenSSL = "OpenSSL"
	theGnuTLS  = "GnuTLS"
	theCurl    = "curl"
)

var columns = []string{theStdlib, theOpenSSL, theGnuTLS, theCurl}

// column is one of the table's: a peer, speaking one version.
type column struct {
	peer    string
	version iana.Version
}

// encounters is what the handshakes of one column came to: by row, the roles that we
// played; and how many suites and kinds of certificate they went through.
type encounters struct {
	rows         map[string]map[event.Role]bool
	suites, keys map[string]bool
	count        int
}

var (
	metMu sync.Mutex
	metIn = map[column]*encounters{}
)

// met notes a connection that ended well, by what our end says of it.
func met(peer string, role event.Role, cfg *tls.Config, s handshake.Summary, w *tlstest.Witness) {
	metMu.Lock()
	defer metMu.Unlock()
	c := column{peer, s.Version}
	e := metIn[c]
	if e == nil {
		e = &encounters{map[string]map[event.Role]bool{}, map[string]bool{}, map[string]bool{}, 0}
		metIn[c] = e
	}
	e.count++
	e.suites[s.Suite.String()] = true
	if role == event.Client && len(s.PeerChain) > 0 {
		e.keys[pki.KeyName(pki.PublicKey(s.PeerChain[0]))] = true
	}
	if role == event.Server && !s.Resumed {
		leaf, err := pki.ParseCached(cfg.Certificates[0].Chain[0])
		if err != nil {
			panic(err) // it was shown to the peer
		}
		e.keys[pki.KeyName(pki.PublicKey(leaf))] = true
	}
	rows := []string{exchangeRow(s)}
	for _, f := range features {
		if f.seen(role, s, w) {
			rows = append(rows, f.row)
		}
	}
	for _, row := range rows {
		if e.rows[row] == nil {
			e.rows[row] = map[event.Role]bool{}
		}
		e.rows[row][role] = true
	}
}

// Rows that are no group's.
const (
	rowRSA    = "RSA key transport"
	rowFields = "fields of RFC 3526"
	rowResume = "resumption"
	rowRetry  = "HelloRetryRequest"
	rowUpdate = "KeyUpdate"
	rowPSK    = "external PSK"
	rowEarly  = "early data"
)

func exchangeRow(s handshake.Summary) string {
	switch {
	case s.Resumed:
		return rowResume
	case s.PSK:
		return rowPSK
	case s.Suite.Kx == iana.KxRSA:
		return rowRSA
	case s.Group == 0:
		return rowFields
	}
	return s.Group.String()
}

// features are rows for what a connection had besides its key exchange.
var features = []struct {
	row  string
	seen func(event.Role, handshake.Summary, *tlstest.Witness) bool
}{
	{"client certificate", func(r event.Role, s handshake.Summary, w *tlstest.Witness) bool {
		if r == event.Server {
			return len(s.PeerChain) > 0
		}
		return w.Said(message.KindCertificateVerify)
	}},
	{"NewSessionTicket", func(_ event.Role, _ handshake.Summary, w *tlstest.Witness) bool {
		return w.Saw(message.KindNewSessionTicket) > 0
	}},
	{rowRetry, func(_ event.Role, s handshake.Summary, _ *tlstest.Witness) bool { return s.Retried }},
	{rowUpdate, func(_ event.Role, _ handshake.Summary, w *tlstest.Witness) bool {
		return w.Saw(message.KindKeyUpdate) > 0
	}},
	{rowEarly, func(_ event.Role, s handshake.Summary, _ *tlstest.Witness) bool {
		return s.EarlyData == handshake.EarlyDataAccepted
	}},
	{"record_size_limit", func(_ event.Role, s handshake.Summary, _ *tlstest.Witness) bool { return s.RecordSizeLimit != 0 }},
}

// whyNot says, by a letter of the legend, why a cell is empty; "" where it must not be.
func whyNot(c column, row string) string {
	group, isGroup := iana.GroupByName(row)
	kem, field := false, isGroup && group>>8 == 1
	if g := kx.ByID(group); g != nil {
		kem = !kx.Serves(iana.KxECDHE, g) && !kx.Serves(iana.KxDHE, g)
	}
	hybrid := kem && strings.HasPrefix(row, "X25519") || strings.HasPrefix(row, "SecP")
	switch {
	case c.version == iana.TLS12 && (kem || row == rowRetry || row == rowUpdate || row == rowEarly),
		c.version == iana.TLS13 && (row == rowRSA || row == rowFields):
		return "a"
	case c.version == iana.TLS12 && row == rowPSK:
		return "d"
	case c.peer == theCurl:
		if map[string]bool{"x25519": true, "secp256r1": true, "secp384r1": true, "secp521r1": true, "x448": true}[row] {
			return ""
		}
		return "c"
	case c.peer == theStdlib && (row == rowPSK || row == rowEarly || field || row == "x448" || kem && !hybrid || row == rowFields || row == "record_size_limit"),
		c.peer == theOpenSSL && (kem || row == "record_size_limit"),
		c.peer == theGnuTLS && (kem || row == rowFields):
		return "b"
	}
	return ""
}

const legend = `What our tests ran: we were the *client*, the *server*, or *both* in turn. In TLS 1.3 each suite that both ends have met each
group and each kind of certificate, in both roles (but for curl); in TLS 1.2 each occurs, not each with each. Of our %d suites of
TLS 1.3 two are RFC 9150's, which none of these peers has, no more than compressed certificates (RFC 8879), as built for Debian.
(a) this version of TLS has no such thing; (b) the peer has no such thing, or not in its public interface;
(c) not run: curl is OpenSSL's library again, and there to show that an HTTPS client of the world takes our server;
(d) TLS 1.2 has it in suites of its own (RFC 4279), and we have none of them.
The fields of RFC 3526 are for clients only: our server offers RFC 7919's.
Limits of GnuTLS 3.7: gnutls-cli cannot answer a HelloRetryRequest with a cookie alone (we sent it one that asks for a
group too), and it refuses a record_size_limit below 512.`

// peersTable writes the block, and says what in it has no explanation.
func peersTable(versions map[string]string) (string, error) {
	var b strings.Builder
	var wrong []string
	var table []column
	line := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	head, rule := []string{""}, []string{"---"}
	for _, p := range columns {
		for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
			table = append(table, column{p, v})
			head, rule = append(head, versions[p]+", "+v.String()), append(rule, "---")
		}
	}
	rows := []string{rowRSA}
	for _, g := range kx.All() {
		rows = append(rows, g.Name())
	}
	rows = append(rows, rowFields, rowResume, rowPSK)
	for _, f := range features {
		rows = append(rows, f.row)
	}
	line(head...)
	line(rule...)
	for _, row := range rows {
		cells := []string{row}
		for _, c := range table {
			cell, why := metIn[c].roles(row), whyNot(c, row)
			switch {
			case cell == "" && why == "":
				wrong = append(wrong, fmt.Sprintf("%s of %s in %v was not run, and nothing says why", row, c.peer, c.version))
			case cell != "" && why != "":
				wrong = append(wrong, fmt.Sprintf("%s of %s in %v was run, and (%s) says that it was not", row, c.peer, c.version, why))
			case cell == "":
				cell = "– (" + why + ")"
			}
			cells = append(cells, cell)
		}
		line(cells...)
	}
	suites, certs := []string{"suites, of ours"}, []string{"kinds of certificate"}
	for _, c := range table {
		e := metIn[c]
		if e == nil {
			e = new(encounters)
		}
		suites = append(suites, fmt.Sprintf("%d of %d", len(e.suites), len(suite.Of(c.version))))
		certs = append(certs, fmt.Sprintf("%d of %d", len(e.keys), len(tlstest.Kinds)))
	}
	line(suites...)
	line(certs...)
	fmt.Fprintf(&b, "\n"+legend+"\n", len(suite.Of(iana.TLS13)))
	if len(wrong) > 0 {
		return "", fmt.Errorf("the table of peers cannot be made:\n\t%s", strings.Join(wrong, "\n\t"))
	}
	return b.String(), nil
}

func (e *encounters) roles(row string) string {
	if e == nil {
		return ""
	}
	switch r := e.rows[row]; {
	case r[event.Client] && r[event.Server]:
		return "both"
	case r[event.Client]:
		return "client"
	case r[event.Server]:
		return "server"
	}
	return ""
}

const (
	readme     = "README.md"
	beginTable = "<!-- peers:begin -->\n"
	endTable   = "<!-- peers:end -->\n"
)

// checkPeersTable compares the README's block with what was run, or writes it. It
// returns the exit status.
func checkPeersTable() int {
	complain := func(format string, a ...any) int {
		fmt.Fprintf(os.Stderr, "FAIL: "+format+"\n", a...)
		return 1
	}
	if why := notEverything(); why != "" {
		if *update {
			return complain("the table of peers was not written: %s", why)
		}
		if testing.Verbose() {
			fmt.Println("the README's table of peers was not compared:", why)
		}
		return 0
	}
	for _, p := range thePeers {
		for _, l := range p.lacks {
			if _, ok := consulted.Load(l.why + l.topic); !ok {
				return complain("no test asks why %s is not met on %q", p.name, l.topic)
			}
		}
	}
	versions, err := peerVersions()
	if err != nil {
		return complain("%v", err)
	}
	table, err := peersTable(versions)
	if err != nil {
		return complain("%v", err)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		return complain("%v", err)
	}
	before, rest, ok := bytes.Cut(text, []byte(beginTable))
	was, after, ok2 := bytes.Cut(rest, []byte(endTable))
	heading := func(t string) string { h, _, _ := strings.Cut(strings.TrimSpace(t), "\n"); return h }
	switch {
	case !ok || !ok2:
		return complain("%s has no %s … %s", readme, strings.TrimSpace(beginTable), strings.TrimSpace(endTable))
	case string(was) == table:
		return 0
	case *update:
		if err := os.WriteFile(readme, bytes.Join([][]byte{before, []byte(beginTable), []byte(table), []byte(endTable), after}, nil), 0o644); err != nil {
			return complain("%v", err)
		}
		return 0
	case heading(string(was)) != heading(table) && os.Getenv("CI") != "true":
		fmt.Printf("the README's table of peers was not compared: it speaks of\n%s\nand here are\n%s\n", heading(string(was)), heading(table))
		return 0
	}
	return complain("the README's table of peers is not what was run; go test ./handshake/interop -update writes\n%s", table)
}

// notEverything says why less was run than the table tells of; "" if all was.
func notEverything() string {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if v := flag.Lookup(name).Value.String(); v != "" {
			return fmt.Sprintf("-%s is %q", name, v)
		}
	}
	for _, name := range []string{"openssl", "gnutls-cli", "gnutls-serv", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			return name + " is not installed"
		}
	}
	return ""
}

// peerVersions names the peers as they are here, by major and minor number.
func peerVersions() (map[string]string, error) {
	names := map[string]string{theStdlib: theStdlib + " " + strings.Join(strings.SplitN(runtime.Version(), ".", 3)[:2], ".")}
	number := regexp.MustCompile(`\d+\.\d+`)
	for peer, cmd := range map[string][]string{theOpenSSL: {"openssl", "version"}, theGnuTLS: {"gnutls-cli", "--version"}, theCurl: {"curl", "--version"}} {
		out, err := exec.Command(cmd[0], cmd[1:]...).Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cmd[0], err)
		}
		names[peer] = peer + " " + string(number.Find(out))
	}
	return names, nil
}
