package explain_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/explain"
	"tlslab/handshake/observe"
	"tlslab/pki/authority"
)

func logLines(t testing.TB, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".log")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(b), "\n"), func(l string) bool { return l == "" || l[0] == '#' })
}

func keyLog(lines []string) *observe.KeyLog {
	k := new(observe.KeyLog)
	_ = k.Read(strings.NewReader(strings.Join(lines, "\n"))) // of a bad line nothing is kept
	return k
}

// without are the lines but for those with one of the labels.
func without(lines []string, labels ...string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(labels, strings.Fields(l)[0]) })
}

const (
	clientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
	serverHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	clientTraffic   = "CLIENT_TRAFFIC_SECRET_0"
	serverTraffic   = "SERVER_TRAFFIC_SECRET_0"
	clientEarly     = "CLIENT_EARLY_TRAFFIC_SECRET"
)

// Every reason for which a record stays closed, at a capture that shows it, and what of a key log is missing.
func TestClosed(t *testing.T) {
	key, err := authority.ReadKey("testdata/rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	right := asRSA(t, key)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tls13 := logLines(t, "tls13")
	early := logLines(t, "early")
	cut := slices.Clone(tls13)
	wrong := slices.Clone(tls13)
	for i, l := range tls13 {
		f := strings.Fields(l)
		if f[0] == serverTraffic {
			cut[i] = l[:len(l)-7]
		}
		wrong[i] = f[0] + " " + f[1] + " " + strings.Repeat("11", len(f[2])/2)
	}
	reneg := logLines(t, "renegotiated")
	psk, _ := hex.DecodeString("1a2b3c4d5e6f70819203a4b5c6d7e8f9")
	all13 := []string{clientHandshake, clientTraffic, serverHandshake, serverTraffic}
	shown := map[observe.Why]bool{}
	for _, row := range []struct {
		name   string
		n      int // which connection
		keys   explain.Keys
		why    observe.Why
		lacks  []string
		opened bool // the data, of one end at least
	}{
		{"tls13", 1, explain.Keys{}, observe.NoKeys, all13, false},
		{"ecdhe", 1, explain.Keys{}, observe.NoKeys, []string{"CLIENT_RANDOM"}, false},
		{"tls13", 1, explain.Keys{Logged: keyLog(logLines(t, "retry"))}, explain.OtherLines, all13, false},
		{"tls13", 1, explain.Keys{RSA: right}, observe.KeyOnlySigns, all13, false},
		{"dhe", 1, explain.Keys{RSA: right}, observe.KeyOnlySigns, []string{"CLIENT_RANDOM"}, false},
		{"rsa", 1, explain.Keys{RSA: other}, observe.OtherServerKey, []string{"CLIENT_RANDOM"}, false},
		{"rsa", 1, explain.Keys{RSA: right}, "", nil, true},
		{"rsa_no_ems", 1, explain.Keys{RSA: right}, "", nil, true},
		{"resumed12_alone", 1, explain.Keys{}, explain.SessionElsewhere, []string{"CLIENT_RANDOM"}, false},
		{"resumed12_alone", 1, explain.Keys{RSA: right}, explain.SessionElsewhere, []string{"CLIENT_RANDOM"}, false},
		{"resumed12", 2, explain.Keys{}, explain.SessionClosed, []string{"CLIENT_RANDOM"}, false},
		{"resumed12", 2, explain.Keys{RSA: right}, "", nil, true},
		{"session_id12", 2, explain.Keys{}, explain.SessionClosed, []string{"CLIENT_RANDOM"}, false},
		{"session_id12", 2, explain.Keys{Logged: keyLog(logLines(t, "session_id12"))}, "", nil, true},
		{"early", 2, explain.Keys{Logged: keyLog(without(early, clientEarly))}, observe.EarlyKeyMissing, []string{clientEarly}, true},
		{"early", 3, explain.Keys{Logged: keyLog(without(early, clientEarly))}, observe.EarlyKeyMissing, []string{clientEarly}, true},
		{"early_retried", 1, explain.Keys{Logged: keyLog(without(logLines(t, "early_retried"), clientEarly))}, observe.EarlyKeyMissing, []string{clientEarly}, true},
		{"tls13", 1, explain.Keys{Logged: keyLog(without(tls13, clientTraffic, serverTraffic))}, observe.SomeKeysMissing, []string{clientTraffic, serverTraffic}, false},
		{"tls13", 1, explain.Keys{Logged: keyLog(without(tls13, clientHandshake, serverHandshake))}, observe.SomeKeysMissing, []string{clientHandshake, serverHandshake}, true},
		{"tls13", 1, explain.Keys{Logged: keyLog(without(tls13, serverHandshake, serverTraffic))}, observe.SomeKeysMissing, []string{serverHandshake, serverTraffic}, true},
		{"tls13", 1, explain.Keys{Logged: keyLog(without(tls13, clientHandshake, clientTraffic))}, observe.SomeKeysMissing, []string{clientHandshake, clientTraffic}, true},
		{"tls13", 1, explain.Keys{Logged: keyLog(cut)}, observe.SomeKeysMissing, []string{serverTraffic}, true},
		{"tls13", 1, explain.Keys{Logged: keyLog(wrong)}, observe.DidNotOpen, nil, false},
		{"renegotiated", 1, explain.Keys{Logged: keyLog(reneg[:1])}, observe.SomeKeysMissing, []string{"CLIENT_RANDOM"}, true},
		{"renegotiated", 1, explain.Keys{Logged: keyLog(reneg)}, "", nil, true},
		{"snapped", 1, explain.Keys{Logged: keyLog(logLines(t, "snapped"))}, explain.Incomplete, nil, true},
		{"midway", 1, explain.Keys{}, explain.Headless, nil, false},
		{"psk", 1, explain.Keys{PSKs: [][]byte{psk}}, observe.PSKNotEnough, all13, false},
		{"psk", 1, explain.Keys{PSKs: [][]byte{{1}}}, observe.OtherPSK, all13, false},
		{"psk", 1, explain.Keys{RSA: right}, observe.NoKeys, all13, false}, // nobody signed there
		{"psk_ke", 1, explain.Keys{RSA: right}, observe.NoKeys, all13, false},
		{"psk_ke", 1, explain.Keys{PSKs: [][]byte{{1}, psk}}, "", nil, true},
		{"psk_refused", 1, explain.Keys{PSKs: [][]byte{make([]byte, 16)}}, observe.PSKNotTaken, all13, false},
		{"psk_refused", 1, explain.Keys{PSKs: [][]byte{psk}}, observe.NoKeys, all13, false}, // the server did without
		{"old_version", 1, explain.Keys{Logged: keyLog(logLines(t, "old_version")), RSA: right}, observe.OldVersion, nil, false},
		{"unknown_suite", 1, explain.Keys{Logged: keyLog(logLines(t, "unknown_suite"))}, observe.UnknownSuite, nil, false},
	} {
		file, err := os.ReadFile("testdata/" + row.name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		all, _, err := read(t, file, explain.Options{Keys: row.keys})
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(all, byNumber)
		r := all[row.n-1].Read
		lacks := fmt.Sprint(r.Lacks.Names()) == fmt.Sprint(row.lacks) || row.why == observe.DidNotOpen
		if r.Closed != row.why || !lacks || r.Data != row.opened {
			t.Errorf("%s, connection %d: %q, lacks %v, data %v; want %q, %v, %v", row.name, row.n, r.Closed, r.Lacks.Names(), r.Data, row.why, row.lacks, row.opened)
		}
		if random := fmt.Sprintf("%x", random(r.Lacks)); row.name == "renegotiated" && row.why != "" && random != strings.Fields(reneg[1])[1] {
			t.Errorf("a line of %s is missing, and not of %s", reneg[1], random) // it is the second handshake's
		}
		if (row.why == "") != (r.Sealed == 0 && len(r.Needs) == 0) {
			t.Errorf("%s, connection %d: %+v", row.name, row.n, r)
		}
		shown[row.why] = true
	}
	for _, why := range explain.Whys() {
		if !shown[why] && why != observe.EarlierSession && why != explain.Unreadable { // of which a file can tell more; TestGarbledHello
			t.Errorf("no capture shows %s", why)
		}
	}
}

// What is said to be missing of a key log is what is missing: with each line left out of each log either nothing
// stays closed, for the line opens nothing, or that line is named.
func TestLacks(t *testing.T) {
	left := 0
	for _, name := range captures(t) {
		name := strings.TrimSuffix(strings.TrimPrefix(name, "testdata/"), ".pcapng")
		if _, err := os.Stat("testdata/" + name + ".log"); err != nil || unopened[name] != "" || name == "snapped" || strings.HasPrefix(name, "quic") {
			continue
		}
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		lines := logLines(t, name)
		whole, _, err := read(t, file, explain.Options{Keys: explain.Keys{Logged: keyLog(lines)}})
		if err != nil {
			t.Fatal(err)
		}
		sealed := map[int]bool{} // whatever line is left out
		for _, c := range whole {
			sealed[c.Number] = c.Read.Sealed > 0
		}
		for i, l := range lines {
			f := strings.Fields(l)
			all, _, err := read(t, file, explain.Options{Keys: explain.Keys{Logged: keyLog(slices.Delete(slices.Clone(lines), i, i+1))}})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				r, random := c.Read, fmt.Sprintf("%x", c.Random)
				switch {
				case !c.TLS || sealed[c.Number]:
				case r.Sealed > 0 && (random != f[1] && name != "renegotiated" && c.Session == 0 || !slices.Contains(r.Lacks.Names(), f[0]) || len(r.Lacks.Names()) > 1 && has(lines, f[1], r.Lacks.Names())):
					t.Errorf("%s, without line %d, %s: connection %d lacks %v", name, i+1, f[0], c.Number, r.Lacks.Names())
				case r.Sealed > 0:
					left++
				}
			}
		}
	}
	if left < 60 {
		t.Errorf("%d lines were missed: nothing was tested", left)
	}
}

// has reports whether the log has every one of those lines: then they are not missing. A direction that stays
// closed from its beginning on may have had no application keys, as where the handshake failed.
func has(lines []string, random string, labels []string) bool {
	return !slices.ContainsFunc(labels, func(l string) bool {
		return !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, l+" "+random) })
	})
}

