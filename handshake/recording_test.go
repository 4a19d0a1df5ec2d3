package handshake_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
)

// recording is what a flow put on the wire, one turn for each move that sends.
type recording struct {
	*flow
	turns   []turn
	version iana.Version
	suite   *suite.Suite
	etm     bool
	secret  map[string][]byte // by label
	reads   [2][]reading      // how a role reads after none, one, two of the records to it
}

type turn struct {
	from event.Role
	wire []byte // one record
}

// reading is how an endpoint opens the next record.
type reading struct {
	sealed bool
	keys   suite.Keys
	seq    uint64
	done   bool // its handshake is complete
}

// records records every flow, once.
var records = sync.OnceValues(func() ([]*recording, error) {
	var all []*recording
	for _, f := range flows() {
		r, err := f.record()
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
})

func recorded(t testing.TB) []*recording {
	t.Helper()
	all, err := records()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func recordedAs(t testing.TB, name string) *recording {
	t.Helper()
	for _, r := range recorded(t) {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("no recording is called %q", name)
	return nil
}

func (f *flow) record() (*recording, error) {
	rec := &recording{flow: f, secret: map[string][]byte{}}
	var pair [2]*subject
	for i := range pair {
		role := event.Role(i)
		cfg := f.config(role)
		if role == event.Client {
			cfg.ShowSecrets = true
			cfg.Listener = event.ListenerFunc(func(e event.Event) {
				if s, ok := e.(*event.Secret); ok {
					rec.secret[string(s.Label)] = s.Value
				}
			})
		}
		var err error
		if pair[i], err = f.subject(role, cfg); err != nil {
			return nil, err
		}
	}
	for moved := true; moved; {
		moved = false
		for i, e := range pair {
			if e.drive(); e.Err() != nil {
				return nil, e.Err()
			}
			for b := range eachRecord(e.out) {
				rec.turns = append(rec.turns, turn{event.Role(i), b})
				moved = true
			}
			pair[1-i].Feed(e.out)
			e.out = nil
		}
	}
	if !pair[0].Done() || !pair[1].Done() {
		return nil, errors.New(f.name + " did not complete")
	}
	sum := pair[0].Summary()
	rec.version, rec.suite, rec.etm = sum.Version, sum.Suite, sum.EncryptThenMAC
	for i := range pair {
		if err := rec.read(event.Role(i)); err != nil {
			return nil, err
		}
	}
	return rec, nil
}

// subject makes an endpoint of the flow, which does after its handshake what belongs
// to the flow.
func (f *flow) subject(role event.Role, cfg *handshake.Config) (*subject, error) {
	make := handshake.NewClient
	if role == event.Server {
		make = handshake.NewServer
	}
	e, err := make(cfg)
	return &subject{Endpoint: e, after: f.after[role]}, err
}

// read replays the recording to a role, to learn how it reads at each time.
func (r *recording) read(role event.Role) error {
	var now reading
	var heard collect
	cfg := r.config(role)
	cfg.ShowSecrets = true
	cfg.Listener = event.ListenerFunc(func(e event.Event) {
		heard = append(heard, e)
		switch e := e.(type) {
		case *event.KeyChange:
			if e.Dir == event.Receive {
				now = reading{sealed: true, keys: writeKeys(heard, other(role))}
			}
		case *event.Record:
			if e.Dir == event.Receive && e.Protected {
				now.seq++ // before it can change keys
			}
		}
	})
	s, err := r.subject(role, cfg)
	if err != nil {
		return err
	}
	s.drive()
	r.reads[role] = []reading{now}
	for _, b := range r.to(role) {
		if s.feed(b); s.Err() != nil {
			return s.Err()
		}
		now.done = s.connected
		r.reads[role] = append(r.reads[role], now)
	}
	return nil
}

// eachRecord takes a stream apart.
func eachRecord(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) >= 5 {
			n := min(len(b), 5+int(b[3])<<8+int(b[4]))
			if !yield(b[:n:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// to returns what was sent to a role, record by record.
func (r *recording) to(role event.Role) (in [][]byte) {
	for _, t := range r.turns {
		if t.from != role {
			in = append(in, t.wire)
		}
	}
	return in
}

// writer speaks as the peer of a role, after the peer has sent n records.
func (r *recording) writer(t testing.TB, role event.Role, n int) *record.Writer {
	t.Helper()
	return r.reads[role][n].writer(t, r.suite, r.etm)
}

// writer writes what can be read so.
func (r reading) writer(t testing.TB, s *suite.Suite, etm bool) *record.Writer {
	t.Helper()
	w := new(record.Writer)
	w.SetVersion(iana.TLS12)
	if !r.sealed {
		return w
	}
	p, err := s.Cipher.Protect(r.keys, suite.Options{EncryptThenMAC: etm, Rand: seeded("writer")})
	if err != nil {
		t.Fatal(err)
	}
	w.SetVersion(s.Version)
	w.Change(p, nil)
	for range r.seq { // use up the sequence numbers of what was sent
		if _, err := w.Append(nil, iana.ApplicationData, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// put seals or frames one payload.
func put(t testing.TB, w *record.Writer, typ iana.ContentType, payload []byte) []byte {
	t.Helper()
	b, err := w.Append(nil, typ, payload, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clearRecord frames a payload.
func clearRecord(typ iana.ContentType, payload []byte) []byte {
	return append([]byte{byte(typ), 3, 3, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

// subject is an endpoint under test with all that it has said.
type subject struct {
	*handshake.Endpoint
	out       []byte
	connected bool                      // its handshake was complete at some time
	after     func(*handshake.Endpoint) // what it does then; nil: nothing
	buf       [512]byte
}

// replay makes an endpoint of a role and feeds it the first n records that its
// peer sent in the recording.
func (r *recording) replay(t testing.TB, role event.Role, n int) *subject {
	t.Helper()
	s := r.end(t, role, nil)
	for _, b := range r.to(role)[:n] {
		s.feed(b)
	}
	return s
}

// end makes an endpoint of the flow, and lets it begin.
func (r *recording) end(t testing.TB, role event.Role, l event.Listener) *subject {
	t.Helper()
	cfg := r.config(role)
	cfg.Listener = l
	s, err := r.subject(role, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.drive()
	return s
}

// connect makes both ends of the flow anew, with somebody between them.
func (r *recording) connect(t testing.TB) *connection {
	t.Helper()
	c := connect(t, r.config(event.Client), r.config(event.Server))
	for i := range c.ends {
		c.ends[i].after = r.after[i]
	}
	return c
}

func (s *subject) feed(b []byte) {
	s.Feed(b)
	s.drive()
}

// drive does all that can be done, and reads what lies ready.
func (s *subject) drive() {
	for {
		progress, err := s.Step()
		if s.Done() && !s.connected {
			if s.connected = true; s.after != nil {
				s.after(s.Endpoint)
			}
		}
		for s.Buffered() > 0 && err == nil {
			_, err = s.Read(s.buf[:])
			progress = true
		}
		if err != nil || !progress {
			break
		}
	}
	s.out = append(s.out, s.Output()...)
}

// decimalBytes is how fmt prints a byte slice: [121 121 121].
var decimalBytes = regexp.MustCompile(` \[\d{1,3}( \d{1,3})+\]`)

// refused holds that a subject has given up as it should: with a typed reason that
// is not its own fault, the alert that goes with it, no way on, and the same
// answer to every later question.
func (s *subject) refused(t testing.TB) *reason.Error {
	t.Helper()
	err := s.Err()
	var re *reason.Error
	switch {
	case err == nil:
		t.Fatalf("not refused: the endpoint is in %v", s.State())
	case !errors.As(err, &re) || !slices.Contains(reason.All(), re.Reason):
		t.Fatalf("refused without a typed reason: %T %v", err, err)
	case decimalBytes.MatchString(err.Error()):
		t.Fatalf("the error prints bytes in decimal: %v", err)
	case reason.OurFault(re.Reason):
		t.Fatalf("what the peer sent is called our own fault: %v", err)
	case s.State() != event.Failed || s.Done() || len(s.Legal()) != 0:
		t.Fatalf("refused (%v), yet in %v", err, s.State())
	}
	checkChinese(t, re)
	checkRule(t, s.Endpoint, re)
	if want, ok := reason.Alert(re.Reason); ok {
		var last []byte
		for b := range eachRecord(s.out) {
			last = b
		}
		sum := s.Summary() // who offers early data has keys before there is a version
		sealed := (sum.Version == iana.TLS13 || sum.EarlyData != handshake.NoEarlyData) && len(last) > 0 && last[0] == byte(iana.ApplicationData)
		if len(last) < 7 || last[0] != byte(iana.Alert) && !sealed {
			t.Fatalf("refused (%v), and the last record sent is %x, no alert", err, last)
		}
		if len(last) == 7 && (last[5] != byte(iana.Fatal) || last[6] != byte(want)) {
			t.Fatalf("refused (%v) with alert %x, want fatal %v", err, last[5:], want)
		}
	}
	sent := len(s.out)
	s.Feed([]byte("more"))
	s.drive()
	_, again := s.Step()
	_, read := s.Read(make([]byte, 10))
	_, wrote := s.Write([]byte("x"))
	for _, e := range []error{again, read, wrote, s.CloseWrite(), s.Err()} {
		if e != err {
			t.Fatalf("asked again it says %v, before %v", e, err)
		}
	}
	if s.drive(); len(s.out) != sent {
		t.Fatalf("it said more after its last alert: %x", s.out[sent:])
	}
	return re
}

// body is the payload of a record in clear.
func body(wire []byte) []byte { return wire[5:] }

// contextOf is how a message of a recording is to be parsed.
func (r *recording) contextOf(from event.Role) message.Context {
	return message.Context{Version: r.version, Kx: r.suite.Kx, FromServer: from == event.Server}
}

// collect is a listener that keeps everything.
type collect []event.Event

func (c *collect) Event(e event.Event) { *c = append(*c, e) }

// all returns the events of one kind.
func all[T event.Event](c collect) (list []T) {
	for _, e := range c {
		if x, ok := e.(T); ok {
			list = append(list, x)
		}
	}
	return list
}

// checkChinese: what an error says is said in Chinese whole. (That each phrase has its entry
// narrate tests; here are the errors that come about.)
func checkChinese(t testing.TB, err error) {
	t.Helper()
	said, _, _ := strings.Cut(narrate.Fault(narrate.Zh, err), "英文原文") // what another package says may be English
	for _, word := range []string{" expected ", ", got ", ": got ", " at byte ", " the ", " a ", " an ", " of ", " for ", " with ", " that ", " in state ", " or "} {
		if strings.Contains(said, word) {
			t.Errorf("%q is in %s\nof %v", word, said, err)
		}
	}
}
