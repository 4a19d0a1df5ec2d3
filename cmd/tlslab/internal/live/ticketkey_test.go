package live

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/session"
)

// A key is made where none is, for its owner alone, and then it is that one, however many servers begin at
// a time.
func TestTicketKeyIsMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tickets.key")
	var servers sync.WaitGroup
	names, makers := make(chan [16]byte, 8), make(chan bool, 8)
	for range cap(names) {
		servers.Go(func() {
			k, made, err := ticketKeyFile(file, true, narrate.En)
			if err != nil {
				t.Error(err)
				k = new(session.TicketKey)
			}
			names <- k.Name
			makers <- made
		})
	}
	servers.Wait()
	close(names)
	close(makers)
	first := <-names
	for name := range names {
		if name != first {
			t.Error("two servers have two keys")
		}
	}
	n := 0
	for made := range makers {
		if made {
			n++
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != int64(session.TicketKeyLen) || n != 1 {
		t.Errorf("%v, %v, made %d times", info, err, n)
	}
}

// What is no key is refused, by what is wrong with it and not by what stands in it.
func TestTicketKeyRefused(t *testing.T) {
	dir := t.TempDir()
	k, err := session.NewTicketKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 3
		return b
	}
	theirs := bytes.Repeat([]byte("SECRET"), 14)
	for _, test := range []struct {
		name  string
		bytes []byte
		mode  os.FileMode
		says  string
	}{
		{"good", whole, 0o600, ""},
		{"good too", whole, 0o400, ""},
		{"readable by a group", whole, 0o640, "others can read the ticket key in"},
		{"readable by all", whole, 0o604, "others can read the ticket key in"},
		{"nginx, 48", theirs[:48], 0o600, "it has 48 bytes, as those of nginx"},
		{"nginx, 80", theirs[:80], 0o600, "it has 80 bytes, as those of nginx"},
		{"something else", theirs, 0o600, "is no ticket key of tlslab"},
		{"empty", nil, 0o600, "is no ticket key of tlslab"},
		{"endless", bytes.Repeat([]byte{0}, 1<<20), 0o600, "is no ticket key of tlslab"},
		{"another version", changed(len("tlslab ticket key ")), 0o600, "of another version"},
		{"cut short", whole[:99], 0o600, "is cut short: 99 of 100 bytes"},
		{"two keys", append(bytes.Clone(whole), whole...), 0o600, "holds more than a ticket key"},
		{"damaged", changed(50), 0o600, "is damaged"},
	} {
		file := filepath.Join(dir, test.name)
		if err := os.WriteFile(file, test.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, test.mode); err != nil {
			t.Fatal(err)
		}
		_, made, err := ticketKeyFiles([]string{file}, narrate.En)
		said := fmt.Sprint(err)
		if (err == nil) != (test.says == "") || !strings.Contains(said, test.says) || made != "" || strings.Contains(said, "SECRET") || strings.Contains(said, "534543") {
			t.Errorf("%s: made %q, %s", test.name, made, said)
		}
	}
	// The whole command says it in the reader's language, wherever that is asked for, and before anything else is opened.
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	for _, test := range []struct {
		lang []string
		says string
	}{{nil, "不是 tlslab 的票据密钥"}, {[]string{"--lang", "zh"}, "不是 tlslab 的票据密钥"}, {[]string{"--lang", "en"}, "is no ticket key of tlslab"}} {
		var log bytes.Buffer
		if status := command(t.Context(), strings.NewReader(""), io.Discard, &log, append([]string{"server", "--accept", "127.0.0.1:0", "--ticket-key", filepath.Join(dir, "empty")}, test.lang...)...); status != 2 || !strings.Contains(log.String(), test.says) {
			t.Errorf("%q: status %d, %s", test.lang, status, &log)
		}
	}
	good, absent := filepath.Join(dir, "good"), filepath.Join(dir, "absent")
	for _, test := range []struct {
		files []string
		says  string
	}{{[]string{good, good}, "hold one key"}, {[]string{absent, good + "-old"}, "there is no such file"}} {
		if _, _, err := ticketKeyFiles(test.files, narrate.En); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: %v", test.files, err)
		}
	}
	if _, err := os.Stat(absent); err == nil {
		t.Error("a key was made although another is missing")
	}
}

