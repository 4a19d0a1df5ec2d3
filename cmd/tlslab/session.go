package main

import (
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/session"
)

// keptSession is a session.Store for a client of one server: the session that came
// last, in memory, and in a file if asked for.
type keptSession struct {
	mu      sync.Mutex
	ticket  bool // of TLS 1.3, as the key says
	value   []byte
	expires time.Time
	version iana.Version // of the session read from a file; 0 for none
}

// Put keeps a copy of value, instead of what was kept before.
func (k *keptSession) Put(key string, value []byte, expires time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ticket, k.value, k.expires = isTicket(key), append([]byte(nil), value...), expires
	return nil
}

// Get returns the session, or nil: whatever the server's name, for the engine to judge.
func (k *keptSession) Get(key string, now time.Time) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if isTicket(key) != k.ticket || !now.Before(k.expires) {
		return nil, nil
	}
	return k.value, nil
}

// Take returns the session and forgets it, or returns nil.
func (k *keptSession) Take(key string, now time.Time) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if isTicket(key) != k.ticket {
		return nil, nil
	}
	v := k.value
	k.value = nil
	if !now.Before(k.expires) {
		return nil, nil
	}
	return v, nil
}

// Delete forgets the session.
func (k *keptSession) Delete(key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if isTicket(key) == k.ticket {
		k.value = nil
	}
	return nil
}

// ticketKey is how the keys begin under which package handshake keeps TLS 1.3's tickets.
const ticketKey = "ticket:"

func isTicket(key string) bool { return strings.HasPrefix(key, ticketKey) }

// errNoMarks is for what only servers ask of a store.
var errNoMarks = errors.New("a client's session is no store of marks")

// Once keeps no marks.
func (k *keptSession) Once(string, time.Time, time.Time) (bool, error) { return false, errNoMarks }

// Began keeps no marks.
func (k *keptSession) Began(time.Time) (time.Time, error) { return time.Time{}, errNoMarks }

// A session file is one PEM block. Its header says whether the server was verified
// when the session was made: resuming does not do it again, so a session made with
// --insecure must not lend its server a trust that nobody checked.
const (
	sessionBlock  = "TLSLAB SESSION"
	sessionHeader = "Server-Verified"
)

// write keeps the session in a file that only its owner may read: who has it can
// read the recording of the connection. An old session there is replaced.
func (k *keptSession) write(file string, verified bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.value == nil {
		return failure("Servers are free not to: ask it with tickets allowed, or try another.", "the server gave no session to keep")
	}
	b := &pem.Block{Type: sessionBlock, Headers: map[string]string{sessionHeader: "no"}, Bytes: k.value}
	if verified {
		b.Headers[sessionHeader] = "yes"
	}
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		return err // writing into it would keep its mode
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return firstError(pem.Encode(f, b), f.Close())
}

// read takes a session from a file. mustVerify refuses one whose server was not.
func (k *keptSession) read(file string, mustVerify bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	b, _ := pem.Decode(text)
	if b == nil || b.Type != sessionBlock {
		return failure("Make one with: tlslab client … --sess-out FILE", "%s holds no session", file)
	}
	if mustVerify && b.Headers[sessionHeader] != "yes" {
		return failure("Make a new one without --insecure, or say --insecure here too.",
			"the session in %s was made without verifying the server", file)
	}
	s, err := session.Parse(b.Bytes)
	if err != nil {
		return failure("Make a new one with --sess-out.", "the session in %s cannot be read: %w", file, err)
	}
	k.version = s.Version
	key := ""
	if s.Version == iana.TLS13 {
		key = ticketKey
	}
	return k.Put(key, b.Bytes, s.Created.Add(s.Lifetime))
}
