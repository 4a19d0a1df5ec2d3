package cli

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"

	"github.com/spf13/cobra"
)

// Paging is whether a long transcript goes through a pager on a terminal, as git does it.
type Paging struct {
	NoPager bool

	pages bool // the verb writes a transcript and ends
}

// PagerFlag adds the flag of a verb that writes a transcript and ends. One that goes on as its
// peer does has no pager: it would hold back what happens now.
func (p *Paging) PagerFlag(cmd *cobra.Command) {
	p.pages = true
	cmd.Flags().BoolVar(&p.NoPager, "no-pager", false, "do not start $PAGER, even where the transcript is longer than the terminal")
}

// pagerCommand is what PAGER asks for, a command for the shell; less if it does not say. It is ""
// for none: PAGER is empty or cat, or there is no less.
func pagerCommand() string {
	command, set := os.LookupEnv("PAGER")
	if !set {
		if _, err := exec.LookPath("less"); err != nil {
			return ""
		}
		return "less"
	}
	if command == "cat" {
		return ""
	}
	return command
}

// pager is a writer to a terminal. What is no longer than the screen it writes there, at the
// end; what is longer goes to a program, which is started when that is known.
type pager struct {
	to      *os.File
	rows    int // of the terminal
	command string

	held  bytes.Buffer // as long as it could all be on the screen
	lines int          // in it
	cmd   *exec.Cmd    // once it was started
	in    io.WriteCloser
	left  bool           // the reader has left: nobody wants the rest
	keys  chan os.Signal // Ctrl-C is for the pager as long as it runs
}

// newPager returns a pager of a terminal, or nil if none is wanted, or the terminal does not say how high it is.
func newPager(to *os.File) *pager {
	p := &pager{to: to, rows: Rows(to), command: pagerCommand()}
	if p.rows <= 0 || p.command == "" {
		return nil
	}
	return p
}

func (p *pager) Write(b []byte) (int, error) {
	if p.cmd == nil {
		p.held.Write(b)
		if p.lines += bytes.Count(b, []byte("\n")); p.lines < p.rows { // a row is for the shell's prompt
			return len(b), nil
		}
		if err := p.start(); err != nil {
			p.rows = int(^uint(0) >> 1) // so it cannot be had: to the terminal, then, as it is
			return len(b), nil
		}
		_, err := p.pass(p.held.Bytes())
		p.held.Reset()
		return len(b), err
	}
	return p.pass(b)
}

// pass hands b to the program. That its reader has quit is no fault of anybody's.
func (p *pager) pass(b []byte) (int, error) {
	if !p.left {
		_, err := p.in.Write(b)
		p.left = err != nil
	}
	return len(b), nil
}

// start starts the program. Less is told, unless its user has told it otherwise, to show colours
// (R), to end at once if all is on the screen (F), and to leave it there (X).
func (p *pager) start() error {
	cmd := exec.Command("sh", "-c", p.command)
	cmd.Stdout, cmd.Stderr = p.to, os.Stderr
	if _, set := os.LookupEnv("LESS"); !set {
		cmd.Env = append(os.Environ(), "LESS=FRX")
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	p.keys = make(chan os.Signal, 1)
	signal.Notify(p.keys, os.Interrupt)
	if err := cmd.Start(); err != nil {
		signal.Stop(p.keys)
		return err
	}
	p.cmd, p.in = cmd, in
	return nil
}

// Close writes what was held back, or waits until the reader has left the program.
func (p *pager) Close() error {
	if p.cmd == nil {
		_, err := p.to.Write(p.held.Bytes())
		return err
	}
	_ = p.in.Close() // the pipe may be broken by now
	_ = p.cmd.Wait() // how the program ends says nothing about the transcript
	signal.Stop(p.keys)
	return nil
}
