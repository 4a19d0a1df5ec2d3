package proxy_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/observe"
)

// TestRecorded: of one leg no more than Limits.Recorded is kept, the beginning, and how much
// is missing is known.
func TestRecorded(t *testing.T) {
	const size = 1 << 20
	o := newOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat("x", size)) }), nil)
	u := start(t, o, func(p *proxy.Options) { p.Limits.Recorded, p.Bodies = 16<<10, 1000 })
	c := u.client(nil)
	get(t, c, "https://"+wwwName+"/")
	c.CloseIdleConnections()
	e := u.total(t, 1)[0]
	sound(t, e)
	if len(e.Body) != 1000 || e.Received != size {
		t.Errorf("%d bytes of %d are kept in the entry", len(e.Body), e.Received)
	}
	rec := u.Recording(1)
	for _, leg := range []*proxy.LegRecording{&rec.ToClient, &rec.ToServer} {
		report, err := leg.Observe(observe.Options{})
		if err != nil || !report.ReadHandshake {
			t.Errorf("%v, %+v", err, report)
		}
		if got := len(report.FromClient) + len(report.FromServer); got > 16<<10 {
			t.Errorf("%d bytes are kept", got)
		}
		if leg.Lost() < size-16<<10 {
			t.Errorf("%d bytes are missing, it says", leg.Lost())
		}
	}
	if err := rec.Explain(event.ListenerFunc(func(event.Event) {})); err != nil {
		t.Error(err)
	}
}

// TestKept: of all connections no more than Limits.Kept is kept, the newest; one is, however
// large.
func TestKept(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, func(p *proxy.Options) { p.Limits.Kept = 64 << 10 })
	const n = 30
	for i := range n {
		c := u.client(nil)
		get(t, c, "https://"+wwwName+"/")
		c.CloseIdleConnections()
		u.await(t, i+1)
		// A request is listed before its connection is over, and the newest are those that
		// were over last.
		for end := time.Now().Add(patience); u.Sessions() > 0; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("a connection that its client has closed does not end")
			}
		}
	}
	u.total(t, n)
	kept := 0
	for i := 1; i <= n; i++ {
		if u.Recording(i) != nil {
			kept++
		} else if kept > 0 {
			t.Errorf("of connection %d nothing is kept, of one before it something is", i)
		}
	}
	// A handshake with what was said takes some 5 to 15 KB of the two legs' together.
	if kept < 2 || kept > 20 || u.Recording(n) == nil {
		t.Errorf("%d recordings are kept", kept)
	}
	if u.Recording(0) != nil || u.Recording(n+1) != nil {
		t.Error("of what never was something is kept")
	}

	u = start(t, o, func(p *proxy.Options) { p.Limits.Kept = 1 })
	c := u.client(nil)
	get(t, c, "https://"+wwwName+"/")
	c.CloseIdleConnections()
	u.total(t, 1)
	if u.Recording(1) == nil {
		t.Error("the last one is not kept")
	}
}

// TestKeptHandshakes: where there is not room for all that was said, older connections lose that, and
// keep their handshakes, which can still be told whole; how much is missing is known.
func TestKeptHandshakes(t *testing.T) {
	const size, n = 60_000, 8
	o := newOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat("x", size)) }), nil)
	u := start(t, o, func(p *proxy.Options) { p.Limits.Kept = 4 * 2 * size })
	for i := range n {
		c := u.client(nil)
		get(t, c, "https://"+wwwName+"/")
		c.CloseIdleConnections()
		u.await(t, i+1)
		for end := time.Now().Add(patience); u.Sessions() > 0; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("a connection that its client has closed does not end")
			}
		}
	}
	whole := 0
	for i := 1; i <= n; i++ {
		rec := u.Recording(i)
		if rec == nil {
			t.Fatalf("of connection %d nothing is kept", i)
		}
		for _, leg := range []*proxy.LegRecording{&rec.ToClient, &rec.ToServer} {
			report, err := leg.Observe(observe.Options{})
			if err != nil || !report.ReadHandshake {
				t.Errorf("connection %d: %v, %+v", i, err, report)
			}
			if all := len(report.FromServer) >= size; all == (leg.Lost() > 0) || all && i < n/2 || !all && i == n {
				t.Errorf("connection %d: all is there: %v, and %d bytes are not", i, all, leg.Lost())
			} else if all {
				whole++
			}
		}
	}
	if whole == 0 || whole == 2*n {
		t.Errorf("%d legs are whole", whole)
	}
}
