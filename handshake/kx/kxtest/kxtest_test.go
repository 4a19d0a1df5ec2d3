package kxtest

import (
	"bytes"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// student is Diffie–Hellman modulo 2^127-1 as a student might write it, correct
// unless it makes a mistake, by name. Shares are 16 bytes, big-endian.
type student struct {
	mistake string
	kept    *big.Int // only for the mistake of keeping state in the Group
}

var (
	p = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1))
	g = big.NewInt(3)
)

const size = 16

func (s *student) ID() iana.Group {
	switch s.mistake {
	case "no number":
		return 0
	case "another's number":
		return iana.X25519
	case "GREASE's number":
		return 0x1a1a
	}
	return iana.GroupPrivate
}

func (s *student) Name() string {
	if s.mistake == "no name" {
		return ""
	}
	return "student"
}

func (s *student) Describe() kx.Description {
	d := kx.Description{Kind: kx.KindFFDH, Offer: size, Answer: size, Secret: size}
	if s.mistake == "wrong description" {
		d.Answer++
	}
	return d
}

type end struct {
	s                   *student
	a                   *big.Int
	share, peer, secret []byte
}

var fixedKey = bytes.Repeat([]byte{7}, size)

func (s *student) key(rand io.Reader) (*end, error) {
	b := make([]byte, size)
	var err error
	switch s.mistake {
	case "own randomness":
		crand.Read(b)
	case "short read":
		var n int
		if n, err = rand.Read(b); n > 0 {
			err = nil
		}
	case "ignored error":
		_, _ = io.ReadFull(rand, b)
	case "fixed key":
		_, err = io.ReadFull(rand, b)
		copy(b, fixedKey)
	default:
		_, err = io.ReadFull(rand, b)
	}
	if err != nil {
		return nil, err
	}
	if s.mistake == "gives up" {
		return nil, errors.New("cannot")
	}
	e := &end{s: s, a: new(big.Int).SetBytes(b)}
	e.share = s.bytes(new(big.Int).Exp(g, e.a, p))
	if s.mistake == "empty offer" {
		e.share = nil
	}
	return e, nil
}

func (s *student) bytes(n *big.Int) []byte {
	switch s.mistake {
	case "stripped zeros":
		return n.Bytes()
	case "long share":
		return n.FillBytes(make([]byte, 1<<16))
	}
	return n.FillBytes(make([]byte, size))
}

func (e *end) agree(peer []byte) error {
	m := e.s.mistake
	fits := len(peer) == size || m == "any length" || m == "stripped zeros" || m == "half a share" && len(peer) == size/2
	if m == "long share" {
		fits = len(peer) == 1<<16
	}
	if !fits {
		if m == "panic" {
			panic("index out of range")
		}
		return errors.New("wrong length")
	}
	y := new(big.Int).SetBytes(peer)
	if m == "panics at large numbers" && y.Cmp(p) > 0 {
		panic("larger than p")
	}
	out := y.Cmp(big.NewInt(1)) <= 0 || y.Cmp(new(big.Int).Sub(p, big.NewInt(1))) >= 0
	if m == "accepts p-1" && y.Cmp(big.NewInt(1)) > 0 {
		out = false
	}
	if out && m != "no range check" {
		return errors.New("not between 1 and p-1")
	}
	if m == "writes input" {
		peer[0] ^= 1
	}
	e.peer = bytes.Clone(peer)
	if m == "keeps input" {
		e.peer = peer
	}
	e.secret = e.s.bytes(y.Exp(y, e.a, p))
	return nil
}

func (s *student) Offer(rand io.Reader) (kx.Offer, error) {
	if s.mistake == "nothing" {
		return nil, nil
	}
	e, err := s.key(rand)
	if err != nil {
		return nil, err
	}
	if s.mistake == "keeps state" {
		s.kept = e.a
	}
	return offer{e}, nil
}

func (s *student) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	switch s.mistake {
	case "refuses":
		return nil, errors.New("no")
	case "answers nothing":
		return nil, nil
	case "answer panics":
		return nil, []error{}[len(offered)]
	}
	e, err := s.key(rand)
	if err != nil {
		return nil, err
	}
	if err := e.agree(offered); err != nil {
		return nil, err
	}
	switch s.mistake {
	case "disagrees":
		e.secret[0] ^= 1
	case "answer first":
		e.secret = bytes.Clone(e.share)
	case "offer first":
		e.secret = bytes.Clone(offered)
	case "empty secret":
		e.secret = nil
	case "zero secret":
		e.secret = make([]byte, size)
	case "empty answer":
		e.share = nil
	}
	return answer{e}, nil
}

// offer and answer are two views of an end, so that each has its own mistakes.
type offer struct{ *end }

func (o offer) Share() []byte {
	if o.s.mistake == "fresh every time" {
		b, _ := io.ReadAll(io.LimitReader(crand.Reader, size))
		return b
	}
	return o.share
}

