package kxtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"tlslab/handshake/foreign"
	"tlslab/handshake/kx"
)

// suite is one run of the checks over one group.
type suite struct {
	config
	group  kx.Group
	name   string   // the group's, as it stands before each sentence
	honest exchange // one exchange that worked

	panicked map[string]bool // which of the methods, told once each

	mark    mark
	pending atomic.Pointer[pending]

	mu     sync.Mutex
	faults []string
	over   bool // there is nothing more to try
}

// fault notes a sentence, once.
func (s *suite) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(format, args...)
}

// last is fault, after which no other is noted.
func (s *suite) last(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(format, args...)
	s.over = true
}

func (s *suite) note(format string, args ...any) {
	sentence := foreign.Line(s.name + ": " + fmt.Sprintf(format, args...))
	if !s.over && !slices.Contains(s.faults, sentence) {
		s.faults = append(s.faults, sentence)
	}
}

// found returns what is noted so far. Who is stuck may come back, and must not share it.
func (s *suite) found() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// join takes over what another has found of the same group.
func (s *suite) join(other *suite) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range other.found() {
		if !slices.Contains(s.faults, f) {
			s.faults = append(s.faults, f)
		}
	}
	s.over = s.over || other.done()
}

func (s *suite) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// seeded is a random source that gives the same bytes for the same seed.
func seeded(seed int) io.Reader {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	return rand.NewChaCha8(key)
}

// exchange is what one run left behind; every slice is a copy.
type exchange struct {
	offer          kx.Offer
	answer         kx.Answer
	offered, reply []byte
	secret         []byte
}

// run makes one honest exchange. ok is false if that brought a fault to light.
func (s *suite) run(offerSeed, answerSeed int) (x exchange, ok bool) {
	x.offer, ok = s.offer(seeded(offerSeed))
	if !ok {
		return x, false
	}
	x.offered = bytes.Clone(s.share("an Offer", x.offer))
	if !bytes.Equal(s.share("an Offer", x.offer), x.offered) {
		s.fault("an Offer's Share returns something else the second time: make it once, in Offer")
		return x, false
	}
	if len(x.offered) == 0 {
		s.fault("an Offer's share is empty: the peer has nothing to compute with")
		return x, false
	}
	answer, err := s.answer(seeded(answerSeed), bytes.Clone(x.offered))
	if err != nil {
		s.refused("Answer refuses the share of an honest Offer", err)
		return x, false
	}
	x.answer = answer
	x.reply, x.secret = bytes.Clone(s.share("an Answer", answer)), bytes.Clone(s.secret(answer))
	if !bytes.Equal(s.share("an Answer", answer), x.reply) || !bytes.Equal(s.secret(answer), x.secret) {
		s.fault("an Answer's Share or Secret returns something else the second time: make them once, in Answer")
		return x, false
	}
	if len(x.reply) == 0 {
		s.fault("an Answer's share is empty: the peer has nothing to compute with")
		return x, false
	}
	secret, err := s.finish(x.offer, bytes.Clone(x.reply))
	if err != nil {
		s.refused("Finish refuses the share of an honest Answer", err)
		return x, false
	}
	if !bytes.Equal(secret, x.secret) {
		s.fault("the two ends do not agree: Finish and Secret return different secrets")
		return x, false
	}
	return x, true
}

// offer calls Offer with a source that must do.
func (s *suite) offer(rand io.Reader) (kx.Offer, bool) {
	o, err := s.tryOffer(rand)
	if err != nil {
		s.refused("Offer fails although its random source works", err)
		return nil, false
	}
	return o, true
}

// refused tells of an error where there should be none. What the errors of this file stand for is told already.
func (s *suite) refused(what string, err error) {
	if !errors.Is(err, errTold) {
		s.fault("%s: %v", what, err)
	}
}

// tryOffer, answer and finish call the group. A panic is a fault and an error; so is a nil where something
// was promised.

func (s *suite) tryOffer(rand io.Reader) (kx.Offer, error) {
	return s.offered(func() (kx.Offer, error) { return s.group.Offer(rand) })
}

func (s *suite) answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	return s.answered(len(offered), func() (kx.Answer, error) { return s.group.Answer(rand, offered) })
}

// offered and answered make the call, of a group or of an exchange.

func (s *suite) offered(ask func() (kx.Offer, error)) (o kx.Offer, err error) {
	if e := s.call("Offer", nothing, func() { o, err = ask() }); e != nil {
		return nil, e
	}
	return o, s.made("Offer", "an offer", o, err)
}

func (s *suite) answered(share int, ask func() (kx.Answer, error)) (a kx.Answer, err error) {
	if e := s.call("Answer", share, func() { a, err = ask() }); e != nil {
		return nil, e
	}
	return a, s.made("Answer", "an answer", a, err)
}

// made looks at what a call came to: something, or an error.
func (s *suite) made(who, what string, end any, err error) error {
	if err == nil && isNil(end) {
		s.fault("%s returns neither %s nor an error", who, what)
		return errTold
	}
	return s.checked(who, err)
}

func (s *suite) finish(o kx.Offer, reply []byte) (secret []byte, err error) {
	if e := s.call("Finish", len(reply), func() { secret, err = o.Finish(reply) }); e != nil {
		return nil, e
	}
	return secret, s.checked("Finish", err)
}

// checked looks at an error for Go's best known trap: a nil pointer in an error is an error.
func (s *suite) checked(who string, err error) error {
	if err != nil && isNil(err) {
		s.fault("%s returns a nil %T as an error, which is not nil: where all is well, return nil itself", who, err)
		return errTold
	}
	if err == nil {
		return nil
	}
	var said string // its methods are the group's, too
	if s.call(who+"'s error's Error", nothing, func() { said = err.Error() }) != nil {
		return errTold
	}
	return errors.New(said)
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// share and secret ask an end; nil if that is a fault.

func (s *suite) share(who string, end interface{ Share() []byte }) (b []byte) {
	if s.call(who+"'s Share", nothing, func() { b = end.Share() }) != nil {
		return nil
	}
	return b
}

func (s *suite) secret(a kx.Answer) (b []byte) {
	if s.call("an Answer's Secret", nothing, func() { b = a.Secret() }) != nil {
		return nil
	}
	return b
}

// errTold is of a call that did what no call may; the fault is noted.
var errTold = errors.New("told already")
