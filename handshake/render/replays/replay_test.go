package replays

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
	"tlslab/handshake/session"
)

// replayed plays an attack and returns its transcript.
func replayed(t *testing.T, attack, list string, to render.TerminalOptions, o replay.Options) (string, *replay.Result) {
	t.Helper()
	defences, err := replay.ParseDefences(list)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	term := NewReplay(&b, to, o)
	o.Seed, o.Listener, o.ShowSecrets = "render", term, to.Level == render.Bytes
	r, err := replay.Run(context.Background(), attack, defences, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := term.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), r
}

// readableReplay holds that a text fits, and that no key or placeholder is left in it.
func readableReplay(t *testing.T, name, got string) {
	t.Helper()
	for line := range strings.Lines(got) {
		if n := sheet.Width(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%s: %d columns: %s", name, n, line)
		}
	}
	for _, leak := range []string{"replay_", "label.", "word."} {
		if strings.Contains(got, leak) {
			t.Errorf("%s: %q is left in the text", name, leak)
		}
	}
	if left := regexp.MustCompile(`\{[a-z_]+\}`).FindString(got); left != "" {
		t.Errorf("%s: %s was not filled in", name, left)
	}
}

// texts are words as they are written.
func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}

// TestReplayWords: all that a replay can tell has words of its own, in each language.
func TestReplayWords(t *testing.T) {
	want := map[string][]string{"replay_route.": texts(replay.Routes()), "replay_limit.": {string(replay.ByCount), string(replay.ByTime)}}
	long := map[string][]string{"replay_defence.": append(replay.Defences(), "none")}
	for _, a := range replay.Attacks() {
		long["replay_attack."] = append(long["replay_attack."], a.Name)
		long["replay_stolen."] = append(long["replay_stolen."], texts(a.Stolen)...)
	}
	want["replay_why."] = texts(replay.Reasons())
	want["replay_outcome."], want["replay_mark."] = texts(replay.Outcomes()), texts(replay.Outcomes())
	for _, c := range replay.Columns() {
		name := strings.Join(c, "+")
		if name == "" {
			name = "none"
		}
		want["replay_column."] = append(want["replay_column."], name)
	}
	for _, l := range narrate.Langs() {
		for _, kind := range []map[string][]string{want, long} {
			for prefix, names := range kind {
				for _, name := range names {
					e, ok := narrate.Get(l, narrate.UI, prefix+name)
					if !ok || prefix != "replay_column." && prefix != "replay_limit." && e.Text == "" && long[prefix] != nil {
						t.Errorf("%s: %s%s says %+v", l, prefix, name, e)
					}
				}
			}
		}
	}
	// And nothing waits in vain.
	for _, key := range narrate.Keys(narrate.UI) {
		prefix, name, _ := strings.Cut(key, ".")
		if names := slices.Concat(want[prefix+"."], long[prefix+"."]); names != nil && !slices.Contains(names, name) {
			t.Errorf("%s is an orphan", key)
		}
	}
}

// TestReplayTranscripts: each attack in each language, readable, on about two screens,
// with the balances that the verdict has.
func TestReplayTranscripts(t *testing.T) {
	for _, l := range narrate.Langs() {
		for _, a := range replay.Attacks() {
			for _, list := range []string{"none", "lifetime", "single-use", "recording,freshness", "idempotency"} {
				name := fmt.Sprintf("%s, %s x %s", l, a.Name, list)
				got, r := replayed(t, a.Name, list, render.TerminalOptions{Lang: l}, replay.Options{})
				readableReplay(t, name, got)
				if n := strings.Count(got, "\n"); n > 125 {
					t.Errorf("%s: %d lines", name, n)
				}
				v := sheet.Speak(l)
				verdict := got[strings.LastIndex(got, v.Title(narrate.Scene, "replay_verdict")):]
				balances := v.UI("replay_balances", "alice", fmt.Sprint(r.Alice), "mallory", fmt.Sprint(r.Mallory))
				for _, part := range []string{v.UI("replay_outcome." + string(r.Outcome)), v.UI("replay_why." + string(r.Reason)), balances} {
					if !strings.Contains(verdict, part) {
						t.Errorf("%s: the verdict has no %q: %s", name, part, verdict)
					}
				}
				attempts := 0
				for _, route := range r.Routes {
					attempts += len(route.Attempts)
				}
				if n := len(regexp.MustCompile(`(?m)^ [!-] `).FindAllString(got, -1)); n != attempts {
					t.Errorf("%s: %d attempts shown, %d made", name, n, attempts)
				}
			}
		}
	}
}

