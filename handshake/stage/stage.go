// Package stage is what every lesson is played on: one seed from which each party has its
// own randomness, one clock, numbers for connections and for events through all parties, and
// the one pump that drives endpoints.
//
// A plot (packages scenario and replay) makes endpoints, says what the programs behind them
// do, and lets them converse. This package does not know what a lesson is about, and knows no
// certificate: it knows of the engine, of its events, and of the wire (package tamper).
//
// The pump stands above tamper, which is the wire alone and drives nothing. A path on
// which bytes take time (scenario's comparison), and a recording that is sent again, carry the
// bytes in their own way, and drive the ends with Go as Converse does.
//
// Read stage.go, then pump.go.
package stage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"io"
	randv2 "math/rand/v2"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
)

// Epoch is the time of a seeded lesson.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Stage belongs to one lesson. Its zero value has real randomness, real time and no
// Listener. It is not for several goroutines at once.
type Stage struct {
	// Context ends the lesson when it is done; nil: nothing does.
	Context context.Context
	// Listener hears every event once it has its number; nil: nobody does.
	Listener event.Listener
	// BeforeMove, if not nil, is asked before each move of each endpoint that is driven here;
	// an error ends the lesson with it.
	BeforeMove func(*handshake.Endpoint) error

	seed    string
	streams map[string]io.Reader
	clock   time.Time // zero: real time
	conns   int
	seq     uint64
	ended   error // what a pump ended with: also one inside another's move
}

// New returns a stage under a seed: two with the same one come to the same bytes, and the
// clock stands at Epoch until somebody moves it. "" is real randomness and real time.
func New(ctx context.Context, seed string) *Stage {
	s := &Stage{Context: ctx, seed: seed}
	if seed != "" {
		s.clock = Epoch
	}
	return s
}

// Stream is a party's own randomness, from where the party left off. Under a seed it depends
// on the seed and the party's name alone, so that one party drawing more leaves the others
// as they were.
func (s *Stage) Stream(party string) io.Reader {
	if s.seed == "" {
		return rand.Reader
	}
	if s.streams[party] == nil {
		if s.streams == nil {
			s.streams = map[string]io.Reader{}
		}
		s.streams[party] = randv2.NewChaCha8(sha256.Sum256([]byte("tlslab seed\x00" + s.seed + "\x00" + party)))
	}
	return s.streams[party]
}

// Now is the lesson's time.
func (s *Stage) Now() time.Time {
	if s.clock.IsZero() {
		return time.Now()
	}
	return s.clock
}

// SetClock stops the clock at t, which is not the zero time: from now on it moves only when
// it is set, or with Pass.
func (s *Stage) SetClock(t time.Time) { s.clock = t }

// Pass lets time go by, after which the clock stands.
func (s *Stage) Pass(d time.Duration) { s.clock = s.Now().Add(d) }

// NewConn numbers a connection, from 1.
func (s *Stage) NewConn() int {
	s.conns++
	return s.conns
}

// Event numbers an event through all parties, from 1, and passes it on.
func (s *Stage) Event(e event.Event) {
	s.seq++
	e.Head().Seq = s.seq
	if s.Listener != nil {
		s.Listener.Event(e)
	}
}

// Scene tells what happens around the endpoints, now, and by whom; "" is nobody in particular.
func (s *Stage) Scene(party string, scene event.Scene) {
	h := scene.Head()
	h.Party, h.Time = party, s.Now()
	s.Event(scene)
}
