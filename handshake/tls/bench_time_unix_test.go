//go:build unix

package tls_test

import (
	"syscall"
	"time"
)

// processorTime is how long this process has had a processor, in all of its threads.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
