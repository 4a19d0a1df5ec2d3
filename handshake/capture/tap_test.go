package capture_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/capture"
	"tlslab/handshake/iana"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// story is a file in short: DSB(labels), > and < for payload of client and server.
func story(t testing.TB, b []byte) string {
	t.Helper()
	var out []string
	for _, x := range read(t, b).order {
		switch x := x.(type) {
		case secrets:
			var labels []string
			for line := range strings.Lines(string(x)) {
				label, _, _ := strings.Cut(line, " ")
				labels = append(labels, label)
			}
			out = append(out, "DSB("+strings.Join(labels, " ")+")")
		case *packet:
			switch {
			case len(x.payload) > 0 && x.dst.Port() == 443:
				out = append(out, ">"+string(x.payload))
			case len(x.payload) > 0:
				out = append(out, "<"+string(x.payload))
			case x.flags&fin != 0 && x.dst.Port() == 443:
				out = append(out, "F")
			case x.flags&fin != 0:
				out = append(out, "f")
			}
		}
	}
	return strings.Join(out, " ")
}

// TestTapRule goes through the rule with made-up chunks: which are held, until when, and
// what goes out in front of them.
func TestTapRule(t *testing.T) {
	for _, c := range []struct {
		name        string
		weAreServer bool
		does        string // r read, w wrote, k a line of the key log, half a half one, flush, close, peer
		want        string
	}{
		{"held until the next is read", true, "r:a r:b", ">a"},
		{"or something is written", true, "r:a w:b", ">a <b"},
		{"or flushed", true, "r:a flush", ">a"},
		{"or closed", true, "r:a close", ">a f F"},
		{"the peer closed", true, "r:a peer", ">a F f"},
		{"a client's peer is the server", false, "w:a r:b peer", ">a <b f F"},
		{"a client closes", false, "w:a close", ">a F f"},
		{"secrets go before the chunk they came of", false, "w:a r:b k:CLIENT_RANDOM w:c", ">a DSB(CLIENT_RANDOM) <b >c"},
		{"and before what is written under them", true, "r:a k:X k:Y w:b", "DSB(X Y) >a <b"},
		{"TLS 1.2: one secret, and nothing is held any more", true, "r:a w:b r:c k:CLIENT_RANDOM flush r:d", ">a <b DSB(CLIENT_RANDOM) >c >d"},
		{"TLS 1.3: both application secrets", true, "r:a k:CLIENT_HANDSHAKE_TRAFFIC_SECRET k:SERVER_TRAFFIC_SECRET_0 w:b r:c",
			"DSB(CLIENT_HANDSHAKE_TRAFFIC_SECRET SERVER_TRAFFIC_SECRET_0) >a <b"},
		{"with both, at once", true, "r:a k:CLIENT_TRAFFIC_SECRET_0 k:SERVER_TRAFFIC_SECRET_0 w:b r:c",
			"DSB(CLIENT_TRAFFIC_SECRET_0 SERVER_TRAFFIC_SECRET_0) >a <b >c"},
		{"a later line too", true, "k:CLIENT_RANDOM r:a k:Z r:b", "DSB(CLIENT_RANDOM) >a DSB(Z) >b"},
		{"half a line waits for its end", true, "r:a half:X w:b k:Y w:c", ">a <b DSB(XY) <c"},
		{"lines without a packet", true, "k:X flush", "DSB(X)"},
		{"nothing is nothing", true, "r: w: flush", ""},
	} {
		w, out := begun(t)
		st, err := w.Open(0, alice, bob, noon)
		if err != nil {
			t.Fatal(err)
		}
		tap := capture.NewTap(st, c.weAreServer)
		for _, step := range strings.Fields(c.does) {
			what, arg, _ := strings.Cut(step, ":")
			buf := []byte(arg)
			switch what {
			case "r":
				err = tap.Read(noon, buf)
			case "w":
				err = tap.Wrote(noon, buf)
			case "k":
				_, err = fmt.Fprintf(tap.KeyLog(), "%s 00 11\n", arg)
			case "half":
				_, err = io.WriteString(tap.KeyLog(), arg)
			case "flush":
				err = tap.Flush()
			case "close":
				err = tap.Close(noon, true)
			case "peer":
				err = tap.Close(noon, false)
			}
			if err != nil {
				t.Fatal(err)
			}
			clear(buf) // the tap must not count on it
		}
		if got := story(t, out.Bytes()); got != c.want {
			t.Errorf("%s (%s):\n got %s\nwant %s", c.name, c.does, got, c.want)
		}
	}
}

