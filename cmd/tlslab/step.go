package main

import (
	"bufio"
	"io"

	"tlslab/handshake"
	"tlslab/handshake/render"
)

// stepper waits for Enter before each move, and says what may legally happen. When
// its input ends, the lesson goes on without it.
//
// It is asked before each Step of an endpoint, and many a Step only finds that there
// is nothing to do. So it waits at the first event that a Step emits: the events of
// the move are then still to be shown.
type stepper struct {
	term    *render.Terminal // nil if the transcript is not shown as it happens
	in      *bufio.Reader    // nil once it has ended
	prompt  io.Writer
	options render.TerminalOptions

	endpoint *handshake.Endpoint // about to Step
	waited   bool                // for this Step
	opened   bool                // the last Step opened a record, whose message is still to be read
	err      error
}

func newStepper(term *render.Terminal, in io.Reader, prompt io.Writer, o render.TerminalOptions) *stepper {
	return &stepper{term: term, in: bufio.NewReader(in), prompt: prompt, options: o}
}

// beforeMove is scenario.Options.BeforeMove.
func (s *stepper) beforeMove(e *handshake.Endpoint) error {
	s.endpoint, s.waited = e, false
	return s.err
}

// Event waits, if a move begins here, and passes the event on.
func (s *stepper) Event(e handshake.Event) {
	if _, idle := e.(*handshake.StopEvent); !idle && s.begins(e) {
		s.wait()
	}
	if s.term != nil {
		s.term.Event(e)
	}
}

// begins reports whether e is the first of a move of the handshake. Opening a record
// and reading the message in it are two Steps, and one move to a reader.
func (s *stepper) begins(e handshake.Event) bool {
	if _, scene := e.(*handshake.SceneEvent); scene || s.waited || s.endpoint == nil || s.endpoint.Done() || s.endpoint.Err() != nil {
		return false
	}
	s.waited = true
	record, isRecord := e.(*handshake.RecordEvent)
	opened := s.opened
	s.opened = isRecord && record.Dir == handshake.Receive
	return s.opened || !opened
}

// wait shows what was, says what may come, and reads a line.
func (s *stepper) wait() {
	if s.in == nil || s.err != nil {
		return
	}
	if s.term != nil {
		if s.err = s.term.Flush(); s.err != nil {
			return
		}
	}
	if s.err = render.StepPrompt(s.prompt, s.endpoint, s.options); s.err != nil {
		return
	}
	if _, err := s.in.ReadString('\n'); err != nil {
		s.in = nil
	}
}
