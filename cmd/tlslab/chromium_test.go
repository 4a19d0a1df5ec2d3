package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A browser that nobody tuned for us loads our page over TLS 1.3 with X25519MLKEM768:
// because our root is among its own, as a person would put it there, and not because it
// was told to look away. Without the root it must not.
func TestChromium(t *testing.T) {
	chromium := programOf(t, "chromium", "chromium-browser", "google-chrome")
	certutil := programOf(t, "certutil")
	ca := filepath.Join(t.TempDir(), "ca")
	if s := command(t.Context(), strings.NewReader(""), io.Discard, io.Discard, "ca", "init", ca); s != 0 {
		t.Fatalf("ca init: status %d", s)
	}
	addr, end := serveCommand(t, "--www", "--cadir", ca, "--servername", "www.lab.test", "--brief")

	home := t.TempDir()
	db := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		t.Fatal(err)
	}
	runs(t, certutil, "-N", "-d", "sql:"+db, "--empty-password")
	untrusting := load(t, chromium, home, addr)
	runs(t, certutil, "-A", "-d", "sql:"+db, "-n", "tlslab's root", "-t", "C,,", "-i", filepath.Join(ca, "ca.pem"))
	trusting := load(t, chromium, home, addr)

	for _, want := range []string{"version: TLS 1.3\n", "group: X25519MLKEM768\n", "server_name: www.lab.test\n"} {
		if !strings.Contains(trusting, want) {
			t.Errorf("the page does not say %q:\n%s", want, trusting)
		}
	}
	if strings.Contains(untrusting, "TLS 1.3") {
		t.Errorf("a browser without our root loaded the page:\n%s", untrusting)
	}
	// That it was the certificate which kept it from loading, the browser tells the server.
	if transcript := end(); !strings.Contains(transcript, "certificate_unknown") {
		t.Errorf("no alert about the certificate in the transcript:\n%s", transcript)
	}
}

// load has a browser with this home load the page at addr, under the name www.lab.test,
// and returns what it made of it: the page, or nothing.
func load(t *testing.T, chromium, home, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := []string{"--headless", "--disable-gpu", "--user-data-dir=" + t.TempDir(), "--host-resolver-rules=MAP www.lab.test 127.0.0.1"}
	if os.Getuid() == 0 {
		args = append(args, "--no-sandbox") // its sandbox does not start as root
	}
	cmd := exec.CommandContext(ctx, chromium, append(args, "--dump-dom", "https://www.lab.test:"+port+"/")...)
	cmd.Env = append(os.Environ(), "HOME="+home)
	page, err := cmd.Output()
	// A page that did not load is told by its status in some versions: no page is what counts.
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) || ctx.Err() != nil {
		t.Fatal(errors.Join(err, ctx.Err()))
	}
	return string(page)
}

// programOf finds the first of names that is installed; without any the test is skipped,
// or fails where CI is true.
func programOf(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if file, err := exec.LookPath(name); err == nil {
			return file
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI is true, and there is no %s", names[0])
	}
	t.Skipf("%s is not on PATH", names[0])
	return ""
}

func runs(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}
