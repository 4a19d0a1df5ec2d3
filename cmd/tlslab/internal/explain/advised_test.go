package explain

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/narrate"
)

// What a transcript says to type for more works when it is typed, and shows something; what it does not say shows
// nothing: of the first and the last connection of each capture.
func TestAdvised(t *testing.T) {
	const at = "../../../../handshake/explain/testdata/"
	names, err := filepath.Glob(at + "*.pcapng")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	nothing := narrate.Must(narrate.En, narrate.UI, "only_nothing").Title
	flag := regexp.MustCompile(`--\w+(?: \d+)?`)
	tried := map[string]int{}
	for _, name := range names {
		args := []string{name, "--lang", "en"}
		if log := strings.TrimSuffix(name, ".pcapng") + ".log"; exists(log) {
			args = append(args, "--keylogfile", log)
		}
		list, err := run(t, append(args, "--format", "json")...)
		if err != nil {
			t.Fatal(name, err)
		}
		var numbers []string
		for line := range strings.Lines(list) {
			var c struct{ N int }
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatal(name, err)
			}
			numbers = append(numbers, strconv.Itoa(c.N))
		}
		if len(numbers) > 2 {
			numbers = []string{numbers[0], numbers[len(numbers)-1]}
		}
		for _, n := range numbers {
			shown := append(slices.Clone(args), "--show", n)
			said, err := run(t, shown...)
			if err != nil {
				t.Fatal(name, err)
			}
			_, more, ok := strings.Cut(said, "\nMore: ")
			if !ok {
				t.Fatalf("%s: nothing is advised", name)
			}
			advised := flag.FindAllString(more, -1)
			for _, a := range advised {
				tried[strings.Fields(a)[0]]++
				if said, err := run(t, append(slices.Clone(shown), strings.Fields(a)...)...); err != nil || strings.Contains(said, nothing) {
					t.Errorf("%s --show %s: %s is advised, and what comes is %v:\n%s", filepath.Base(name), n, a, err, said)
				}
			}
			for _, a := range []string{"--secrets", "--checks", "--myths"} {
				if slices.Contains(advised, a) {
					continue
				}
				if said, err := run(t, append(slices.Clone(shown), a)...); err != nil || !strings.Contains(said, nothing) {
					t.Errorf("%s --show %s: %s is not advised, and shows something, %v:\n%s", filepath.Base(name), n, a, err, said)
				}
			}
		}
	}
	for _, f := range []string{"--full", "--message", "--secrets", "--checks", "--myths"} {
		if tried[f] == 0 {
			t.Errorf("%s was never advised", f)
		}
	}
	if _, err := run(t, at+"silent.pcapng", "--show", "1", "--message", "2"); err == nil {
		t.Error("a message that is not there is shown")
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
