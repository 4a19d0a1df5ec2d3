//go:build !unix

package tls_test

import "time"

var sinceStart = time.Now()

// processorTime is the time on the clock, where the system has no getrusage: the figures then
// want a quiet machine.
func processorTime() time.Duration { return time.Since(sinceStart) }
