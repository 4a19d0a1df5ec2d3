package handshake_test

import (
	"io"
	"testing"
)

// TestBuffersGoBack: an endpoint holds none while it waits, nor once it has read to the end, after
// which nobody would ask it for one.
func TestBuffersGoBack(t *testing.T) {
	cc, sc := pair13()
	c, s := shake(t, cc, sc)
	for range 2 {
		if _, err := c.Write([]byte("data")); err != nil {
			t.Fatal(err)
		}
		s.Feed(c.Output())
		if !s.HoldsInput() {
			t.Fatal("what has come lies nowhere")
		}
		if n, err := s.Read(make([]byte, 10)); n != 4 || err != nil {
			t.Fatal(n, err)
		}
		if s.HoldsInput() {
			t.Error("it holds a buffer while it waits")
		}
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	s.Feed(c.Output())
	if n, err := s.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Fatal(n, err)
	}
	if s.HoldsInput() {
		t.Error("it holds a buffer behind the end")
	}
}

// TestDiscard: what nobody will read is not held.
func TestDiscard(t *testing.T) {
	cc, sc := pair13()
	c, s := shake(t, cc, sc)
	if _, err := c.Write([]byte("data")); err != nil {
		t.Fatal(err)
	}
	s.Feed(c.Output())
	if n, err := s.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	s.Discard()
	if n, err := s.Read(make([]byte, 10)); s.HoldsInput() || n != 0 || err != nil {
		t.Error(s.HoldsInput(), n, err)
	}
}
