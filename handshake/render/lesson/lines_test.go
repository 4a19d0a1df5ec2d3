package lesson

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
)

// told are the lines of each flow of a lesson.
func told(t *testing.T, name string, level render.Level) (flows [][]string) {
	t.Helper()
	got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Level: level, Lang: narrate.En})
	for line := range strings.SplitSeq(got, "\n") {
		if strings.HasPrefix(line, "== ") || len(flows) == 0 {
			flows = append(flows, nil)
		}
		last := len(flows) - 1
		flows[last] = append(flows[last], line)
	}
	return flows
}

var (
	lineHead   = regexp.MustCompile(`^   flight (\d+)`)
	lineOf     = regexp.MustCompile(`^ ?(\d+) (?:[a-z]+ )?[-=<>]{3}(?: [a-z]+)?  ?([A-Z][A-Za-z]+|application data|early data)`)
	asAtOther  = regexp.MustCompile(`^   \* (\d+) values? as at the other end: (\w+)`)
	between    = regexp.MustCompile(`^-- flight .*: (\w+) to (\w+) -`)
	aboutValue = regexp.MustCompile(`^(?:   \* |     )[a-z]`)
)

// TestFlightStandsOnce holds that of a flow told in lines each flight stands once, with all that
// was sent in it, whenever it was read; and that a message has the number that --full gives it.
func TestFlightStandsOnce(t *testing.T) {
	moved := false
	for _, name := range []string{"0rtt", "psk", "ticket", "id", "tls13"} {
		full := told(t, name, render.Default)
		for i, flow := range told(t, name, render.Flights) {
			heads := map[string]bool{}
			numbers, last := map[string]string{}, ""
			for k, line := range flow {
				if k+1 < len(flow) && strings.Contains(flow[k+1], " --> server  ClientHello") {
					clear(heads) // another connection of the flow
				}
				if h := lineHead.FindStringSubmatch(line); h != nil {
					if heads[h[1]] {
						t.Errorf("%s: flight %s stands twice in %s", name, h[1], flow[0])
					}
					heads[h[1]] = true
				}
				if m := lineOf.FindStringSubmatch(line); m != nil {
					moved = moved || len(last) == len(m[1]) && last > m[1]
					numbers[m[1]], last = m[2], m[1]
				}
			}
			want := map[string]string{}
			for _, line := range full[i] {
				if m := lineOf.FindStringSubmatch(line); m != nil {
					want[m[1]] = strings.TrimSpace(m[2])
				}
			}
			for _, n := range slices.Sorted(maps.Keys(numbers)) {
				if want[n] != "" && want[n] != numbers[n] {
					t.Errorf("%s, %s: message %s is %s, and %s with --full", name, flow[0], n, numbers[n], want[n])
				}
			}
			if strings.Contains(flow[0], ": attacker, server") && len(numbers) == 0 {
				t.Errorf("%s, %s: no message", name, flow[0])
			}
		}
	}
	if !moved {
		t.Error("nothing was read after what came behind it")
	}
}

// TestSameWereShown holds that what is as at the other end was shown there: the leg of an
// interceptor that is told in brief shows none.
func TestSameWereShown(t *testing.T) {
	lines := 0
	for name := range rendertest.Lessons() {
		for _, flow := range told(t, name, render.Flights) {
			head, ends := 0, ""
			for i, line := range flow {
				if h := between.FindStringSubmatch(line); h != nil {
					leg := min(h[1], h[2]) + max(h[1], h[2])
					if leg != ends {
						head, ends = i, leg // of this leg it must be shown anew
					}
				}
				m := asAtOther.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				lines++
				shown := slices.ContainsFunc(flow[head:i], func(l string) bool {
					return aboutValue.MatchString(l) && !asAtOther.MatchString(l) && strings.Contains(l, m[2])
				})
				if !shown {
					t.Errorf("%s: %q, which nobody showed", name, line)
				}
			}
		}
	}
	if lines == 0 {
		t.Error("no value is as at the other end")
	}
}

// TestSecondTicket holds that of two tickets that one end tells of, each has its key, told apart
// by its value.
func TestSecondTicket(t *testing.T) {
	input := func(name string, b byte) event.Input { return event.Public(name, []byte{b, b, b, b, b, b, b, b}) }
	var lines []string
	var events []event.Event
	for _, b := range []byte{0xaa, 0xbb} {
		value := make([]byte, 32)
		for i := range value {
			value[i] = b
		}
		events = append(events, &event.Secret{Meta: event.Meta{Party: "client", Move: "x" + string(rune(b))}, Label: event.LabelResumptionPSK, Method: "HKDF-Expand-Label",
			Function: event.FunctionExpandLabel, Tag: "resumption", Inputs: []event.Input{input("resumption_secret", 1), input("ticket_nonce", b)}, Value: value})
	}
	got, _ := write(t, events, render.TerminalOptions{Level: render.Flights, Lang: narrate.En})
	for line := range strings.SplitSeq(got, "\n") {
		if strings.HasPrefix(line, "   * resumption_psk") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 2 || !strings.Contains(lines[0], "aaaa") || !strings.Contains(lines[1], "bbbb") {
		t.Errorf("%q\n%s", lines, got)
	}
}
