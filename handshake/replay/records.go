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
	for _, t := range []terms{tls12IDs, tls13} {
		w.terms = t
		l, err := w.visit(w.alice.pay(), false)
		if err != nil {
			return err
		}
		w.capture()
		w.at(time.Second)
		if err := w.try(t.name(), w.first.name, func() (*bool, string, error) {
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

func (t terms) name() string {
	switch t {
	case tls13:
		return "tls13"
	case tls12CBC:
		return "tls12_cbc"
	}
	return "tls12"
}

// recordReplay is on the wire of a connection, and replays, reorders and drops what alice
// sends there. A record's number, which is never sent, is in its MAC (CBC), its additional
// data (TLS 1.2's AEADs) or its nonce (TLS 1.3). That the last records are missing no
// number tells, but there is no close_notify.
func recordReplay(w *world) error {
	for _, t := range []terms{tls12CBC, tls12IDs, tls13} {
		w.terms = t
		for _, tricks := range []struct {
			name   string
			script tamper.Script
			check  func(*line) (worked *bool)
		}{
			{"repeated", tamper.On(tamper.ToServer, 0, tamper.Replay), func(*line) *bool { return nil }},
			{"reordered", tamper.Delay(tamper.ToServer, 0), func(l *line) *bool { return new(l.s.seen > 0) }},
			{"dropped", tamper.Drop, func(l *line) *bool { return new(reason.Of(l.s.ep.Err()) != reason.TruncatedStream) }},
		} {
			w.capture()
			if err := w.try(t.name()+"_"+tricks.name, w.first.name, func() (*bool, string, error) {
				l, err := w.tamperedVisit(tricks.name, tricks.script)
				if err != nil {
					return nil, "", err
				}
				return tricks.check(l), l.s.refusal(), nil
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tamperedVisit is a connection on which alice asks for two transfers, a record each, and
// says goodbye. The attacker is on the wire as soon as the handshake is over.
func (w *world) tamperedVisit(how string, script tamper.Script) (*line, error) {
	l, err := w.alice.connect(w.first, false, nil)
	if err != nil {
		return nil, err
	}
	if err := l.run(); err != nil {
		return nil, err
	}
	l.script(script)
	w.scene("mallory", "replay_tampered", value("how", how), value("connection", l.conn))
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
