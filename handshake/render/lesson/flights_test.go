package lesson

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
)

// flights tells a lesson by flights, line by line.
func flights(t *testing.T, name string, l narrate.Lang) []string {
	t.Helper()
	got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Level: render.Flights, Lang: l})
	return strings.Split(strings.TrimSuffix(got, "\n"), "\n")
}

// oneConnection are the lessons of one flow with one connection in it.
func oneConnection(t *testing.T) (names []string) {
	t.Helper()
	for name := range rendertest.Lessons() {
		conns := map[int]bool{}
		tr := rendertest.Play(t, name)
		for _, e := range tr.Events() {
			if _, ok := e.(*event.Message); ok {
				conns[e.Head().Conn] = true
			}
		}
		if len(tr.Flows) == 1 && len(conns) == 1 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) < 15 {
		t.Fatalf("only %d lessons have one connection", len(names))
	}
	return names
}

// TestFlightsLength holds that a lesson of one connection is read in four screens, in both
// languages, and the others in proportion: each step of an interceptor and each attack has a
// few lines more.
func TestFlightsLength(t *testing.T) {
	budget := map[string]int{"mitm": 210, "mitm13": 205, "id": 205, "ticket": 205, "psk": 235, "0rtt": 280}
	for _, name := range oneConnection(t) {
		budget[name] = 100
	}
	budget["mitm_through"] = 112 // three parties, and what two of them believe
	for name, most := range budget {
		for _, l := range narrate.Langs() {
			lines := flights(t, name, l)
			if len(lines) > most {
				t.Errorf("%s, %s: %d lines, at most %d", name, l, len(lines), most)
			}
			for _, line := range lines {
				if sheet.Width(line) > sheet.DefaultWidth {
					t.Errorf("%s, %s: %d columns: %s", name, l, sheet.Width(line), line)
				}
			}
		}
	}
	for _, name := range []string{"rsa", "ecdhe", "tls13"} {
		for _, l := range narrate.Langs() {
			if at := slices.IndexFunc(flights(t, name, l), flightArrow.MatchString); at < 0 || at >= 12 {
				t.Errorf("%s, %s: the first message is line %d", name, l, at+1)
			}
		}
	}
}

var (
	flightArrow = regexp.MustCompile(`^ ?(\d+) (?:[^ ]+ )?(-->|<--|==>|<==)(?: [^ ]+ )? ?([A-Z][A-Za-z]+|application data|early data|应用数据|早期数据)`)
	blockHead   = regexp.MustCompile(`^-- `)
	whoReads    = regexp.MustCompile(`^   > `)
	number      = regexp.MustCompile(`(\d+)(?:-(\d+))?`)
)

// blocks are the parts of a transcript by flights that have a heading of their own.
func blocks(lines []string) (out [][]string) {
	ended := false
	for _, l := range lines {
		switch {
		case blockHead.MatchString(l):
			out, ended = append(out, []string{l}), false
		case strings.HasPrefix(l, "== "):
			ended = true // another flow, perhaps in brief
		case len(out) > 0 && !ended:
			out[len(out)-1] = append(out[len(out)-1], l)
		}
	}
	return out
}

// TestFlightsTellTheSame holds, over all lessons, that a Chinese reader gets as many blocks as
// an English one, with the same messages in them, and at most three corrections.
func TestFlightsTellTheSame(t *testing.T) {
	for name := range rendertest.Lessons() {
		en, zh := blocks(flights(t, name, narrate.En)), blocks(flights(t, name, narrate.Zh))
		if len(en) != len(zh) || len(en) == 0 && name != "plain" {
			t.Errorf("%s: %d blocks in English, %d in Chinese", name, len(en), len(zh))
			continue
		}
		for i := range en {
			if a, b := numbers(en[i]), numbers(zh[i]); !slices.Equal(a, b) {
				t.Errorf("%s: block %d has messages %v in English, %v in Chinese", name, i+1, a, b)
			}
		}
		myths := 0
		for _, l := range flights(t, name, narrate.En) {
			if strings.HasPrefix(l, "   ! often said ") {
				myths++
			}
		}
		if myths > 3 {
			t.Errorf("%s: %d corrections", name, myths)
		}
	}
}

// numbers are those of the arrows in a block.
func numbers(block []string) (n []string) {
	for _, l := range block {
		if m := flightArrow.FindStringSubmatch(l); m != nil {
			n = append(n, m[1])
		}
	}
	return n
}

