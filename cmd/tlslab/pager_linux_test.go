package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal of some rows and columns: what the command writes to, and what is read there.
func terminal(t *testing.T, rows, columns uint16) (tty *os.File, seen func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(&b, master) // it ends with EIO, when nobody has the other end open
		close(read)
	}()
	return tty, func() string {
		_ = tty.Close()
		<-read
		_ = master.Close()
		return strings.ReplaceAll(b.String(), "\r\n", "\n")
	}
}

// A transcript that is longer than the terminal goes through $PAGER, colours and all; a shorter
// one does not, nor does one whose PAGER is none, or that is not for a terminal alone.
func TestPager(t *testing.T) {
	plain := func(s string) string { return regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(s, "") }
	lesson := []string{"run", "--kx", "rsa", "--seed", "1", "--lang", "en"}
	var whole bytes.Buffer
	if status := command(t.Context(), nil, &whole, io.Discard, lesson...); status != 0 {
		t.Fatal(status)
	}
	for name, c := range map[string]struct {
		rows  uint16
		pager string
		args  []string
		paged bool
		none  bool // nothing is on the terminal
	}{
		"longer":        {rows: 30, paged: true, none: true},
		"as long":       {rows: uint16(bytes.Count(whole.Bytes(), []byte("\n"))), paged: true, none: true},
		"shorter":       {rows: 500},
		"no pager":      {rows: 30, args: []string{"--no-pager"}},
		"PAGER is cat":  {rows: 30, pager: "cat"},
		"PAGER is none": {rows: 30, pager: "-"},
		"no height":     {rows: 0},
		"into a file":   {rows: 30, args: []string{"--out", "FILE"}, none: true},
		"step":          {rows: 30, args: []string{"--step"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", "xterm")
			t.Setenv("NO_COLOR", "")
			file := filepath.Join(t.TempDir(), "paged")
			t.Setenv("PAGER", "cat >"+file)
			if c.pager != "" {
				t.Setenv("PAGER", strings.TrimPrefix(c.pager, "-"))
			}
			args := append([]string{}, lesson...)
			for _, a := range c.args {
				args = append(args, strings.Replace(a, "FILE", filepath.Join(t.TempDir(), "out"), 1))
			}
			tty, seen := terminal(t, c.rows, 80)
			if status := command(t.Context(), strings.NewReader(""), tty, io.Discard, args...); status != 0 {
				t.Errorf("status %d", status)
			}
			shown := seen()
			paged, err := os.ReadFile(file)
			if (err == nil) != c.paged {
				t.Fatalf("paged: %v, %v", err == nil, err)
			}
			if c.paged && (plain(string(paged)) != whole.String() || !bytes.Contains(paged, []byte("\x1b["))) {
				t.Errorf("the pager gets %d bytes of %d, or no colours", len(plain(string(paged))), whole.Len())
			}
			if c.none && shown != "" || !c.none && !strings.Contains(plain(shown), "ClientKeyExchange") {
				t.Errorf("on the terminal: %q", shown)
			}
		})
	}
}

// Whoever leaves the pager early has seen enough: that is no error. One that cannot be started
// leaves the transcript on the terminal, however much of it was on its way already.
func TestPagerEndsEarly(t *testing.T) {
	args := []string{"run", "--kx", "rsa", "--seed", "1", "--full", "--bytes"}
	var whole bytes.Buffer
	if status := command(t.Context(), nil, &whole, io.Discard, args...); status != 0 {
		t.Fatal(status)
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for pager, c := range map[string]struct {
		first string // is in the first line
		whole bool   // all is on the terminal; else it is a line at most
	}{
		"head -1":           {first: "RSA key exchange"},
		"exit 3":            {},
		"true":              {},
		"nosuchpager":       {first: "RSA key exchange", whole: true},
		plain:               {first: "RSA key exchange", whole: true},
		"cat | nosuchpager": {first: "RSA key exchange", whole: true},
	} {
		t.Setenv("PAGER", pager+" 2>/dev/null")
		t.Setenv("NO_COLOR", "1")
		tty, seen := terminal(t, 10, 80)
		var stderr bytes.Buffer
		if status := command(t.Context(), nil, tty, &stderr, args...); status != 0 || stderr.Len() != 0 {
			t.Errorf("%s: status %d, %s", pager, status, stderr.String())
		}
		shown := seen()
		if first, _, _ := strings.Cut(strings.TrimLeft(shown, "\n"), "\n"); !strings.Contains(first, c.first) {
			t.Errorf("%s: it begins with %q", pager, first)
		}
		if c.whole && shown != whole.String() || !c.whole && strings.Count(shown, "\n") > 1 {
			t.Errorf("%s: %d bytes of %d are on the terminal", pager, len(shown), whole.Len())
		}
	}
}

// A line that is wider than the terminal takes several of its rows: what has few lines can be
// longer than the screen.
func TestPagerCountsRows(t *testing.T) {
	args := []string{"run", "--kx", "rsa", "--seed", "1", "--width", "200"}
	var whole bytes.Buffer
	if status := command(t.Context(), nil, &whole, io.Discard, args...); status != 0 {
		t.Fatal(status)
	}
	t.Setenv("PAGER", "cat >/dev/null")
	tty, seen := terminal(t, uint16(bytes.Count(whole.Bytes(), []byte("\n")))+1, 80)
	if status := command(t.Context(), nil, tty, io.Discard, args...); status != 0 {
		t.Errorf("status %d", status)
	}
	if shown := seen(); shown != "" {
		t.Errorf("%d bytes are on the terminal that has no room for them", len(shown))
	}
}

// A refusal is told in the pager, and is the status.
func TestPagerKeepsStatus(t *testing.T) {
	t.Setenv("PAGER", "cat >/dev/null")
	tty, seen := terminal(t, 10, 80)
	if status := command(t.Context(), nil, tty, io.Discard, "run", "--cert", "expired"); status != 1 {
		t.Errorf("status %d", status)
	}
	if shown := seen(); shown != "" {
		t.Errorf("%q", shown)
	}
}
