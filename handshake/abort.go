package handshake

import (
	"tlslab/handshake/reason"
)

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
