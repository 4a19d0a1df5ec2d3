package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/render/sheet"
)

// What goes on stands below its beginning, and what cannot be broken without harm is left to the terminal.
func TestFolded(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{"tlslab: short", []string{"tlslab: short"}},
		{"tlslab: no connection to localhost:1: connection refused", []string{"tlslab: no connection to localhost:1:", "        connection refused"}},
		{"  Is something listening there? A server of ours would.", []string{"  Is something listening there? A server", "  of ours would."}},
		{"a remark that is longer than the terminal is wide", []string{"a remark that is longer than the", "terminal is wide"}},
		{"tlslab: 连不上 localhost:1：连接被拒绝，那里有程序在监听吗", []string{"tlslab: 连不上 localhost:1：连接被拒绝，", "        那里有程序在监听吗"}},
		{"  有 good、expired、expired-root、not-yet-valid、wrong.host。", []string{"  有 good、expired、expired-root、", "  not-yet-valid、wrong.host。"}},
		{"tlslab: --out /a/path/that/is/longer/than/the/room: no such file", nil},
		{"tlslab: --out two  spaces in a name of a file: no such file", nil},
	} {
		want := test.want
		if want == nil {
			want = []string{test.line}
		}
		if got := folded(test.line, 40); !slices.Equal(got, want) {
			t.Errorf("%s\nis %q\nwant %q", test.line, got, want)
		}
		for _, l := range test.want {
			if sheet.Width(l) > 40 {
				t.Errorf("%q is %d columns wide", l, sheet.Width(l))
			}
		}
	}
}

// Where standard error is no terminal, a line stays one.
func TestNotesInAFile(t *testing.T) {
	var b bytes.Buffer
	line := "tlslab: " + strings.Repeat("word ", 50) + "\n"
	if n, err := NewNotes(&b, &b).Write([]byte(line)); n != len(line) || err != nil || b.String() != line {
		t.Errorf("%d, %v: %q", n, err, b.String())
	}
}