// TestReplayTold: what a transcript must show.
func TestReplayTold(t *testing.T) {
	for _, test := range []struct {
		attack, list string
		want, not    []string
	}{
		// The bank acts before the handshake is over, and again.
		{"early-data", "none", []string{"Alice --> bank  ClientHello, ChangeCipherSpec, (GET /balance)", "bank: POST /transfer (Alice, early data): done",
			"Mallory --> bank  ClientHello, ChangeCipherSpec, (POST /transfer)", " ! after 1 d (bank): 100 moved", "VERDICT: not stopped."}, nil},
		{"early-data", "safe-methods", []string{"too early (425)", "VERDICT: stopped."}, []string{" ! "}},
		{"early-data", "lifetime", []string{"VERDICT: limited. It worked up to 9 min after the capture; at 11 min no more.", `"An expiry stops replay."`}, nil},
		{"early-data", "recording", []string{"early data, skipped unread", "remember something for up to 6 d 23"}, nil},
		{"recorded-connection", "none", []string{"ChangeCipherSpec, a record that does not open", "Alert bad_record_mac"}, []string{" ! "}},
		{"session-id", "none", []string{"session ID ", `"Whoever captures a session ID or a ticket, and a POST, can replay it."`}, nil},
		{"record-replay", "none", []string{"[POST /transfer], [POST /transfer], [close_notify]", "(bank): the end is missing"}, nil},
		{"stolen-master", "lifetime", []string{"Cookie: session=", "(nobody): no login (401)", "Is he logged in by that alone? no", "Does it still, after the last attempt? YES",
			"that it came from? no"}, nil},
		{"stolen-ticket-key", "none", []string{"after, with psk_dhe_ke? no", "no key exchange? YES", "for the bank? YES", "Nothing on this list stops him",
			`"With psk_dhe_ke tickets are harmless."`, "Alice --> Mallory's bank  ClientHello"}, nil},
		{"second-server-shared", "recording", []string{"no Redis is used", "(bank's second server): this ClientHello has come before"}, []string{" ! "}},
		{"restart", "recording,freshness", []string{"right after the restart: rejected", "one window after the restart: accepted"}, []string{" ! "}},
		{"drop-and-retry", "recording,freshness,single-use", []string{"(Mallory keeps it)", "The early data of the retry: accepted", "the client itself asked twice"}, nil},
	} {
		got, _ := replayed(t, test.attack, test.list, render.TerminalOptions{}, replay.Options{})
		flat := strings.Join(strings.Fields(got), " ")
		for _, want := range test.want {
			if !strings.Contains(got, want) && !strings.Contains(flat, want) {
				t.Errorf("%s x %s: no %q in\n%s", test.attack, test.list, want, got)
			}
		}
		for _, not := range test.not {
			if strings.Contains(got, not) {
				t.Errorf("%s x %s: %q in\n%s", test.attack, test.list, not, got)
			}
		}
	}
	got, _ := replayed(t, "second-server-shared", "recording", render.TerminalOptions{}, replay.Options{Shared: session.NewMemory(0), SharedName: "redis://there"})
	if !strings.Contains(got, "redis://there") || strings.Contains(got, "no Redis") {
		t.Errorf("which store? %s", got)
	}
}

// TestReplayLevels: brief has no connections, bytes has all of them.
func TestReplayLevels(t *testing.T) {
	brief, _ := replayed(t, "early-data", "freshness", render.TerminalOptions{Level: render.Brief}, replay.Options{})
	if strings.Contains(brief, "ClientHello,") || strings.Count(brief, "\n") > 25 || !strings.Contains(brief, "VERDICT") {
		t.Errorf("brief:\n%s", brief)
	}
	readableReplay(t, "brief", brief)
	full, _ := replayed(t, "drop-and-retry", "none", render.TerminalOptions{Level: render.Bytes}, replay.Options{})
	for _, want := range []string{"Alice --> bank", "Mallory --> bank", "client_hello.length", "psk_binder", "client_early_traffic_secret", "VERDICT"} {
		if !strings.Contains(full, want) {
			t.Errorf("bytes: no %q", want)
		}
	}
	coloured, _ := replayed(t, "early-data", "none", render.TerminalOptions{Color: true}, replay.Options{})
	if !strings.Contains(coloured, "\x1b[") {
		t.Error("no colour")
	}
	plain, _ := replayed(t, "early-data", "none", render.TerminalOptions{}, replay.Options{})
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured, ""); got != plain {
		t.Error("colour changes the words")
	}
}

// TestReplayMatrix: each attack has its row, each verdict its mark.
func TestReplayMatrix(t *testing.T) {
	o := replay.Options{Seed: "render"}
	rows, err := replay.Matrix(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range narrate.Langs() {
		var b strings.Builder
		if err := WriteReplayMatrix(&b, rows, o, render.TerminalOptions{Lang: l}); err != nil {
			t.Fatal(err)
		}
		got := b.String()
		readableReplay(t, "matrix "+string(l), got)
		marks := map[replay.Outcome]string{replay.Stopped: "-", replay.NotStopped: sheet.Speak(l).UI("replay_mark.not_stopped")}
		for _, row := range rows {
			line := regexp.MustCompile("(?m)^" + row[0].Attack + "  .*$").FindString(got)
			cells := strings.Fields(line)
			if len(cells) != len(row)+1 {
				t.Errorf("%s: the row of %s is %q", l, row[0].Attack, line)
				continue
			}
			for j, v := range row {
				want := marks[v.Outcome]
				switch {
				case v.Limit == replay.ByCount:
					want = "1x"
				case v.Limit == replay.ByTime:
					want = "<" + strings.ReplaceAll(sheet.Speak(l).Span(v.Until), " ", "")
				}
				if cells[j+1] != want {
					t.Errorf("%s: %s against %v is %q, want %q", l, v.Attack, v.Defences, cells[j+1], want)
				}
			}
		}
		if l == narrate.En {
			for _, want := range []string{"Alice's login is a cookie", "no Redis is used", "6 d 23 h", "nothing on this list stops a stolen ticket key", "r+f=recording,freshness", "1 s, 10 s, 11 s, 9 min"} {
				if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
		}
	}
}

func TestWriteReplayList(t *testing.T) {
	for _, l := range narrate.Langs() {
		var b strings.Builder
		if err := WriteReplayList(&b, render.TerminalOptions{Lang: l}); err != nil {
			t.Fatal(err)
		}
		readableReplay(t, "list "+string(l), b.String())
		for _, a := range replay.Attacks() {
			if !strings.Contains(b.String(), "\n  "+a.Name+" ") {
				t.Errorf("%s: no %s", l, a.Name)
			}
		}
		for _, d := range replay.Defences() {
			if !strings.Contains(b.String(), "\n  "+d+" ") {
				t.Errorf("%s: no %s", l, d)
			}
		}
	}
}
