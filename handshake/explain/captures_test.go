package explain_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/observe"
	"tlslab/handshake/quic"
	"tlslab/pki"
	"tlslab/pki/authority"
)

var update = flag.Bool("update", false, "write testdata/accounts.txt anew")

// captures are the files of testdata: what real software said (make.sh).
func captures(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.pcapng")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	return names
}

// keysFor are the keys that were kept of a capture: the client's key log, and the server's key.
func keysFor(t testing.TB, name string) (k explain.Keys, log string) {
	t.Helper()
	k.Logged = new(observe.KeyLog)
	log = strings.TrimSuffix(name, ".pcapng") + ".log"
	lines, err := os.ReadFile(log)
	if errors.Is(err, os.ErrNotExist) {
		log = ""
	} else if err != nil {
		t.Fatal(err)
	}
	if err := k.Logged.Read(bytes.NewReader(lines)); err != nil {
		t.Fatal(err)
	}
	return k, log
}

func read(t testing.TB, file []byte, o explain.Options) ([]*explain.Connection, explain.Totals, error) {
	t.Helper()
	var out []*explain.Connection
	o.Each = func(c *explain.Connection) { out = append(out, c) }
	totals, err := explain.Read(context.Background(), bytes.NewReader(file), o)
	return out, totals, err
}

// account is what is said of a connection, in a line that a person can check against make.sh.
func account(c *explain.Connection) string {
	if !c.TLS {
		return "not TLS"
	}
	o, r := c.Outcome, c.Read
	out := fmt.Sprintf("%s %s group=%s sni=%q", c.Version, c.Suite, c.Group.Name, c.ServerName)
	for _, f := range []struct {
		is   bool
		what string
	}{{c.Resumed, "resumed"}, {c.Retried, "retried"}, {c.Early, "early (" + string(c.EarlyTaken) + ")"}, {c.Asked, "asked"}, {c.Midway, "midway"}} {
		if f.is {
			out += " " + f.what
		}
	}
	if q := c.QUIC; q != nil {
		out += fmt.Sprintf(" alpn=%q\n    QUIC %v", c.Offered, q.Version)
		if q.Retried {
			out += " retried"
		}
		if q.Versions != nil {
			out += fmt.Sprintf(" versions=%v", q.Versions)
		}
		for end, who := range []string{"client", "server"} {
			out += "; " + who + ":"
			for _, kind := range quic.Types() {
				if n := q.Packets[end][kind]; n > 0 {
					out += fmt.Sprintf(" %d %v", n, kind)
				}
			}
			out += fmt.Sprintf(", %d opened", q.Opened[end])
		}
	}
	out += fmt.Sprintf("\n    ended: %s", o.What)
	if o.By != "" {
		out += " by " + o.By
	}
	if o.HasAlert {
		out += " " + o.Alert.String()
	}
	if o.Inferred {
		out += " (inferred)"
	}
	if o.Cause != "" {
		out += ", likely " + string(o.Cause)
	}
	out += fmt.Sprintf(" in %s; TCP: %s by %s", o.Phase, o.Closing, o.ClosedBy)
	out += fmt.Sprintf("\n    read: handshake=%t data=%t computed=%t sealed=%d closed=%q needs=%v", r.Handshake, r.Data, r.Computed, r.Sealed, r.Closed, r.Needs)
	if r.Lacks != nil && r.Closed != observe.NoKeys {
		out += fmt.Sprintf(" lacks=%v", r.Lacks.Names())
	}
	if r.Cut {
		out += " cut"
	}
	if c.Session != 0 {
		out += fmt.Sprintf(" session of %d", c.Session)
	}
	if c.Carrier != explain.Bare {
		out += fmt.Sprintf("\n    carried: %s %q, %d and %d bytes before", c.Carrier, c.Target, c.Before[0], c.Before[1])
	}
	if c.Verdict != nil {
		out += fmt.Sprintf("\n    chain of %d: good=%t", len(c.Chain), c.Verdict.OK)
		if e := c.Verdict.Err; e != nil {
			out += " " + e.Reason.String()
		}
	}
	return out
}

