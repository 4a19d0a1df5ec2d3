package kxtest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"tlslab/handshake/kx"
)

// suite is one run of the checks over one group.
type suite struct {
	config
	group  kx.Group
	honest exchange // one exchange that worked
	faults []string

	panicked map[string]bool // which of the methods, told once each
}

// fault notes a sentence, once.
func (s *suite) fault(format string, args ...any) {
	sentence := s.group.Name() + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(s.faults, sentence) {
		s.faults = append(s.faults, sentence)
	}
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
	x.offered = bytes.Clone(x.offer.Share())
	if !bytes.Equal(x.offer.Share(), x.offered) {
		s.fault("an Offer's Share returns something else the second time: make it once, in Offer")
		return x, false
	}
	if len(x.offered) == 0 {
		s.fault("an Offer's share is empty: the peer has nothing to compute with")
		return x, false
	}
	answer, err := s.answer(seeded(answerSeed), bytes.Clone(x.offered))
	if err != nil {
		s.fault("Answer refuses the share of an honest Offer: %v", err)
		return x, false
	}
	x.answer = answer
	x.reply, x.secret = bytes.Clone(answer.Share()), bytes.Clone(answer.Secret())
	if !bytes.Equal(answer.Share(), x.reply) || !bytes.Equal(answer.Secret(), x.secret) {
		s.fault("an Answer's Share or Secret returns something else the second time: make them once, in Answer")
		return x, false
	}
	if len(x.reply) == 0 {
		s.fault("an Answer's share is empty: the peer has nothing to compute with")
		return x, false
	}
	secret, err := s.finish(x.offer, bytes.Clone(x.reply))
	if err != nil {
		s.fault("Finish refuses the share of an honest Answer: %v", err)
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
		s.fault("Offer fails although its random source works: %v", err)
		return nil, false
	}
	return o, true
}

// tryOffer, answer and finish call the group. A panic is a fault and an error;
// so is a nil where something was promised.

func (s *suite) tryOffer(rand io.Reader) (o kx.Offer, err error) {
	defer s.caught("Offer", "", &err)
	if o, err = s.group.Offer(rand); err == nil && o == nil {
		s.fault("Offer returns neither an offer nor an error")
		err = errNothing
	}
	return o, err
}

func (s *suite) answer(rand io.Reader, offered []byte) (a kx.Answer, err error) {
	defer s.caught("Answer", fmt.Sprintf(", given a share of %d bytes,", len(offered)), &err)
	if a, err = s.group.Answer(rand, offered); err == nil && a == nil {
		s.fault("Answer returns neither an answer nor an error")
		err = errNothing
	}
	return a, err
}

func (s *suite) finish(o kx.Offer, reply []byte) (secret []byte, err error) {
	defer s.caught("Finish", fmt.Sprintf(", given a share of %d bytes,", len(reply)), &err)
	return o.Finish(reply)
}

// caught makes a panic a fault and an error. A method that panics once does so at many
// lengths, and the first says enough.
func (s *suite) caught(who, given string, err *error) {
	v := recover()
	if v == nil {
		return
	}
	*err = errPanic
	if s.panicked == nil {
		s.panicked = map[string]bool{}
	}
	if !s.panicked[who] {
		s.panicked[who] = true
		s.fault("%s%s panics (%v): a peer can send any bytes, so return an error", who, given, v)
	}
}

var (
	errNothing = fmt.Errorf("nothing returned")
	errPanic   = fmt.Errorf("panic")
)
