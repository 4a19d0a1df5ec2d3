package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Whatever has --lang knows the language before it does anything: a verb that says something before
// it knows would end in a panic.
func TestLangIsSettledFirst(t *testing.T) {
	n := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			walk(c)
		}
		f := cmd.Flags().Lookup("lang")
		if f == nil {
			return
		}
		n++
		if cmd.PreRunE == nil {
			t.Errorf("%s: nothing settles the language", cmd.CommandPath())
			return
		}
		if err := f.Value.Set("tlh"); err != nil {
			t.Fatal(err)
		}
		if err := cmd.PreRunE(cmd, nil); err == nil || !strings.Contains(err.Error(), "tlh") {
			t.Errorf("%s --lang tlh: %v", cmd.CommandPath(), err)
		}
	}
	walk(newRoot())
	if n < 10 {
		t.Errorf("%d commands have --lang", n)
	}
	// And it is said first, whatever else is wrong.
	var out bytes.Buffer
	if status := command(t.Context(), strings.NewReader(""), &bytes.Buffer{}, &out, "server", "--lang", "tlh"); status != 2 || !strings.Contains(out.String(), "--lang") {
		t.Errorf("status %d, %s", status, &out)
	}
}
