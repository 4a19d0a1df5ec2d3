package handshake

import (
	"errors"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// How a connection ends: by close_notify, by the application, by the transport.

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

// Abort ends the connection because the application wants it, in any state: the alert that
// err's reason stands for (reason.Alert) is in Output, and what fails from now on fails with
// that *reason.Error. The session is forgotten, so that it is not resumed (RFC 5246 §7.2.2).
//
// reason.AccessDenied is for a peer whose identity is good, and who is not let in. An err
// without a reason is our own fault, as is one whose reason belongs to another connection
// (reason.PeerAlert, reason.TruncatedStream): internal_error is what the peer hears. For
// an end in peace there is CloseWrite.
//
// The error that Abort returns says why no alert could be sent: the connection had failed
// before, or CloseWrite was called.
func (e *Endpoint) Abort(err error) error {
	if e.err != nil {
		return e.err
	}
	if e.ch.closeSent {
		return errClosed
	}
	if err == nil {
		err = errAborted
	}
	if _, ok := reason.Alert(reason.Of(err)); !ok {
		err = reason.Fault("", err)
	}
	_ = e.fail(err)
	return nil
}

// errAborted is why an endpoint failed whose owner did not say why.
var errAborted = reason.Because("the application has ended the connection")

// CloseWrite sends close_notify: this end will send no more, and the peer can
// tell the end from a truncation. Calling it again does nothing.
func (e *Endpoint) CloseWrite() error {
	if e.err != nil {
		return e.err
	}
	if !e.ch.closeSent {
		e.ch.closeSent = true
		e.sendAlert(iana.Warning, iana.CloseNotify, nil)
	}
	return nil
}

// errClosed is what a Write after CloseWrite gets.
var errClosed = errors.New("this end has sent close_notify and can send no more")
