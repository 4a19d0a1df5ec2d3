package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// What the README shows of a run is what that run prints.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)<!-- [a-z ]+: tlslab ([^\n]+) -->\n```text\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(shown) != 6 {
		t.Fatalf("the README shows %d runs, want 6", len(shown))
	}
	for _, s := range shown {
		cmd := exec.Command(os.Args[0], strings.Fields(s[1])...)
		cmd.Args[0] = "tlslab"
		cmd.Env = append(os.Environ(), "LC_ALL=C", "NO_COLOR=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), s[2]) {
			t.Errorf("tlslab %s prints something else than the README shows", s[1])
		}
	}
}

// And what it shows of a server and its clients is what they say to each other: of what
// each prints, the lines that are shown, in this order.
func TestREADMESession(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- session -->\n```console\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README shows no session")
	}
	t.Chdir(t.TempDir())
	for name, request := range map[string]string{"get.txt": "GET / HTTP/1.0\n\n", "post.txt": "POST / HTTP/1.0\nContent-Length: 2\n\nhi"} {
		if err := os.WriteFile(name, []byte(request), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	commands := strings.Split(string(block[1]), "$ tlslab ")[1:]
	if len(commands) < 2 {
		t.Fatalf("the README shows %d commands", len(commands))
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

func showsInOrder(t *testing.T, command, shows, printed string) {
	t.Helper()
	printed = strings.ReplaceAll(printed, "\r\n", "\n")
	rest := "\n" + printed
	for line := range strings.Lines(shows) {
		_, after, found := strings.Cut(rest, "\n"+line)
		if !found {
			t.Errorf("tlslab %s does not print, as the README shows, %q but\n%s", command, line, printed)
			return
		}
		rest = "\n" + after
	}
}
