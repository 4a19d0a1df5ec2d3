package explain_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
)

func TestZZ(t *testing.T) {
	f, err := os.Open(os.Getenv("PCAP"))
	if err != nil {
		t.Fatal(err)
	}
	term := lesson.NewTerminal(os.Stdout, render.TerminalOptions{Level: render.Flights})
	tot, err := explain.Read(context.Background(), f, explain.Options{Show: 1, ShowSecrets: true, Listener: event.ListenerFunc(func(e event.Event) { term.Event(e) }),
		Each: func(c *explain.Connection) { fmt.Printf("%+v\n", c) }})
	term.Close()
	fmt.Println(tot, err)
}
