package lesson

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
)

// Tickets of one server begin alike, with the name of its key. What is shown of one tells it
// from all others, wherever it is shown.
func TestTicketsAreToldApart(t *testing.T) {
	shown := regexp.MustCompile(`(?m)^ {3,}(?:ticket|session_ticket|pre_shared_key|会话票据) +([0-9a-f]\S+)|NewSessionTicket .*\.\.([0-9a-f]+)$`)
	for _, name := range []string{"ticket", "psk", "0rtt", "update"} {
		tr := rendertest.Play(t, name)
		tickets := map[string]bool{}
		for _, m := range tr.Messages() {
			switch m := m.Msg.(type) {
			case *message.NewSessionTicket12:
				tickets[string(m.Ticket)] = true
			case *message.NewSessionTicket13:
				tickets[string(m.Ticket)] = true
			}
		}
		for _, o := range []render.TerminalOptions{{}, {Lang: narrate.Zh}, {Level: render.Brief}} {
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

// A master secret that was not computed is said to be kept, in the reader's language: the word that JSON has for it is
// no word of a sentence.
func TestKeptSecretIsToldInWords(t *testing.T) {
	kept := regexp.MustCompile(`(?m)^   \* master_secret(?:: |：)(.*?)  `)
	for _, name := range []string{"id", "ticket"} {
		for lang, want := range map[narrate.Lang]string{narrate.En: "kept from the old session", narrate.Zh: "取自旧会话"} {
			got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: lang, Level: render.Flights})
			if m := kept.FindStringSubmatch(got); m == nil || m[1] != want {
				t.Errorf("%s in %s: %q, want %q", name, lang, m, want)
			}
		}
	}
}
