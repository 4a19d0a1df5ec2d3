package main

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/pki/authority"
)

// Every file that a flag has written is held here to the same rules, whatever verb it is
// of. A new flag has to be added: TestWrittenFlags looks for it.

// writes are the flags of a verb by which it writes files, and a run of it that writes all.
type writes struct {
	secret []string // for their owner alone
	open   []string // for others to read
	late   []string // of these, those that grow: what goes wrong with them ends nothing
	run    func(w *writing, prelude string, flags []string) (said string, status int)
}

var written = map[string]writes{
	"tlslab run": {
		[]string{"out", "answers", "keylogfile", "pcap"}, []string{"score"}, []string{"out", "keylogfile"},
		once("run", "--kx", "ecdhe", "--tls", "1.2", "--lang", "en")},
	"tlslab compare": {
		[]string{"out"}, nil, []string{"out"},
		once("compare", "--key-alg", "p256", "--stapled=no", "--lang", "en")},
	"tlslab replay": {
		[]string{"out"}, nil, []string{"out"},
		once("replay", "--lang", "en")},
	"tlslab verify": {
		[]string{"out"}, nil, []string{"out"},
		once("verify", "--CAfile", "ca/ca.pem", "--servername", "localhost", "localhost.pem", "--lang", "en")},
	"tlslab ca issue": {
		[]string{"out"}, nil, []string{"out"},
		once("ca", "issue", "www.lab.test", "--kind", "p256", "--force", "--lang", "en")},
	"tlslab ca sign": {
		[]string{"out"}, []string{"cert-out"}, []string{"out"},
		once("ca", "sign", "www.csr", "--force", "--lang", "en")},
	"tlslab ca ocsp": {
		nil, []string{"respout"}, nil,
		once("ca", "ocsp", "localhost.pem", "--force", "--lang", "en")},
	"tlslab client": {
		[]string{"out", "keylogfile", "pcap", "sess-out"}, nil, []string{"out", "keylogfile"},
		(*writing).client},
	"tlslab server": {
		[]string{"out", "keylogfile", "pcap"}, []string{"port-file", "write-root"}, []string{"out", "keylogfile"},
		(*writing).server},
	"tlslab proxy": {
		[]string{"out", "keylogfile", "hardump", "pcap"}, []string{"port-file"}, []string{"keylogfile"},
		(*writing).proxy},
	"tlslab explain": {
		[]string{"out", "answers", "write-keylogfile"}, nil, []string{"out"},
		(*writing).explain},
	"tlslab web": {
		nil, []string{"port-file"}, nil,
		(*writing).web},
}

// TestWrittenFlags: every flag of every verb by which a file is written is in the table.
func TestWrittenFlags(t *testing.T) {
	writesFile := regexp.MustCompile("\\b(write|append|keep)\\b[^;]*`file`|`file`.*\\(mode 0600\\)")
	var visit func(cmd *cobra.Command)
	found := 0
	visit = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !writesFile.MatchString(f.Usage) {
				return
			}
			found++
			w := written[cmd.CommandPath()]
			secret := slices.Contains(w.secret, f.Name)
			if !secret && !slices.Contains(w.open, f.Name) {
				t.Errorf("%s --%s writes a file, and is not in the table", cmd.CommandPath(), f.Name)
			}
			if secret != strings.Contains(f.Usage, "mode 0600") && cmd.Name() != "compare" {
				t.Errorf("%s --%s: its help does not tell its mode: %s", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(newRoot())
	want := 0
	for _, w := range written {
		want += len(w.secret) + len(w.open)
	}
	if found != want {
		t.Errorf("found %d of the table's %d flags: has the pattern gone stale?", found, want)
	}
}

// writing is a directory in which verbs run.
type writing struct {
	t   *testing.T
	dir string
}

// beginWriting makes a CA, a pair and a request.
func beginWriting(t *testing.T) *writing {
	w := &writing{t, t.TempDir()}
	for _, args := range [][]string{{"ca", "init", "ca"}, {"ca", "issue", "localhost", "127.0.0.1", "--quiet", "--kind", "p256"}, {"proxy", "ca", "--confdir", "px"}} {
		if said, status := w.sh("", "", args...); status != 0 {
			t.Fatal(said)
		}
	}
	key, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := authority.NewRequest(key, authority.Request{DNSNames: []string{"www.lab.test"}})
	if err != nil {
		t.Fatal(err)
	}
	w.put("www.csr", string(csr), 0o644)
	return w
}

func (w *writing) path(name string) string { return filepath.Join(w.dir, name) }

func (w *writing) put(name, text string, mode fs.FileMode) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), mode); err != nil {
		w.t.Fatal(err)
	}
}

