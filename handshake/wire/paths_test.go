package wire

import (
	"fmt"
	"testing"
)

// nested is n groups, one in the other, around a byte.
type nested struct {
	name string
	n    int
	b    uint8
}

func (s *nested) Walk(c *Codec) {
	var open []Block
	for range s.n {
		open = append(open, c.Enter(s.name))
	}
	U8(c, "b", &s.b)
	for i := range open {
		c.End(open[len(open)-1-i])
	}
}

func TestPathsAreMadeOnce(t *testing.T) {
	s, note := &nested{name: "made_once", n: 1}, make([]Field, 0, 2)
	b := []byte{7}
	if n := testing.AllocsPerRun(100, func() {
		note = note[:0]
		if err := Parse(b, s, &note); err != nil {
			t.Fatal(err)
		}
	}); n > 1 { // the Walk's own list
		t.Errorf("a walk that notes its fields again allocates %v times, want 1", n)
	}
}

// TestPlacesAreBounded: however many paths there are, the tree keeps so many and no more, and
// the names of the others are right too.
func TestPlacesAreBounded(t *testing.T) {
	places.Lock()
	before := places.n
	places.n = maxPlaces - 2
	places.Unlock()
	defer func() {
		places.Lock()
		places.n = before
		places.Unlock()
	}()
	for i := range 5 {
		name := fmt.Sprint("bounded", i)
		for range 2 {
			var note []Field
			if err := Parse([]byte{7}, &nested{name: name, n: 3}, &note); err != nil {
				t.Fatal(err)
			}
			if got, want := note[3].Name, name+"."+name+"."+name+".b"; got != want {
				t.Errorf("the byte is called %s, want %s", got, want)
			}
		}
	}
	places.Lock()
	defer places.Unlock()
	if places.n != maxPlaces {
		t.Errorf("the tree counts %d places, want %d", places.n, maxPlaces)
	}
}
