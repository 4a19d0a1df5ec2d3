package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/reason"
)

// How a connection ends that neither end has ended: its transport did.

// FeedEOF says that the transport has ended: nothing more will be fed. Unless
// close_notify came, the next Step that would need more fails with TruncatedStream.
func (e *Endpoint) FeedEOF() { e.ch.eof = true }

// FeedBroken is FeedEOF for a transport that did not end but broke, such as by a reset: the
// error of the Step that would need more holds cause.
func (e *Endpoint) FeedBroken(cause error) { e.ch.eof, e.ch.broken = true, cause }

// truncated is the error for a stream that is over too early: it says what was waited for.
func (e *Endpoint) truncated() error {
	err := &reason.Error{Reason: reason.TruncatedStream, Ref: e.rule("RFC 9846 §6.1", "RFC 5246 §7.2.1"), Off: -1, Want: "close_notify", Got: reason.Say("the end of the stream"), Err: e.ch.broken}
	switch {
	case e.state != event.Connected && e.ch.broken != nil:
		err.Want, err.Got = e.awaited(), reason.Say("a broken connection in state %v", e.state)
	case e.state != event.Connected:
		err.Want, err.Got = e.awaited(), reason.Say("the end of the stream in state %v", e.state)
	case e.ch.broken != nil:
		err.Got = reason.Say("a broken connection")
	}
	if w := e.summary.Warnings; len(w) > 0 && e.state != event.Connected {
		err.Got = reason.Say("%v, after the warning %v", err.Got, w[len(w)-1])
	}
	return err
}
