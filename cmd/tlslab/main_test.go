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
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tlslab/handshake/narrate"
)

// The command is tested as it is used: scripts in testdata run it, look at what it
// says and at its exit status, and have it talk to other programs where there are any.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tlslab": main})
}

func TestScripts(t *testing.T) {
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"start": start, "await": await, "interrupt": interrupt, "freeport": freePort, "mode": mode,
			"status1": status(1), "status2": status(2)},
	})
}

// peerOnPath is the condition peer:PROGRAM. Where CI is set a missing peer is a
// failure, not a reason to skip.
func peerOnPath(cond string) (bool, error) {
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
// file, or - for none.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: start NAME PATTERN STDIN PROGRAM ARG…")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	j := &job{cmd: exec.Command(lookup(ts, args[3]), args[4:]...), ended: make(chan error, 1)}
	j.more = sync.NewCond(&j.mu)
	j.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "LC_ALL", "GORACE"} {
		j.cmd.Env = append(j.cmd.Env, name+"="+ts.Getenv(name))
	}
	if args[2] != "-" {
		in, err := os.Open(ts.MkAbs(args[2]))
		ts.Check(err)
		j.cmd.Stdin = in
	}
	r, w := io.Pipe()
	j.cmd.Stdout, j.cmd.Stderr, j.reader = w, w, r
	ts.Check(j.cmd.Start())
	ts.Value(jobsKey{}).(jobs)[args[0]] = j
	ts.Defer(func() {
		// Killing what has been stopped is an error of no interest.
		_ = j.cmd.Process.Kill()
	})
	matched := make(chan string, 1)
	go j.read(pattern, matched)
	go func() { _ = w.CloseWithError(j.cmd.Wait()) }()
	group, ok := <-matched
	if !ok {
		ts.Fatalf("%s ended without printing %q:\n%s", args[0], args[1], j.printed())
	}
	ts.Setenv(args[0], group)
}

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
	j := ts.Value(jobsKey{}).(jobs)[args[0]]
	j.mu.Lock()
	defer j.mu.Unlock()
	for !pattern.MatchString(j.out.String()) {
		if j.over {
			ts.Fatalf("%s ended without printing %q:\n%s", args[0], args[1], j.out.String())
		}
		j.more.Wait()
	}
}

// interrupt NAME interrupts a job, which must take it well, and writes what it printed to
// the file NAME.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	j := ts.Value(jobsKey{}).(jobs)[args[0]]
	ts.Check(j.cmd.Process.Signal(os.Interrupt))
	err := <-j.ended
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(j.printed()), 0o600))
	if !neg && err != nil {
		ts.Fatalf("%s ended badly: %v\n%s", args[0], err, j.printed())
	}
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

// Every sentence of ours that the code says is there in every language, and every one
// that is there is said.
func TestSentences(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
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
