package proxy

import (
	"sync"
	"time"
)

// workers are goroutines that have been at work before: their stacks have already grown
// to what two handshakes need, which is a twentieth of what a connection costs.
type workers struct {
	next chan func()
	all  sync.WaitGroup

	mu     sync.Mutex
	idle   int
	closed chan struct{}
}

// maxIdleWorkers is how many wait for work: as many connections as a browser opens at once.
const maxIdleWorkers = 16

// maxIdle is how long one waits: longer than the pauses within a page, and not much.
const maxIdle = 2 * time.Second

func newWorkers() *workers { return &workers{next: make(chan func()), closed: make(chan struct{})} }

// do has a worker do f: one that waits, if there is any.
func (w *workers) do(f func()) {
	select {
	case w.next <- f:
	default:
		w.all.Go(func() {
			for f != nil {
				f()
				f = w.wait()
			}
		})
	}
}

// wait returns the next thing to do; nil means that the worker is to end.
func (w *workers) wait() func() {
	w.mu.Lock()
	if w.idle >= maxIdleWorkers {
		w.mu.Unlock()
		return nil
	}
	w.idle++
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.idle--
		w.mu.Unlock()
	}()
	enough := time.NewTimer(maxIdle)
	defer enough.Stop()
	select {
	case f := <-w.next:
		return f
	case <-enough.C:
		return nil
	case <-w.closed:
		return nil
	}
}

// close lets those that wait end, and returns when all have.
func (w *workers) close() {
	close(w.closed)
	w.all.Wait()
}
