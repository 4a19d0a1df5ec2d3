package kxtest

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing/iotest"

	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// manyRuns is how many honest exchanges are made. The mistake most often met is to
// drop a leading zero byte, which shows in one number out of 256; each run has three.
const manyRuns = 1000

// identity asks what the group is called. It is false if there is none.
func (s *suite) identity() bool {
	if s.group == nil {
		s.name = "nil"
		s.fault("there is no group")
		return false
	}
	s.name = fmt.Sprintf("%T", s.group)
	var id iana.Group
	var name string
	if s.call("Name", nothing, func() { name = s.group.Name() }) != nil {
		return true
	}
	switch plain := foreign.Line(name); {
	case name == "":
		s.fault("Name is empty: the transcript has to call the group something")
	case plain != name:
		s.fault("Name is %q: choose one that can be printed on a line", name)
	default:
		s.name = name
	}
	if s.call("ID", nothing, func() { id = s.group.ID() }) != nil {
		return true
	}
	registered, ok := iana.GroupByName(name)
	private := id>>8 == iana.GroupPrivate>>8 || id >= 0x01fc && id <= 0x01ff // RFC 9846 §4.3.7
	switch {
	case id == 0:
		s.fault("ID is 0: choose a number, private ones are iana.GroupPrivate to iana.GroupPrivateLast")
	case private && ok:
		s.fault("Name is %q, which is the registry's for another number, %#04x: choose one of your own", name, uint16(registered))
	case !private && (!ok || registered != id):
		s.fault("ID is %v, a number that is the registry's to give: a peer would take the group for another one, private numbers are iana.GroupPrivate to iana.GroupPrivateLast", id)
	}
	return true
}

// maxShare is what fits a ClientHello: its extensions have 65535 bytes for all of them,
// and the others want some.
const maxShare = 64000

// agreement makes honest exchanges and compares them with each other.
func (s *suite) agreement() bool {
	var all []exchange
	for i := range s.runs {
		x, ok := s.run(2*i, 2*i+1)
		if !ok {
			if first := append(all, x)[0]; !s.varying && (len(x.offered) != len(first.offered) || len(x.reply) > 0 && len(x.reply) != len(first.reply)) {
				s.fault("the honest shares do not always have the same length: a number keeps its leading zeros (FillBytes, not Bytes), or say WithVaryingSizes")
			}
			return false
		}
		all = append(all, x)
	}
	s.honest = all[0]
	s.shapes(all)
	if !s.tiny {
		s.distinct(all)
	}
	return true
}

// shapes looks at lengths, and at what must not be empty.
func (s *suite) shapes(all []exchange) {
	for _, x := range all {
		switch {
		case len(x.secret) == 0:
			s.fault("the secret is empty")
		case len(bytes.Trim(x.secret, "\x00")) == 0:
			s.fault("the secret of an honest exchange is all zeros")
		}
		if n := max(len(x.offered), len(x.reply)); n > maxShare {
			s.fault("a share of %d bytes does not fit a hello, which has about %d for it", n, maxShare)
		}
		first := all[0]
		if !s.varying && (len(x.offered) != len(first.offered) || len(x.reply) != len(first.reply) || len(x.secret) != len(first.secret)) {
			s.fault("sizes change from run to run: pad to a fixed length, or say WithVaryingSizes")
		}
		if d, ok := s.describe(); ok && !s.varying {
			if d.Offer != len(x.offered) || d.Answer != len(x.reply) || d.Secret != len(x.secret) {
				s.fault("Describe promises %d, %d and %d bytes (offer, answer, secret), but they are %d, %d and %d",
					d.Offer, d.Answer, d.Secret, len(x.offered), len(x.reply), len(x.secret))
			}
		}
	}
}

// describe asks a Described group.
func (s *suite) describe() (about kx.Description, ok bool) {
	d, ok := s.group.(kx.Described)
	if !ok || s.call("Describe", nothing, func() { about = d.Describe() }) != nil {
		return kx.Description{}, false
	}
	return about, true
}