// TestTapReset: a connection that is broken off ends with an RST of who did it.
func TestTapReset(t *testing.T) {
	for _, byUs := range []bool{true, false} {
		w, out := begun(t)
		st, err := w.Open(0, alice, bob, noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := capture.NewTap(st, false).Reset(noon, byUs); err != nil {
			t.Fatal(err)
		}
		if got := follow(t, read(t, out.Bytes()).packets()).story; got != map[bool]string{true: "SsR", false: "Ssr"}[byUs] {
			t.Errorf("by us %v: %s", byUs, got)
		}
	}
}

// handshakes are connections of every kind, and which secrets each direction needs: the
// n-th chunk of a direction may stand behind those lines only.
func TestSecretsBeforePackets(t *testing.T) {
	ca, err := sharedLesson()
	if err != nil {
		t.Fatal(err)
	}
	for _, weAreServer := range []bool{false, true} {
		for _, c := range []struct {
			name    string
			version iana.Version
			resume  bool
			early   bool
			retry   bool
		}{
			{"TLS 1.2", iana.TLS12, false, false, false},
			{"TLS 1.2 resumed", iana.TLS12, true, false, false},
			{"TLS 1.3", iana.TLS13, false, false, false},
			{"TLS 1.3 resumed", iana.TLS13, true, false, false},
			{"TLS 1.3 with early data", iana.TLS13, true, true, false},
			{"TLS 1.3 sent back", iana.TLS13, false, false, true},
		} {
			t.Run(fmt.Sprintf("%s/server=%v", c.name, weAreServer), func(t *testing.T) {
				sc := &handshake.Config{Certificates: []handshake.Certificate{{Chain: ca.Chain, Key: ca.Key}},
					Tickets: session.NewTicketKeys(rand.Reader, 0), MaxEarlyData: 1000}
				cc := &handshake.Config{Roots: ca.Roots, ServerName: ca.Name, MinVersion: c.version, MaxVersion: c.version, Sessions: session.NewMemory(0)}
				if c.retry {
					cc.KeyShares = []iana.Group{}
				}
				rounds := 1
				if c.resume {
					rounds = 2
				}
				for round := range rounds {
					early := ""
					if cc.EarlyData = c.early && round == 1; cc.EarlyData {
						early = "GET /early"
					}
					w, out := begun(t)
					st, err := w.Open(0, alice, bob, time.Now())
					if err != nil {
						t.Fatal(err)
					}
					tap := capture.NewTap(st, weAreServer)
					resumed := exchange(t, tap, weAreServer, *cc, *sc, early)
					if resumed != (round == 1) {
						t.Fatalf("round %d: resumed %v", round, resumed)
					}
					checkOrder(t, out.Bytes(), c.version, early != "")
				}
			})
		}
	}
}

// exchange runs a connection with data both ways, one end of which tells tap.
func exchange(t *testing.T, tap *capture.Tap, weAreServer bool, cc, sc handshake.Config, early string) (resumed bool) {
	t.Helper()
	near, far := loopback(t)
	var cconn, sconn net.Conn = near, far
	if weAreServer {
		sconn, sc.KeyLog = capture.NewConn(far, tap), tap.KeyLog()
	} else {
		cconn, cc.KeyLog = capture.NewConn(near, tap), tap.KeyLog()
	}
	served := make(chan error, 1)
	go func() {
		s, err := tls.Server(sconn, &sc)
		if err == nil {
			buf := make([]byte, 100)
			if early != "" {
				_, err = s.ReadEarly(buf)
			}
			if err == nil {
				_, err = s.Read(buf)
			}
			if err == nil {
				_, err = io.WriteString(s, "the answer")
			}
			s.Close()
		}
		served <- err
	}()
	c, err := tls.Client(cconn, &cc)
	if err != nil {
		t.Fatal(err)
	}
	if early != "" {
		if n, err := c.WriteEarly([]byte(early)); err != nil || n != len(early) {
			t.Fatal(n, err)
		}
	}
	if _, err := io.WriteString(c, "the question"); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); err != nil || string(b) != "the answer" {
		t.Fatalf("%q, %v", b, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	return c.Summary().Resumed
}

// checkOrder walks a file as a reader does, record by record of each direction, and
// looks whether the secret that a protected record needs has been there before.
func checkOrder(t *testing.T, b []byte, v iana.Version, early bool) {
	t.Helper()
	have := map[string]bool{}
	var streams [2]bytes.Buffer // what is not a whole record yet
	var protected [2]int        // records
	for _, x := range read(t, b).order {
		switch x := x.(type) {
		case secrets:
			for line := range strings.Lines(string(x)) {
				label, _, _ := strings.Cut(line, " ")
				have[label] = true
			}
		case *packet:
			d := 0
			if x.src.Port() == 443 {
				d = 1
			}
			s := &streams[d]
			s.Write(x.payload)
			for s.Len() >= 5 && s.Len() >= 5+int(s.Bytes()[3])<<8+int(s.Bytes()[4]) {
				rec := s.Next(5 + int(s.Bytes()[3])<<8 + int(s.Bytes()[4]))
				if rec[0] != 23 { // in TLS 1.2 that is all but the Finished
					continue
				}
				need := []string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"}[d]
				switch {
				case v == iana.TLS12:
					need = "CLIENT_RANDOM"
				case d == 0 && early && protected[d] == 0:
					need = "CLIENT_EARLY_TRAFFIC_SECRET"
				case protected[d] > 1:
					need = []string{"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}[d]
				}
				if !have[need] {
					t.Errorf("direction %d, protected record %d stands before %s", d, protected[d], need)
				}
				protected[d]++
			}
		}
	}
	for d, n := range protected {
		if n == 0 || streams[d].Len() != 0 {
			t.Errorf("direction %d: %d protected records, and %d bytes of another", d, n, streams[d].Len())
		}
	}
}
