package page_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

// longConnection is a connection of n messages: a handshake, and data behind it.
func longConnection(t *testing.T, n int) []event.Event {
	t.Helper()
	var out []event.Event
	for _, e := range rendertest.Play(t, "tls13").Events() {
		switch e.(type) {
		case *event.Data, *event.Alert, *event.Outcome:
			continue
		}
		out = append(out, e)
	}
	for i := range n {
		party := []string{"client", "server"}[i%2]
		data := fmt.Appendf(nil, "piece %d of a long transfer", i)
		head := event.Meta{Seq: uint64(10_000 + 2*i), Conn: 1, Party: party}
		out = append(out, &event.Data{Meta: head, Dir: event.Send, Data: data})
		head.Seq++
		wire := append([]byte{23, 3, 3, 0, byte(len(data))}, data...)
		out = append(out, &event.Record{Meta: head, Dir: event.Send, Type: iana.ApplicationData, Version: iana.TLS12, Protected: true, Keys: event.ApplicationKeys, Wire: wire, Payload: data})
	}
	return out
}

// A long connection has a line for each message, and the bytes of the first and of the one asked for.
func TestLongConnection(t *testing.T) {
	const n = 10_000
	var b bytes.Buffer
	p := page.New(&b, page.Options{Live: true, Message: 7000})
	for _, e := range longConnection(t, n) {
		p.Event(e)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("TLSLAB_PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "long.html"), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	doc := parse(t, b.Bytes())
	arrows := all(doc, func(n *html.Node) bool { return strings.HasPrefix(attr(n, "class"), "row arrow") })
	if len(arrows) < n {
		t.Errorf("%d arrows for %d messages", len(arrows), n)
	}
	for i, a := range arrows {
		whole := len(all(a, func(n *html.Node) bool { return attr(n, "class") == "hex" })) > 0
		if want := i < 200 || i == 6999; whole != want {
			t.Fatalf("arrow %d: its bytes are there: %v, want %v", i+1, whole, want)
		}
	}
	if b.Len() > 16<<20 {
		t.Errorf("%d bytes", b.Len())
	}
	t.Logf("%d bytes", b.Len())
}