// distinct wants different randomness to make different numbers.
func (s *suite) distinct(all []exchange) {
	differ := func(what string, of func(exchange) []byte) {
		seen := map[string]bool{}
		for _, x := range all {
			seen[string(of(x))] = true
		}
		if len(seen) < len(all) {
			s.fault("%s repeats although the randomness does not: every exchange needs a fresh key", what)
		}
	}
	differ("the offered share", func(x exchange) []byte { return x.offered })
	differ("the answered share", func(x exchange) []byte { return x.reply })
	differ("the secret", func(x exchange) []byte { return x.secret })

	if how := public(all[0]); how != "" {
		s.fault("the secret is %s: whoever hears both shares has it too, so mix in something that only one end knows", how)
	}
	// The secret has to depend on what the peer sent, and on what this end kept.
	if other, ok := s.run(0, 1001); ok && bytes.Equal(other.secret, all[0].secret) {
		s.fault("the secret does not depend on the answerer's key")
	}
	if other, ok := s.run(1002, 1); ok && bytes.Equal(other.secret, all[0].secret) {
		s.fault("the secret does not depend on the offerer's key")
	}
	if o, ok := s.offer(seeded(1003)); ok {
		if secret, err := s.finish(o, bytes.Clone(all[0].reply)); err == nil && bytes.Equal(secret, all[0].secret) {
			s.fault("whoever sees the answer can compute the secret: Finish does not use its private key")
		}
	}
}

// determinism wants the same randomness to make the same numbers, however the
// source hands it out. Without it, checks that compare two runs mean nothing.
func (s *suite) determinism() bool {
	if x, ok := s.run(0, 1); ok && !(bytes.Equal(x.offered, s.honest.offered) && bytes.Equal(x.reply, s.honest.reply) && bytes.Equal(x.secret, s.honest.secret)) {
		s.fault("the same randomness makes different shares: draw from the rand you are given, and from nothing else (Go's own GenerateKey ignores its reader)")
		return false
	}
	o, err := s.tryOffer(iotest.OneByteReader(seeded(0)))
	short := err != nil || !bytes.Equal(s.share("an Offer", o), s.honest.offered)
	a, err := s.answer(iotest.OneByteReader(seeded(1)), bytes.Clone(s.honest.offered))
	if short || err != nil || !bytes.Equal(s.share("an Answer", a), s.honest.reply) {
		s.fault("a random source that returns few bytes at a time changes the shares: use io.ReadFull, not rand.Read")
		return false
	}
	return true
}

var errBroken = errors.New("the source is broken")

const (
	offersAnyway  = "Offer succeeds although its random source fails: return the source's error"
	answersAnyway = "Answer succeeds although its random source fails: return the source's error"
)

// randomness wants a broken source to be noticed.
func (s *suite) randomness() {
	sources := []func() io.Reader{
		func() io.Reader { return iotest.ErrReader(errBroken) },
		func() io.Reader { return io.MultiReader(bytes.NewReader([]byte{1}), iotest.ErrReader(errBroken)) },
		func() io.Reader { return bytes.NewReader(nil) },
	}
	if s.tiny { // one byte may be all that a tiny group draws
		sources = slices.Delete(sources, 1, 2)
	}
	for _, source := range sources {
		if _, err := s.tryOffer(source()); err == nil {
			s.fault(offersAnyway)
		}
		if _, err := s.answer(source(), bytes.Clone(s.honest.offered)); err == nil {
			s.fault(answersAnyway)
		}
	}
}

// halfway wants a source to be noticed that gives all that is asked of it but the last byte: whoever draws twice
// looks at the error twice.
func (s *suite) halfway() {
	last := func(seed int, draw func(io.Reader) error) io.Reader {
		all := &counted{from: iotest.OneByteReader(seeded(seed))}
		if draw(all) != nil || all.n == 0 {
			return iotest.ErrReader(errBroken)
		}
		return io.MultiReader(io.LimitReader(iotest.OneByteReader(seeded(seed)), all.n-1), iotest.ErrReader(errBroken))
	}
	offer := func(rand io.Reader) error {
		_, err := s.tryOffer(rand)
		return err
	}
	if offer(last(0, offer)) == nil {
		s.fault(offersAnyway)
	}
	answer := func(rand io.Reader) error {
		_, err := s.answer(rand, bytes.Clone(s.honest.offered))
		return err
	}
	if answer(last(1, answer)) == nil {
		s.fault(answersAnyway)
	}
}

