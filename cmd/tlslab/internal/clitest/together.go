package clitest

import (
	"sync"
	"testing"
)

// Together runs subtests at the same time, more of them than -parallel allows, which counts
// processors: they are for what waits until a clock has run down, and computes little.
type Together struct{ all sync.WaitGroup }

// Run begins a subtest, and does not wait for it.
func (r *Together) Run(t *testing.T, name string, test func(t *testing.T)) {
	r.all.Go(func() { t.Run(name, test) })
}

// Wait waits for all of them.
func (r *Together) Wait() { r.all.Wait() }
