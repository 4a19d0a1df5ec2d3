package lesson

import (
	"testing"

	"github.com/spf13/pflag"

	"tlslab/handshake/switches"
)

// unswitched are the flags of run that are no switch of the lab, and why.
var unswitched = map[string]string{
	"all":  "a table, which the lab has as a switch of its own",
	"lang": "the page's, which the lab has as a switch of its own", "color": "a terminal's", "width": "a terminal's", "no-pager": "a terminal's", "step": "a terminal's",
	"format": "a download", "out": "a file", "keylogfile": "a file", "pcap": "a file", "answers": "a file", "score": "a file", "predict": "the page's, which the lab has as a switch of its own", "worksheet": "a handout, which is a download",
	"brief": "a way to tell, and the page tells all", "full": "a way to tell, and the page tells all", "bytes": "a way to tell, and the page tells all",
	"secrets": "a way to tell, and the page tells all", "checks": "a way to tell, and the page tells all", "myths": "a way to tell, and the page tells all",
	"ca": "a way to tell, and the page tells all", "message": "a way to tell, and the page tells all", "help": "about the command", "groups": "another name of group",
}

// TestSwitches: each flag of run is a switch, or it is named here why not; and each switch is a flag
// of the same kind.
func TestSwitches(t *testing.T) {
	kinds := map[string]switches.Kind{"bool": switches.Toggle, "int": switches.Number, "stringSlice": switches.List}
	flags := NewRun().Flags()
	flags.VisitAll(func(f *pflag.Flag) {
		s, ok := switches.ByName(f.Name)
		if ok == (unswitched[f.Name] != "") {
			t.Errorf("--%s: a switch %v, and %q", f.Name, ok, unswitched[f.Name])
		}
		want := kinds[f.Value.Type()]
		if want == "" {
			want = switches.Text
			if s.Choices != nil {
				want = switches.Choice
			}
		}
		if ok && s.Kind != want {
			t.Errorf("--%s is a %s, the switch a %s", f.Name, f.Value.Type(), s.Kind)
		}
	})
	for _, s := range switches.All() {
		if flags.Lookup(s.Name) == nil {
			t.Errorf("run has no --%s", s.Name)
		}
	}
	for name := range unswitched {
		if flags.Lookup(name) == nil && name != "help" && name != "groups" {
			t.Errorf("run has no --%s", name)
		}
	}
}

// TestLesson: each flag that is a switch sets that switch, and no other.
func TestLesson(t *testing.T) {
	for _, s := range switches.All() {
		value := "on"
		switch {
		case s.Kind == switches.Toggle:
			value = "true"
		case len(s.Choices) > 0:
			value = s.Choices[0]
		case s.Kind == switches.Number:
			value = "7"
		}
		r := new(runFlags)
		cmd := newRun(r)
		if err := cmd.Flags().Set(s.Name, value); err != nil {
			t.Fatal(err)
		}
		want := value
		if s.Kind == switches.Toggle {
			want = "on"
		}
		if set := r.lesson().Given(); len(set) != 1 || set[0] != (switches.Given{Name: s.Name, Value: want}) {
			t.Errorf("--%s %s sets %v", s.Name, value, set)
		}
	}
}
