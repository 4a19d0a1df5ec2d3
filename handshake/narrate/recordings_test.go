package narrate

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
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
	return out
}

// What is said of a recording is of those who were tried on it: who has the key log reads it, and
// where nobody has keys it is not said that there was nothing to read.
func TestSummaryOfRecordings(t *testing.T) {
	all := recordings(t)
	for _, row := range []struct{ recording, happened, readers, whatIf string }{
		{"tls13", "happened/closed", "read/closed+name", "whatif/live_closed"},
		{"mutual", "happened/closed", "read/closed", "whatif/live_closed"},
		{"quic_v1", "happened/quic", "read/quic+name", "whatif/live_quic"},
		{"quic_chromium", "happened/quic_unanswered", "read/quic+name", "whatif/live_quic"},
		{"quic_versions", "happened/quic_silence", "read/quic", "whatif/live_quic"},
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
