package lesson

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

// A replay that is broken off has its page, whole, of what was told by then: it is not cut short, and the
// error is the replay's.
func TestPageOfReplayThatFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, log bytes.Buffer
	cmd := NewReplay()
	cmd.SetArgs([]string{"--attack", "ticket", "--format", "html"})
	cmd.SetOut(&out)
	cmd.SetErr(&log)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.ExecuteContext(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("it ended with %v", err)
	}
	if page := out.String(); !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.HasSuffix(page, "</html>\n") {
		t.Errorf("%d bytes are written, which begin with %.40q", len(page), page)
	}
}
