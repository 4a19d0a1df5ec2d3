package render_test

import (
	"bytes"
	"io"
	"runtime"
	"strings"
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
		only    render.Only
		dir     event.Direction
		watched bool
		silent  bool // nobody asks to see what there is
		most    int  // bytes for a record
	}{
		"full":             {level: render.Default, dir: event.Receive, most: 100},
		"full, sent":       {level: render.Default, dir: event.Send, most: 100},
		"brief, sent":      {level: render.Brief, dir: event.Send, most: 100},
		"flights":          {level: render.Flights, dir: event.Receive, most: 100},
		"flights, sent":    {level: render.Flights, dir: event.Send, most: 100},
		"flights, watched": {level: render.Flights, dir: event.Receive, watched: true, most: size / 8},
		"flights, silent":  {level: render.Flights, dir: event.Send, silent: true, most: 200},
		"checks, sent":     {level: render.Bytes, only: render.Only{Checks: true}, dir: event.Send, most: 100},
	} {
		terminal := render.NewTerminal(io.Discard, render.TerminalOptions{Lang: "en", Width: 80, Level: c.level, Only: c.only})
		before := heap()
		for i := range records {
			wire := make([]byte, size)
			wire[size-1], wire[size-2] = byte(i), byte(i>>8)
			terminal.Event(&event.Record{Dir: c.dir, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1,
				Sequence: uint64(i), Protected: true, Wire: wire, Payload: []byte("x")})
			terminal.Event(&event.Data{Dir: c.dir, Data: []byte("x")})
			if c.watched {
				terminal.Event(&event.Onlooked{First: i + 1, Records: []event.Overheard{{Wire: wire,
					By: []event.Sight{{Onlooker: "listener", Access: event.AccessSealed}}}}})
			}
			if c.silent {
				continue
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

// TestNobodyReadsIt: where one thing alone is to be shown, the records of a long connection are not dissected
// byte by byte to be thrown away. What is counted is how many bytes are allocated for one.
func TestNobodyReadsIt(t *testing.T) {
	cost := func(size int) uint64 {
		terminal := render.NewTerminal(io.Discard, render.TerminalOptions{Lang: "en", Width: 80, Level: render.Bytes, Only: render.Only{Checks: true}})
		wire, data := make([]byte, size), make([]byte, size-22)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range 100 {
			terminal.Event(&event.Record{Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1,
				Sequence: uint64(i), Protected: true, Wire: wire, Payload: data})
			terminal.Event(&event.Data{Dir: event.Receive, Data: data})
		}
		if err := terminal.Flush(); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / 100
	}
	if short, long := cost(100), cost(10_000); long > 2*short {
		t.Errorf("a record of 100 bytes costs %d bytes of memory, one of 10,000 costs %d", short, long)
	}
}

// TestSentAgainAndAgain: what is received is known again as what was sent, however often the same was sent before.
func TestSentAgainAndAgain(t *testing.T) {
	var shown bytes.Buffer
	terminal := render.NewTerminal(&shown, render.TerminalOptions{Lang: "en", Width: 80, Level: render.Brief})
	say := func(party string, dir event.Direction) {
		terminal.Event(&event.Data{Meta: event.Meta{Conn: 1, Party: party}, Dir: dir, Data: []byte("the same each time")})
	}
	const times = 3000 // more than are remembered
	for range times {
		say("client", event.Send)
		say("server", event.Receive)
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(shown.String(), "\n"); n > times+10 {
		t.Errorf("of %d messages, sent and received, %d lines are shown", times, n)
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
