package replays

import (
	"strings"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
)

// Where the attacker meddles with records on their way, the line that lists them says so:
// whoever reads it would take them for delivered.
func TestTamperedRecordsSaySo(t *testing.T) {
	for _, l := range narrate.Langs() {
		got, _ := replayed(t, "record-replay", "none", render.TerminalOptions{Lang: l, Width: 1000}, replay.Options{})
		say := sheet.Speak(l)
		for _, way := range []string{"repeated", "reordered", "dropped"} {
			for _, version := range []string{"tls12_cbc_", "tls12_", "tls13_"} {
				_, told, ok := strings.Cut(got, say.UI("replay_route."+version+way)+"\n")
				if !ok {
					t.Fatalf("%s: %s%s is not told", l, version, way)
				}
				told, _, _ = strings.Cut(told, "\n - ")
				want := say.Aside("[close_notify]", say.UI("replay_tampered."+way, "n", "3"))
				if !strings.Contains(told+"\n", want+"\n") {
					t.Errorf("%s: %s%s: the line does not say %q:\n%s", l, version, way, want, told)
				}
			}
		}
	}
}