// shell is tlslab, started by a shell that says something first.
func (w *writing) shell(prelude string, args ...string) *exec.Cmd {
	script := "umask 022; " + prelude + ` exec "$0" "$@"`
	cmd := exec.Command("sh", append([]string{"-c", script, "tlslab"}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// sh runs it to its end, and returns what it said, on both its outputs.
func (w *writing) sh(prelude, stdin string, args ...string) (said string, status int) {
	cmd := w.shell(prelude, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), w.status(err)
}

func (w *writing) status(err error) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode()
	}
	return 0
}

// once is a verb that ends by itself.
func once(args ...string) func(w *writing, prelude string, flags []string) (string, int) {
	return func(w *writing, prelude string, flags []string) (string, int) {
		return w.sh(prelude, "", slices.Concat(args, flags)...)
	}
}

const aRequest = "GET / HTTP/1.0\r\n\r\n"

// serving runs a verb that listens, has do talk to it, and interrupts it. If it ends before
// it listens, that is all.
func (w *writing) serving(prelude string, args []string, do func(port string)) (said string, status int) {
	j, port, err := clitest.Launch(w.shell(prelude, args...), regexp.MustCompile(`(?:on |http://)127\.0\.0\.1:(\d+)`))
	if j == nil {
		w.t.Fatal(err)
	}
	defer j.Kill()
	if err != nil {
		return j.Printed(), w.status(<-j.Ended)
	}
	do(port)
	err = j.Interrupt()
	return j.Printed(), w.status(err)
}

func (w *writing) server(prelude string, flags []string) (string, int) {
	return w.serving(prelude, append([]string{"server", "--accept", "127.0.0.1:0", "--www", "--cadir", "ca"}, flags...), w.ask)
}

// ask makes a request, which must be answered.
func (w *writing) ask(port string) {
	w.t.Helper()
	if out, status := w.sh("", aRequest, "client", "--connect", "127.0.0.1:"+port, "--insecure", "--quiet"); status != 0 || !strings.Contains(out, "200 OK") {
		w.t.Errorf("a client got status %d and\n%s", status, out)
	}
}

func (w *writing) client(prelude string, flags []string) (said string, status int) {
	w.serving("", []string{"server", "--accept", "127.0.0.1:0", "--www", "--cadir", "ca", "--quiet"}, func(port string) {
		said, status = w.sh(prelude, aRequest, append([]string{"client", "--connect", "127.0.0.1:" + port, "--CAfile", "ca/ca.pem"}, flags...)...)
	})
	return said, status
}

func (w *writing) proxy(prelude string, flags []string) (said string, status int) {
	if slices.Contains(flags, "--out") { // which is a page's
		flags = append([]string{"--format", "html", "--show", "1"}, flags...)
	}
	w.serving("", []string{"server", "--accept", "127.0.0.1:0", "--www", "--cadir", "ca", "--quiet"}, func(port string) {
		said, status = w.serving(prelude, append([]string{"proxy", "--listen", "127.0.0.1:0", "--mode", "reverse:https://localhost:" + port,
			"--upstream-CAfile", "ca/ca.pem", "--confdir", "px"}, flags...), w.ask)
	})
	return said, status
}

func (w *writing) web(prelude string, flags []string) (said string, status int) {
	return w.serving(prelude, append([]string{"web", "--listen", "127.0.0.1:0"}, flags...), func(port string) {
		r, err := http.Get("http://127.0.0.1:" + port + "/?tls=1.3&seed=7&lang=en")
		if err != nil {
			w.t.Error(err)
			return
		}
		defer r.Body.Close()
		if b, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(b), "ClientHello") {
			w.t.Errorf("%s, %v, and no lesson in %d bytes", r.Status, err, len(b))
		}
	})
}

// explain reads a capture that run has written, with the secrets inside.
func (w *writing) explain(prelude string, flags []string) (said string, status int) {
	if said, status := w.sh("", "", "run", "--tls", "1.3", "--pcap", "lesson.pcapng", "--brief"); status != 0 {
		w.t.Fatal(said)
	}
	return w.sh(prelude, "", slices.Concat([]string{"explain", "lesson.pcapng", "--show", "1", "--lang", "en"}, flags)...)
}

