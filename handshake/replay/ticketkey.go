package replay

import (
	"net/http"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
	"tlslab/pki/lesson"
)

// stolenTicketKey is a thief who has the key that a service seals its tickets with: out
// of a server's memory, or a backup, or wherever a key gets to that is shared and rarely
// changed. He needs no client's secrets: they are all in the tickets.
func stolenTicketKey(w *world) error {
	for _, route := range []func(*world) error{openRecording, openEarlyData, playBank} {
		if err := route(w); err != nil {
			return err
		}
	}
	return nil
}

// keyNameLen is how many bytes of what was stolen are the key's name (RFC 5077 §4).
const keyNameLen = 16

// stealTicketKey is the theft.
func (w *world) stealTicketKey() []byte {
	w.capture()
	key := w.tickets.Stolen() // its name, which is in clear in each ticket, and the key
	w.Scene("mallory", &StolenTicketKey{Name: key[:keyNameLen], Secret: key[keyNameLen:]})
	w.at(time.Second)
	return key
}

// openRecording decrypts a TLS 1.2 connection that was recorded before the theft: the
// ticket went by in clear, and has the master secret inside.
func openRecording(w *world) error {
	w.terms = tls12Tickets
	l, err := w.visit(w.alice.pay(), false)
	if err != nil {
		return err
	}
	w.Pass(time.Second)
	key := w.stealTicketKey()
	return w.try(RouteTLS12Recording, w.first.name, func() (*bool, Why, error) {
		_, ticket, err := l.seen()
		if err != nil {
			return nil, "", err
		}
		s, err := session.OpenStolen(key, ticket)
		if err != nil {
			return nil, "", err
		}
		plain, err := l.decrypt(s.Master)
		if err != nil {
			return nil, "", err
		}
		w.fact(FactReadsTLS12Recording, plain != "")
		return w.rob(cookieIn(plain), s)
	})
}

// openEarlyData opens a TLS 1.3 connection that resumes, as far as the ticket's key goes.
func openEarlyData(w *world) error {
	w.terms = tls13
	if err := w.ready(); err != nil {
		return err
	}
	l, err := w.visit(w.alice.pay(), true)
	if err != nil {
		return err
	}
	key := w.stealTicketKey()
	return w.try(RouteTLS13EarlyData, w.first.name, func() (*bool, Why, error) {
		s, t, err := l.openOffered(key)
		if err != nil {
			return nil, "", err
		}
		w.Scene("mallory", &Decrypted{Plaintext: t.data})
		w.fact(FactReadsEarlyData, t.data != "")
		w.fact(FactReadsLaterData, t.later)
		if err := w.withoutExchange(key); err != nil {
			return nil, "", err
		}
		worked, why, err := w.rob(cookieIn(t.data), s)
		if t.data == "" {
			why = WhyNoEarlyData
		}
		return worked, why, err
	})
}

// withoutExchange is what would be if the service spoke psk_ke.
func (w *world) withoutExchange(key []byte) error {
	w.terms = tls13PSKOnly
	defer func() { w.terms = tls13 }()
	l, err := w.visit(w.alice.get(), false)
	if err != nil {
		return err
	}
	_, t, err := l.openOffered(key)
	w.fact(FactReadsLaterDataWithPSKKE, t.later)
	return err
}

// openOffered opens the ticket that a recorded ClientHello offers, and tries what is in it.
func (l *line) openOffered(key []byte) (*session.Session, trial, error) {
	hello, _, err := l.seen()
	if err != nil {
		return nil, trial{}, err
	}
	ticket, err := offeredTicket(hello)
	if err != nil {
		return nil, trial{}, err
	}
	s, err := session.OpenStolen(key, ticket)
	if err != nil {
		return nil, trial{}, err
	}
	t, err := l.tryPSK(s.PSK)
	return s, t, err
}

// playBank waits for alice with a server of the thief's own. If he can open her ticket, he has
// the key, and she takes that key as proof that he is the bank. No certificate is shown.
func playBank(w *world) error {
	w.terms = tls13
	if err := w.ready(); err != nil {
		return err
	}
	forged, err := lesson.NewForgery(lesson.Options{KeyAlg: "ecdsa", Name: host, Time: w.Now(), Rand: w.Stream("mallory")})
	if err != nil {
		return err
	}
	thief := &falseBank{certificates: []handshake.Certificate{{Chain: forged.Chain, Key: forged.Key}}}
	key := w.stealTicketKey()
	return w.try(RouteTLS13FalseBank, "mallory", func() (*bool, Why, error) {
		// His TicketKeys are the same as the service's: they consist of a key and a name.
		l, status, err := w.alice.ask(&server{w: w, name: "mallory's bank", store: session.NewMemory(0), thief: thief}, w.alice.get(), false)
		if err != nil {
			return nil, "", err
		}
		w.fact(FactAliceBelievesHim, l.c.Summary().Resumed && status == http.StatusOK)
		s, _, err := l.openOffered(key)
		if err != nil {
			return nil, "", err
		}
		return w.rob(thief.cookie, s)
	})
}

// falseBank is polite, and reads cookies.
type falseBank struct {
	certificates []handshake.Certificate
	cookie       string
}

// ServeHTTP answers as the bank would.
func (f *falseBank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(bank.Cookie); err == nil {
		f.cookie = c.Value
	}
	_, _ = w.Write([]byte("alice has a lot\n"))
}

// rob goes to the bank as alice. With her cookie a connection of his own will do; where
// she has a certificate, it stands in the ticket, and he seals himself another one: new,
// and never used.
func (w *world) rob(cookie string, inside *session.Session) (*bool, Why, error) {
	mallory := w.mallory(session.NewMemory(0), cookie)
	if w.o.login() == ByCertificate {
		own := newKeeper() // of what a session looks like at a client
		mallory.sessions = own
		if _, _, err := mallory.ask(w.first, mallory.get(), false); err != nil {
			return nil, "", err
		}
		w.Pass(time.Second)
		forged := *inside
		forged.Created, forged.Lifetime = w.Now(), time.Minute
		ticket, err := w.tickets.Seal(&forged, w.Stream("mallory"), w.Now())
		if err != nil {
			return nil, "", err
		}
		loot, _, err := own.steal(func(s *session.Session) error {
			s.Master, s.PSK, s.EMS, s.Ticket, s.ID = forged.Master, forged.PSK, forged.EMS, ticket, nil
			s.AgeAdd, s.Created = forged.AgeAdd, forged.Created
			return nil
		})
		if err != nil {
			return nil, "", err
		}
		mallory.sessions = loot
	}
	l, _, err := mallory.ask(w.first, mallory.pay(), false)
	if err != nil {
		return nil, "", err
	}
	if l.c.Done() {
		return nil, "", nil // the bank knows
	}
	return nil, l.refusal(), nil
}
