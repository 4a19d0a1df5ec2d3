package beside

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestAlign: of two sequences each element stands in one pair, in order, only equal ones are
// matched, and as many as can be.
func TestAlign(t *testing.T) {
	for _, c := range []struct{ left, right, want string }{
		{"", "", ""},
		{"a", "", "a-"},
		{"", "b", "-b"},
		{"abc", "abc", "aa bb cc"},
		{"abc", "ac", "aa b- cc"},
		{"ac", "abc", "aa -b cc"},
		{"xa", "ya", "x- -y aa"},
		{"ab", "ba", "a- bb -a"},
	} {
		if got := show(align(len(c.left), len(c.right), same(c.left, c.right)), c.left, c.right); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.left, c.right, got, c.want)
		}
	}
	if got := show(together(align(3, 4, same("xay", "12a3"))), "xay", "12a3"); got != "x1 -2 aa y3" {
		t.Errorf("together: %q", got)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		left, right := word(random), word(random)
		pairs := align(len(left), len(right), same(left, right))
		var l, r string
		matched := 0
		for _, p := range pairs {
			if p.i >= 0 {
				l += left[p.i : p.i+1]
			}
			if p.j >= 0 {
				r += right[p.j : p.j+1]
			}
			if p.i >= 0 && p.j >= 0 {
				if matched++; left[p.i] != right[p.j] {
					t.Errorf("%q and %q: unequal ones are matched", left, right)
				}
			}
		}
		if l != left || r != right || matched != common(left, right) {
			t.Errorf("%q and %q: %q, %q, %d matched of %d", left, right, l, r, matched, common(left, right))
		}
	}
}

func same(left, right string) func(i, j int) bool {
	return func(i, j int) bool { return left[i] == right[j] }
}

func word(r *rand.Rand) string {
	b := make([]byte, r.IntN(7))
	for i := range b {
		b[i] = byte('a' + r.IntN(3))
	}
	return string(b)
}

// common is the length of the longest common subsequence, by trying each of left's.
func common(left, right string) (most int) {
	for set := range 1 << len(left) {
		rest, n := right, 0
		for i := range len(left) {
			if set>>i&1 == 0 {
				continue
			}
			at := strings.IndexByte(rest, left[i])
			if at < 0 {
				n = -1
				break
			}
			rest, n = rest[at+1:], n+1
		}
		most = max(most, n)
	}
	return most
}

func show(pairs []pair, left, right string) string {
	var out []string
	for _, p := range pairs {
		s := "-"
		if p.i >= 0 {
			s = left[p.i : p.i+1]
		}
		if p.j >= 0 {
			s += right[p.j : p.j+1]
		} else {
			s += "-"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}
