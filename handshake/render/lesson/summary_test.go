package lesson

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
)

// read is what an onlooker made of the application data of a flow, found here from the events
// alone: the bytes of each record with data in it are looked up among those that were tried.
type read struct{ now, later, sealed bool }

// readers is that of each onlooker; data says whether there was any, and open whether the
// listener read a record that calls itself application data, recorded ones among them, which
// no end opens.
func readers(flow []event.Event) (out map[string]read, data, open bool) {
	type key struct {
		conn int
		wire string
	}
	carries := map[key]bool{}
	last := map[key][]event.Sight{}
	for _, e := range flow {
		switch e := e.(type) {
		case *event.Record:
			if e.Type == iana.ApplicationData && len(e.Payload) > 0 {
				carries[key{e.Conn, string(e.Wire)}] = true
			}
		case *event.Onlooked:
			for _, r := range e.Records {
				last[key{e.Conn, string(r.Wire)}] = r.By
				open = open || iana.ContentType(r.Wire[0]) == iana.ApplicationData && r.Of("listener") == event.AccessReads
			}
		}
	}
	out = map[string]read{}
	for k := range carries {
		for _, s := range last[k] {
			r := out[s.Onlooker]
			switch s.Access {
			case event.AccessReads:
				r.now = true
			case event.AccessLater:
				r.later = true
			case event.AccessSealed:
				r.sealed = true
			}
			out[s.Onlooker] = r
		}
	}
	return out, len(carries) > 0, open
}

// flowsOf cuts a transcript where a flow begins.
func flowsOf(events []event.Event) (flows [][]event.Event) {
	for _, e := range events {
		if _, begins := e.(*event.Flow); begins || len(flows) == 0 {
			flows = append(flows, nil)
		}
		flows[len(flows)-1] = append(flows[len(flows)-1], e)
	}
	return flows
}

// names is who is named in a sentence, as who could read and who could not.
func names(s narrate.Sentence, clause string) (out []string) {
	if !strings.Contains(narrate.Must(narrate.En, s.Kind, s.Key).Title, "{"+clause+"}") {
		return nil // it is known, and not said
	}
	c, _ := s.Values[clause].(narrate.Sentence)
	who, _ := c.Values["who"].(narrate.Sentences)
	for _, w := range who {
		out = append(out, strings.TrimPrefix(w.Key, "onlooker/"))
	}
	return out
}

// summaries hold, of each transcript that ask is given, that every flow of it is told in three whole
// sentences in each language, and that the second says what was tried; and whole, after the last one,
// that each such sentence was met.
func summaries(t *testing.T) (ask func(name string, events []event.Event), whole func()) {
	met := map[string]bool{}
	ask = func(name string, events []event.Event) {
		for i, flow := range flowsOf(events) {
			at := fmt.Sprintf("%s, flow %d", name, i+1)
			s := narrate.Summarize(flow)
			met[s.Readers.Key] = true
			for _, l := range narrate.Langs() {
				for n, said := range s.In(l) {
					if strings.ContainsAny(said, "{}") || !strings.HasSuffix(said, map[narrate.Lang]string{narrate.En: ".", narrate.Zh: "。"}[l]) {
						t.Errorf("%s: sentence %d in %s is %q", at, n+1, l, said)
					}
				}
			}
			if strings.HasPrefix(name, "replay ") {
				continue // of many connections at once, on most of which nobody was an onlooker
			}
			tried, data, open := readers(flow)
			agrees(t, at, s.Readers, tried, data, open)
		}
	}
	return ask, func() {
		for _, key := range []string{"plain", "nothing+name", "all", "all_mitm", "ends", "unknown", "attacker", "replayed", "captured", "mitm", "mitm_request", "replay", "replay_opened"} {
			if !met["read/"+key] {
				t.Errorf("no lesson of which %s is said", key)
			}
		}
	}
}

// agrees holds a sentence about readers against what was tried.
func agrees(t *testing.T, at string, s narrate.Sentence, tried map[string]read, data, open bool) {
	t.Helper()
	key := strings.TrimPrefix(s.Key, "read/")
	switch key {
	case "plain":
		return
	case "nothing", "nothing+name", "captured":
		for who, r := range tried {
			if (r.now || open) && who == "listener" {
				t.Errorf("%s: %s read data, and it is said: %s", at, who, s.In(narrate.En))
			}
		}
		if data && key != "captured" {
			t.Errorf("%s: there was data, and it is said: %s", at, s.In(narrate.En))
		}
		return
	}
	if all := key == "all" || key == "all_mitm"; all != open || data && all != tried["listener"].now {
		t.Errorf("%s: listener %+v, and it is said: %s", at, tried["listener"], s.In(narrate.En))
	} else if all {
		return
	}
	if box := key == "mitm" || key == "mitm_request"; box != tried["mitm"].now {
		t.Errorf("%s: interceptor %+v, and it is said: %s", at, tried["mitm"], s.In(narrate.En))
	}
	later := append(names(s, "later"), names(s, "lesser")...)
	sealed := names(s, "sealed")
	for who, r := range tried {
		only := key == "replayed" // says who could, and that covers the others
		if r.later != slices.Contains(later, who) || !only && (!r.later && !r.now) != slices.Contains(sealed, who) {
			t.Errorf("%s: %s %+v, and it is said: %s", at, who, r, s.In(narrate.En))
		}
	}
}
