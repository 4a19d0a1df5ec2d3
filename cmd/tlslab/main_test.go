package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
	"tlslab/pki"
)

// The command is tested as it is used: scripts in testdata run it, look at what it
// says and at its exit status, and have it talk to other programs where there are any.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tlslab": main,
		"crypto-tls": peerCommand(serveCryptoTLS), "goproxy": peerCommand(serveGoproxy), "tcp-relay": peerCommand(serveRelay)})
}

func TestScripts(t *testing.T) {
	holdTaken(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "C")
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each program lingers for a second under -race
			env.Values[jobsKey{}] = jobs{}
			return nil
		},
		Condition: peerOnPath,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"start": start, "await": await, "interrupt": interrupt, "sigkill": sigkill, "freeport": freePort, "mode": mode, "damage": damage,
			"status1": status(1), "status2": status(2)},
	})
}

// peerOnPath is the condition peer:PROGRAM. Where CI is set a missing peer is a
// failure, not a reason to skip. curl-idn is a curl that knows names beyond ASCII.
func peerOnPath(cond string) (bool, error) {
	if cond == "curl-idn" {
		out, err := exec.Command("curl", "--version").Output()
		return err == nil && strings.Contains(string(out), " IDN"), nil
	}
	name, ok := strings.CutPrefix(cond, "peer:")
	if !ok {
		return false, fmt.Errorf("no such condition: %s", cond)
	}
	_, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		return false, fmt.Errorf("CI is true, and %w", err)
	}
	return err == nil, nil
}

type (
	jobsKey struct{}
	jobs    map[string]*job
)

// job is a program in the background.
type job struct {
	cmd    *exec.Cmd
	ended  chan error // its reader's end
	reader *io.PipeReader

	mu   sync.Mutex
	more *sync.Cond      // a line was printed, or the last one was
	out  strings.Builder // standard output and error
	over bool
}

// start NAME PATTERN STDIN PROGRAM ARG… runs a program until it has printed a line
// that matches, and lets it run on. $NAME is the pattern's first group. STDIN is a
// file, - for none, or held for one that says nothing and does not end.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: start NAME PATTERN STDIN PROGRAM ARG…")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	cmd := exec.Command(lookup(ts, args[3]), args[4:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "LC_ALL", "GORACE"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	switch args[2] {
	case "-":
	case "held":
		in, held, err := os.Pipe()
		ts.Check(err)
		cmd.Stdin = in
		ts.Defer(func() { _, _ = in.Close(), held.Close() })
	default:
		in, err := os.Open(ts.MkAbs(args[2]))
		ts.Check(err)
		cmd.Stdin = in
	}
	j, group, err := launch(cmd, pattern)
	if j != nil {
		ts.Value(jobsKey{}).(jobs)[args[0]] = j
		ts.Defer(j.kill)
	}
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	ts.Setenv(args[0], group)
}

// launch starts a program and waits until it has printed a line that matches; group is
// the pattern's last.
func launch(cmd *exec.Cmd, pattern *regexp.Regexp) (j *job, group string, err error) {
	j = &job{cmd: cmd, ended: make(chan error, 1)}
	j.more = sync.NewCond(&j.mu)
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr, j.reader = w, w, r
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	matched := make(chan string, 1)
	go j.read(pattern, matched)
	go func() { _ = w.CloseWithError(cmd.Wait()) }()
	group, ok := <-matched
	if !ok {
		return j, "", fmt.Errorf("ended without printing %q:\n%s", pattern, j.printed())
	}
	return j, group, nil
}

// kill ends the job at once. Killing what has been stopped is an error of no interest.
func (j *job) kill() { _ = j.cmd.Process.Kill() }

// read collects what the job prints; matched gets the first match, or is closed.
func (j *job) read(pattern *regexp.Regexp, matched chan<- string) {
	lines := bufio.NewReader(j.reader)
	waiting := true
	for {
		line, err := lines.ReadString('\n')
		j.mu.Lock()
		j.out.WriteString(line)
		j.over = err != nil
		j.more.Broadcast()
		j.mu.Unlock()
		if m := pattern.FindStringSubmatch(line); waiting && m != nil {
			waiting = false
			matched <- m[len(m)-1]
		}
		if err != nil {
			close(matched)
			if err == io.EOF {
				err = nil
			}
			j.ended <- err
			return
		}
	}
}

