package replay

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
	"tlslab/handshake/tamper"
)

// What a thief opens with what he stole. All of it is tried on the recording.

// keeper is a client's store that can be looked into, as a thief looks into its memory.
type keeper struct {
	session.Store
	kept map[string]kept // what is there, by key
}

type kept struct {
	value   []byte
	expires time.Time
}

func newKeeper() *keeper { return &keeper{session.NewMemory(0), map[string]kept{}} }

// Put keeps, and remembers what it kept.
func (k *keeper) Put(key string, value []byte, expires time.Time) error {
	k.kept[key] = kept{bytes.Clone(value), expires}
	return k.Store.Put(key, value, expires)
}

// Take takes it out of the thief's sight, too.
func (k *keeper) Take(key string, now time.Time) ([]byte, error) {
	delete(k.kept, key)
	return k.Store.Take(key, now)
}

// steal copies all sessions, each changed by change, which may be nil.
func (k *keeper) steal(change func(*session.Session) error) (loot session.Store, sessions []*session.Session, err error) {
	loot = hoard{session.NewMemory(0)}
	for _, key := range slices.Sorted(maps.Keys(k.kept)) {
		v := k.kept[key]
		s, err := session.Parse(v.value)
		if err != nil {
			return nil, nil, err
		}
		if change != nil {
			if err := change(s); err != nil {
				return nil, nil, err
			}
		}
		b, err := s.Marshal()
		if err == nil {
			err = loot.Put(key, b, v.expires)
		}
		if err != nil {
			return nil, nil, err
		}
		sessions = append(sessions, s)
	}
	if len(sessions) == 0 {
		return nil, nil, errors.New("alice keeps no session that could be stolen")
	}
	return loot, sessions, nil
}

// observe reads the recording of a connection with what o has.
func (l *line) observe(o observe.Options) (observe.Report, error) {
	o.Time, o.Conn = l.w.Now, l.conn
	ob, err := observe.New(o)
	if err != nil {
		return observe.Report{}, err
	}
	for _, rec := range l.log {
		if rec.Dir == tamper.ToServer {
			ob.ClientBytes(bytes.Clone(rec.Record))
		} else {
			ob.ServerBytes(bytes.Clone(rec.Record))
		}
	}
	return ob.Report(), nil
}

// decrypt opens a TLS 1.2 recording with a master secret.
func (l *line) decrypt(master keyschedule.MasterSecret) (string, error) {
	r, err := l.observe(observe.Options{Masters: []observe.Master{{Secret: master}}})
	if err == nil {
		l.w.Scene("mallory", &Decrypted{Plaintext: string(r.FromClient)})
	}
	return string(r.FromClient), err
}

// seen are the handshake messages that everybody sees on a wire.
func (l *line) seen() (hello *message.ClientHello, ticket []byte, err error) {
	_, err = l.observe(observe.Options{Listener: event.ListenerFunc(func(e event.Event) {
		m, ok := e.(*event.Message)
		if !ok {
			return
		}
		switch m := m.Msg.(type) {
		case *message.ClientHello:
			hello = m
		case *message.NewSessionTicket12:
			ticket = m.Ticket
		}
	})})
	if err == nil && hello == nil {
		err = errors.New("the recording has no ClientHello")
	}
	return hello, ticket, err
}

// offeredTicket is the ticket of TLS 1.3 that a ClientHello offers.
func offeredTicket(hello *message.ClientHello) ([]byte, error) {
	x, ok := message.Get[*message.PreSharedKeyClient](&hello.Extensions)
	if !ok || len(x.Identities) == 0 {
		return nil, errors.New("the ClientHello offers no ticket")
	}
	return x.Identities[0].Identity, nil
}

// offeredBy is what a ClientHello that resumes shows to everybody.
func offeredBy(hello *message.ClientHello) *CapturedSession {
	seen := &CapturedSession{SessionID: hello.SessionID}
	if ticket, err := offeredTicket(hello); err == nil {
		seen.Ticket = ticket
	} else if x, ok := message.Get[*message.SessionTicket](&hello.Extensions); ok {
		seen.Ticket = x.Ticket
	}
	return seen
}

// trial is what a pre-shared key of TLS 1.3 opens of a recording.
type trial struct {
	data  string // of the client's
	later bool   // anything under keys that are made after ServerHello
}

// tryPSK tries it on what an observer could do with it.
func (l *line) tryPSK(psk []byte) (trial, error) {
	r, err := l.observe(observe.Options{PSKs: [][]byte{psk}})
	t := r.Traffic
	return trial{string(r.FromClient), slices.ContainsFunc([][]byte{t.ClientHandshake, t.ServerHandshake, t.ClientApplication, t.ServerApplication},
		func(secret []byte) bool { return secret != nil })}, err
}

// cookieIn finds the login in what was opened; "" if there is none.
func cookieIn(plain string) string {
	_, rest, ok := bytes.Cut([]byte(plain), []byte(bank.Cookie+"="))
	if !ok {
		return ""
	}
	v, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(v)
}

// guess is a secret that the thief does not have.
func (w *world) guess(b []byte) error {
	_, err := io.ReadFull(w.Stream("mallory"), b)
	return err
}
