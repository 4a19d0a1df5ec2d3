package handshake_test

import (
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/pki/lesson"
)

var clock = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// newLesson makes a good chain for www.lab.test.
func newLesson(t testing.TB, alg string) *lesson.Lesson {
	t.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: alg, Name: "www.lab.test", Time: clock()})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ends makes two configurations of TLS 1.2 that trust each other.
func ends(l *lesson.Lesson) (client, server *handshake.Config) {
	client, server = ends13(l)
	client.MaxVersion, server.MaxVersion = iana.TLS12, iana.TLS12
	return client, server
}

// ends13 makes two that come to TLS 1.3.
func ends13(l *lesson.Lesson) (client, server *handshake.Config) {
	client = &handshake.Config{Time: clock, Roots: l.Roots, ServerName: l.Name}
	server = &handshake.Config{Time: clock, Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key, Staple: l.Staple}}}
	return client, server
}

// pump carries bytes between two endpoints until neither has more to say.
func pump(c, s *handshake.Endpoint) {
	for moved := true; moved; {
		moved = false
		for _, p := range [][2]*handshake.Endpoint{{c, s}, {s, c}} {
			for {
				progress, err := p[0].Step()
				if err != nil || !progress {
					break
				}
			}
			if b := p[0].Output(); len(b) > 0 {
				p[1].Feed(b)
				moved = true
			}
		}
	}
}

// shake makes both endpoints and runs their handshake.
func shake(t testing.TB, cc, sc *handshake.Config) (c, s *handshake.Endpoint) {
	t.Helper()
	c, err := handshake.NewClient(cc)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = handshake.NewServer(sc); err != nil {
		t.Fatal(err)
	}
	pump(c, s)
	return c, s
}

// mustShake demands that it completes.
func mustShake(t testing.TB, cc, sc *handshake.Config) (c, s *handshake.Endpoint) {
	t.Helper()
	c, s = shake(t, cc, sc)
	if !c.Done() || !s.Done() {
		t.Fatalf("client %v (%v), server %v (%v)", c.State(), c.Err(), s.State(), s.Err())
	}
	return c, s
}

// say sends text from one end to the other.
func say(t testing.TB, from, to *handshake.Endpoint, text string) {
	t.Helper()
	var got []byte
	buf := make([]byte, 20000)
	for rest := []byte(text); len(rest) > 0; {
		n, err := from.Write(rest)
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
		to.Feed(from.Output())
		for {
			n, err := to.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			got = append(got, buf[:n]...)
		}
	}
	if string(got) != text {
		t.Fatalf("sent %d bytes, received %d others", len(text), len(got))
	}
}

func TestFirstHandshake(t *testing.T) {
	cc, sc := ends(newLesson(t, "rsa"))
	c, s := mustShake(t, cc, sc)
	say(t, c, s, "GET / HTTP/1.1\r\n\r\n")
	say(t, s, c, "HTTP/1.1 200 OK\r\n\r\n")
	if got := c.Summary().Suite; got != s.Summary().Suite {
		t.Errorf("client has %v, server %v", got, s.Summary().Suite)
	}
}