// eachWriting runs a test for each verb of the table.
func eachWriting(t *testing.T, do func(w *writing, x writes)) {
	for name, x := range written {
		t.Run(name, func(t *testing.T) { do(beginWriting(t), x) })
	}
}

func (x writes) all() []string { return slices.Concat(x.secret, x.open) }

// to are flags with files in a directory, each with its flag's name.
func to(dir string, flags []string) (args []string) {
	for _, f := range flags {
		args = append(args, "--"+f, filepath.Join(dir, f))
	}
	return args
}

func (w *writing) holdsSomething(file string, mode fs.FileMode) {
	w.t.Helper()
	info, err := os.Lstat(w.path(file))
	if err != nil {
		w.t.Error(err)
		return
	}
	if info.Mode() != mode || info.Size() == 0 {
		w.t.Errorf("%s has mode %v and %d bytes, want %v", file, info.Mode(), info.Size(), mode)
	}
}

// TestWrittenModes: with the usual umask what holds secrets is its owner's alone, also where
// it was not before, and then that is said. Nothing else is left beside it.
func TestWrittenModes(t *testing.T) {
	eachWriting(t, func(w *writing, x writes) {
		for _, there := range []bool{false, true} {
			dir := "fresh"
			if there {
				dir = "there"
			}
			if err := os.Mkdir(w.path(dir), 0o755); err != nil {
				w.t.Fatal(err)
			}
			for _, f := range x.all() {
				if there {
					w.put(filepath.Join(dir, f), "old\n", 0o644)
				}
			}
			said, status := x.run(w, "", to(dir, x.all()))
			if status != 0 {
				w.t.Errorf("status %d:\n%s", status, said)
			}
			for _, f := range x.secret {
				w.holdsSomething(filepath.Join(dir, f), 0o600)
				if got := strings.Count(said, filepath.Join(dir, f)+" was open to others (mode 0644)"); got == 1 != there {
					w.t.Errorf("there before: %t, and it was said %d times that --%s was open:\n%s", there, got, f, said)
				}
			}
			for _, f := range x.open {
				w.holdsSomething(filepath.Join(dir, f), 0o644)
			}
			if list, err := os.ReadDir(w.path(dir)); err != nil || len(list) != len(x.all()) {
				w.t.Errorf("beside them: %v, %v", list, err)
			}
		}
	})
}

// TestWrittenLinks: a symbolic link stays one, and the file is where it leads.
func TestWrittenLinks(t *testing.T) {
	eachWriting(t, func(w *writing, x writes) {
		for _, dir := range []string{"links", "files"} {
			if err := os.Mkdir(w.path(dir), 0o755); err != nil {
				w.t.Fatal(err)
			}
		}
		for _, f := range x.all() {
			if err := os.Symlink("../files/"+f, w.path("links/"+f)); err != nil {
				w.t.Fatal(err)
			}
		}
		if said, status := x.run(w, "", to("links", x.all())); status != 0 {
			w.t.Errorf("status %d:\n%s", status, said)
		}
		for _, f := range x.all() {
			if info, err := os.Lstat(w.path("links/" + f)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				w.t.Errorf("--%s: the link is %v, %v", f, info.Mode(), err)
			}
			mode := fs.FileMode(0o600)
			if slices.Contains(x.open, f) {
				mode = 0o644
			}
			w.holdsSomething("files/"+f, mode)
		}
	})
}

// TestWrittenFIFOs: a FIFO gets what a file would, and stays a FIFO.
func TestWrittenFIFOs(t *testing.T) {
	eachWriting(t, func(w *writing, x writes) {
		var wg sync.WaitGroup
		var held []*os.File
		for _, f := range x.all() {
			if err := syscall.Mkfifo(w.path(f), 0o644); err != nil {
				w.t.Fatal(err)
			}
			h, err := os.OpenFile(w.path(f), os.O_RDWR, 0) // else the reader of one that nobody writes to waits for ever
			if err != nil {
				w.t.Fatal(err)
			}
			held = append(held, h)
			r, err := os.Open(w.path(f))
			if err != nil {
				w.t.Fatal(err)
			}
			wg.Go(func() {
				if b, err := io.ReadAll(r); err != nil || len(b) == 0 {
					w.t.Errorf("--%s: %d bytes, %v", f, len(b), err)
				}
				_ = r.Close()
			})
		}
		if said, status := x.run(w, "", to("", x.all())); status != 0 {
			w.t.Errorf("status %d:\n%s", status, said)
		}
		for _, h := range held {
			_ = h.Close()
		}
		wg.Wait()
		for _, f := range x.all() {
			if info, err := os.Lstat(w.path(f)); err != nil || info.Mode() != fs.ModeNamedPipe|0o644 {
				w.t.Errorf("--%s: the FIFO is %v, %v", f, info.Mode(), err)
			}
		}
	})
}