func (o offer) Finish(peer []byte) ([]byte, error) {
	switch o.s.mistake {
	case "answer first":
		o.peer, o.secret = bytes.Clone(peer), bytes.Clone(peer)
		return o.secret, nil
	case "offer first":
		o.peer, o.secret = bytes.Clone(peer), bytes.Clone(o.share)
		return o.secret, nil
	case "empty secret":
		return nil, nil
	case "zero secret":
		return make([]byte, size), nil
	case "finish refuses":
		return nil, errors.New("no")
	case "keeps state":
		o.a = o.s.kept
	}
	if err := o.agree(peer); err != nil {
		return nil, err
	}
	return o.secret, nil
}

type answer struct{ *end }

func (a answer) Share() []byte { return a.share }
func (a answer) Secret() []byte {
	if a.s.mistake == "fresh secret" {
		a.secret[0]++
	}
	return a.secret
}

func (e *end) Explain() []kx.Value {
	if e.s.mistake == "explain panics" {
		return []kx.Value{{Bytes: e.secret[:1]}}
	}
	v := []kx.Value{
		{Name: "p", Bytes: p.Bytes()}, {Name: "g", Bytes: g.Bytes()},
		{Name: "a", Bytes: e.a.Bytes(), Private: true},
		{Name: "A", Bytes: e.share, Private: e.s.mistake == "hides share"},
	}
	if e.s.mistake == "explains no share" {
		v = v[:3]
	}
	if e.secret != nil {
		v = append(v, kx.Value{Name: "B", Bytes: e.peer}, kx.Value{Name: "s", Bytes: e.secret, Private: e.s.mistake != "shows secret"})
	}
	if e.s.mistake == "explains without name" {
		v[0].Name = ""
	}
	if e.s.mistake == "explains another secret" && e.secret != nil {
		v[len(v)-1].Bytes = []byte{1}
	}
	return v
}

func TestCorrect(t *testing.T) {
	pMinus1 := new(big.Int).Sub(p, big.NewInt(1)).FillBytes(make([]byte, size))
	Run(t, &student{}, WithBad(pMinus1))
}

// Every mistake is caught, by the sentence that names it.
func TestMistakes(t *testing.T) {
	pMinus1 := new(big.Int).Sub(p, big.NewInt(1)).FillBytes(make([]byte, size))
	for _, c := range []struct{ mistake, sentence string }{
		{"no number", "student: ID is 0: choose a number"},
		{"another's number", "ID is x25519, a number that is the registry's to give"},
		{"GREASE's number", "ID is GREASE_0x1a1a, a number that is the registry's to give"},
		{"long share", "a share of 65536 bytes does not fit a hello"},
		{"half a share", "Answer accepts a share of 8 bytes instead of 16: check the length"},
		{"half a share", "Finish accepts a share of 8 bytes instead of 16: check the length"},
		{"panics at large numbers", "Answer, given a share of 16 bytes, panics (larger than p)"},
		{"no name", "Name is empty"},
		{"wrong description", "Describe promises 16, 17 and 16 bytes (offer, answer, secret), but they are 16, 16 and 16"},
		{"own randomness", "the same randomness makes different shares: draw from the rand you are given"},
		{"own randomness", "Offer succeeds although its random source fails"},
		{"short read", "use io.ReadFull"},
		{"ignored error", "Answer succeeds although its random source fails: return the source's error"},
		{"fixed key", "the offered share repeats although the randomness does not"},
		{"stripped zeros", "sizes change from run to run: pad to a fixed length"},
		{"any length", "Answer accepts a share cut short"},
		{"any length", "Finish accepts a share with a zero byte in front"},
		{"panic", "Finish, given a share of 0 bytes, panics (index out of range): a peer can send any bytes"},
		{"no range check", "Answer accepts the share 00000000000000000000000000000001, which fixes the secret"},
		{"no range check", "Finish accepts the bad share 7ffffffffffffffffffffffffffffffe"},
		{"accepts p-1", "Answer accepts the bad share 7ffffffffffffffffffffffffffffffe"},
		{"writes input", "the peer's share is changed in place"},
		{"keeps input", "the peer's share is kept without copying"},
		{"nothing", "Offer returns neither an offer nor an error"},
		{"refuses", "Answer refuses the share of an honest Offer: no"},
		{"disagrees", "the two ends do not agree"},
		{"answer first", "whoever sees the answer can compute the secret"},
		{"answer first", "the secret does not depend on the offerer's key"},
		{"offer first", "the secret does not depend on the answerer's key"},
		{"empty secret", "the secret is empty"},
		{"zero secret", "the secret of an honest exchange is all zeros"},
		{"empty offer", "an Offer's share is empty: the peer has nothing to compute with"},
		{"empty answer", "an Answer's share is empty: the peer has nothing to compute with"},
		{"gives up", "Offer fails although its random source works: cannot"},
		{"answers nothing", "Answer returns neither an answer nor an error"},
		{"answer panics", "Answer, given a share of 16 bytes, panics (runtime error: index out of range"},
		{"finish refuses", "Finish refuses the share of an honest Answer: no"},
		{"fresh secret", "an Answer's Share or Secret returns something else the second time"},
		{"keeps state", "connections disturb each other"},
		{"fresh every time", "an Offer's Share returns something else the second time"},
		{"explain panics", "Explain panics"},
		{"hides share", `an Answer explains its share "A" as private`},
		{"explains no share", "an Offer before Finish explains itself, but not the share that it sends"},
		{"shows secret", `an Offer after Finish explains the secret "s" as public`},
		{"explains without name", "explains a value without a name"},
		{"explains another secret", "an Answer explains itself, but not the secret as it is"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			faults := Check(&student{mistake: c.mistake}, WithBad(pMinus1))
			if !strings.Contains(strings.Join(faults, "\n"), c.sentence) {
				t.Errorf("wanted a sentence with\n\t%s\ngot\n\t%s", c.sentence, strings.Join(faults, "\n\t"))
			}
		})
	}
}

