package kxtest

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// bent is a correct student's group of which a method is bent.
type bent struct {
	student
	name   func() string
	offer  func(io.Reader) (kx.Offer, error)
	answer func(io.Reader, []byte) (kx.Answer, error)
}

func (b *bent) Name() string {
	if b.name != nil {
		return b.name()
	}
	return b.student.Name()
}

func (b *bent) Offer(rand io.Reader) (kx.Offer, error) {
	if b.offer != nil {
		return b.offer(rand)
	}
	return b.student.Offer(rand)
}

func (b *bent) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	if b.answer != nil {
		return b.answer(rand, offered)
	}
	return b.student.Answer(rand, offered)
}

// bentOffer and bentAnswer are an end of which a method is bent.
type bentOffer struct {
	kx.Offer
	share  func() []byte
	finish func([]byte) ([]byte, error)
}

func (b bentOffer) Share() []byte {
	if b.share != nil {
		return b.share()
	}
	return b.Offer.Share()
}

func (b bentOffer) Finish(answer []byte) ([]byte, error) {
	if b.finish != nil {
		return b.finish(answer)
	}
	return b.Offer.Finish(answer)
}

type bentAnswer struct {
	kx.Answer
	share, secret func() []byte
}

func (b bentAnswer) Share() []byte {
	if b.share != nil {
		return b.share()
	}
	return b.Answer.Share()
}

func (b bentAnswer) Secret() []byte {
	if b.secret != nil {
		return b.secret()
	}
	return b.Answer.Secret()
}

// offers is a correct group, of whose offers bend makes other ones; answers likewise.
func offers(bend func(kx.Offer) kx.Offer) kx.Group {
	s := &student{}
	return &bent{offer: func(rand io.Reader) (kx.Offer, error) {
		o, err := s.Offer(rand)
		if err != nil {
			return nil, err
		}
		return bend(o), nil
	}}
}

func answers(bend func(kx.Answer) kx.Answer) kx.Group {
	s := &student{}
	return &bent{answer: func(rand io.Reader, offered []byte) (kx.Answer, error) {
		a, err := s.Answer(rand, offered)
		if err != nil {
			return nil, err
		}
		return bend(a), nil
	}}
}

type numberless struct{ student }

func (*numberless) ID() iana.Group { panic("no number yet") }

type undescribed struct{ student }

func (*undescribed) Describe() kx.Description { panic("no sizes yet") }

// Whatever a submission does, Check comes back, and says what is wrong.
func TestHostile(t *testing.T) {
	boom := func() []byte { panic("boom") }
	var noGroup *student
	var noEnd *end
	var noError *wrong
	for name, c := range map[string]struct {
		group    kx.Group
		sentence string
	}{
		"no group":          {nil, "there is no group"},
		"a nil group":       {noGroup, "*kxtest.student: Name panics (runtime error: invalid memory address or nil pointer dereference)"},
		"ID panics":         {&numberless{}, "student: ID panics (no number yet)"},
		"Name panics":       {&bent{name: func() string { panic("no name yet") }}, "Name panics (no name yet)"},
		"Describe panics":   {&undescribed{}, "student: Describe panics (no sizes yet)"},
		"Name with ESC":     {&bent{name: func() string { return "good\x1b[2K\nok" }}, `Name is "good\x1b[2K\nok"`},
		"a nil offer":       {&bent{offer: func(io.Reader) (kx.Offer, error) { return offer{noEnd}, nil }}, "an Offer's Share panics"},
		"a typed nil offer": {&bent{offer: func(io.Reader) (kx.Offer, error) { return (*bentOffer)(nil), nil }}, "Offer returns neither an offer nor an error"},
		"a typed nil answer": {&bent{answer: func(io.Reader, []byte) (kx.Answer, error) { return (*bentAnswer)(nil), nil }},
			"Answer returns neither an answer nor an error"},
		"a typed nil error": {&bent{answer: func(io.Reader, []byte) (kx.Answer, error) { return nil, noError }},
			"Answer returns a nil *kxtest.wrong as an error, which is not nil"},
		"an offer's Share panics":   {offers(func(o kx.Offer) kx.Offer { return bentOffer{Offer: o, share: boom} }), "an Offer's Share panics (boom)"},
		"an answer's Share panics":  {answers(func(a kx.Answer) kx.Answer { return bentAnswer{Answer: a, share: boom} }), "an Answer's Share panics (boom)"},
		"an answer's Secret panics": {answers(func(a kx.Answer) kx.Answer { return bentAnswer{Answer: a, secret: boom} }), "an Answer's Secret panics (boom)"},
		"Finish ends the goroutine": {offers(func(o kx.Offer) kx.Offer {
			return bentOffer{Offer: o, finish: func([]byte) ([]byte, error) { runtime.Goexit(); return nil, nil }}
		}), "Finish, given a share of 16 bytes, ends its goroutine"},
		"an error's text ends the goroutine": {&bent{offer: func(io.Reader) (kx.Offer, error) { return nil, told(runtime.Goexit) }},
			"Offer's error's Error ends its goroutine"},
		"an error's text panics": {&bent{offer: func(io.Reader) (kx.Offer, error) { return nil, told(func() { panic("no words") }) }},
			"Offer's error's Error panics (no words)"},
		"what it panics with ends the goroutine": {&bent{offer: func(io.Reader) (kx.Offer, error) { panic(told(runtime.Goexit)) }},
			"Offer ends its goroutine"},
		"Finish checks once": {offers(func(o kx.Offer) kx.Offer {
			var used bool
			return bentOffer{Offer: o, finish: func(b []byte) ([]byte, error) {
				if used {
					return nil, errors.New("used")
				}
				used = true
				return o.Finish(append(make([]byte, max(0, size-len(b))), b...)[:size])
			}}
		}), "Finish accepts a share cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			faults := Check(c.group, WithRuns(20))
			if !strings.Contains(strings.Join(faults, "\n"), c.sentence) {
				t.Errorf("wanted a sentence with\n\t%s\ngot\n\t%s", c.sentence, strings.Join(faults, "\n\t"))
			}
			if i := slices.IndexFunc(faults, func(f string) bool { return strings.ContainsAny(f, "\x1b\n") }); i >= 0 {
				t.Errorf("not one plain line: %q", faults[i])
			}
		})
	}
}

