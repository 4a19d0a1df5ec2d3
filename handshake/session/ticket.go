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
// AES-256-GCM(session), with the name as additional data. Two keys are live: the
// current one seals, the previous one still opens, so a ticket is good for one to
// two Ages.
type TicketKeys struct {
	rand io.Reader
	age  time.Duration

	mu                sync.Mutex
	current, previous *ticketKey
}

type ticketKey struct {
	name [16]byte
	key  [32]byte
	aead cipher.AEAD
	made time.Time
}

// ErrForeignTicket is returned for a ticket sealed by no live key, or tampered with.
var ErrForeignTicket = errors.New("ticket not sealed by a key we hold")

// NewTicketKeys returns keys that are replaced when older than age (0: 12 hours).
func NewTicketKeys(rand io.Reader, age time.Duration) *TicketKeys {
	if age <= 0 {
		age = 12 * time.Hour
	}
	return &TicketKeys{rand: rand, age: age}
}

// rotate makes sure that the current key is younger than age.
func (t *TicketKeys) rotate(now time.Time) error {
	if t.current != nil && now.Sub(t.current.made) < t.age {
		return nil
	}
	k := &ticketKey{made: now}
	if _, err := io.ReadFull(t.rand, k.name[:]); err != nil {
		return err
	}
	if _, err := io.ReadFull(t.rand, k.key[:]); err != nil {
		return err
	}
	b, err := aes.NewCipher(k.key[:])
	if err != nil {
		return err
	}
	if k.aead, err = cipher.NewGCM(b); err != nil {
		return err
	}
	t.previous, t.current = t.current, k
	return nil
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
	k := t.current
	out := make([]byte, 28, 28+len(plain)+16)
	copy(out, k.name[:])
	if _, err := io.ReadFull(rand, out[16:28]); err != nil {
		return nil, err
	}
	return k.aead.Seal(out, out[16:28], plain, k.name[:]), nil
}

// Open returns the session inside a ticket, ErrForeignTicket, or a *reason.Error
// for a session of another format. old says that the previous key sealed it: the
// holder deserves a new one. It does not look at the session's lifetime.
func (t *TicketKeys) Open(ticket []byte, now time.Time) (s *Session, old bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.rotate(now); err != nil {
		return nil, false, err
	}
	for _, k := range []*ticketKey{t.current, t.previous} {
		if k == nil || now.Sub(k.made) >= 2*t.age || len(ticket) < 28 || string(k.name[:]) != string(ticket[:16]) {
			continue
		}
		plain, err := k.aead.Open(nil, ticket[16:28], ticket[28:], k.name[:])
		if err != nil {
			return nil, false, ErrForeignTicket
		}
		s, err := Parse(plain)
		return s, k == t.previous, err
	}
	return nil, false, ErrForeignTicket
}

// Stolen returns the current key's bytes, name then key: what a thief of the
// server's memory takes. For lessons.
func (t *TicketKeys) Stolen() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		return nil
	}
	return append(append([]byte(nil), t.current.name[:]...), t.current.key[:]...)
}