// counted counts what is read.
type counted struct {
	from io.Reader
	n    int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.n += int64(n)
	return n, err
}

// inputs wants the caller's slices neither changed nor kept: they are pieces of a
// receive buffer.
func (s *suite) inputs() {
	offered, reply := bytes.Clone(s.honest.offered), bytes.Clone(s.honest.reply)
	a, err := s.answer(seeded(1), offered)
	o, ok := s.offer(seeded(0))
	if err != nil || !ok {
		return
	}
	secret, err := s.finish(o, reply)
	if err != nil {
		return
	}
	if !bytes.Equal(offered, s.honest.offered) || !bytes.Equal(reply, s.honest.reply) {
		s.fault("the peer's share is changed in place: it belongs to the caller, work on a copy")
	}
	before := slices.Concat(s.explain(a), s.explain(o))
	clear(offered)
	clear(reply)
	after := slices.Concat(s.explain(a), s.explain(o))
	same := slices.EqualFunc(before, after, func(a, b kx.Value) bool { return a.Name == b.Name && bytes.Equal(a.Bytes, b.Bytes) })
	if !same || !s.stands(o, a, secret, s.honest) {
		s.fault("the peer's share is kept without copying: when the caller reuses its buffer, the numbers change")
	}
}

// explain returns a deep copy of what an end explains, nothing if it does not.
func (s *suite) explain(end any) (values []kx.Value) {
	e, ok := end.(kx.Explainer)
	if !ok {
		return nil
	}
	if s.call("Explain", nothing, func() {
		for _, v := range e.Explain() {
			v.Bytes = bytes.Clone(v.Bytes)
			values = append(values, v)
		}
	}) != nil {
		return nil
	}
	return values
}

// explanation wants an Explainer to tell what really happened.
func (s *suite) explanation() {
	fresh, ok := s.offer(seeded(0))
	if !ok {
		return
	}
	s.told("an Offer before Finish", fresh, s.honest.offered, nil)
	s.told("an Offer after Finish", s.honest.offer, s.honest.offered, s.honest.secret)
	s.told("an Answer", s.honest.answer, s.honest.reply, s.honest.secret)
}

func (s *suite) told(who string, end any, share, secret []byte) {
	if _, ok := end.(kx.Explainer); !ok {
		return
	}
	var sawShare, sawSecret bool
	for _, v := range s.explain(end) {
		if v.Name == "" {
			s.fault("%s explains a value without a name", who)
		}
		// In a textbook's group, p = 23, one number can well equal another.
		if bytes.Equal(v.Bytes, share) {
			sawShare = sawShare || !v.Private
			if v.Private && !s.tiny {
				s.fault("%s explains its share %q as private, though all the world sees it", who, v.Name)
			}
		}
		if secret != nil && bytes.Equal(v.Bytes, secret) {
			sawSecret = sawSecret || v.Private
			if !v.Private && !s.tiny {
				s.fault("%s explains the secret %q as public", who, v.Name)
			}
		}
	}
	if !sawShare {
		s.fault("%s explains itself, but not the share that it sends", who)
	}
	if secret != nil && !sawSecret {
		s.fault("%s explains itself, but not the secret as it is", who)
	}
}

// public names the way in which x makes its secret of the two shares alone, if it is one
// of the simplest, else "". One run by itself cannot tell such a secret from a good one.
func public(x exchange) string {
	a, b := x.offered, x.reply
	both, turned := slices.Concat(a, b), slices.Concat(b, a)
	h, g := sha256.Sum256(both), sha256.Sum256(turned)
	switch {
	case bytes.Equal(x.secret, both), bytes.Equal(x.secret, turned):
		return "the two shares in a row"
	case bytes.Equal(x.secret, h[:]), bytes.Equal(x.secret, g[:]):
		return "SHA-256 of the two shares"
	case len(a) == len(b) && len(a) == len(x.secret):
		xor := make([]byte, len(a))
		subtle.XORBytes(xor, a, b)
		if bytes.Equal(x.secret, xor) {
			return "the XOR of the two shares"
		}
	}
	return ""
}