// Two servers with one key resume each other's sessions, in both versions, and so does one that starts
// again; after a change of keys, where the key of before stands behind the new one; and not without it.
// OpenSSL's client carries the tickets, and so does ours.
func TestTicketKeyIsShared(t *testing.T) {
	dir := t.TempDir()
	key, next := filepath.Join(dir, "tickets.key"), filepath.Join(dir, "next.key")
	caDir, roots, _ := clientCerts(t)
	start := func(keys ...string) (addr string, end func() string) {
		args := []string{"--www", "--quiet", "--cadir", caDir}
		for _, k := range keys {
			args = append(args, "--ticket-key", k)
		}
		return serveCommand(t, args...)
	}
	clients := map[string]func(t *testing.T, addr, version, in, out string) (resumed bool){"tlslab": resumesByTicket(roots)}
	if there, err := clitest.PeerOnPath("peer:openssl"); err != nil {
		t.Fatal(err)
	} else if there {
		clients["openssl"] = resumesWithOpenSSL(roots)
	} else {
		t.Log("openssl is not installed")
	}
	first, endFirst := start(key)
	second, endSecond := start(key)
	for name, visit := range clients {
		for _, version := range []string{"1.2", "1.3"} {
			s := filepath.Join(dir, name+version)
			if visit(t, first, version, "", s) {
				t.Errorf("%s, TLS %s: the first connection is resumed", name, version)
			}
			if !visit(t, second, version, s, "") {
				t.Errorf("%s, TLS %s: another server with that key does not resume", name, version)
			}
		}
	}
	endFirst()
	if said := endSecond(); !strings.Contains(said, "sealed under the key in "+key) || strings.Contains(said, "was made") || strings.Contains(said, "no other server knows them") {
		t.Errorf("the second server says %s", said)
	}
	again, endAgain := start(key)
	changed, endChanged := start(next, key)
	without, endWithout := start(next)
	for name, visit := range clients {
		for _, version := range []string{"1.2", "1.3"} {
			s := filepath.Join(dir, name+version)
			if !visit(t, again, version, s, "") {
				t.Errorf("%s, TLS %s: a server that starts again does not resume", name, version)
			}
			if visit(t, without, version, s, "") {
				t.Errorf("%s, TLS %s: a server with another key resumes", name, version)
			}
			if !visit(t, changed, version, s, s+"-new") {
				t.Errorf("%s, TLS %s: a server does not resume by the key of before", name, version)
			}
			if name == "openssl" && version == "1.2" {
				continue // it keeps no session of a connection that was resumed
			}
			if !visit(t, without, version, s+"-new", "") {
				t.Errorf("%s, TLS %s: the ticket that was given then is not of the new key", name, version)
			}
		}
	}
	endAgain()
	if said := endChanged(); !strings.Contains(said, "a ticket key was made in "+next) {
		t.Errorf("the server with a new key says %s", said)
	}
	endWithout()
}

// resumesByTicket is our client: it offers the session in the file in, if there is one, keeps one in out,
// if that is named, and says whether it was resumed.
func resumesByTicket(roots string) func(t *testing.T, addr, version, in, out string) bool {
	return func(t *testing.T, addr, version, in, out string) bool {
		t.Helper()
		args := []string{"client", "--connect", addr, "--CAfile", roots, "--quiet", "--lang", "en", "--tls", version}
		if in != "" {
			args = append(args, "--sess-in", in)
		}
		if out != "" {
			args = append(args, "--sess-out", out)
		}
		var stdout, stderr bytes.Buffer
		if status := command(t.Context(), strings.NewReader(pageRequest), &stdout, &stderr, args...); status != 0 {
			t.Fatalf("status %d: %s", status, &stderr)
		}
		return strings.Contains(stdout.String(), "handshake: session resumed") && strings.Contains(stderr.String(), "resumed by a ticket")
	}
}

// resumesWithOpenSSL is s_client.
func resumesWithOpenSSL(roots string) func(t *testing.T, addr, version, in, out string) bool {
	return func(t *testing.T, addr, version, in, out string) bool {
		t.Helper()
		args := []string{"s_client", "-ign_eof", "-connect", addr, "-servername", "localhost", "-CAfile", roots, "-tls" + strings.ReplaceAll(version, ".", "_")}
		if in != "" {
			args = append(args, "-sess_in", in)
		}
		if out != "" {
			args = append(args, "-sess_out", out)
		}
		cmd := exec.Command("openssl", args...)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close() // it is the server that hangs up
		if _, err := io.WriteString(stdin, pageRequest); err != nil {
			t.Fatal(err)
		}
		said, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(said), "GET /") {
			t.Fatalf("%v: %s", err, said)
		}
		return strings.Contains(string(said), "Reused, TLSv"+version)
	}
}
