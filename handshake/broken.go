package handshake

import (
	"fmt"

	"tlslab/handshake/reason"
)

// How a connection ends that neither end has ended: its transport did.

// FeedEOF says that the transport has ended: nothing more will be fed. Unless
// close_notify came, the next Step that would need more fails with TruncatedStream.
func (e *Endpoint) FeedEOF() { e.eof = true }

// FeedBroken is FeedEOF for a transport that did not end but broke, such as by a reset: the
// error of the Step that would need more holds cause.
func (e *Endpoint) FeedBroken(cause error) { e.eof, e.broken = true, cause }

// truncated is the error for a stream that is over too early: it says what was waited for.
func (e *Endpoint) truncated() error {
	want, got := "close_notify", "the end of the stream"
	if e.broken != nil {
		got = "a broken connection"
	}
	if e.state != Connected {
		want, got = e.awaited(), fmt.Sprintf("%s in state %v", got, e.state)
	}
	return &reason.Error{Reason: reason.TruncatedStream, Off: -1, Want: want, Got: got, Err: e.broken}
}
