package web

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"tlslab/handshake/lab"
)

// maxKept bounds how many bytes of answers are kept. A page has half a megabyte.
const maxKept = 64 << 20

// kept remembers answers: an address with a seed is always answered alike. Who asks while the same
// is being played waits for that; at most one lesson a processor is played at a time.
type kept struct {
	slots chan struct{}

	mu      sync.Mutex
	answers *simplelru.LRU[string, *lab.Answer]
	bytes   int
	playing map[string]*played
}

// played is a lesson that is being played.
type played struct {
	done   chan struct{}
	answer *lab.Answer
	err    error
}

// play answers an address.
type play func(context.Context) (*lab.Answer, error)

func newKept(slots int) *kept {
	k := &kept{slots: make(chan struct{}, slots), playing: map[string]*played{}}
	k.answers, _ = simplelru.NewLRU(maxKept>>10, func(_ string, a *lab.Answer) { k.bytes -= len(a.Page) }) // fails for a size below 1
	return k
}

// answer returns what the address is answered with, and plays that if nobody has. A reader who leaves while others wait for the
// same does not end it.
func (k *kept) answer(ctx context.Context, address string, play play) (*lab.Answer, error) {
	k.mu.Lock()
	if a, ok := k.answers.Get(address); ok {
		k.mu.Unlock()
		return a, nil
	}
	p, ok := k.playing[address]
	if !ok {
		p = &played{done: make(chan struct{})}
		k.playing[address] = p
		go k.run(context.WithoutCancel(ctx), address, play, p)
	}
	k.mu.Unlock()
	select {
	case <-p.done:
		return p.answer, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (k *kept) run(ctx context.Context, address string, play play, p *played) {
	k.slots <- struct{}{}
	p.answer, p.err = guarded(ctx, play)
	<-k.slots
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.playing, address)
	close(p.done)
	if p.err != nil || len(p.answer.Page) > maxKept {
		return
	}
	k.bytes += len(p.answer.Page)
	k.answers.Add(address, p.answer)
	for k.bytes > maxKept {
		k.answers.RemoveOldest()
	}
}

// guarded plays. A fault of ours costs this answer, and not the lab.
func guarded(ctx context.Context, play play) (a *lab.Answer, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			a, err = nil, fmt.Errorf("a fault of ours: %v", fault)
		}
	}()
	return play(ctx)
}