// A key log may come in any order, twice, with lines of others and in the other case of hex.
func TestLogAsItComes(t *testing.T) {
	file, err := os.ReadFile("testdata/early.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	lines := logLines(t, "early")
	slices.Reverse(lines)
	lines = append(lines, lines...)
	for i := range lines {
		f := strings.Fields(lines[i])
		lines[i] = f[0] + "\t" + strings.ToUpper(f[1]) + "  " + strings.ToUpper(f[2]) + "\r"
	}
	all, _, err := read(t, file, explain.Options{Keys: explain.Keys{Logged: keyLog(append(lines, logLines(t, "tls13")...))}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Read.Sealed != 0 {
			t.Errorf("connection %d: %+v", c.Number, c.Read)
		}
	}
	if !bytes.Contains(dataOf(t, file, explain.Keys{Logged: keyLog(lines)}, 2)[0], []byte("/early")) {
		t.Error("the 0-RTT data was not opened")
	}
}

func random(l *explain.Lines) []byte {
	if l == nil {
		return nil
	}
	return l.Random
}

// What would open a connection is named: the pre-shared key that its keys are made of alone, and keys too where bytes
// are missing and none was given.
func TestNeeds(t *testing.T) {
	whole := func(name string) []byte {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	without := func(name string, packet int) []byte {
		blocks := blocksOf(whole(name))
		n := 0
		i := slices.IndexFunc(blocks, func(b block) bool {
			if b.packet {
				n++
			}
			return n == packet
		})
		return append(joined(blocks[:i]), joined(blocks[i+1:])...)
	}
	psk := [][]byte{{1}}
	for _, row := range []struct {
		what  string
		file  []byte
		keys  explain.Keys
		needs []explain.Need
	}{
		{"psk_ke", whole("psk_ke"), explain.Keys{}, []explain.Need{explain.NeedPSK, explain.NeedKeyLog}},
		{"psk_ke, with another", whole("psk_ke"), explain.Keys{PSKs: psk}, []explain.Need{explain.NeedPSK, explain.NeedKeyLog}},
		{"psk_dhe_ke", whole("psk"), explain.Keys{PSKs: psk}, []explain.Need{explain.NeedKeyLog}},
		{"without the ServerHello", without("tls13", 6), explain.Keys{}, []explain.Need{explain.NeedWhole, explain.NeedKeyLog}},
		{"and with the key log", without("tls13", 6), explain.Keys{Logged: keyLog(logLines(t, "tls13"))}, []explain.Need{explain.NeedWhole}},
		{"without the ClientHello", without("tls13", 4), explain.Keys{}, []explain.Need{explain.NeedWhole, explain.NeedKeyLog}},
		{"and with the key log, too", without("tls13", 4), explain.Keys{Logged: keyLog(logLines(t, "tls13"))}, []explain.Need{explain.NeedWhole}},
		{"midway", whole("midway"), explain.Keys{}, []explain.Need{explain.NeedWhole, explain.NeedKeyLog}},
	} {
		all, _, err := read(t, row.file, explain.Options{Keys: row.keys})
		if err != nil || len(all) != 1 || !slices.Equal(all[0].Read.Needs, row.needs) {
			t.Errorf("%s: %v, %v, want %v", row.what, err, all[0].Read.Needs, row.needs)
		}
	}
}
