package cli

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"

	"github.com/spf13/cobra"

	"tlslab/handshake/render/sheet"
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
	to            *os.File
	rows, columns int // of the terminal
	command       string

	held     bytes.Buffer // as long as it could all be on the screen, or the program may not have begun to read
	counted  int          // bytes of it, of whole lines
	taken    int          // rows that these take
	cmd      *exec.Cmd    // once it was started
	in       io.WriteCloser
	accepted int            // bytes that the pipe to it took
	left     bool           // the reader has left: nobody wants the rest
	failed   bool           // there is no such program: the terminal gets it all
	keys     chan os.Signal // Ctrl-C is for the pager as long as it runs
}

// begun is how many bytes are taken only by a program that has begun to read: no pipe holds more.
const begun = 1 << 20

// newPager returns a pager of a terminal, or nil if none is wanted, or the terminal does not say how high it is.
func newPager(to *os.File) *pager {
	p := &pager{to: to, rows: Rows(to), columns: Columns(to), command: pagerCommand()}
	if p.rows <= 0 || p.command == "" {
		return nil
	}
	return p
}

func (p *pager) Write(b []byte) (int, error) {
	switch {
	case p.failed:
		return p.to.Write(b)
	case p.cmd != nil:
		return len(b), p.pass(b)
	}
	p.held.Write(b)
	if p.fits() {
		return len(b), nil
	}
	if err := p.start(); err != nil {
		return len(b), p.fail()
	}
	whole := bytes.Clone(p.held.Bytes())
	p.held.Reset()
	return len(b), p.pass(whole)
}

// fits reports whether what is held could all be on the screen. A row is for the shell's prompt.
func (p *pager) fits() bool {
	for {
		line, _, whole := bytes.Cut(p.held.Bytes()[p.counted:], []byte("\n"))
		n := rowsOf(string(line), p.columns)
		if !whole {
			return p.taken+n-1 < p.rows
		}
		p.taken, p.counted = p.taken+n, p.counted+len(line)+1
	}
}

// rowsOf is how many rows of a terminal a line takes, in which colours have no width. A terminal
// that does not say how wide it is has room for it in one.
func rowsOf(line string, columns int) int {
	rows, at := 1, 0
	colour := false // within an escape sequence, ESC [ … m
	for _, r := range line {
		if colour = colour || r == '\x1b'; colour {
			colour = r != 'm'
			continue
		}
		w := sheet.Width(string(r))
		if r == '\t' {
			w = 8 - at%8
		}
		if at += w; columns > 0 && at > columns {
			rows, at = rows+1, w
		}
	}
	return rows
}

// pass hands b to the program. That its reader has quit is no fault of anybody's.
func (p *pager) pass(b []byte) error {
	if p.left {
		return nil
	}
	if !p.reads() {
		p.held.Write(b)
	}
	n, err := p.in.Write(b)
	if p.accepted += n; p.reads() {
		p.held = bytes.Buffer{}
	}
	if err != nil {
		return p.ends()
	}
	return nil
}

// reads reports whether it is certain that the program has begun to read.
func (p *pager) reads() bool { return p.accepted > begun }

// ends waits until the program has ended. How it ends says nothing about the transcript, except
// where the shell says that it could not be had.
func (p *pager) ends() error {
	_ = p.in.Close() // the pipe may be broken by now
	_ = p.cmd.Wait()
	signal.Stop(p.keys)
	p.left = true
	// "If a command is not found, the exit status shall be 127. If the command name is found, but it
	// is not an executable utility, the exit status shall be 126." (POSIX, Shell Command Language, 2.8.2)
	if status := p.cmd.ProcessState.ExitCode(); (status == 126 || status == 127) && !p.reads() {
		return p.fail()
	}
	p.held = bytes.Buffer{}
	return nil
}

// fail writes what is held to the terminal, where the rest goes too.
func (p *pager) fail() error {
	p.failed = true
	_, err := p.held.WriteTo(p.to)
	return err
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
	switch {
	case p.failed || p.left:
		return nil
	case p.cmd == nil:
		return p.fail()
	}
	return p.ends()
}