// TestFlightsSayWhoReads holds, over all lessons, that each block says of each of its messages
// who could read it, once.
func TestFlightsSayWhoReads(t *testing.T) {
	for name := range rendertest.Lessons() {
		for i, b := range blocks(flights(t, name, narrate.En)) {
			want := numbers(b)
			at := slices.IndexFunc(b, whoReads.MatchString)
			if len(want) == 0 {
				continue
			}
			if at < 0 {
				t.Errorf("%s: block %d, %s, does not say who can read", name, i+1, b[0])
				continue
			}
			var got []string
			said := strings.Join(b[at:min(at+3, len(b))], " ")
			for _, part := range regexp.MustCompile(`(?:^ *> |; +)([\d, -]+): `).FindAllStringSubmatch(said, -1) {
				for _, m := range number.FindAllStringSubmatch(part[1], -1) {
					from, _ := strconv.Atoi(m[1])
					to, err := strconv.Atoi(m[2])
					if err != nil {
						to = from
					}
					for n := from; n <= to; n++ {
						got = append(got, strconv.Itoa(n))
					}
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: block %d has messages %v, and says who reads %v: %s", name, i+1, want, got, said)
			}
		}
	}
}

// TestFlightsReadersAreTried: what a block says is what event.Onlooked has. For one that was
// given, all say the opposite of what they did.
func TestFlightsReadersAreTried(t *testing.T) {
	events := slices.Clone(rendertest.Play(t, "tls13").Events())
	for i, e := range events {
		o, ok := e.(*event.Onlooked)
		if !ok {
			continue
		}
		turned := *o
		turned.Records = slices.Clone(o.Records)
		for k := range turned.Records {
			r := &turned.Records[k]
			r.By = slices.Clone(r.By)
			for s := range r.By {
				r.By[s].Access = map[event.Access]event.Access{event.AccessReads: event.AccessSealed, event.AccessSealed: event.AccessReads, event.AccessLater: event.AccessReads}[r.By[s].Access]
			}
		}
		events[i] = &turned
	}
	got, _ := write(t, events, render.TerminalOptions{Level: render.Flights})
	for _, want := range []string{"   > 1: sealed to listener, key thief\n", "   > 2-3: sealed to listener, key thief; 4-7: listener, key thief can read\n", "   > 10-12: listener, key thief can read\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	rsa := strings.Join(flights(t, "rsa", narrate.En), "\n")
	if want := "   > 10-11: key thief can read once the key is stolen, sealed to listener"; !strings.Contains(rsa, want) {
		t.Errorf("rsa: no %q", want)
	}
}

// TestFlightsNumbers holds that a message has the number in a block that it has in the whole
// transcript: --message takes it.
func TestFlightsNumbers(t *testing.T) {
	full := regexp.MustCompile(`^ ?(\d+) .*(?:-->|<--) [^ ]+  ?([A-Z][A-Za-z]+|application data|early data)`)
	for _, name := range append(oneConnection(t), "mitm", "mitm13") {
		got := map[string]string{}
		for _, l := range flights(t, name, narrate.En) {
			if m := flightArrow.FindStringSubmatch(l); m != nil {
				got[m[1]] = m[3]
			}
		}
		all, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{})
		n := 0
		for _, l := range strings.Split(all, "\n") {
			if m := full.FindStringSubmatch(l); m != nil {
				n++
				if got[m[1]] != m[2] {
					t.Errorf("%s: message %s is %s, and %q by flights", name, m[1], m[2], got[m[1]])
				}
			}
		}
		if n == 0 || n != len(got) {
			t.Errorf("%s: %d messages, %d by flights", name, n, len(got))
		}
	}
}

// TestFlightsTellFailures: which check, on which certificate, and what was compared.
func TestFlightsTellFailures(t *testing.T) {
	got := strings.Join(flights(t, "expired", narrate.En), "\n")
	for _, want := range []string{"FAILED validity", "0 www.lab.test (RSA-2048)", "not_after ", "checked_at ", "certificate_expired in certificate[0].not_after"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, " checks ok") {
		t.Error("a chain that failed is called ok")
	}
}

// TestFlightsOfOneEnd: a live end tells of its own side alone, reads a flight when its own has
// begun, and is told each flight once all the same.
func TestFlightsOfOneEnd(t *testing.T) {
	for _, party := range []string{"client", "server"} {
		for _, name := range []string{"tls13", "ecdhe", "retry", "mutual13"} {
			var own []event.Event
			for _, e := range rendertest.Play(t, name).Events() {
				if _, scene := e.(event.Scene); !scene && e.Head().Party == party {
					own = append(own, e)
				}
			}
			got, _ := write(t, own, render.TerminalOptions{Level: render.Flights})
			heads := map[string]bool{}
			for _, b := range blocks(strings.Split(got, "\n")) {
				if heads[b[0]] {
					t.Errorf("%s of %s: twice: %s", party, name, b[0])
				}
				heads[b[0]] = true
			}
			if len(heads) < 4 {
				t.Errorf("%s of %s: %d blocks", party, name, len(heads))
			}
		}
	}
}
