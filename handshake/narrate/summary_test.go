package narrate

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
)

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

func TestSummaries(t *testing.T) {
	all := play(t)
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, f := range flowsOf(all[name]) {
			s := Summarize(f)
			out.WriteString("== " + name)
			if fl, ok := f[0].(*event.Flow); ok {
				out.WriteString(" / " + fl.Name)
			}
			out.WriteString("\n")
			for _, l := range Langs() {
				for _, line := range s.In(l) {
					out.WriteString("   " + line + "\n")
					if line == "" || strings.ContainsAny(line, "{}") {
						t.Errorf("%s: %q", name, line)
					}
				}
			}
		}
	}
	os.WriteFile("/tmp/words-summaries.txt", []byte(out.String()), 0o600)
}
