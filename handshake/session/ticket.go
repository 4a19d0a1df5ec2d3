package session

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"sync"
	"time"
)

// TicketKeys seal sessions into tickets (RFC 5077): key_name(16) nonce(12)
// AES-256-GCM(session), with the name as additional data. Each key seals for one age and
// opens for one more, so a ticket is good for one to two ages; then the key is gone, and a
// thief who comes later finds nothing. That holds for a key that was made by a clock that
// was ahead, too: once the clock is right the key is gone, and its tickets with it.
type TicketKeys struct {
	rand  io.Reader
	age   time.Duration
	store Store // that several servers share; nil: the keys are this process's own
	given bool  // the keys are the caller's, and do not change

	mu    sync.Mutex
	keys  []*ticketKey // the newest first: it seals
	asked asked        // of the store
}

// ErrForeignTicket is returned for a ticket sealed by no live key, or tampered with.
var ErrForeignTicket = errors.New("ticket not sealed by a key we hold")

const defaultAge = 12 * time.Hour

// NewTicketKeys returns keys that are replaced when older than age (0: 12 hours).
func NewTicketKeys(rand io.Reader, age time.Duration) *TicketKeys {
	if age <= 0 {
		age = defaultAge
	}
	return &TicketKeys{rand: rand, age: age}
}

// Seal makes a ticket. The nonce is drawn from rand.
func (t *TicketKeys) Seal(s *Session, rand io.Reader, now time.Time) ([]byte, error) {
	plain, err := s.Marshal()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.rotate(now); err != nil {
		return nil, err
	}
	k := t.sealing(now)
	out := make([]byte, ticketOverhead-k.aead.Overhead(), ticketOverhead+len(plain))
	copy(out, k.name[:])
	if _, err := io.ReadFull(rand, out[16:28]); err != nil {
		return nil, err
	}
	return k.aead.Seal(out, out[16:28], plain, k.name[:]), nil
}

const ticketOverhead = 16 + 12 + 16 // key_name, nonce, tag

// Open returns the session inside a ticket, ErrForeignTicket, a *reason.Error for a
// session of another format, or why a shared store gives no keys. old says that another
// key than the current one sealed it: the holder deserves a new one. It does not look at
// the session's lifetime.
func (t *TicketKeys) Open(ticket []byte, now time.Time) (s *Session, old bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.rotate(now); err != nil {
		return nil, false, err
	}
	k := t.sealer(ticket)
	if k == nil && t.store != nil && len(ticket) >= ticketOverhead {
		if err := t.askAgain(now); err != nil { // another server may have rotated first
			return nil, false, err
		}
		k = t.sealer(ticket)
	}
	if k == nil {
		return nil, false, ErrForeignTicket
	}
	s, err = k.open(ticket)
	return s, k.seals.Before(t.sealing(now).seals), err
}

// OpenStolen opens a ticket with what Stolen returned. For lessons: it is what the thief
// does, at any time, with any ticket that the key sealed.
func OpenStolen(stolen, ticket []byte) (*Session, error) {
	if len(stolen) != 48 || len(ticket) < ticketOverhead || string(stolen[:16]) != string(ticket[:16]) {
		return nil, ErrForeignTicket
	}
	k := new(ticketKey)
	copy(k.name[:], stolen)
	copy(k.key[:], stolen[16:])
	if err := k.ready(); err != nil {
		return nil, err
	}
	return k.open(ticket)
}

// Stolen returns the current key's bytes, name(16) then key(32): what a thief of the
// server's memory takes. Nil if there is no key yet. For lessons.
func (t *TicketKeys) Stolen() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.keys) == 0 {
		return nil
	}
	return append(append([]byte(nil), t.keys[0].name[:]...), t.keys[0].key[:]...)
}

// OpenHeld opens a ticket with whichever key is held at the moment, however old: what a thief of the
// server's memory does. It makes no key, forgets none, and asks no shared store. For lessons.
func (t *TicketKeys) OpenHeld(ticket []byte) (*Session, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.sealer(ticket)
	if k == nil {
		return nil, ErrForeignTicket
	}
	return k.open(ticket)
}

// ticketKey seals until one time, and opens until a later one.
type ticketKey struct {
	name  [16]byte
	key   [32]byte
	seals time.Time
	opens time.Time
	aead  cipher.AEAD
}

// newTicketKey draws a key that seals from now on, until seals.
func (t *TicketKeys) newTicketKey(seals time.Time) (*ticketKey, error) {
	k := &ticketKey{seals: seals, opens: seals.Add(t.age)}
	if _, err := io.ReadFull(t.rand, k.name[:]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(t.rand, k.key[:]); err != nil {
		return nil, err
	}
	return k, k.ready()
}

func (k *ticketKey) ready() error {
	b, err := aes.NewCipher(k.key[:])
	if err != nil {
		return err
	}
	k.aead, err = cipher.NewGCM(b)
	return err
}

// open needs a ticket with k's name, of ticketOverhead bytes at least.
func (k *ticketKey) open(ticket []byte) (*Session, error) {
	plain, err := k.aead.Open(nil, ticket[16:28], ticket[28:], k.name[:])
	if err != nil {
		return nil, ErrForeignTicket
	}
	return Parse(plain)
}

// sealer is the live key that a ticket names, or nil.
func (t *TicketKeys) sealer(ticket []byte) *ticketKey {
	if len(ticket) < ticketOverhead {
		return nil
	}
	for _, k := range t.keys {
		if string(k.name[:]) == string(ticket[:16]) {
			return k
		}
	}
	return nil
}

// rotate makes sure that there is a first key to seal with. It drops each key whose time is
// over, and each key that would seal for longer than a right one ever does.
func (t *TicketKeys) rotate(now time.Time) error {
	if t.given {
		return nil
	}
	t.forget(now)
	if t.store != nil {
		return t.ask(now)
	}
	t.forgetAhead(now)
	if len(t.keys) > 0 && now.Before(t.keys[0].seals) {
		return nil
	}
	k, err := t.newTicketKey(now.Add(t.age))
	if err != nil {
		return err
	}
	t.keys = append([]*ticketKey{k}, t.keys...)
	return nil
}

// sealing is the key of the present age. (A shared key may be there before its age begins.)
func (t *TicketKeys) sealing(now time.Time) *ticketKey {
	for _, k := range t.keys {
		if t.store == nil || k.seals.Sub(now) <= t.age {
			return k
		}
	}
	return t.keys[0]
}

// forgetAhead drops the keys that were made while the clock was ahead of the time that we
// are told now. If it was ahead by a year, such keys would seal for a year, and open for
// another age. ClockSkew is for calls that come in another order than their times.
func (t *TicketKeys) forgetAhead(now time.Time) {
	for len(t.keys) > 0 && t.keys[0].seals.Sub(now) > t.age+ClockSkew {
		t.keys = t.keys[1:]
	}
}

// forget drops the keys that have had their time.
func (t *TicketKeys) forget(now time.Time) {
	for len(t.keys) > 0 && !now.Before(t.keys[len(t.keys)-1].opens) {
		t.keys[len(t.keys)-1] = nil
		t.keys = t.keys[:len(t.keys)-1]
	}
}
