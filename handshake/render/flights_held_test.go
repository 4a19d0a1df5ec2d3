package render_test

import (
	"io"
	"runtime"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render"
)

// TestHeldOfALongConnection: of a connection that goes on for long no record is kept once it was
// shown, at any level; and where somebody looks on, not its bytes.
func TestHeldOfALongConnection(t *testing.T) {
	const records, size = 10_000, 4000
	for name, c := range map[string]struct {
		level   render.Level
		watched bool
		most    int // bytes for a record
	}{
		"full":             {render.Default, false, 100},
		"flights":          {render.Flights, false, 100},
		"flights, watched": {render.Flights, true, size / 8},
	} {
		terminal := render.NewTerminal(io.Discard, render.TerminalOptions{Lang: "en", Width: 80, Level: c.level})
		before := heap()
		for i := range records {
			wire := make([]byte, size)
			wire[size-1], wire[size-2] = byte(i), byte(i>>8)
			terminal.Event(&event.Record{Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1,
				Sequence: uint64(i), Protected: true, Wire: wire, Payload: []byte("x")})
			terminal.Event(&event.Data{Dir: event.Receive, Data: []byte("x")})
			if c.watched {
				terminal.Event(&event.Onlooked{First: i + 1, Records: []event.Overheard{{Wire: wire,
					By: []event.Sight{{Onlooker: "listener", Access: event.AccessSealed}}}}})
			}
			if err := terminal.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if grown := heap() - before; grown > records*c.most {
			t.Errorf("%s: %d bytes are kept of %d records of %d", name, grown, records, size)
		}
		if err := terminal.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// heap is how many bytes are in use: the least of some measurements.
func heap() int {
	least := 0
	for i := range 5 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if n := int(m.HeapAlloc); i == 0 || n < least {
			least = n
		}
	}
	return least
}
