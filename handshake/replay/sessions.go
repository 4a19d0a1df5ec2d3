package replay

import (
	"net/http"
	"time"

	"tlslab/handshake/session"
)

// The attacks on resumption: with what was captured, which is not enough, and with what
// was stolen out of a client's memory.

// capturedSessionID is an attacker who saw a session ID go by. With a guessed master
// secret he cannot read the server's Finished; the recorded connection, replayed, has a
// Finished of alice's that is under other keys.
func capturedSessionID(w *world) error {
	w.terms = tls12IDs
	return w.withoutSecret(RouteTLS12Guessed, RouteTLS12Replayed)
}

// withoutSecret offers what alice's next ClientHello would offer, without its secret; and
// replays a connection that resumes.
func (w *world) withoutSecret(byGuess, byReplay RouteName) error {
	memory := newKeeper()
	w.alice.sessions = memory
	if _, err := w.visit(w.alice.pay(), false); err != nil {
		return err
	}
	w.Pass(time.Second)
	l, err := w.visit(w.alice.pay(), false)
	if err != nil {
		return err
	}
	w.capture()
	hello, _, err := l.seen()
	if err != nil {
		return err
	}
	w.Scene("mallory", offeredBy(hello))
	w.at(time.Second)
	guessed, _, err := memory.steal(func(s *session.Session) error { // all but the secret was to be seen
		if len(s.PSK) > 0 {
			return w.guess(s.PSK)
		}
		return w.guess(s.Master[:])
	})
	if err != nil {
		return err
	}
	mallory := w.mallory(guessed, "")
	mallory.mute = true // his alert would end the session (RFC 5246 §7.2.2)
	if err := w.try(byGuess, w.first.name, func() (*bool, Why, error) {
		g, _, err := mallory.ask(w.first, mallory.pay(), false)
		if err != nil {
			return nil, "", err
		}
		return nil, g.refusal(), nil
	}); err != nil {
		return err
	}
	return w.try(byReplay, w.first.name, func() (*bool, Why, error) {
		f, err := w.replay(w.first, l.sent())
		if err != nil {
			return nil, "", err
		}
		return nil, f.refusal(), nil
	})
}

// stolenMaster is a thief who has a TLS 1.2 session's master secret out of alice's
// memory, and a recording of the connection in which it was made.
func stolenMaster(w *world) error {
	w.terms = tls12IDs
	if err := w.withMaster(RouteTLS12); err != nil {
		return err
	}
	return w.psk()
}

// withMaster decrypts, finds the cookie, and goes on as alice for as long as he can.
func (w *world) withMaster(route RouteName) error {
	memory := newKeeper()
	w.alice.sessions = memory
	full, err := w.visit(w.alice.pay(), false)
	if err != nil {
		return err
	}
	w.Pass(time.Second)
	_, sessions, err := memory.steal(nil)
	if err != nil {
		return err
	}
	w.capture()
	master := sessions[0].Master
	w.Scene("mallory", &StolenMaster{Secret: master})
	plain, err := full.decrypt(master)
	if err != nil {
		return err
	}
	cookie := cookieIn(plain)
	w.fact(FactReadsRecording, plain != "")
	mallory, err := w.asAlice(memory)
	if err != nil {
		return err
	}
	l, status, err := mallory.ask(w.first, mallory.get(), false) // the session alone
	if err != nil {
		return err
	}
	w.fact(FactSessionResumed, l.c.Summary().Resumed)
	w.fact(FactSessionIsLogin, status == http.StatusOK)
	mallory.cookie = cookie
	if err := w.impersonate(route, mallory); err != nil {
		return err
	}
	plain, err = full.decrypt(master)
	w.fact(FactReadsRecordingInTheEnd, plain != "")
	return err
}

// asAlice is mallory with her sessions in his hands, as they were when stolen.
func (w *world) asAlice(memory *keeper) (*client, error) {
	loot, _, err := memory.steal(nil)
	return w.mallory(loot, ""), err
}

// impersonate goes to the bank as alice: with her sessions, and with all that he is given
// as he goes.
func (w *world) impersonate(route RouteName, mallory *client) error {
	for _, after := range w.afterCapture() {
		w.at(after)
		if err := w.try(route, w.first.name, func() (*bool, Why, error) {
			l, _, err := mallory.ask(w.first, mallory.pay(), false)
			if err != nil {
				return nil, "", err
			}
			if l.c.Done() && l.s.why == "" {
				return nil, "", nil // the bank knows
			}
			return nil, l.refusal(), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// psk tries the same theft in TLS 1.3: what alice keeps there is the PSK of a ticket,
// which was made from the connection's secrets and leads back to none of them.
func (w *world) psk() error {
	w.terms = tls13
	memory := newKeeper()
	w.alice.sessions = memory
	if w.o.login() == ByCookie {
		if err := w.logIn(); err != nil { // the old one may have expired
			return err
		}
	}
	full, err := w.visit(w.alice.get(), false)
	if err != nil {
		return err
	}
	_, sessions, err := memory.steal(nil)
	if err != nil {
		return err
	}
	opens := false
	for _, s := range sessions {
		t, err := full.tryPSK(s.PSK)
		if err != nil {
			return err
		}
		opens = opens || t.data != "" || t.later
	}
	w.fact(FactPSKOpensItsConnection, opens)
	return nil
}

// capturedTicket is an attacker who saw tickets go by, of both versions. In TLS 1.3 there
// is a binder, and who has the ticket without its key is found out at once.
func capturedTicket(w *world) error {
	w.terms = tls12Tickets
	if err := w.withoutSecret(RouteTLS12Guessed, RouteTLS12Replayed); err != nil {
		return err
	}
	w.terms = tls13
	return w.withoutSecret(RouteTLS13Guessed, RouteTLS13Replayed)
}

// stolenTicket is a thief who has tickets and their secrets, out of alice's memory.
func stolenTicket(w *world) error {
	w.terms = tls13
	memory := newKeeper()
	w.alice.sessions = memory
	full, err := w.visit(w.alice.pay(), false)
	if err != nil {
		return err
	}
	w.Pass(time.Second)
	_, sessions, err := memory.steal(nil)
	if err != nil {
		return err
	}
	w.capture()
	w.Scene("mallory", &StolenTicket{Ticket: sessions[0].Ticket, PSK: sessions[0].PSK})
	t, err := full.tryPSK(sessions[0].PSK)
	if err != nil {
		return err
	}
	w.fact(FactPSKOpensItsConnection, t.data != "" || t.later)
	cookie := cookieIn(t.data) // "": the resumption secret is derived last, so its PSK opens nothing here
	mallory, err := w.asAlice(memory)
	if err != nil {
		return err
	}
	mallory.cookie = cookie
	if err := w.impersonate(RouteTLS13, mallory); err != nil {
		return err
	}
	// The other version is a story of its own, and comes later.
	w.Pass(time.Hour)
	if w.o.login() == ByCookie {
		if err := w.logIn(); err != nil {
			return err
		}
	}
	w.terms = tls12Tickets
	return w.withMaster(RouteTLS12)
}
