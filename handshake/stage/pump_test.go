package stage_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/handshake/tamper"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// ends are a client and a server who would come together.
func ends(t *testing.T, change func(client, server *handshake.Config)) (client, server *stage.End) {
	t.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa"})
	if err != nil {
		t.Fatal(err)
	}
	cc := &handshake.Config{Roots: l.Roots, ServerName: l.Name}
	sc := &handshake.Config{Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}}
	if change != nil {
		change(cc, sc)
	}
	c, err := handshake.NewClient(cc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := handshake.NewServer(sc)
	if err != nil {
		t.Fatal(err)
	}
	return &stage.End{Endpoint: c}, &stage.End{Endpoint: s}
}

// says is a program that says a text once its handshake is over.
func says(e *stage.End, text string) func() (bool, error) {
	return func() (bool, error) {
		if text == "" || !e.Endpoint.Done() {
			return false, nil
		}
		n, err := e.Endpoint.Write([]byte(text))
		text = text[n:]
		return n > 0, err
	}
}

// TestPrograms: what one program says the other takes, in the same conversation.
func TestPrograms(t *testing.T) {
	c, s := ends(t, nil)
	var got string
	c.Say = says(c, "one")
	s.Take = func(data []byte, early bool) error {
		if got += string(data); early {
			t.Errorf("%q is called early data", data)
		}
		return nil
	}
	if err := new(stage.Stage).Converse(&stage.Line{Client: c, Server: s}); err != nil || got != "one" {
		t.Errorf("the server got %q: %v", got, err)
	}
}

// TestUntaken: without Take the data waits in the endpoint, for whoever sits there.
func TestUntaken(t *testing.T) {
	c, s := ends(t, nil)
	stage.Meet(c.Endpoint, s.Endpoint, nil)
	if _, err := c.Endpoint.Write([]byte("one")); err != nil {
		t.Fatal(err)
	}
	stage.Meet(c.Endpoint, s.Endpoint, nil)
	if n := s.Endpoint.Buffered(); n != 3 {
		t.Errorf("%d bytes wait, want 3", n)
	}
}

// TestEarly: what comes as early data is so called, and what comes later is not.
func TestEarly(t *testing.T) {
	tickets, store := session.NewTicketKeys(rand.Reader, 0), session.NewMemory(0)
	change := func(cc, sc *handshake.Config) {
		cc.Sessions, sc.Tickets, cc.EarlyData, sc.MaxEarlyData = store, tickets, true, 100
	}
	var got []string
	for range 2 {
		c, s := ends(t, change)
		rest := "early"
		late := says(c, "late")
		c.Say = func() (bool, error) {
			if n, err := c.Endpoint.WriteEarly([]byte(rest)); err == nil && n > 0 {
				rest = rest[n:]
				return true, nil
			}
			return late()
		}
		s.Take = func(data []byte, early bool) error {
			if text := string(data); early {
				got = append(got, "as early data: "+text)
			} else {
				got = append(got, text)
			}
			return nil
		}
		if err := new(stage.Stage).Converse(&stage.Line{Client: c, Server: s}); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 3 || got[0] != "late" || got[1] != "as early data: early" || got[2] != "late" {
		t.Errorf("%q", got)
	}
}

// TestMute: an end that keeps to itself what went wrong sends no alert.
func TestMute(t *testing.T) {
	for _, mute := range []bool{false, true} {
		c, s := ends(t, func(client, _ *handshake.Config) { client.ServerName = "www.other.test" })
		c.Mute = mute
		if err := new(stage.Stage).Converse(&stage.Line{Client: c, Server: s}); err != nil {
			t.Fatal(err)
		}
		if reason.Of(c.Endpoint.Err()) != reason.CertificateWrongName || (s.Endpoint.Err() == nil) != mute {
			t.Errorf("mute %v: the client %v, the server %v", mute, c.Endpoint.Err(), s.Endpoint.Err())
		}
	}
}

// TestWire: what is sent is the wire's, in the order of the turns; and Enough ends it.
func TestWire(t *testing.T) {
	c, s := ends(t, nil)
	var way []tamper.Direction
	l := &stage.Line{Client: c, Server: s,
		Wire:   func(d tamper.Direction, b []byte) []byte { way = append(way, d); return b },
		Enough: func() bool { return c.Endpoint.Done() }}
	if err := new(stage.Stage).Converse(l); err != nil {
		t.Fatal(err)
	}
	if len(way) != 3 || way[0] != tamper.ToServer || way[1] != tamper.ToClient || !c.Endpoint.Done() || s.Endpoint.Done() {
		t.Errorf("%v, client %v, server %v", way, c.Endpoint.State(), s.Endpoint.State())
	}
}

// TestEndings: what ends a lesson, and not only an endpoint.
func TestEndings(t *testing.T) {
	enough := errors.New("enough")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		stage *stage.Stage
		line  func(*stage.Line)
		want  error
	}{
		"context":    {stage.New(gone, ""), func(*stage.Line) {}, context.Canceled},
		"BeforeMove": {&stage.Stage{BeforeMove: func(*handshake.Endpoint) error { return enough }}, func(*stage.Line) {}, enough},
		"Say":        {new(stage.Stage), func(l *stage.Line) { l.Server.Say = func() (bool, error) { return false, enough } }, enough},
		"Take": {new(stage.Stage), func(l *stage.Line) {
			l.Client.Say, l.Server.Take = says(l.Client, "one"), func([]byte, bool) error { return enough }
		}, enough},
	} {
		client, server := ends(t, nil)
		l := &stage.Line{Client: client, Server: server}
		c.line(l)
		if err := c.stage.Converse(l); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBeforeMove: it is asked where there is a move to make, of every endpoint.
func TestBeforeMove(t *testing.T) {
	asked := map[event.Role]int{}
	s := &stage.Stage{BeforeMove: func(e *handshake.Endpoint) error {
		asked[e.Role()]++
		if !e.Ready() {
			t.Errorf("a %v with nothing to do was asked about", e.Role())
		}
		return nil
	}}
	client, server := ends(t, nil)
	if err := s.Converse(&stage.Line{Client: client, Server: server}); err != nil {
		t.Fatal(err)
	}
	if asked[event.Client] == 0 || asked[event.Server] == 0 {
		t.Errorf("asked %v", asked)
	}
}

// TestWithinAMove: a lesson that ends while an endpoint's move lets another line converse has
// ended: that endpoint makes of it what it likes.
func TestWithinAMove(t *testing.T) {
	enough := errors.New("enough")
	inner := stage.Line{}
	inner.Client, inner.Server = ends(t, nil)
	inner.Client.Say = func() (bool, error) { return false, enough }
	s, within := new(stage.Stage), 0
	c, server := ends(t, func(client, _ *handshake.Config) {
		client.VerifyChain = func(handshake.ChainInput) (*pki.Report, error) {
			within++
			return nil, s.Converse(&inner)
		}
	})
	said := 0
	c.Say = func() (bool, error) { said++; return false, nil }
	if err := s.Converse(&stage.Line{Client: c, Server: server}); !errors.Is(err, enough) || within != 1 || said != 1 {
		t.Errorf("%v, after %d inner lines and %d questions", err, within, said)
	}
}