// told is an error that does something while its text is asked for.
type told func()

func (e told) Error() string {
	e()
	return ""
}

type wrong struct{}

func (*wrong) Error() string { return "wrong" }

// What a group keeps of one exchange disturbs another, wherever it is kept and whichever is asked.
func TestKept(t *testing.T) {
	var share, secret, finished [size]byte
	into := func(buf *[size]byte, b []byte) []byte { return buf[:copy(buf[:], b)] }
	for name, g := range map[string]kx.Group{
		"an offer's share": offers(func(o kx.Offer) kx.Offer {
			into(&share, o.Share())
			return bentOffer{Offer: o, share: func() []byte { return share[:] }}
		}),
		"an answer's secret": answers(func(a kx.Answer) kx.Answer {
			into(&secret, a.Secret())
			return bentAnswer{Answer: a, secret: func() []byte { return secret[:] }}
		}),
		"an answer's share": answers(func(a kx.Answer) kx.Answer {
			into(&share, a.Share())
			return bentAnswer{Answer: a, share: func() []byte { return share[:] }}
		}),
		"what Finish returns": offers(func(o kx.Offer) kx.Offer {
			return bentOffer{Offer: o, finish: func(b []byte) ([]byte, error) {
				s, err := o.Finish(b)
				return into(&finished, s), err
			}}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			faults := Check(g, WithRuns(5))
			if !strings.Contains(strings.Join(faults, "\n"), disturbed) {
				t.Errorf("got %q", faults)
			}
		})
	}
}

// A source that fails in the middle is noticed wherever that is.
func TestSecondDraw(t *testing.T) {
	s := &student{}
	g := &bent{offer: func(rand io.Reader) (kx.Offer, error) {
		o, err := s.Offer(rand)
		var salt [4]byte
		_, _ = io.ReadFull(rand, salt[:])
		return o, err
	}}
	faults := Check(g, WithRuns(5))
	if want := "student: Offer succeeds although its random source fails: return the source's error"; !slices.Contains(faults, want) {
		t.Errorf("got %q", faults)
	}
}

// A call that never comes back is named, and Check does not wait for it.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		defer close(over)
		g := offers(func(o kx.Offer) kx.Offer {
			return bentOffer{Offer: o, finish: func(b []byte) ([]byte, error) {
				if len(b) != size {
					<-over
				}
				return o.Finish(b)
			}}
		})
		faults := Check(g, WithRuns(5))
		want := "student: Finish, given a share of 0 bytes, does not return: a peer can send any bytes, so no loop may depend on them for its end; what follows was not tried"
		if !slices.Equal(faults, []string{want}) {
			t.Errorf("got %q", faults)
		}
	})
}

// Nor for the text of an error.
func TestStuckInAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		defer close(over)
		g := &bent{offer: func(io.Reader) (kx.Offer, error) { return nil, told(func() { <-over }) }}
		const want = "student: Offer's error's Error does not return; what follows was not tried"
		if faults := Check(g, WithRuns(5)); !slices.Equal(faults, []string{want}) {
			t.Errorf("got %q", faults)
		}
	})
}

// A goroutine that a group leaves behind is counted; those of others are not.
func TestLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		defer close(over)
		go func() { <-over }()
		s := &student{}
		g := &bent{offer: func(rand io.Reader) (kx.Offer, error) {
			go func() { <-over }()
			return s.Offer(rand)
		}}
		if faults := Check(g, WithRuns(5)); len(faults) != 1 || !strings.Contains(faults[0], "goroutines that it started are still there") {
			t.Errorf("got %q", faults)
		}
		if faults := Check(s, WithRuns(5)); len(faults) > 0 {
			t.Errorf("got %q", faults)
		}
	})
}
