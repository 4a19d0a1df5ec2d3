package narrate

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
)

// recordings are what is told of captures of other people's software, with the key log of an end and
// without.
func recordings(t *testing.T) map[string][]event.Event {
	t.Helper()
	out := map[string][]event.Event{}
	for _, name := range []string{"tls13", "mutual", "gnutls", "untrusted12"} {
		file, err := os.ReadFile("../explain/testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := os.ReadFile("../explain/testdata/" + name + ".log")
		if err != nil && !errors.Is(err, os.ErrNotExist) { // of some none was kept
			t.Fatal(err)
		}
		for with, lines := range map[string][]byte{"": nil, ", logged": lines} {
			keys := explain.Keys{Logged: new(observe.KeyLog)}
			if err := keys.Logged.Read(bytes.NewReader(lines)); err != nil {
				t.Fatal(err)
			}
			_, err = explain.Read(t.Context(), bytes.NewReader(file), explain.Options{Keys: keys, Show: 1, ShowSecrets: true, Listener: event.ListenerFunc(func(e event.Event) {
				out[name+with] = append(out[name+with], e)
			})})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, row := range toldOfs {
		out[row.String()] = row.hear(t)
	}
	for _, name := range []string{"quic_v1", "quic_chromium", "quic_versions", "quic_no_alpn"} {
		file, err := os.ReadFile("../explain/testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		_, err = explain.Read(t.Context(), bytes.NewReader(file), explain.Options{Show: 1, ShowSecrets: true, Listener: event.ListenerFunc(func(e event.Event) {
			out[name] = append(out[name], e)
		})})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range out["quic_v1"] { // a client that names no server
		if m, ok := e.(*event.Message); ok {
			if hello, ok := m.Msg.(*message.ClientHello); ok {
				bare, copied := *hello, *m
				bare.Extensions.List = slices.DeleteFunc(slices.Clone(hello.Extensions.List), func(x message.Extension) bool { return x.Type() == iana.ExtServerName })
				copied.Msg, e = &bare, &copied
			}
		}
		out["quic_v1, nameless"] = append(out["quic_v1, nameless"], e)
	}
	return out
}

// toldOf is a recording with those lines of its key log that have keep, and not drop; and what is to be said of it.
type toldOf struct {
	name       string
	show       int
	logged     bool
	keep, drop string
	// doctor changes what is told, where no recording at hand is such a one; nil leaves it.
	doctor func([]event.Event) []event.Event

	happened, data, readers, whatIf, version string
}

func (r *toldOf) String() string {
	return fmt.Sprintf("%s %d, logged %t, %q, not %q, doctored %t for %s", r.name, r.show, r.logged, r.keep, r.drop, r.doctor != nil, r.data+r.happened)
}

// hear is what is told of it.
func (r *toldOf) hear(t *testing.T) (out []event.Event) {
	t.Helper()
	file, err := os.ReadFile("../explain/testdata/" + r.name + ".pcapng")
	if err != nil {
		t.Fatal(err)
	}
	keys := explain.Keys{Logged: new(observe.KeyLog)}
	if r.logged {
		lines, err := os.ReadFile("../explain/testdata/" + r.name + ".log")
		if err != nil {
			t.Fatal(err)
		}
		var kept [][]byte
		for _, line := range bytes.Split(lines, []byte("\n")) {
			if bytes.Contains(line, []byte(r.keep)) && (r.drop == "" || !bytes.Contains(line, []byte(r.drop))) {
				kept = append(kept, line)
			}
		}
		if err := keys.Logged.Read(bytes.NewReader(bytes.Join(kept, []byte("\n")))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err = explain.Read(t.Context(), bytes.NewReader(file), explain.Options{Keys: keys, Show: r.show, ShowSecrets: true, Listener: event.ListenerFunc(func(e event.Event) { out = append(out, e) })}); err != nil {
		t.Fatal(err)
	}
	if r.doctor != nil {
		out = r.doctor(out)
	}
	return out
}

// missing drops what an end sent, as data; bytes of it are missing then.
func missing(parties ...string) func([]event.Event) []event.Event {
	return func(events []event.Event) []event.Event {
		return slices.DeleteFunc(events, func(e event.Event) bool {
			if ended, ok := e.(*explain.Ended); ok {
				ended.Of.Missing[0] = 1
			}
			d, ok := e.(*event.Data)
			if !ok {
				return false
			}
			sent := d.Party
			if d.Dir == event.Receive {
				sent = map[string]string{"client": "server", "server": "client"}[sent]
			}
			return slices.Contains(parties, sent)
		})
	}
}

func unfollowed(events []event.Event) []event.Event {
	for _, e := range events {
		if ended, ok := e.(*explain.Ended); ok {
			ended.Of.Outcome.What = explain.Unfollowed
		}
	}
	return events
}

var toldOfs = []toldOf{
	{"psk", 1, true, "", "", nil, "happened/given", "data/both", "read/tried", "whatif/live", "TLS 1.3"},
	{"psk_ke", 1, true, "", "", nil, "happened/given", "data/both", "read/tried", "whatif/live", "TLS 1.3"},
	{"resumed13", 2, true, "", "", nil, "happened/resumed_psk", "data/both", "read/tried", "whatif/live", "TLS 1.3"},
	{"snapped", 1, true, "", "", nil, "happened/fresh", "data/request+missing", "read/tried", "whatif/live", "TLS 1.3"},
	{"snapped", 1, false, "", "", nil, "happened/closed", "", "read/closed", "whatif/whole", "TLS 1.3"},
	{"broken_off", 1, false, "", "", nil, "happened/left", "data/nothing", "read/nothing", "whatif/live_silence", ""},
	{"half", 1, false, "", "", nil, "happened/closed", "", "read/closed", "whatif/live_closed", "TLS 1.3"},
	{"silent", 1, false, "", "", nil, "happened/silent", "", "read/nothing", "whatif/live_silence", ""},
	{"silent", 1, false, "", "", unfollowed, "happened/unfollowed", "", "read/nothing", "whatif/live_silence", ""},
	{"answered_in_clear", 1, false, "", "", nil, "happened/garbled", "data/nothing", "read/nothing", "whatif/live_silence", ""},
	{"early", 2, true, "", "", nil, "happened/early", "", "read/tried", "whatif/live", "TLS 1.3"},
	{"early", 3, true, "", "", nil, "happened/early_passed_over", "data/request", "read/tried", "whatif/live", "TLS 1.3"},
	{"early", 2, true, "TRAFFIC_SECRET_0", "", nil, "happened/part", "", "read/tried", "whatif/live_closed_logged", "TLS 1.3"},
	{"early", 2, true, "", "EARLY_TRAFFIC", nil, "happened/early", "", "read/tried", "whatif/live_closed_logged", "TLS 1.3"},
	{"early_retried", 1, true, "", "", nil, "happened/early_passed_over", "data/request", "read/tried", "whatif/live", "TLS 1.3"},
	{"midway", 1, false, "", "", nil, "happened/headless", "", "read/headless", "whatif/whole", ""},
	{"tls13", 1, true, "HANDSHAKE", "", nil, "happened/fresh", "data/nothing+closed", "read/closed+name", "whatif/live_closed_logged", "TLS 1.3"},
	{"tls13", 1, true, "", "SERVER_TRAFFIC_SECRET_0", nil, "happened/fresh", "data/request+closed", "read/tried", "whatif/live_closed_logged", "TLS 1.3"},
	{"tls13", 1, true, "", "CLIENT_TRAFFIC_SECRET_0", nil, "happened/fresh", "data/reply+closed", "read/tried", "whatif/live_closed_logged", "TLS 1.3"},
	{"tls13", 1, true, "", "", missing("client"), "happened/fresh", "data/reply+missing", "read/tried", "whatif/live", "TLS 1.3"},
	{"tls13", 1, true, "", "", missing("client", "server"), "happened/fresh", "data/nothing+missing", "read/missing", "whatif/live", "TLS 1.3"},
	{"old_version", 1, true, "", "", nil, "happened/closed", "", "read/closed", "whatif/live_beyond", "TLS 1.1"},
	{"unknown_suite", 1, true, "", "", nil, "happened/closed", "", "read/closed", "whatif/live_beyond", "TLS 1.2"},
}

// A summary of a recording is of what happened there, by the account of its end, and not by what happened to open.
func TestSummaryIsNotOfWhatOpened(t *testing.T) {
	for _, row := range toldOfs {
		s := Summarize(row.hear(t))
		data, _ := s.Happened.Values["data"].(Sentence)
		v, _ := s.Happened.Values["version"].(string)
		if s.Happened.Key != row.happened || data.Key != row.data || s.Readers.Key != row.readers || s.WhatIf.Key != row.whatIf || v != row.version {
			t.Errorf("%s: %s, %s (%s), %s, %s", &row, s.Happened.Key, data.Key, v, s.Readers.Key, s.WhatIf.Key)
		}
	}
}

// What is said of a recording is of those who were tried on it: who has the key log reads it, and
// where nobody has keys it is not said that there was nothing to read.
func TestSummaryOfRecordings(t *testing.T) {
	all := recordings(t)
	for _, row := range []struct{ recording, happened, readers, whatIf string }{
		{"tls13", "happened/closed", "read/closed+name", "whatif/live_closed"},
		{"mutual", "happened/closed", "read/closed", "whatif/live_closed"},
		{"quic_v1", "happened/quic", "read/quic+name", "whatif/live_quic"},
		{"quic_v1, nameless", "happened/quic", "read/quic", "whatif/live_quic"},
		{"quic_chromium", "happened/quic_unanswered", "read/quic+name", "whatif/live_quic"},
		{"quic_versions", "happened/quic_silence", "read/quic_silence", "whatif/live_silence"},
		{"quic_no_alpn", "happened/refused_by", "read/quic+name", "whatif/live_quic"},
		{"tls13, logged", "happened/fresh", "read/tried", "whatif/live"},
		{"untrusted12", "happened/refused_by", "read/nothing+name", "whatif/live_silence"},
		{"mutual, logged", "happened/fresh", "read/tried", "whatif/live"},
	} {
		s := Summarize(all[row.recording])
		if s.Happened.Key != row.happened || s.Readers.Key != row.readers || s.WhatIf.Key != row.whatIf {
			t.Errorf("%s: %s, %s, %s", row.recording, s.Happened.Key, s.Readers.Key, s.WhatIf.Key)
		}
		if given, ok := s.Readers.Values["given"].(Sentence); row.readers == "read/tried" && (!ok || given.Key != "read/clause_given") {
			t.Errorf("%s: nothing is said of the reader of the key log", row.recording)
		}
	}
}

// Of a suite that nobody here knows the exchange is not a student's own.
func TestUnknownSuiteIsNobodysOwn(t *testing.T) {
	row := toldOf{name: "unknown_suite", show: 1}
	c, seen := new(Context), 0
	for _, e := range row.hear(t) {
		key := MoveKey(e, c)
		if m, ok := e.(*event.Message); ok && (m.Kind == message.KindServerKeyExchange || m.Kind == message.KindClientKeyExchange) {
			if seen++; key != m.Move {
				t.Errorf("%s is told by %s", m.Move, key)
			}
		}
	}
	if seen != 4 {
		t.Errorf("the exchange was seen %d times", seen)
	}
}