// A method that panics at every wrong length makes one sentence, not one for each.
func TestPanicOnce(t *testing.T) {
	faults := Check(&student{mistake: "panic"}, WithRuns(5))
	for _, who := range []string{"Answer", "Finish"} {
		n := 0
		for _, f := range faults {
			if strings.HasPrefix(f, "student: "+who+", given a share of ") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d sentences about %s: %q", n, who, faults)
		}
	}
}

// A field that explains its p is asked about p-1 without an option.
func TestExplainedPrime(t *testing.T) {
	faults := Check(&student{mistake: "accepts p-1"}, WithRuns(5))
	if want := "student: Answer accepts the bad share 7ffffffffffffffffffffffffffffffe"; !slices.Contains(faults, want) {
		t.Errorf("wanted %q, got %q", want, faults)
	}
}

// Of a short share every other length is tried, of a long one those at the edges.
func TestOtherLengths(t *testing.T) {
	if got, want := fmt.Sprint(otherLengths(3)), "[1 2 4 5 6 7]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	long := otherLengths(9616)
	if len(long) > 200 || slices.Contains(long, 9616) {
		t.Errorf("%d lengths: %d", len(long), long)
	}
	for _, n := range []int{1, 32, 256, 4808, 8192, 9613, 9615, 9617, 19232, 19233} {
		if !slices.Contains(long, n) {
			t.Errorf("%d bytes are not tried", n)
		}
	}
}

// A bad offer that no Finish would ever see is asked of Answer alone.
func TestBadOffers(t *testing.T) {
	faults := Check(&student{}, WithRuns(5), WithBadOffers(bytes.Repeat([]byte{1}, size)))
	if len(faults) != 1 || faults[0] != "student: Answer accepts the bad share 01010101010101010101010101010101" {
		t.Errorf("%q", faults)
	}
}

// A share that varies in length passes when it is said to.
func TestVaryingSizes(t *testing.T) {
	Run(t, varying{&student{}}, WithVaryingSizes())
	if faults := Check(varying{&student{}}); len(faults) == 0 {
		t.Error("varying sizes pass although nothing was said")
	}
}

// varying drops leading zeros from its shares, and takes them that way.
type varying struct{ inner *student }

func (v varying) ID() iana.Group { return v.inner.ID() }
func (v varying) Name() string   { return "varying" }
func (v varying) Offer(rand io.Reader) (kx.Offer, error) {
	o, err := v.inner.Offer(rand)
	if err != nil {
		return nil, err
	}
	return varyingOffer{o}, nil
}
func (v varying) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	if len(offered) == 0 || len(offered) > size {
		return nil, errors.New("wrong length")
	}
	a, err := v.inner.Answer(rand, pad(offered))
	if err != nil {
		return nil, err
	}
	return varyingAnswer{a}, nil
}

type varyingOffer struct{ kx.Offer }

func (o varyingOffer) Share() []byte { return bytes.TrimLeft(o.Offer.Share(), "\x00") }
func (o varyingOffer) Finish(b []byte) ([]byte, error) {
	if len(b) == 0 || len(b) > size {
		return nil, errors.New("wrong length")
	}
	return o.Offer.Finish(pad(b))
}

type varyingAnswer struct{ kx.Answer }

func (a varyingAnswer) Share() []byte { return bytes.TrimLeft(a.Answer.Share(), "\x00") }

func pad(b []byte) []byte { return append(make([]byte, size-len(b)), b...) }

// The classroom's p = 23 passes when it is called tiny.
func TestTiny(t *testing.T) {
	f, err := kx.FiniteField(iana.GroupPrivate, "p = 23", []byte{23}, []byte{5}, 0)
	if err != nil {
		t.Fatal(err)
	}
	Run(t, f, WithTinyValues())
	if faults := Check(f); !strings.Contains(strings.Join(faults, "\n"), "repeats") {
		t.Errorf("p = 23 repeats nothing: %q", faults)
	}
}
