package session

import (
	"container/heap"
	"time"
)

// end is when an entry goes.
type end[K comparable] struct {
	key   K
	at    time.Time
	index int // in its ends
}

func (e *end[K]) past(now time.Time) bool { return !now.Before(e.at) }

// ends are the ends of all entries, the next one first.
type ends[K comparable] []*end[K]

func (h *ends[K]) add(e *end[K])    { heap.Push(h, e) }
func (h *ends[K]) remove(e *end[K]) { heap.Remove(h, e.index) }

// The rest implements heap.Interface.

func (h ends[K]) Len() int           { return len(h) }
func (h ends[K]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h ends[K]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *ends[K]) Push(x any) {
	e := x.(*end[K])
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *ends[K]) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