// The accounts of what OpenSSL, GnuTLS and curl said, without keys and with those that were kept.
func TestAccounts(t *testing.T) {
	var b strings.Builder
	key, err := authority.ReadKey("testdata/rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	store := rootsOf(t, "testdata/rsa.pem", "testdata/ecdsa.pem", "testdata/root.pem")
	for _, name := range captures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keys, log := keysFor(t, name)
		for _, row := range []struct {
			with string
			keys explain.Keys
		}{{"no key", explain.Keys{}}, {"the key log", explain.Keys{Logged: keys.Logged}}, {"the server's RSA key", explain.Keys{RSA: asRSA(t, key)}}} {
			if row.with == "the key log" && log == "" {
				continue
			}
			if row.with == "the server's RSA key" && !strings.Contains("rsa dhe resumed12 tls13", strings.TrimSuffix(filepath.Base(name), ".pcapng")) {
				continue
			}
			all, totals, err := read(t, file, explain.Options{Keys: row.keys, Roots: store, Compressions: []*certcompress.Method{brotli.Method}})
			fmt.Fprintf(&b, "%s, %s: %d connections, %d of TLS, error %v\n", filepath.Base(name), row.with, totals.Connections, totals.TLS, err)
			for _, c := range all {
				fmt.Fprintf(&b, "  %d %s\n", c.Number, account(c))
			}
		}
	}
	const golden = "testdata/accounts.txt"
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
		t.Errorf("other accounts than in %s (-update writes it anew):\n%s", golden, b.String())
	}
}

// unopened are the captures that tshark opens and we do not, and why.
var unopened = map[string]observe.Why{"old_version": observe.OldVersion, "unknown_suite": observe.UnknownSuite}

// Every byte that tshark decrypts we decrypt, and no other.
func TestAsTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("tshark is not installed")
	}
	opened := 0
	for _, name := range captures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keys, log := keysFor(t, name)
		with := "tls.keylog_file:" + log
		if log == "" {
			if !slices.Contains([]string{"rsa", "rsa_no_ems", "resumed12", "resumed12_alone", "dhe"}, strings.TrimSuffix(filepath.Base(name), ".pcapng")) {
				continue
			}
			key, err := authority.ReadKey("testdata/rsa.key")
			if err != nil {
				t.Fatal(err)
			}
			keys, with = explain.Keys{RSA: asRSA(t, key)}, `uat:rsa_keys:"testdata/rsa.key",""`
		}
		all, _, err := read(t, file, explain.Options{Keys: keys})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if slices.ContainsFunc(all, func(c *explain.Connection) bool { return c.QUIC != nil }) {
			continue // TestQUICAsTshark
		}
		theirs := follow(t, name, with, len(all))
		for _, c := range all {
			ours := dataOf(t, file, keys, c.Number)
			for by, who := range []string{"client", "server"} {
				if why := unopened[strings.TrimSuffix(filepath.Base(name), ".pcapng")]; why != "" {
					if len(theirs[c.Number-1][by]) == 0 || len(ours[by]) > 0 || c.Read.Closed != why {
						t.Errorf("%s: it is no exception: %q", name, c.Read.Closed)
					}
					continue
				}
				if !bytes.Equal(ours[by], theirs[c.Number-1][by]) {
					t.Errorf("%s, connection %d: of the %s's data we opened %d bytes, tshark %d", name, c.Number, who, len(ours[by]), len(theirs[c.Number-1][by]))
				}
				opened += len(ours[by])
			}
		}
	}
	if opened < 40_000 {
		t.Errorf("%d bytes were opened: nothing was tested", opened)
	}
}

// dataOf is the application data of a connection that we open, of the client and of the server.
func dataOf(t testing.TB, file []byte, keys explain.Keys, n int) (data [2][]byte) {
	t.Helper()
	_, err := explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Keys: keys, Show: n, Listener: event.ListenerFunc(func(e event.Event) {
		if d, ok := e.(*event.Data); ok && d.Dir == event.Send {
			by := 0
			if d.Party == "server" {
				by = 1
			}
			data[by] = append(data[by], d.Data...)
		}
	})})
	if err != nil {
		t.Error(err)
	}
	return data
}

