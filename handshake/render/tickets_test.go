package render

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/replay"
)

// Tickets of one server begin alike, with the name of its key. What is shown of one tells it
// from all others, wherever it is shown.
func TestTicketsAreToldApart(t *testing.T) {
	shown := regexp.MustCompile(`(?m)^ {3,}(?:ticket|session_ticket|pre_shared_key|会话票据) +([0-9a-f]\S+)|NewSessionTicket .*\.\.([0-9a-f]+)$`)
	for _, name := range []string{"ticket", "psk", "0rtt", "update"} {
		tr := play(t, name)
		tickets := map[string]bool{}
		for _, m := range tr.Messages() {
			switch m := m.Msg.(type) {
			case *message.NewSessionTicket12:
				tickets[string(m.Ticket)] = true
			case *message.NewSessionTicket13:
				tickets[string(m.Ticket)] = true
			}
		}
		for _, o := range []TerminalOptions{{}, {Lang: narrate.Zh}, {Level: Brief}} {
			got, _ := write(t, tr.Events(), o)
			found := shown.FindAllStringSubmatch(got, -1)
			if len(found) < len(tickets) {
				t.Errorf("%s: %d tickets are shown, of %d", name, len(found), len(tickets))
			}
			for _, f := range found {
				part, _, _ := strings.Cut(f[1]+f[2], "…（")
				begin, end, whole := strings.Cut(part, "…")
				end, _, _ = strings.Cut(end, "（")
				if !whole {
					begin, end = "", part
				}
				fits := 0
				for ticket := range tickets {
					hex := fmt.Sprintf("%x", ticket)
					if strings.HasPrefix(hex, begin) && strings.HasSuffix(hex, end) {
						fits++
					}
				}
				if fits != 1 {
					t.Errorf("%s: %q is shown, which %d of %d tickets may be", name, f[0], fits, len(tickets))
				}
			}
		}
	}
}

// Where the attacker meddles with records on their way, the line that lists them says so:
// whoever reads it would take them for delivered.
func TestTamperedRecordsSaySo(t *testing.T) {
	for _, l := range narrate.Langs() {
		got, _ := replayed(t, "record-replay", "none", TerminalOptions{Lang: l, Width: 1000}, replay.Options{})
		say := speaking(l)
		for _, way := range []string{"repeated", "reordered", "dropped"} {
			for _, version := range []string{"tls12_cbc_", "tls12_", "tls13_"} {
				_, told, ok := strings.Cut(got, say.ui("replay_route."+version+way)+"\n")
				if !ok {
					t.Fatalf("%s: %s%s is not told", l, version, way)
				}
				told, _, _ = strings.Cut(told, "\n - ")
				want := say.aside("[close_notify]", say.ui("replay_tampered."+way, "n", "3"))
				if !strings.Contains(told+"\n", want+"\n") {
					t.Errorf("%s: %s%s: the line does not say %q:\n%s", l, version, way, want, told)
				}
			}
		}
	}
}
