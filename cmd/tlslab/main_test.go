package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
	mitmrelay "tlslab/handshake/mitm/relay"
	"tlslab/handshake/narrate"
	"tlslab/pki"
)

// The command is tested as it is used: scripts in testdata run it, look at what it
// says and at its exit status, and have it talk to other programs where there are any.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tlslab": main,
		"crypto-tls": peerCommand(serveCryptoTLS("http/1.1")), "crypto-tls-h2": peerCommand(serveCryptoTLS("h2")), "goproxy": peerCommand(serveGoproxy), "tcp-relay": peerCommand(serveRelay)})
}

func TestScripts(t *testing.T) {
	t.Parallel() // as its scripts are: with the tests that wait for a server
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
		Condition: clitest.PeerOnPath,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"start": start, "await": await, "interrupt": interrupt, "sigkill": sigkill, "freeport": freePort, "mode": mode, "damage": damage,
			"status1": status(1), "status2": status(2)},
	})
}

type (
	jobsKey struct{}
	jobs    map[string]*clitest.Job
)

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
	for _, name := range []string{"PATH", "HOME", "LC_ALL", "GORACE", "SSLKEYLOGFILE"} {
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
	j, group, err := clitest.Launch(cmd, pattern)
	if j != nil {
		ts.Value(jobsKey{}).(jobs)[args[0]] = j
		ts.Defer(j.Kill)
	}
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	ts.Setenv(args[0], group)
}

// await NAME PATTERN waits until a job has printed what matches: what a peer did may
// reach it after the peer has ended.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	if err := ts.Value(jobsKey{}).(jobs)[args[0]].Await(pattern); err != nil {
		ts.Fatalf("%s %v", args[0], err)
	}
}

// interrupt NAME interrupts a job, which must take it well, and writes what it printed to
// the file NAME.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	j := ts.Value(jobsKey{}).(jobs)[args[0]]
	err := j.Interrupt()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(j.Printed()), 0o600))
	if !neg && err != nil {
		ts.Fatalf("%s ended badly: %v\n%s", args[0], err, j.Printed())
	}
}

// sigkill NAME ends a job so that it cannot say or write another word.
func sigkill(ts *testscript.TestScript, _ bool, args []string) {
	j := ts.Value(jobsKey{}).(jobs)[args[0]]
	j.Kill()
	<-j.Ended
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
	var files []string
	err := filepath.WalkDir(".", func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".go") {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	inTable := regexp.MustCompile(`"(proxy(?:_[a-z0-9]+)+)"`)
	used := map[string]bool{}
	said := regexp.MustCompile(`(?:[sS]ay(?:Both)?|[tT]old(?:Unusable)?)\([^"\n]*"([a-z_]+)"|label\("cmd\.([a-z_]+)"\)`)
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
	for _, k := range proxy.ChangeKinds() {
		used["cmd.proxy_change_"+string(k)] = true
	}
	for _, s := range []proxy.Side{proxy.SideClient, proxy.SideServer} {
		used["cmd.proxy_change_of_"+string(s)] = true
	}
	for _, n := range mitmrelay.Notes() {
		used["cmd.proxy_note_"+string(n)] = true
	}
	for _, r := range mitmrelay.Rules() {
		used["cmd.proxy_rule_"+string(r)] = true
	}
	for _, w := range proxy.NoRequestWhys() {
		used["cmd.proxy_no_request_"+string(w)] = true
	}
	for _, p := range proxy.Phases() {
		used["cmd.proxy_phase_"+string(p)] = true
	}
	for _, w := range []proxy.What{proxy.WhatClosed, proxy.WhatCut, proxy.WhatReset, proxy.WhatBroken, proxy.WhatGoAway, proxy.WhatStreamReset, proxy.WhatAway} {
		used["cmd.proxy_end_"+string(w)] = true
	}
	for _, side := range []proxy.Side{proxy.SideClient, proxy.SideServer, proxy.SideProxy, proxy.SideUpstream} {
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
