package main

import (
	"bufio"
	"bytes"
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

// shown calls check with each block of the pages that stands after a comment of this sort:
// with the page, what the comment says, and what is shown.
func shown(t *testing.T, comment, language string, check func(page, what, block string)) (n int) {
	t.Helper()
	pattern := regexp.MustCompile("(?s)<!-- " + comment + " -->\n```" + language + "\n(.*?)```")
	for page, text := range pages(t) {
		for _, s := range pattern.FindAllStringSubmatch(text, -1) {
			n++
			check(page, s[1], s[2])
		}
	}
	return n
}

// What a page shows of a run is what that run prints.
func TestREADME(t *testing.T) {
	if runs := shown(t, "[a-z ]+: tlslab ([^\n]+)", "text", func(page, args, block string) {
		out, status := runTlslab(t, strings.Fields(args)...)
		if status != 0 || !strings.Contains(out, block) {
			t.Errorf("tlslab %s, with status %d, prints something else than %s shows", args, status, page)
		}
	}); runs != 10 {
		t.Errorf("the pages show %d runs, want 10", runs)
	}
}

// What a page shows of Go code is code that is compiled and tested, but for its indentation.
func TestREADMECode(t *testing.T) {
	if n := shown(t, "code: ([^\n]+)", "go", func(page, file, block string) {
		source, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		indented := "\n\t" + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n\t") + "\n"
		if !strings.Contains(string(source), indented) {
			t.Errorf("%s shows code that is not in %s", page, file)
		}
	}); n != 2 {
		t.Errorf("the pages show code %d times, want 2", n)
	}
}

// A block of a page that shows what was printed, or code, says by a comment what it is held
// to: without one nothing would test it.
func TestREADMEBlocks(t *testing.T) {
	block := regexp.MustCompile("(?s)([^\n]*)\n```([a-z]*)\n.*?\n```\n")
	for page, text := range pages(t) {
		for _, m := range block.FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(map[string]string{"text": `^<!-- ([a-z ]+: tlslab .+|list) -->$`, "go": `^<!-- code: .+ -->$`,
				"console": `^<!-- session -->$`, "": "^never$"}[m[2]]).MatchString(m[1]) {
				t.Errorf("%s has a block of %q after %q: no test holds it", page, m[2], m[1])
			}
		}
	}
}

// And what it shows of a server and its clients is what they say to each other: of what
// each prints, the lines that are shown, in this order.
func TestREADMESession(t *testing.T) {
	const name = "cmd/tlslab/README.md"
	page := pages(t)[name]
	block := regexp.MustCompile("(?s)<!-- session -->\n```console\n(.*?)```").FindStringSubmatch(page)
	if block == nil {
		t.Fatalf("%s shows no session", name)
	}
	t.Chdir(t.TempDir())
	requests := regexp.MustCompile(`(?m)^    printf '(.+)' >(.+)$`).FindAllStringSubmatch(page, -1)
	if len(requests) != 2 {
		t.Fatalf("%s makes %d files, want 2", name, len(requests))
	}
	for _, r := range requests {
		if err := os.WriteFile(r[2], []byte(strings.ReplaceAll(r[1], `\n`, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	commands := strings.Split(block[1], "$ tlslab ")[1:]
	if len(commands) < 2 {
		t.Fatalf("%s shows %d commands", name, len(commands))
	}
	const shownAddr = "localhost:8443"
	line, serverShows, _ := strings.Cut(commands[0], "\n")
	args := strings.Fields(strings.TrimSuffix(line, " &"))
	addr, end := serveCommand(t, args[3:]...) // after server --accept ADDRESS
	addr = strings.Replace(addr, "127.0.0.1", "localhost", 1)
	for _, c := range commands[1:] {
		line, shows, _ := strings.Cut(c, "\n")
		line, stdin, _ := strings.Cut(line, " <")
		request, err := os.ReadFile(stdin)
		if err != nil && stdin != "" {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		args := append(strings.Fields(strings.ReplaceAll(line, shownAddr, addr)), "--lang", "en")
		if status := command(t.Context(), bytes.NewReader(request), &stdout, &stderr, args...); status != 0 {
			t.Errorf("tlslab %s ended with status %d", line, status)
		}
		showsInOrder(t, line, shows, strings.ReplaceAll(stderr.String()+stdout.String(), addr, shownAddr))
	}
	showsInOrder(t, line, serverShows, end())
}

// The list of the capture proxy is what it lists when one client has fetched a page through
// it, and another, which does not trust its root, has tried. Ports and times are the test's.
func TestREADMEList(t *testing.T) {
	const page = "handshake/mitm/proxy/README.md"
	list := regexp.MustCompile("(?s)<!-- list -->\n```text\n(.*?)```").FindStringSubmatch(pages(t)[page])
	if list == nil {
		t.Fatalf("%s shows no list", page)
	}
	o := startOrigin(t, "localhost", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 230)) // if the client has left, the list says so
	}), "http/1.1")
	p := startChild(t, o)
	through := func(handshake func(raw net.Conn) error) error {
		raw, err := connectTo(p.addr, o.host)
		if err != nil {
			return err
		}
		defer raw.Close()
		return handshake(raw)
	}
	if err := through(func(raw net.Conn) error {
		pool := x509.NewCertPool()
		pool.AddCert(p.root)
		c := stdtls.Client(raw, &stdtls.Config{RootCAs: pool, ServerName: "localhost", CurvePreferences: []stdtls.CurveID{stdtls.X25519}})
		_, err := (&tunnel{c, bufio.NewReader(c)}).get(o.host, "/abc", "")
		return errors.Join(err, c.Close())
	}); err != nil {
		t.Fatal(err)
	}
	listed := func(end string) {
		if err := eventually(clitest.Patience, func() error {
			if !strings.Contains(p.list.String(), end) {
				return fmt.Errorf("no %q in\n%s", end, &p.list)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	listed("server TLS 1.3 X25519MLKEM768\n")
	if err := through(func(raw net.Conn) error { // ours says unknown_ca, as OpenSSL's does
		c, err := tls.Client(raw, &tls.Config{Roots: pki.NewTrustStore(o.root), ServerName: "localhost", Groups: []kx.Group{kx.X25519}})
		if err != nil {
			return err
		}
		return c.Handshake()
	}); reason.Of(err) != reason.CertificateUntrusted {
		t.Fatalf("a client that does not trust the proxy's root: %v", err)
	}
	listed("tlslab proxy ca.\n")
	clock := regexp.MustCompile(`\d\d:\d\d:\d\d`)
	printed := clock.ReplaceAllString(strings.ReplaceAll(p.list.String(), o.host, "localhost:8443"), "12:00:00")
	if want := clock.ReplaceAllString(list[1], "12:00:00"); printed != want {
		t.Errorf("tlslab proxy lists\n%s\nand %s shows\n%s", printed, page, want)
	}
}

func showsInOrder(t *testing.T, command, shows, printed string) {
	t.Helper()
	printed = strings.ReplaceAll(printed, "\r\n", "\n")
	rest := "\n" + printed
	for line := range strings.Lines(shows) {
		_, after, found := strings.Cut(rest, "\n"+line)
		if !found {
			t.Errorf("tlslab %s does not print, as its page shows, %q but\n%s", command, line, printed)
			return
		}
		rest = "\n" + after
	}
}
