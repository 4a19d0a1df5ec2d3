package tlstest

import (
	"bytes"
	"sync"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/tls"
	"tlslab/handshake/wire"
)

// Witness is a Listener that holds every handshake message of a run to the
// promise of package wire: each byte is named exactly once, and what was read
// writes again as it was.
type Witness struct {
	t  testing.TB
	mu sync.Mutex

	Kinds  []message.Kind // of the messages, in order
	Sent   []bool         // whether we said it
	Hellos []*message.ClientHello
	Alerts []*event.Alert
}

// Event notes a message or an alert, and holds the message to the promise.
func (w *Witness) Event(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case *event.Alert:
		w.Alerts = append(w.Alerts, e)
	case *event.Message:
		w.Kinds, w.Sent = append(w.Kinds, e.Kind), append(w.Sent, e.Dir == event.Send)
		if hello, ok := e.Msg.(*message.ClientHello); ok {
			w.Hellos = append(w.Hellos, hello)
		}
		if err := wire.Covered(e.Fields, len(e.Raw)); err != nil {
			w.t.Errorf("%v %v: %v", e.Dir, e.Kind, err)
		}
		again, err := message.Marshal(e.Msg, nil)
		if err != nil || !bytes.Equal(again, e.Raw) {
			w.t.Errorf("%v %v does not write as it was read (%v)\nread  %x\nwrote %x", e.Dir, e.Kind, err, e.Raw, again)
		}
	}
}

// Saw tells how often a kind of message travelled.
func (w *Witness) Saw(k message.Kind) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, have := range w.Kinds {
		if have == k {
			n++
		}
	}
	return n
}

// Said reports whether our end sent a kind of message.
func (w *Witness) Said(k message.Kind) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, have := range w.Kinds {
		if have == k && w.Sent[i] {
			return true
		}
	}
	return false
}

// OnUpdates makes a Config tell of each KeyUpdate that is received under it.
func OnUpdates(cfg *tls.Config) <-chan bool {
	updates, inner := make(chan bool, 100), cfg.Listener
	cfg.Listener = event.ListenerFunc(func(e event.Event) {
		inner.Event(e)
		if m, ok := e.(*event.Message); ok && m.Kind == message.KindKeyUpdate && m.Dir == event.Receive {
			updates <- true
		}
	})
	return updates
}

// Witnessed returns a copy of cfg with a witness, who also sees secrets made: the
// code that shows them runs too.
func Witnessed(t testing.TB, cfg *tls.Config) (*tls.Config, *Witness) {
	w := &Witness{t: t}
	own := *cfg
	own.Listener, own.ShowSecrets = w, true
	return &own, w
}
