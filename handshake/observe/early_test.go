package observe_test

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// early is a resumed connection whose request goes as 0-RTT data, and what it grew from.
type early struct {
	*recording
	full *recording
	psk  []byte
}

// recordEarly plays both connections; tune changes the second.
func recordEarly(t testing.TB, s *suite.Suite, tune func(c, s *handshake.Config)) *early {
	t.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa", Time: clock()})
	if err != nil {
		t.Fatal(err)
	}
	store, tickets := session.NewMemory(0), session.NewTicketKeys(zeroes{}, 0)
	ends := func(c, srv *handshake.Config) {
		only(s)(c, srv)
		c.Roots, srv.Certificates = l.Roots, []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}
		c.Sessions, srv.Tickets, srv.SessionTickets, srv.MaxEarlyData = store, tickets, 1, 1000
	}
	full := record(t, "ecdsa", ends)
	r := &recording{secrets: map[string][]byte{}}
	cc := &handshake.Config{Time: clock, ServerName: l.Name, KeyLog: &r.keyLog, ShowSecrets: true, EarlyData: true, Weak: handshake.Weak{NULL: true},
		Listener: event.ListenerFunc(func(e event.Event) {
			r.client = append(r.client, e)
			if s, ok := e.(*event.Secret); ok {
				r.secrets[string(s.Label)] = s.Value
			}
		})}
	sc := &handshake.Config{Time: clock, Weak: handshake.Weak{NULL: true}}
	ends(cc, sc)
	if tune != nil {
		tune(cc, sc)
	}
	c, err := handshake.NewClient(cc)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := handshake.NewServer(sc)
	if err != nil {
		t.Fatal(err)
	}
	for progress := true; progress; {
		if progress, err = c.Step(); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{request[:3], request[3:]} {
		if n, err := c.WriteEarly([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("%d bytes went early, %v", n, err)
		}
	}
	r.pump(c, srv)
	buf := make([]byte, 100)
	if c.Summary().EarlyData != handshake.EarlyDataAccepted {
		if _, err := c.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		r.pump(c, srv)
	}
	for got := ""; got != request; {
		n, err := srv.Read(buf)
		if n == 0 || err != nil {
			t.Fatalf("read %q, %v", got, err)
		}
		got += string(buf[:n])
		r.pump(c, srv)
	}
	if _, err := srv.Write([]byte(reply)); err != nil {
		t.Fatal(err)
	}
	r.pump(c, srv)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	r.pump(c, srv)
	if !c.Done() || !srv.Done() {
		t.Fatalf("client %v, server %v", c.Err(), srv.Err())
	}
	return &early{r, full, full.secrets["resumption_psk"]}
}

// refused makes a server pass over 0-RTT data, and retry sends the client back, which is
// a refusal as well.
func refused(_, s *handshake.Config) {
	s.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return event.WhyNotFresh }
}
func retry(c, _ *handshake.Config) { c.KeyShares = []iana.Group{} }
func alone(c, s *handshake.Config) {
	c.PSKModes, s.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}, []iana.PSKKeyExchangeMode{iana.PSKOnly}
}

// TestEarlyData: with a key log 0-RTT data opens like all else, whether the server took it
// or not; without its line it stays closed, and all else opens.
func TestEarlyData(t *testing.T) {
	for _, s := range suite.Of(iana.TLS13) {
		for name, tune := range map[string]func(c, s *handshake.Config){"taken": nil, "refused": refused, "retried": retry, "psk_ke": alone} {
			t.Run(s.String()+"/"+name, func(t *testing.T) {
				r := recordEarly(t, s, tune)
				fromClient, sealed := request, 2
				if name == "refused" || name == "retried" {
					fromClient += request // sent again
				}
				for _, n := range []int{1, 1 << 20} {
					rep := r.show(t, n, observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes())})
					if rep.Err != nil || rep.Sealed != 0 || string(rep.FromClient) != fromClient || string(rep.FromServer) != reply || !rep.Resumed ||
						!rep.Traffic.Complete() || !bytes.Equal(rep.Traffic.ClientEarly, r.secrets["client_early_traffic_secret"]) {
						t.Errorf("with all keys: %+v", rep)
					}
					if y := rep.Tally; y.Read[observe.PartEarlyData] == 0 || y.Read[observe.PartServerData] == 0 || y.Read[observe.PartHandshake] == 0 || y.Sealed != (observe.Tally{}).Sealed {
						t.Errorf("with all keys: %+v", y)
					}
				}
				if s.Cipher.Kind == suite.MAC13 {
					return // it hides nothing, but an observer has to be told that
				}
				rep := r.show(t, 1<<20, observe.Options{KeyLog: r.lines("CLIENT_HANDSHAKE", "SERVER_", "CLIENT_TRAFFIC")})
				if name == "taken" || name == "psk_ke" {
					fromClient, sealed = "", 3 // EndOfEarlyData
				} else {
					fromClient = request
				}
				if rep.Err != nil || rep.Sealed != sealed || string(rep.FromClient) != fromClient || string(rep.FromServer) != reply || rep.Traffic.ClientEarly != nil {
					t.Errorf("without the early secret: %+v", rep)
				}
				if y := rep.Tally; y.Read[observe.PartEarlyData] != 0 || y.Sealed[observe.PartEarlyData] != sealed || y.Sealed[observe.PartClientData]+y.Sealed[observe.PartServerData]+y.Sealed[observe.PartHandshake] != 0 {
					t.Errorf("without the early secret: %+v", y)
				}
				rep = r.show(t, 1<<20, observe.Options{KeyLog: r.lines("CLIENT_EARLY")})
				if rep.Err != nil || rep.Sealed == 0 || string(rep.FromClient) != request || rep.FromServer != nil || rep.Closed != observe.SomeKeysMissing {
					t.Errorf("with the early secret alone: %+v", rep)
				}
				if y := rep.Tally; y.Read[observe.PartEarlyData] == 0 || y.Sealed[observe.PartEarlyData] != 0 || y.Read[observe.PartServerData] != 0 || y.Sealed[observe.PartServerData] == 0 {
					t.Errorf("with the early secret alone: %+v", y)
				}
			})
		}
	}
}

