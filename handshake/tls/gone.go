package tls

import (
	"errors"
	"io"
	"net"
	"os"
)

// isPeerGone reports whether a write failed for want of a peer.
func isPeerGone(err error) bool {
	return isReset(err) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrDeadlineExceeded)
}
