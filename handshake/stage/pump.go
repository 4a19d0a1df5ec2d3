package stage

import (
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/tamper"
)

// End is an endpoint and the program behind it. What the endpoint refuses stays in the
// endpoint (Err), for the plot to look at; what its program returns as an error ends the lesson.
type End struct {
	Endpoint *handshake.Endpoint
	// Take gets what was opened, as it comes; early says whether it came as early data. Nil:
	// it stays in the endpoint, where an interceptor, say, takes it out.
	Take func(data []byte, early bool) error
	// Say is asked when the endpoint has nothing to do by itself: it writes what the program
	// wants to say and may say now, and reports whether it wrote anything. It is asked again
	// until it wrote nothing; Take may get several pieces before that. If the endpoint refuses
	// to write, that is no error of Say. Nil: there is nothing to say.
	Say func() (said bool, err error)
	// Mute: once the endpoint has failed, nothing that it says goes out, not even an alert.
	Mute bool
}

// Line is a connection: two ends, and the wire between them.
type Line struct {
	Client, Server *End
	// Wire is given what an end sends at once, and returns what arrives: tamper.Link.Carry is
	// one, and a plot may record here. Nil: all arrives.
	Wire func(d tamper.Direction, sent []byte) (arrives []byte)
	// Enough, if not nil, is asked after each end's turn, and true ends the conversation.
	Enough func() bool
}

// Converse drives both ends, the client first, and carries what they say, until neither has
// anything more to do, or it is Enough. The error comes from the Context, from BeforeMove, or
// from a program behind an end.
func (s *Stage) Converse(l *Line) error {
	for moved := true; moved; {
		moved = false
		for _, d := range []tamper.Direction{tamper.ToServer, tamper.ToClient} {
			from, to := l.Client, l.Server
			if d == tamper.ToClient {
				from, to = to, from
			}
			stepped, err := s.Go(from)
			if err != nil {
				return err
			}
			if b := from.Output(); len(b) > 0 {
				if l.Wire != nil {
					b = l.Wire(d, b)
				}
				to.Endpoint.Feed(b)
				stepped = true
			}
			moved = moved || stepped
			if l.Enough != nil && l.Enough() {
				return nil
			}
		}
	}
	return nil
}

// Go drives one end until it waits for its peer, and reports whether it did anything. What
// it has to send is then in Output. The error is one of Converse's.
func (s *Stage) Go(e *End) (moved bool, err error) {
	for {
		progress, err := s.move(e)
		if err != nil {
			s.ended = err
			return moved, err
		}
		if !progress {
			return moved, nil
		}
		moved = true
	}
}

// move makes one move: of the endpoint, or of the program behind it.
func (s *Stage) move(e *End) (progress bool, err error) {
	if s.Context != nil && s.Context.Err() != nil {
		return false, s.Context.Err()
	}
	if s.BeforeMove != nil && e.Endpoint.Ready() {
		if err := s.BeforeMove(e.Endpoint); err != nil {
			return false, err
		}
	}
	early := e.Endpoint.State().MayRead() == event.EarlyData
	progress, failed := e.Endpoint.Step()
	if s.ended != nil { // in an interceptor's move, which paused to let another line converse
		return false, s.ended
	}
	if n := e.Endpoint.Buffered(); failed == nil && n > 0 && e.Take != nil {
		data := make([]byte, n)
		if n, failed = e.Endpoint.Read(data); failed == nil {
			return true, e.Take(data[:n], early)
		}
	}
	if (failed != nil || !progress) && e.Say != nil {
		return e.Say()
	}
	return progress && failed == nil, nil
}

// Output is what goes out of what the endpoint has said since it was last asked.
func (e *End) Output() []byte {
	b := e.Endpoint.Output()
	if e.Mute && e.Endpoint.Err() != nil {
		return nil
	}
	return b
}

// Meet lets two endpoints talk on a stage of their own, over a wire that may be nil, until
// neither has anything more to do. What became of the handshake is in the endpoints, and what
// was opened too.
func Meet(client, server *handshake.Endpoint, wire *tamper.Link) {
	l := &Line{Client: &End{Endpoint: client}, Server: &End{Endpoint: server}}
	if wire != nil {
		l.Wire = wire.Carry
	}
	_ = new(Stage).Converse(l) // there is no context, no hook and no program that could fail
}
