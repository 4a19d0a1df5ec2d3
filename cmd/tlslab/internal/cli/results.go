package cli

import (
	"io"
	"sync"

	"tlslab/handshake/foreign"
)

// Unfiltered is what w writes to, below the net.
func Unfiltered(w io.Writer) io.Writer {
	if net, ok := w.(interface{ Unwrap() io.Writer }); ok {
		return net.Unwrap()
	}
	return w
}

// Results is standard output, and remembers what went wrong there: a verb that prints line by
// line need not look after each, and cobra, which prints the help, does not.
type Results struct {
	*foreign.Writer
	mu     sync.Mutex
	failed error
}

// Write writes p, and keeps the first error.
func (r *Results) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.Writer.Write(p)
	if r.failed == nil {
		r.failed = err
	}
	return n, err
}

// Err is the first error of a Write.
func (r *Results) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
