package replay

import (
	"cmp"
	"time"

	"tlslab/handshake/session"
	"tlslab/handshake/tamper"
)

// The attacks on early data: all that the attacker has is what went over the wire. It is
// enough, because nothing in a client's first flight comes from the server.

// ready is alice's first visit, which brings her tickets; and a while at home.
func (w *world) ready() error {
	if _, err := w.visit(w.alice.get(), false); err != nil {
		return err
	}
	w.Pass(30 * time.Second)
	return nil
}

// recordPayment is alice's transfer, by early data where she can; what she sent first is
// what the attacker records.
func (w *world) recordPayment() ([]byte, error) {
	l, err := w.visit(w.alice.pay(), true)
	if err != nil {
		return nil, err
	}
	w.capture()
	flight := l.firstFlight()
	w.Scene("mallory", &Captured{Bytes: len(flight), EarlyData: l.hasEarly})
	return flight, nil
}

// again replays a flight, at every time at which the attacker tries.
func (w *world) again(route RouteName, s *server, flight []byte) error {
	for _, after := range w.afterCapture() {
		w.at(after)
		if err := w.try(route, s.name, func() (*bool, Why, error) {
			f, err := w.replay(s, flight)
			if err != nil {
				return nil, "", err
			}
			return nil, w.whyNot(f), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// whyNot is why nothing came of a replayed flight; "" if the bank knows.
func (w *world) whyNot(f *front) Why {
	if why := f.refusal(); why != "" || f.seen > 0 {
		return why
	}
	return WhyNoEarlyData // what was recorded has no early data
}

// earlyData replays a GET and then a POST to the server that had them first.
func earlyData(w *world) error {
	if err := w.ready(); err != nil {
		return err
	}
	l, err := w.visit(w.alice.get(), true)
	if err != nil {
		return err
	}
	f, err := w.replay(w.first, l.firstFlight())
	if err != nil {
		return err
	}
	// It moves nothing, and the answer is under keys that the attacker does not have.
	w.fact(FactGetAnsweredAgain, f.seen > 0)
	flight, err := w.recordPayment()
	if err != nil {
		return err
	}
	return w.again(RoutePost, w.first, flight)
}

// secondServer replays to another server of the service, which has the ticket keys and
// a store of its own.
func secondServer(w *world) error {
	store, err := w.newStore()
	if err != nil {
		return err
	}
	return w.toSecond(store)
}

// secondServerShared replays to another server that has the same store, too.
func secondServerShared(w *world) error {
	store, err := w.sharedStore()
	if err != nil {
		return err
	}
	w.first.store = store
	w.Pass(time.Second)
	return w.toSecond(store)
}

func (w *world) toSecond(store session.Store) error {
	second := &server{w: w, name: "second bank", store: store}
	w.Pass(time.Second)
	if err := w.ready(); err != nil {
		return err
	}
	flight, err := w.recordPayment()
	if err != nil {
		return err
	}
	return w.again(RoutePost, second, flight)
}

// restart replays to a server that has restarted since, with an empty store. The ledger
// is on disk, and the ticket keys belong to the whole service: they are still there.
func restart(w *world) error {
	if err := w.ready(); err != nil {
		return err
	}
	flight, err := w.recordPayment()
	if err != nil {
		return err
	}
	if err := w.bank.Close(); err != nil {
		return err
	}
	if err := w.openBank(); err != nil {
		return err
	}
	if w.first.store, err = w.newStore(); err != nil {
		return err
	}
	w.Scene("bank", new(Restarted))
	// While the attacker waits: what the restart costs alice, who has tickets left.
	window := w.settings.window()
	for _, after := range w.afterCapture() {
		w.at(after)
		if after == time.Second || after == window+time.Second {
			l, err := w.visit(w.alice.get(), true)
			if err != nil {
				return err
			}
			name := FactEarlyDataAfterRestart
			if after > window {
				name = FactEarlyDataAfterWindow
			}
			w.earlyDataFact(name, l.c.Summary().EarlyData)
		}
		if err := w.try(RoutePost, w.first.name, func() (*bool, Why, error) {
			f, err := w.replay(w.first, flight)
			if err != nil {
				return nil, "", err
			}
			return nil, w.whyNot(f), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// dropAndRetry takes alice's first flight off the wire, carries it to the server on a
// connection of his own, and cuts hers. She has no answer, and her client asks again by
// itself what it sent as early data, or not at all. RFC 9110 §9.2.2 lets it, for a
// request that it knows to be idempotent, and this one has a key that says so, whether the
// bank looks at it or not. The server sees two connections, two tickets, two binders; that
// it is one wish only alice knows (RFC 9846 §8, the second threat).
func dropAndRetry(w *world) error {
	if err := w.ready(); err != nil {
		return err
	}
	w.capture()
	w.at(time.Second)
	return w.try(RoutePost, w.first.name, func() (*bool, Why, error) {
		request := w.alice.pay()
		l, err := w.alice.connect(w.first, true, tamper.Drop)
		if err != nil {
			return nil, "", err
		}
		if err := l.begin(request); err != nil {
			return nil, "", err
		}
		if err := l.run(); err != nil { // what she says goes nowhere but to the attacker
			return nil, "", err
		}
		f, err := w.replay(w.first, l.sent())
		if err != nil {
			return nil, "", err
		}
		first := w.whyNot(f)
		l.c.FeedEOF()
		if err := l.run(); err != nil {
			return nil, "", err
		}
		w.Scene("alice", &Retried{EarlyData: l.hasEarly})
		bankSays := w.lastWhy
		again, err := w.visit(request, true)
		if err != nil {
			return nil, "", err
		}
		w.earlyDataFact(FactRetryEarlyData, again.c.Summary().EarlyData)
		return nil, cmp.Or(w.lastWhy, bankSays, first), nil
	})
}
