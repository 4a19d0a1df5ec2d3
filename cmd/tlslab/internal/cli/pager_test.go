package cli

import (
	"strings"
	"testing"
)

// A line takes as many rows as a terminal needs for it: a character that has two columns goes to
// the next row where one is left, and colours have none.
func TestRowsOf(t *testing.T) {
	for name, c := range map[string]struct {
		line          string
		columns, want int
	}{
		"empty":            {"", 10, 1},
		"just as wide":     {strings.Repeat("x", 10), 10, 1},
		"wider":            {strings.Repeat("x", 11), 10, 2},
		"three rows":       {strings.Repeat("x", 30), 10, 3},
		"colours":          {strings.Repeat("\x1b[31;1mx\x1b[0m", 10), 10, 1},
		"two columns each": {strings.Repeat("钥", 5), 10, 1},
		"one is left":      {strings.Repeat("钥", 5), 9, 2},
		"a tab":            {"x\tx", 8, 2},
		"no width":         {strings.Repeat("x", 1000), 0, 1},
	} {
		if got := rowsOf(c.line, c.columns); got != c.want {
			t.Errorf("%s: %d rows, and not %d", name, got, c.want)
		}
	}
}
