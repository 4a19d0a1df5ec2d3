package lesson

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/render"
)

// stepper waits for Enter before each move, and says what may legally happen; keys.go has what
// else can be typed there. When its input ends, the lesson goes on without it.
//
// It is asked before each Step of an endpoint, and many a Step only finds that there
// is nothing to do. So a move begins for it at the first event that a Step emits: the
// events of the move are then still to be shown. Of some moves nothing is shown, and
// nobody wants to press Enter for that. So the transcript is written through the stepper,
// which waits when the first line of a move comes by.
type stepper struct {
	term    *render.Terminal // nil if the transcript is not shown as it happens
	to      io.Writer        // where it is shown
	in      *bufio.Reader    // nil once it has ended
	prompt  io.Writer
	options render.TerminalOptions

	endpoint *handshake.Endpoint // about to Step
	begun    bool                // this Step has emitted an event
	opened   bool                // the last Step opened a record, whose message is still to be read
	due      []byte              // the prompt for the move at hand, as long as nothing of it was shown
	role     event.Role          // whose move that is
	state    event.State         // and where it stands
	err      error

	shown bytes.Buffer     // since the last prompt
	deep  *render.Terminal // tells the same with every byte; nil if term is
	bytes bytes.Buffer     // what it has told since the last prompt
	past  []told           // what stands between two prompts, in order
	back  int              // how far back the reader is: 1 is the last of past
	seek  string           // what to go on to, without a prompt; "" for none
	last  string           // what was looked for last
}

// told is what was shown between two prompts, and the same with every byte.
type told struct{ shown, bytes string }

// errQuit is why a lesson ends that its reader has stopped.
var errQuit = errors.New("stopped")

// newStepper returns one whose transcript goes to w, which is nil if it is not shown as
// it happens. Whoever makes a Terminal that writes to the stepper tells it by show.
func newStepper(w io.Writer, in io.Reader, prompt io.Writer, o render.TerminalOptions) *stepper {
	return &stepper{to: w, in: bufio.NewReader(in), prompt: prompt, options: o}
}

// show takes the Terminal that writes to s, and a way to make another.
func (s *stepper) show(term *render.Terminal, another func(io.Writer, render.TerminalOptions) *render.Terminal) {
	s.term = term
	o := s.options
	o.Level = render.Bytes
	s.deep = another(&s.bytes, o)
}

// beforeMove is scenario.Options.BeforeMove.
func (s *stepper) beforeMove(e *handshake.Endpoint) error {
	s.endpoint, s.begun = e, false
	return s.err
}

// Event passes the event on; if a move begins with it, there is something to wait for.
func (s *stepper) Event(e event.Event) {
	_, idle := e.(*event.Stop)
	_, scene := e.(event.Scene)
	_, onlooked := e.(*event.Onlooked) // no move, and nothing that is shown
	switch {
	case idle, onlooked:
	case !scene && s.begins(e):
		s.announce()
	case s.due != nil && (scene || e.Head().State == event.Connected):
		s.settle() // this is no move of the handshake: it is shown without waiting
	}
	if s.term != nil {
		s.term.Event(e)
		s.deep.Event(e) // behind the other, which may wait before it shows what was before e
	}
}

// begins reports whether e is the first of a move of the handshake. Opening a record
// and reading the message in it are two Steps, and one move to a reader.
func (s *stepper) begins(e event.Event) bool {
	if s.begun || s.endpoint == nil || s.endpoint.Done() || s.endpoint.Err() != nil {
		return false
	}
	s.begun = true
	record, isRecord := e.(*event.Record)
	opened := s.opened
	s.opened = isRecord && record.Dir == event.Receive
	return s.opened || !opened
}

// announce shows what was, and makes ready to say what may come.
func (s *stepper) announce() {
	s.settle()
	if s.in == nil || s.err != nil {
		return
	}
	var b bytes.Buffer
	s.err = render.StepPrompt(&b, s.endpoint.Role(), s.endpoint.State(), s.endpoint.Legal(), s.options)
	s.role, s.state = s.endpoint.Role(), s.endpoint.State()
	if s.due = b.Bytes(); s.term == nil {
		s.wait()
	}
}

// settle ends the move at hand: what there is to show of it is shown.
func (s *stepper) settle() {
	if s.term != nil && s.err == nil {
		if err := s.term.Flush(); s.err == nil { // or its reader has stopped it meanwhile
			s.err = err
		}
		_ = s.deep.Flush() // into memory
	}
	s.due = nil
}

// Write is the transcript's way out. Whoever has stopped it sees no more of it.
func (s *stepper) Write(p []byte) (int, error) {
	s.wait()
	if errors.Is(s.err, errQuit) {
		return len(p), nil
	}
	if s.in != nil {
		s.shown.Write(p)
	}
	return s.to.Write(p)
}

// wait says what may come, if that is due, and does what is asked for until it is to go on.
func (s *stepper) wait() {
	if s.due == nil || s.err != nil || s.in == nil {
		return
	}
	prompt := s.due
	s.due = nil
	s.past = append(s.past, told{s.shown.String(), s.bytes.String()})
	s.shown.Reset()
	s.bytes.Reset()
	s.back = 1
	if s.seek != "" {
		if !contains(s.past[len(s.past)-1].shown, s.seek) {
			return
		}
		s.seek = ""
	}
	if _, s.err = s.prompt.Write(prompt); s.err != nil {
		return
	}
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			s.in = nil
		}
		if s.key(strings.TrimSpace(line)) || s.err != nil || s.in == nil {
			return
		}
	}
}

// contains reports whether a text has the words, in capitals or not, and broken into lines or not.
func contains(text, words string) bool {
	fold := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	return strings.Contains(fold(text), fold(words))
}
