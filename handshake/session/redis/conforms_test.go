package redis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/session"
	"tlslab/handshake/session/sessiontest"
)

// TestConforms: two clients of one Redis are one session.Store, and a restart is told. A call that
// found no answer in time, on a busy machine, may have been carried out all the same: then all is
// asked again of an empty Redis.
func TestConforms(t *testing.T) {
	r := start(t)
	a, b := open(t, r.url()), open(t, r.url())
	var faults string
	for range 10 {
		faults = strings.Join(sessiontest.Check(a, sessiontest.WithAnother(b), sessiontest.WithOwnClock(), sessiontest.WithRestart(func() session.Store {
			r.kill()
			r.run()
			eventually(t, func() bool { _, err := a.Get("k", time.Time{}); return err == nil })
			return a
		})), "\n")
		if !strings.Contains(faults, session.ErrUnavailable.Error()) {
			break
		}
		must(t, r.client(t).FlushAll(context.Background()).Err())
	}
	if faults != "" {
		t.Error(faults)
	}
}