// TestWrittenFull: a full disk is said, once for each file, with the flag; the status is 1.
// It ends nothing where the file grows. Of the others none is there, or the old one.
func TestWrittenFull(t *testing.T) {
	full := fullDevice(t)
	for prelude, why := range map[string]string{"": "no space left on device", "ulimit -f 0;": "file too large"} {
		eachWriting(t, func(w *writing, x writes) {
			file := func(f string) string {
				if prelude == "" {
					return full
				}
				return w.path(f)
			}
			run := func(flags []string) string {
				var args []string
				for _, f := range flags {
					args = append(args, "--"+f, file(f))
				}
				said, status := x.run(w, prelude, args)
				if status != 1 {
					w.t.Errorf("%s %v: status %d:\n%s", prelude, flags, status, said)
				}
				for _, f := range flags {
					if got := strings.Count(said, "--"+f+" "+file(f)+": "+why); got != 1 {
						w.t.Errorf("%s --%s: said %d times:\n%s", prelude, f, got, said)
					}
				}
				return said
			}
			if len(x.late) > 0 {
				run(x.late)
			}
			for _, f := range x.all() {
				if slices.Contains(x.late, f) {
					continue
				}
				if prelude == "" {
					run([]string{f})
					continue
				}
				run([]string{f})
				if _, err := os.Lstat(w.path(f)); !errors.Is(err, fs.ErrNotExist) && f != "pcap" {
					w.t.Errorf("--%s: there is a file: %v", f, err)
				}
				w.put(f, "old\n", 0o600)
				run([]string{f})
				if b, err := os.ReadFile(w.path(f)); string(b) != "old\n" && f != "pcap" {
					w.t.Errorf("--%s: it holds %q, %v", f, b, err)
				}
			}
			if info, err := os.Stat(full); err != nil || info.Mode() != fs.ModeDevice|fs.ModeCharDevice|0o666 {
				w.t.Fatalf("the device is %v, %v", info.Mode(), err)
			}
			for _, e := range dirEntries(w.t, w.dir) {
				if strings.HasPrefix(e, ".") || strings.HasSuffix(e, ".twin") {
					w.t.Errorf("%s lies about", e)
				}
			}
		})
	}
}

// fullDevice is a device that is always full: root, who could replace the system's, gets
// one to itself.
func fullDevice(t *testing.T) string {
	t.Helper()
	const theirs = "/dev/full"
	if os.Geteuid() != 0 {
		return theirs
	}
	own := filepath.Join(t.TempDir(), "full")
	err := errors.Join(syscall.Mknod(own, syscall.S_IFCHR, 1<<8|7), os.Chmod(own, 0o666))
	if f, oerr := os.OpenFile(own, os.O_WRONLY, 0); err == nil && oerr == nil {
		_ = f.Close()
		return own
	}
	_ = os.Remove(own) // devices cannot be made here, or do not work
	if err := os.Symlink(theirs, own); err != nil {
		t.Fatal(err)
	}
	return own
}

func dirEntries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestWrittenToStdout: /dev/stdout is standard output, and a file that it is led to keeps
// what is in it.
func TestWrittenToStdout(t *testing.T) {
	w := beginWriting(t)
	w.put("o", "before\n", 0o644)
	for _, flag := range []string{"--out", "--answers", "--keylogfile"} {
		args := []string{"run", "--kx", "ecdhe", "--tls", "1.2", "--lang", "en", flag, "/dev/stdout"}
		said, status := w.sh("exec >>o;", "", args...)
		b, err := os.ReadFile(w.path("o"))
		if status != 0 || err != nil || !strings.HasPrefix(string(b), "before\n") || len(b) < 100 {
			t.Errorf("%s: status %d, %v, and then there is\n%s\n%s", flag, status, err, b, said)
		}
		w.put("o", "before\n", 0o644)
	}
	if info, err := os.Lstat(w.path("o")); err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
