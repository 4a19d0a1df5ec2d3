package live

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// sessionJar is a session.Store for a client of one server: TLS 1.2's session and the
// tickets of TLS 1.3 that nobody has used yet, in memory and, if asked for, in a file.
//
// It answers for every server's name, and hands out what has expired: the engine knows
// both, and says what it does about it.
type sessionJar struct {
	mu         sync.Mutex
	unverified bool  // the server of one of them at least was not verified
	session    entry // of TLS 1.2
	tickets    []entry
	offered    offered
}

// offered is what was handed out for one ClientHello; nil for nothing.
type offered struct {
	session *session.Session // of TLS 1.2
	ticket  *session.Session // of TLS 1.3
}

type entry struct {
	value   []byte
	expires time.Time
}

// maxTickets bounds what is kept: no server of ours sends more over one connection.
const maxTickets = 32

// ticketKey is how the keys begin under which package handshake keeps TLS 1.3's tickets.
const ticketKey = "ticket:"

func isTicket(key string) bool { return strings.HasPrefix(key, ticketKey) }

// Put keeps a copy of value: a ticket beside the others, a session in place of the last.
func (j *sessionJar) Put(key string, value []byte, expires time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	k := entry{slices.Clone(value), expires}
	if !isTicket(key) {
		j.session = k
		return nil
	}
	j.tickets = append(j.tickets, k)
	j.tickets = j.tickets[max(0, len(j.tickets)-maxTickets):]
	return nil
}

// Get returns the session of TLS 1.2, or nil.
func (j *sessionJar) Get(key string, _ time.Time) ([]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if isTicket(key) || j.session.value == nil {
		return nil, nil
	}
	j.offered.session = j.session.parsed()
	return j.session.value, nil
}

// Take returns the newest ticket and forgets it, or returns nil.
func (j *sessionJar) Take(key string, _ time.Time) ([]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !isTicket(key) || len(j.tickets) == 0 {
		return nil, nil
	}
	k := j.tickets[len(j.tickets)-1]
	j.tickets = j.tickets[:len(j.tickets)-1]
	j.offered.ticket = k.parsed()
	return k.value, nil
}

// parsed is nil for what the engine will complain of.
func (k entry) parsed() *session.Session {
	s, _ := session.Parse(k.value)
	return s
}

// Delete forgets the session of TLS 1.2.
func (j *sessionJar) Delete(key string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !isTicket(key) {
		j.session = entry{}
	}
	return nil
}

// errNoMarks is for what only servers ask of a store.
var errNoMarks = errors.New("a client's sessions are no store of marks")

// Once keeps no marks.
func (j *sessionJar) Once(string, time.Time, time.Time) (bool, error) { return false, errNoMarks }

// Began keeps no marks.
func (j *sessionJar) Began(time.Time) (time.Time, error) { return time.Time{}, errNoMarks }

// lastOffer is what was handed out since it was asked last.
func (j *sessionJar) lastOffer() offered {
	j.mu.Lock()
	defer j.mu.Unlock()
	o := j.offered
	j.offered = offered{}
	return o
}

// offers reports whether something was handed out since lastOffer was asked.
func (j *sessionJar) offers() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.offered != offered{}
}

// The format of session files is described at session.File.

// write keeps the sessions in a file that only its owner may read: anybody who has it can
// impersonate the client, and read the recording of a TLS 1.2 connection. What was there
// before is replaced in one step, so that there is never half a file.
func (j *sessionJar) write(file string, verified bool, now time.Time, l narrate.Lang, log io.Writer) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	f := session.File{ServerVerified: verified && !j.unverified}
	for _, k := range append([]entry{j.session}, j.tickets...) {
		if k.value == nil || !now.Before(k.expires) {
			continue
		}
		s, err := session.Parse(k.value)
		if err != nil {
			return err
		}
		f.Sessions = append(f.Sessions, *s)
	}
	if len(f.Sessions) == 0 {
		return cli.Failure("Servers are free not to: ask it with tickets allowed, or try another.", "the server gave no session to keep")
	}
	b, err := f.Marshal()
	if err != nil {
		return err
	}
	return cli.WriteSecret("--sess-out", file, b, l, log)
}

// read takes the sessions from a file. mustVerify refuses those whose server was not.
func (j *sessionJar) read(file string, mustVerify bool) error {
	b, err := os.ReadFile(file)
	if err != nil {
		if p := new(fs.PathError); errors.As(err, &p) {
			err = p.Err
		}
		return cli.Unusable("Make one with: tlslab client … --sess-out FILE", "--sess-in %s: %w", file, err)
	}
	f, err := session.ParseFile(b)
	if err != nil {
		return cli.Unusable("Make one with: tlslab client … --sess-out FILE", "--sess-in %s: %s: %w", file, fileFault(err), err)
	}
	if len(f.Sessions) == 0 {
		return cli.Unusable("Make one with: tlslab client … --sess-out FILE", "--sess-in %s: there is no session in it", file)
	}
	if mustVerify && !f.ServerVerified {
		return cli.Unusable("Make new ones without --insecure, or say --insecure here too.",
			"--sess-in %s: its sessions were made without verifying the server", file)
	}
	j.unverified = !f.ServerVerified
	for i := range f.Sessions {
		s := &f.Sessions[i]
		value, err := s.Marshal()
		if err != nil {
			return err
		}
		key := ""
		if s.Version == iana.TLS13 {
			key = ticketKey
		}
		if err := j.Put(key, value, s.Created.Add(s.Lifetime)); err != nil {
			return err
		}
	}
	return nil
}

// fileFault is what is wrong with a session file, for somebody who knows no formats.
func fileFault(err error) reason.Usage {
	var re *reason.Error
	if !errors.As(err, &re) {
		return reason.Usagef("unreadable")
	}
	switch {
	case re.Field == "session_file.magic":
		return reason.Usagef("no session file of tlslab")
	case re.Field == "session_file.version":
		return reason.Usagef("a session file of another version of tlslab")
	case re.Reason == reason.Truncated:
		return reason.Usagef("cut short")
	case re.Reason == reason.TrailingBytes:
		return reason.Usagef("more than a session file")
	}
	return reason.Usagef("damaged")
}
