package replay_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake/replay"
)

// cell is what a cell of the matrix must be: the verdict, and what the ledger says.
type cell struct {
	verdict string // outcome, reason; of a limited attack: in what, how often, how long, till when
	moved   int64  // against alice's will
}

// row is an attack, by the columns of replay.Columns.
type row struct {
	willing int64 // what alice paid because she wanted to
	cells   []cell
}

// all are the nine columns of an attack on which no defence has an influence.
func all(c cell) []cell { return strict(c, nil) }

// strict is all, but for some columns.
func strict(c cell, but map[int]cell) []cell {
	cells := make([]cell, 9)
	for i := range cells {
		cells[i] = c
		if b, ok := but[i]; ok {
			cells[i] = b
		}
	}
	return cells
}

// The columns.
const (
	lifetime      = 1
	singleUse     = 2
	recording     = 3
	freshness     = 4
	safeMethods   = 5
	idempotency   = 6
	noEarlyData   = 7
	recordedFresh = 8
)

// Six attempts, at 1 s, 10 s, 11 s, 9 min, 11 min and 24 h: the lifetime is 10 min, the
// window 10 s.
var (
	fourTimes = cell{"limited session_expired: time x4 for 9m0s until 11m0s", 400}
	twice     = cell{"limited not_fresh: time x2 for 10s until 11s", 200}
	tooEarly  = cell{"stopped too_early", 0}
	keyKnown  = cell{"stopped idempotency_key_known", 0}
	nothing   = cell{"stopped replay_no_early_data", 0}
)

func once(reason string) cell {
	return cell{"limited " + reason + ": count x1 for 1s until 10s", 100}
}

var want = map[string]row{
	"recorded-connection": {200, all(cell{"stopped bad_record_mac", 0})},
	"record-replay":       {300, all(cell{"stopped bad_record_mac", 0})},
	"session-id":          {200, all(cell{"stopped bad_record_mac", 0})},
	"stolen-master": {100, strict(cell{"not_stopped replay_has_secret", 600}, map[int]cell{
		lifetime: {"limited session_unknown: time x4 for 9m0s until 11m0s", 400}})},
	"ticket":             {400, all(cell{"stopped bad_record_mac", 0})},
	"ticket-with-secret": {200, strict(cell{"not_stopped replay_has_secret", 600}, map[int]cell{lifetime: fourTimes})},
	"stolen-ticket-key": {200, strict(cell{"not_stopped replay_has_ticket_key", 300}, map[int]cell{
		noEarlyData: {"not_stopped replay_has_ticket_key", 200}})},
	"early-data": {100, []cell{{"not_stopped replay_early_data_taken", 600}, fourTimes, {"stopped ticket_used", 0},
		{"stopped seen_before", 0}, twice, tooEarly, keyKnown, nothing, {"stopped seen_before", 0}}},
	"second-server": {100, []cell{{"not_stopped replay_other_server", 600}, fourTimes, once("ticket_used"),
		once("seen_before"), twice, tooEarly, keyKnown, nothing, once("seen_before")}},
	"second-server-shared": {100, []cell{{"not_stopped replay_other_server", 600}, fourTimes, {"stopped ticket_used", 0},
		{"stopped seen_before", 0}, twice, tooEarly, keyKnown, nothing, {"stopped seen_before", 0}}},
	"restart": {100, []cell{{"not_stopped replay_forgotten", 600}, fourTimes, {"stopped store_too_young", 0},
		{"stopped store_too_young", 0}, twice, tooEarly, keyKnown, nothing, {"stopped store_too_young", 0}}},
	"drop-and-retry": {100, strict(cell{"not_stopped replay_client_retries", 100}, map[int]cell{
		safeMethods: tooEarly, idempotency: keyKnown, noEarlyData: nothing})},
}

// wantByCertificate is what differs where alice shows a certificate and has no cookie.
var wantByCertificate = map[string]row{
	// Her CertificateVerify comes first, and signs another transcript.
	"recorded-connection": {200, all(cell{"stopped bad_signature", 0})},
	// A stolen PSK is her login, too: both versions of TLS work.
	"ticket-with-secret": {200, strict(cell{"not_stopped replay_has_secret", 1200}, map[int]cell{
		lifetime: {fourTimes.verdict, 800}})},
	// The thief needs to read nothing.
	"stolen-ticket-key": {200, all(cell{"not_stopped replay_has_ticket_key", 300})},
}

func say(v replay.Verdict) string {
	s := fmt.Sprintf("%s %s", v.Outcome, v.Reason)
	if v.Outcome == replay.Limited {
		s += fmt.Sprintf(": %s x%d for %v until %v", v.Limit, v.Times, v.For, v.Until)
	}
	return s
}

func TestMatrix(t *testing.T) {
	for _, login := range []replay.Login{replay.ByCookie, replay.ByCertificate} {
		got, err := replay.Matrix(context.Background(), replay.Options{Seed: "matrix", Login: login})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i, a := range replay.Attacks() {
			w := want[a.Name]
			if c, ok := wantByCertificate[a.Name]; ok && login == replay.ByCertificate {
				w = c
			}
			for j, column := range replay.Columns() {
				v, c := got[i][j], w.cells[j]
				name := fmt.Sprintf("%s, %s against %q", login, a.Name, strings.Join(column, "+"))
				if say(v) != c.verdict || v.Moved != c.moved {
					t.Errorf("%s: %s, moved %d; want %s, %d", name, say(v), v.Moved, c.verdict, c.moved)
				}
				if v.Alice != 10_000-w.willing-c.moved || v.Mallory != w.willing+c.moved {
					t.Errorf("%s: alice has %d and mallory %d; she paid %d, he took %d", name, v.Alice, v.Mallory, w.willing, c.moved)
				}
			}
		}
	}
}

// TestRemembers: what recording costs depends on the window, or else on the lifetime; the
// clocks of several servers may differ by 5 s.
func TestRemembers(t *testing.T) {
	for list, want := range map[string]string{"recording": "167h59m35s", "recording,lifetime": "9m35s", "recording,freshness": "15.001s", "freshness": "0s"} {
		defences, err := replay.ParseDefences(list)
		if err != nil {
			t.Fatal(err)
		}
		r, err := replay.Run(context.Background(), "early-data", defences, replay.Options{Seed: "remembers"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Remembers.String() != want {
			t.Errorf("%s: remembered for %v, want %s", list, r.Remembers, want)
		}
	}
}
