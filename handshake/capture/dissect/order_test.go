package dissect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tlslab/handshake/capture/dissect"
)

// spoken is who said what, in the order in which it was told.
type spoken struct{ turns []string }

func (s *spoken) Bytes(server bool, _ dissect.At, b []byte) {
	s.turns = append(s.turns, fmt.Sprint(server, " ", string(b)))
}
func (s *spoken) Gap(server bool, _ dissect.At, n int64) {
	s.turns = append(s.turns, fmt.Sprint(server, " lacks ", n))
}
func (s *spoken) Overlap(bool, dissect.At, []byte, []byte) {}
func (s *spoken) Fin(server bool, _ dissect.At) {
	s.turns = append(s.turns, fmt.Sprint(server, " fin"))
}
func (s *spoken) Rst(bool, dissect.At) {}
func (s *spoken) Done()                {}
func (s *spoken) of(segments []dissect.Segment, close bool) []string {
	a := dissect.NewAssembler(func(*dissect.Conversation) dissect.Follower { return s })
	for i := range segments {
		a.Segment(&segments[i])
	}
	if close {
		a.Close()
	}
	return s.turns
}

// dialogue is one in which each end waits for the other.
func dialogue(turns int) (w *wire, want []string) {
	w = opened(7, 0xffffff00)
	for i := range turns {
		b := fmt.Sprint("turn ", i)
		w.add(i%2 == 1, dissect.Segment{Payload: []byte(b)})
		want = append(want, fmt.Sprint(i%2 == 1, " ", b))
	}
	w.add(false, dissect.Segment{Fin: true})
	w.add(true, dissect.Segment{Fin: true})
	w.add(false, dissect.Segment{})
	return w, append(want, "false fin", "true fin")
}

// Whatever the recorder's order, an answer is told behind what it answers, and nothing waits for the end of the file.
func TestAnswersComeBehind(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		w, want := dialogue(2 + r.IntN(40))
		got := w.all
		for at, span := 3, 0; at < len(got); at += span { // far less than is waited for
			span = min(1+r.IntN(12), len(got)-at)
			r.Shuffle(span, func(i, j int) { got[at+i], got[at+j] = got[at+j], got[at+i] })
		}
		if told := new(spoken).of(got, false); !slices.Equal(told, want) {
			t.Fatalf("seed %d: told %q, want %q", seed, told, want)
		}
	}
}

// What one end heard of the other and the file does not have is waited for a while, and once; and with what came behind
// it, in the order in which that was recorded, at the end.
func TestAnswersToWhatIsMissing(t *testing.T) {
	const turns = 300
	w, _ := dialogue(turns)
	all := slices.DeleteFunc(slices.Clone(w.all), func(s dissect.Segment) bool { return string(s.Payload) == "turn 4" || s.Fin })
	told := new(spoken).of(all, false)
	if n := len(told); n < turns-2 {
		t.Errorf("%d turns of %d were told before the end", n, turns)
	}
	few, want := dialogue(10)
	lacking := slices.DeleteFunc(few.all, func(s dissect.Segment) bool { return string(s.Payload) == "turn 8" || s.Fin })
	lacking = append(lacking, dissect.Segment{From: server, To: client, Seq: few.seq[1], Acks: true, Ack: few.seq[0], Time: time.Unix(99, 0)})
	want = append(slices.Delete(want[:10:10], 8, 9), "false lacks 6")
	if told := new(spoken).of(lacking, true); !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// A question behind bytes that are not in the file is told before its answer, and a FIN behind what its sender
// had heard, however it ends: as the file does, with a reset, or by many segments more.
func TestAnswersBehindGaps(t *testing.T) {
	asked := func() *wire {
		w := opened(99, 499)
		w.add(false, dissect.Segment{Payload: []byte("lost, lost")})
		w.add(false, dissect.Segment{Payload: []byte("QUESTION")})
		w.add(true, dissect.Segment{Payload: []byte("ANSWER")})
		return w
	}
	for name, c := range map[string]struct {
		more  func(w *wire)
		close bool
	}{
		"the file ends": {func(*wire) {}, true},
		"a reset":       {func(w *wire) { w.add(true, dissect.Segment{Rst: true}) }, false},
		"and more": {func(w *wire) {
			for range 100 {
				w.add(true, dissect.Segment{Payload: []byte(".")})
			}
		}, false},
	} {
		w := asked()
		c.more(w)
		lacking := slices.Delete(w.all, 3, 4)
		want := []string{"false lacks 10", "false QUESTION", "true ANSWER"}
		if told := new(spoken).of(lacking, c.close); len(told) < len(want) || !slices.Equal(told[:len(want)], want) {
			t.Errorf("%s: told %q, want %q first", name, told, want)
		}
	}
	w := opened(99, 499)
	w.add(false, dissect.Segment{Payload: []byte("QUESTION")})
	w.add(true, dissect.Segment{Payload: []byte("ANSWER")})
	w.add(false, dissect.Segment{Payload: []byte("lost, lost")})
	w.add(true, dissect.Segment{Fin: true})
	w.add(false, dissect.Segment{Fin: true})
	want := []string{"false QUESTION", "true ANSWER", "false lacks 10", "true fin", "false fin"}
	if told := new(spoken).of(slices.Delete(w.all, 5, 6), true); !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