// TestSameEventsEarly: of 0-RTT data, too, an observer with keys tells what the client does.
func TestSameEventsEarly(t *testing.T) {
	for name, tune := range map[string]func(c, s *handshake.Config){"taken": nil, "refused": refused, "retried": retry, "psk_ke": alone} {
		t.Run(name, func(t *testing.T) {
			r := recordEarly(t, suite.ByID(0x1302), tune)
			seen, _ := r.events(t, observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes())})
			for _, dir := range []event.Direction{event.Send, event.Receive} {
				got, want := told(t, seen, dir), told(t, r.client, dir)
				if name == "retried" { // the client goes back to clear, which is no change of keys to tell of
					want = got[:0:0]
					for _, line := range told(t, r.client, dir) {
						if !strings.HasPrefix(line, "keys 2 0x") {
							want = append(want, line)
						}
					}
				}
				same(t, got, want)
			}
		})
	}
}

// TestStolenPSK: what a ticket's key opens: nothing of the connection it comes from; of
// the one that it resumes the 0-RTT data, and with psk_ke all.
func TestStolenPSK(t *testing.T) {
	for _, id := range []iana.CipherSuite{0x1301, 0x1302} {
		r, ke := recordEarly(t, suite.ByID(id), nil), recordEarly(t, suite.ByID(id), alone)
		thief := observe.Options{PSKs: [][]byte{{1, 2, 3}, r.psk, ke.psk}}
		if rep := r.full.show(t, 1<<20, thief); rep.ReadData || rep.ReadHandshake || rep.PSK != nil || rep.Err != nil || rep.Closed != observe.NoKeys {
			t.Errorf("the connection it comes from: %+v", rep)
		}
		if rep := r.show(t, 1, thief); !bytes.Equal(rep.PSK, r.psk) || string(rep.FromClient) != request || rep.FromServer != nil ||
			rep.Traffic.ServerHandshake != nil || rep.Err != nil || rep.Closed != observe.PSKNotEnough {
			t.Errorf("psk_dhe_ke: %+v", rep)
		}
		if rep := ke.show(t, 1, thief); !bytes.Equal(rep.PSK, ke.psk) || string(rep.FromClient) != request || string(rep.FromServer) != reply ||
			!rep.Traffic.Complete() || rep.Sealed != 0 || rep.Err != nil {
			t.Errorf("psk_ke: %+v", rep)
		}
		if rep := ke.show(t, 1<<20, observe.Options{PSKs: [][]byte{r.psk}}); rep.PSK != nil || rep.ReadData {
			t.Errorf("another ticket's key: %+v", rep)
		}
		// A second ClientHello's binder covers the first, and what the server said to it.
		again := recordEarly(t, suite.ByID(id), retry)
		if rep := again.show(t, 1<<20, observe.Options{PSKs: [][]byte{again.psk}}); !bytes.Equal(rep.PSK, again.psk) || string(rep.FromClient) != request ||
			rep.ReadHandshake || rep.Err != nil || rep.Closed != observe.PSKNotEnough {
			t.Errorf("after a retry: %+v", rep)
		}
	}
}
