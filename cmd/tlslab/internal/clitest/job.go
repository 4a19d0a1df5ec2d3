package clitest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Patience is when we say that something hangs.
const Patience = time.Minute

// PeerOnPath is the condition peer:PROGRAM. Where CI is set a missing peer is a
// failure, not a reason to skip. curl-idn is a curl that knows names beyond ASCII.
func PeerOnPath(cond string) (bool, error) {
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

// Job is a program in the background.
type Job struct {
	cmd    *exec.Cmd
	Ended  chan error // its reader's end
	reader *io.PipeReader

	mu   sync.Mutex
	more *sync.Cond      // a line was printed, or the last one was
	out  strings.Builder // standard output and error
	over bool
}

// Launch starts a program and waits until it has printed a line that matches; group is
// the pattern's last.
func Launch(cmd *exec.Cmd, pattern *regexp.Regexp) (j *Job, group string, err error) {
	j = &Job{cmd: cmd, Ended: make(chan error, 1)}
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
		return j, "", fmt.Errorf("ended without printing %q:\n%s", pattern, j.Printed())
	}
	return j, group, nil
}

// Kill ends the job at once. Killing what has been stopped is an error of no interest.
func (j *Job) Kill() { _ = j.cmd.Process.Kill() }

// read collects what the job prints; matched gets the first match, or is closed.
func (j *Job) read(pattern *regexp.Regexp, matched chan<- string) {
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
			j.Ended <- err
			return
		}
	}
}

// Printed is what the job has printed so far.
func (j *Job) Printed() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.String()
}

// Await waits until the job has printed what matches.
func (j *Job) Await(pattern *regexp.Regexp) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	hangs := false
	defer time.AfterFunc(Patience, func() {
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

// Interrupt interrupts the job, and returns how it ended.
func (j *Job) Interrupt() error {
	if err := j.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return <-j.Ended
}