// printed is what the job has printed so far.
func (j *job) printed() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.String()
}

// await NAME PATTERN waits until a job has printed what matches: what a peer did may
// reach it after the peer has ended.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	if err := ts.Value(jobsKey{}).(jobs)[args[0]].await(pattern); err != nil {
		ts.Fatalf("%s %v", args[0], err)
	}
}

// await waits until the job has printed what matches.
func (j *job) await(pattern *regexp.Regexp) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	hangs := false
	defer time.AfterFunc(patience, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		hangs = true
		j.more.Broadcast()
	}).Stop()
	for !pattern.MatchString(j.out.String()) {
		if j.over {
			return fmt.Errorf("ended without printing %q:\n%s", pattern, j.out.String())
		}
		if hangs {
			return fmt.Errorf("has not printed %q:\n%s", pattern, j.out.String())
		}
		j.more.Wait()
	}
	return nil
}

// interrupt NAME interrupts a job, which must take it well, and writes what it printed to
// the file NAME.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	j := ts.Value(jobsKey{}).(jobs)[args[0]]
	err := j.interrupt()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(j.printed()), 0o600))
	if !neg && err != nil {
		ts.Fatalf("%s ended badly: %v\n%s", args[0], err, j.printed())
	}
}

// interrupt interrupts the job, and returns how it ended.
func (j *job) interrupt() error {
	if err := j.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return <-j.ended
}

// sigkill NAME ends a job so that it cannot say or write another word.
func sigkill(ts *testscript.TestScript, _ bool, args []string) {
	j := ts.Value(jobsKey{}).(jobs)[args[0]]
	j.kill()
	<-j.ended
}

// lookup finds a program on the script's PATH, where tlslab is.
func lookup(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
	}
	ts.Fatalf("%s is not on PATH", name)
	return ""
}

// freePort NAME sets $NAME to a port that was free a moment ago, for programs that
// cannot say which one they took.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], port)
}

// mode FILE OCTAL checks a file's permissions.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// damage FILE AT COPY copies a file with one bit changed at an offset, or, with -1, without
// its last byte.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		b = b[:len(b)-1]
	} else {
		b[at] ^= 1
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), b, 0o600))
}

// Every sentence of ours that the code says is there in every language, and every one
// that is there is said.
func TestSentences(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	inTable := regexp.MustCompile(`"(proxy(?:_[a-z0-9]+)+)"`)
	used := map[string]bool{}
	said := regexp.MustCompile(`(?:say(?:Both)?|told|c\.say)\([^"\n]*"([a-z_]+)"|label\("cmd\.([a-z_]+)"\)`)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(src), -1) {
			used["cmd."+m[1]+m[2]] = true
		}
		for _, m := range inTable.FindAllStringSubmatch(string(src), -1) {
			used["cmd."+m[1]] = true
		}
	}
	for _, c := range proxy.Causes() {
		used["cmd.proxy_cause_"+string(c)] = true
	}
	for _, f := range pki.PEMFaults() {
		used["cmd.pem_"+string(f)] = true
	}
	used["cmd.pem_only"] = true // PEMNothing, where there is something else
	for _, w := range proxy.Warnings() {
		used["cmd.proxy_warning_"+string(w)] = true
	}
	for _, side := range []proxy.Side{proxy.SideClient, proxy.SideServer, proxy.SideProxy} {
		used["cmd.proxy_side_"+string(side)] = true
	}
	for _, kind := range []proxy.Kind{proxy.Bytes, proxy.Untouched, proxy.Failure} {
		used["cmd.proxy_kind_"+string(kind)] = true
	}
	for _, l := range narrate.Langs() {
		for key := range used {
			if _, ok := narrate.Get(l, narrate.UI, key); !ok {
				t.Errorf("%s: nothing to say for %s", l, key)
			}
		}
	}
	for _, key := range narrate.Keys(narrate.UI) {
		if strings.HasPrefix(key, "cmd.") && !used[key] {
			t.Errorf("%s is never said", key)
		}
	}
	if len(used) < 20 {
		t.Errorf("found only %d sentences in the source: has the pattern gone stale?", len(used))
	}
}

// status N PROGRAM ARG… runs a program that must end with status N.
func status(n int) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := ts.Exec(args[0], args[1:]...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != n {
			ts.Fatalf("%v, want status %d", err, n)
		}
	}
}
