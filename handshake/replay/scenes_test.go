package replay_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/narrate"
	"tlslab/handshake/replay"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/stage"
)

// TestSceneValues: what a transcript says of each scene, name by name and in this order. It
// is what programs read there, so no name may change and none may go.
func TestSceneValues(t *testing.T) {
	at := event.Meta{Time: stage.Epoch}
	cert := new(x509.Certificate)
	now := fmt.Sprint(stage.Epoch)
	told := map[event.SceneKey]bool{}
	for _, test := range []struct {
		scene event.Scene
		key   event.SceneKey
		want  []any // name, value, …
	}{
		{&replay.Begun{Attack: "early-data", Number: 7, Login: replay.ByCookie, Alice: 10_000}, "replay_attack",
			[]any{"attack", "early-data", "number", 7, "defences", "none", "login", "cookie", "alice", 10_000, "mallory", 0}},
		{&replay.Begun{Defences: []string{replay.Record, replay.Fresh}}, "replay_attack",
			[]any{"attack", "", "number", 0, "defences", "recording,freshness", "login", "", "alice", 0, "mallory", 0}},
		{&replay.LoggedIn{User: "alice", Cookie: "c0"}, "replay_login", []any{"user", "alice", "cookie", "c0"}},
		{&replay.LoggedIn{User: "alice", Certificate: cert}, "replay_login", []any{"user", "alice", "certificate", cert}},
		{&replay.SharedStore{}, "replay_shared_store", []any{"store", "in the process"}},
		{&replay.SharedStore{Name: "redis://there"}, "replay_shared_store", []any{"store", "redis://there"}},
		{&replay.Requested{Action: bank.Action{Method: "POST", Path: "/transfer", Early: true, Status: 425, Why: bank.TooEarly}}, "replay_request",
			[]any{"method", "POST", "path", "/transfer", "early", true, "user", "", "status", 425, "why", "too_early"}},
		{&replay.Transferred{From: "alice", To: "mallory", Amount: 100, Alice: 9900, Mallory: 100}, "replay_transfer",
			[]any{"from", "alice", "to", "mallory", "amount", 100, "alice", 9900, "mallory", 100}},
		{&replay.Captured{Bytes: 517, EarlyData: true}, "replay_captured", []any{"bytes", 517, "early_data", true}},
		{&replay.CapturedSession{SessionID: []byte{1}}, "replay_captured_session", []any{"session_id", []byte{1}}},
		{&replay.CapturedSession{Ticket: []byte{2}, SessionID: []byte{1}}, "replay_captured_session", []any{"ticket", []byte{2}}},
		{&replay.StolenMaster{Secret: keyschedule.MasterSecret{3}}, "replay_stolen_master", []any{"master_secret", append([]byte{3}, make([]byte, 47)...)}},
		{&replay.StolenTicket{Ticket: []byte{4}, PSK: []byte{5}}, "replay_stolen_ticket", []any{"ticket", []byte{4}, "psk", []byte{5}}},
		{&replay.StolenTicketKey{Name: []byte{6}, Secret: []byte{7}}, "replay_stolen_ticket_key", []any{"ticket_key_name", []byte{6}, "ticket_key", []byte{7}}},
		{&replay.Decrypted{Plaintext: "GET / HTTP/1.1\r\n"}, "replay_decrypted", []any{"plaintext", "GET / HTTP/1.1\r\n"}},
		{&replay.RouteTaken{Route: replay.RoutePost}, "replay_route", []any{"route", "post"}},
		{&replay.TimePassed{Meta: at, After: 9 * time.Minute}, "replay_time", []any{"after", "9m0s", "now", now}},
		{&replay.Replayed{Server: "bank", Bytes: 517}, "replay_bytes", []any{"server", "bank", "bytes", 517}},
		{&replay.Tampered{How: replay.Dropped, Connection: 3}, "replay_tampered", []any{"how", "dropped", "connection", 3}},
		{&replay.Restarted{Meta: at}, "replay_restart", []any{"now", now}},
		{&replay.Retried{EarlyData: true}, "replay_retry", []any{"early_data", true}},
		{&replay.Attempted{Route: replay.RoutePost, Attempt: replay.Attempt{After: time.Second, Server: "bank", Worked: true, Moved: 100}}, "replay_attempt",
			[]any{"route", "post", "server", "bank", "after", "1s", "worked", true, "why", "", "moved", 100}},
		{&replay.Judged{Verdict: replay.Verdict{Attack: "early-data", Outcome: replay.Limited, Reason: replay.Why(event.WhyNotFresh), Limit: replay.ByTime,
			Times: 2, For: 10 * time.Second, Until: 11 * time.Second, Moved: 200, Alice: 9700, Mallory: 300}}, "replay_verdict",
			[]any{"attack", "early-data", "outcome", "limited", "reason", "not_fresh", "limit", "time", "times", 2, "for", "10s", "until", "11s",
				"remembers", "0s", "moved", 200, "alice", 9700, "mallory", 300}},
		{&event.Onlooked{ToServer: true, First: 2}, "onlooked", []any{"to_server", true, "first", 2, "records", []event.Overheard(nil)}},
		{&replay.Fact{Name: replay.FactReadsLaterData, Yes: true}, "replay_fact_reads_later_data", []any{"value", true}},
		{&replay.EarlyDataFact{Name: replay.FactRetryEarlyData, Status: handshake.EarlyDataRejected}, "replay_fact_retry_early_data", []any{"value", "rejected"}},
	} {
		told[test.key] = true
		if got := test.scene.Key(); got != test.key {
			t.Errorf("%T is %q, want %q", test.scene, got, test.key)
		}
		var got []any
		for _, v := range test.scene.Values() {
			if when, ok := v.Value.(time.Time); ok {
				v.Value = fmt.Sprint(when)
			}
			got = append(got, v.Name, v.Value)
		}
		if g, w := fmt.Sprintf("%#v", got), fmt.Sprintf("%#v", test.want); g != w {
			t.Errorf("%s: %s, want %s", test.key, g, w)
		}
	}
	for _, key := range replay.SceneKeys() {
		if !told[key] && !strings.HasPrefix(string(key), "replay_fact_") {
			t.Errorf("%s is not in the table", key)
		}
	}
}

// TestSceneEntries: of a verdict there are two ways to tell, as an attack that an expiry
// ended brings a correction up; every other scene has one.
func TestSceneEntries(t *testing.T) {
	got := map[string]bool{}
	for _, defences := range [][]string{nil, {replay.Fresh}, {replay.SingleUse}} {
		_, err := replay.Run(context.Background(), "second-server", defences, replay.Options{Seed: "entries", Listener: event.ListenerFunc(func(e event.Event) {
			if s, ok := e.(event.Scene); ok && narrate.EntryOf(s) != string(s.Key()) {
				_, limited := s.(*replay.Judged)
				got[narrate.EntryOf(s)] = limited && slices.Contains(defences, replay.Fresh)
			}
		})})
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := map[string]bool{"replay_verdict+time": true}; !maps.Equal(got, want) {
		t.Errorf("told in ways of their own, and in the right case: %v, want %v", got, want)
	}
}