// follow is the application data of each TCP stream as tshark decrypts it.
func follow(t *testing.T, name, with string, streams int) [][2][]byte {
	t.Helper()
	args := []string{"-r", name, "-o", with, "-q"}
	for i := range streams {
		args = append(args, "-z", fmt.Sprintf("follow,tls,raw,%d", i))
	}
	out, err := exec.Command("tshark", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	data := make([][2][]byte, streams)
	var of *[2][]byte
	flush := 0 // who is not indented
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if n, ok := strings.CutPrefix(line, "Filter: tcp.stream eq "); ok {
			i, err := strconv.Atoi(n)
			if err != nil || i >= streams {
				t.Fatalf("tshark: %q", line)
			}
			of, flush = &data[i], 0
		}
		if node, ok := strings.CutPrefix(line, "Node 0: "); ok && strings.HasSuffix(node, ":19443") {
			flush = 1
		}
		by := flush
		if strings.HasPrefix(line, "\t") {
			by = 1 - flush
		}
		if b, err := hex.DecodeString(strings.TrimSpace(line)); err == nil && of != nil {
			of[by] = append(of[by], b...)
		}
	}
	return data
}

// A recorder may have packets in another order than they were sent, and with the answer first.
func TestAnswerFirst(t *testing.T) {
	file, err := os.ReadFile("testdata/no_suite.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	want, _, _ := read(t, file, explain.Options{})
	var blocks [][]byte
	for b := file; len(b) > 0; {
		n := binary.LittleEndian.Uint32(b[4:])
		blocks, b = append(blocks, b[:n]), b[n:]
	}
	hello := -1
	for i, b := range blocks {
		if bytes.Contains(b, want[0].Random) && hello < 0 {
			hello = i
		}
	}
	answer := hello + 1
	for ; !bytes.Contains(blocks[answer], []byte{21, 3, 3, 0, 2}); answer++ {
	}
	blocks[hello], blocks[answer] = blocks[answer], blocks[hello]
	got, _, err := read(t, bytes.Join(blocks, nil), explain.Options{})
	if err != nil || len(got) != 1 || !got[0].TLS || got[0].Carrier != explain.Bare || account(got[0]) != account(want[0]) {
		t.Errorf("%v: %s\nand in order\n%s", err, account(got[0]), account(want[0]))
	}
}

// A line of a key log that cannot be read takes no other with it.
func TestBadLine(t *testing.T) {
	file, err := os.ReadFile("testdata/tls13.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile("testdata/tls13.log")
	if err != nil {
		t.Fatal(err)
	}
	k := new(observe.KeyLog)
	if err := k.Read(strings.NewReader("CLIENT_RANDOM zz zz\n" + string(lines) + "CLIENT_RANDOM 00")); err == nil {
		t.Error("nothing is said of the bad lines")
	}
	all, _, err := read(t, file, explain.Options{Keys: explain.Keys{Logged: k}})
	if err != nil || len(all) != 1 || all[0].Read.Sealed != 0 {
		t.Errorf("%v, and what the good lines open stays closed", err)
	}
}

// Each reason, each need, each end is one that the captures can show, or a list says why not.
func TestKeysAreWords(t *testing.T) {
	for _, l := range [][]string{words(explain.Whats()), words(explain.Phases()), words(explain.Needs()), words(explain.Carriers())} {
		if s := slices.Compact(slices.Sorted(slices.Values(l))); len(s) != len(l) {
			t.Errorf("twice the same word in %v", l)
		}
	}
}

func words[T ~string](in []T) (out []string) {
	for _, w := range in {
		out = append(out, string(w))
	}
	return out
}

func rootsOf(t testing.TB, files ...string) *pki.TrustStore {
	t.Helper()
	store := pki.NewTrustStore()
	for _, f := range files {
		certs, err := authority.ReadCerts(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range certs {
			store.Add(c)
		}
	}
	return store
}

func asRSA(t testing.TB, key crypto.Signer) *rsa.PrivateKey {
	t.Helper()
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("%T", key)
	}
	return k
}
