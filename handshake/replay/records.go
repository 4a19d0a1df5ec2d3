package replay

import (
	"time"

	"tlslab/handshake/reason"
	"tlslab/handshake/tamper"
)

// The replays that TLS itself stops, in every version and without any of the defences:
// of a whole connection, and of records within one.

// recordedConnection feeds a server all that alice sent on a connection. The server's
// random is another one, and in TLS 1.3 its key share too: the keys are other keys, and
// the first thing under them does not open.
func recordedConnection(w *world) error {
	for _, on := range []struct {
		terms terms
		route RouteName
	}{{tls12IDs, RouteTLS12}, {tls13, RouteTLS13}} {
		w.terms = on.terms
		l, err := w.visit(w.alice.pay(), false)
		if err != nil {
			return err
		}
		w.capture()
		w.at(time.Second)
		if err := w.try(on.route, w.first.name, func() (*bool, Why, error) {
			f, err := w.replay(w.first, l.sent())
			if err != nil {
				return nil, "", err
			}
			return nil, f.refusal(), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// recordReplay is on the wire of a connection, and replays, reorders and drops what alice
// sends there. A record's number, which is never sent, is in its MAC (CBC), its additional
// data (TLS 1.2's AEADs) or its nonce (TLS 1.3). No number tells that the last records are
// missing, but the missing close_notify does.
func recordReplay(w *world) error {
	for _, on := range []struct {
		terms  terms
		routes map[Trick]RouteName
	}{
		{tls12CBC, map[Trick]RouteName{Repeated: RouteTLS12CBCRepeated, Reordered: RouteTLS12CBCReordered, Dropped: RouteTLS12CBCDropped}},
		{tls12IDs, map[Trick]RouteName{Repeated: RouteTLS12Repeated, Reordered: RouteTLS12Reordered, Dropped: RouteTLS12Dropped}},
		{tls13, map[Trick]RouteName{Repeated: RouteTLS13Repeated, Reordered: RouteTLS13Reordered, Dropped: RouteTLS13Dropped}},
	} {
		w.terms = on.terms
		for _, played := range []struct {
			trick  Trick
			script tamper.Script
			check  func(*line) (worked *bool)
		}{
			{Repeated, tamper.On(tamper.ToServer, 0, tamper.Replay), func(*line) *bool { return nil }},
			{Reordered, tamper.Delay(tamper.ToServer, 0), func(l *line) *bool { return new(l.s.seen > 0) }},
			{Dropped, tamper.Drop, func(l *line) *bool { return new(reason.Of(l.s.ep.Err()) != reason.TruncatedStream) }},
		} {
			w.capture()
			if err := w.try(on.routes[played.trick], w.first.name, func() (*bool, Why, error) {
				l, err := w.tamperedVisit(played.trick, played.script)
				if err != nil {
					return nil, "", err
				}
				return played.check(l), l.s.refusal(), nil
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tamperedVisit is a connection on which alice asks for two transfers, a record each, and
// says goodbye. The attacker is on the wire as soon as the handshake is over.
func (w *world) tamperedVisit(how Trick, script tamper.Script) (*line, error) {
	l, err := w.alice.connect(w.first, false, nil)
	if err != nil {
		return nil, err
	}
	if err := l.run(); err != nil {
		return nil, err
	}
	l.script(script)
	w.Scene("mallory", &Tampered{How: how, Connection: l.conn})
	for _, amount := range []int{price, price / 2} {
		if _, err := l.c.Write(w.alice.payAmount(amount)); err != nil {
			return nil, err
		}
	}
	if err := l.c.CloseWrite(); err != nil {
		return nil, err
	}
	if err := l.run(); err != nil {
		return nil, err
	}
	l.s.ep.FeedEOF() // the connection is over, and the attacker ends it below TLS
	if err := l.s.step(); err != nil {
		return nil, err
	}
	return l, nil
}
