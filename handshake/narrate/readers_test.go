package narrate

import (
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx/private"
)

// TestOneNameEach holds that an onlooker is called the same wherever there is little room: in a
// table, on a page, and where it is first said what it has.
func TestOneNameEach(t *testing.T) {
	for _, l := range Langs() {
		for _, who := range []string{"listener", "thief", "ticket_thief", "psk_thief"} {
			table, ok := Get(l, UI, who)
			page, onPage := Get(l, UI, "page.onlooker."+who)
			first, inFlights := Get(l, UI, "flights.who."+who)
			if !ok || !onPage || !inFlights {
				t.Fatalf("%s: %s has no name", l, who)
			}
			name, _, found := strings.Cut(strings.ReplaceAll(first.Title, "：", ":"), ":")
			if !found || page.Title != table.Title || name != table.Title {
				t.Errorf("%s: %s is %q in a table, %q on the page, %q in flights", l, who, table.Title, page.Title, name)
			}
		}
	}
}

// TestQuantumOfAGroup holds that the sentence about a quantum computer goes by what a group is,
// whatever its number: X-Wing has one for private use, and X25519 falls to such a computer.
func TestQuantumOfAGroup(t *testing.T) {
	xwing, err := private.ByName("X-Wing")
	if err != nil {
		t.Fatal(err)
	}
	if xwing.ID() < iana.GroupPrivate {
		t.Fatalf("X-Wing has the number %v: this test is about one for private use", xwing.ID())
	}
	for _, c := range []struct {
		group event.Group
		want  bool
	}{{event.GroupOf(xwing), true}, {event.GroupAt(iana.X25519MLKEM768), true}, {event.GroupAt(iana.X25519), false}, {event.GroupOf(ownGroup()), false}} {
		s := &story{conns: []*exchange{{version: iana.TLS13, group: c.group}}}
		if got := s.quantum(nil); (got.Key != "") != c.want {
			t.Errorf("%s: %q", c.group.Name, got.Key)
		}
	}
}

// TestFirstSentenceNamesNoGroup holds that what happened is told without the name of a group,
// which says nothing to somebody who knows no TLS.
func TestFirstSentenceNamesNoGroup(t *testing.T) {
	groups := 0
	for name, events := range play(t) {
		for _, f := range flowsOf(events) {
			for _, e := range f {
				m, ok := e.(*event.Message)
				if !ok || m.Group.Name == "" || m.Group.ID >= iana.GroupPrivate { // a student's may be called anything
					continue
				}
				groups++
				for _, l := range Langs() {
					if said := Summarize(f).In(l)[0]; strings.Contains(said, m.Group.Name) {
						t.Errorf("%s: %q names %s", name, said, m.Group.Name)
					}
				}
			}
		}
	}
	if groups == 0 {
		t.Error("no lesson has a group")
	}
}

// TestReplayedIsKnownToItsWriter holds that of what an attacker sends again nobody says that the
// server alone could read it: the client has written it.
func TestReplayedIsKnownToItsWriter(t *testing.T) {
	told := 0
	for _, f := range flowsOf(play(t)["resume 0rtt"]) {
		s := Summarize(f)
		if s.Readers.Key != "read/replayed" {
			continue
		}
		told++
		for _, l := range Langs() {
			client, _ := Get(l, Party, "client")
			if said := s.In(l)[1]; !strings.Contains(said, client.Title) {
				t.Errorf("%s: %q", l, said)
			}
		}
	}
	if told == 0 {
		t.Error("nothing was replayed")
	}
}
