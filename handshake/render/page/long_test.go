package page_test

import (
	"os"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/render/page"
)

// long is a connection on which a client goes on and on: a handshake, then n messages of data.
func long(t testing.TB, n int) []event.Event {
	var told []event.Event
	for _, e := range play(t, "tls13") {
		if _, ok := e.(*event.Onlooked); ok || e.Head().Party != "client" {
			continue // one end's telling, as the command hears it of a live connection
		}
		if d, ok := e.(*event.Data); ok && d.Dir == event.Send {
			break
		}
		told = append(told, e)
	}
	meta := *told[len(told)-1].Head()
	said := []byte("GET /index.html HTTP/1.1\r\nHost: www.lab.test\r\nAccept: text/html\r\n\r\n")
	for i := range n {
		meta.Seq++
		d := &event.Data{Meta: meta, Dir: event.Direction(i % 2), Data: said}
		wire := append([]byte{23, 3, 3, 0, byte(len(said) + 17)}, make([]byte, len(said)+17)...)
		wire[5], wire[6], wire[7] = byte(i>>16), byte(i>>8), byte(i) // no two are the same
		meta.Seq++
		r := &event.Record{Meta: meta, Dir: d.Dir, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 2, Keys: event.ApplicationKeys, Sequence: uint64(i / 2), Protected: true, Wire: wire, Payload: said}
		if d.Dir == event.Send {
			told = append(told, d, r)
		} else {
			told = append(told, r, d)
		}
	}
	return told
}

// A connection of 10,000 messages stays a page that opens: each has its line, the first have their
// bytes too, and one more that was asked for. How long it takes is measured by hand; what takes
// the time is counted.
func TestLongConnection(t *testing.T) {
	const n = 10_000
	const elements = `document.querySelectorAll("*").length`
	file := laidOut(t, long(t, n), page.Options{Live: true, Message: 5000})
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Open(t, file, "#c1.application_data~5000")
	t.Logf("%d bytes, %d elements, loaded after %.0f ms", info.Size(), browsertest.Eval[int](tab, elements), browsertest.Eval[float64](tab, `performance.getEntriesByType("navigation")[0].loadEventEnd`))
	if info.Size() > 8<<20 {
		t.Errorf("the page has %d bytes", info.Size())
	}
	if got := browsertest.Eval[int](tab, elements); got > 17*n {
		t.Errorf("the page has %d elements", got)
	}
	if arrows := browsertest.Eval[int](tab, `document.querySelectorAll("details.arrow").length`); arrows < n {
		t.Errorf("%d arrows of %d messages", arrows, n)
	}
	withBytes := browsertest.Eval[[]int](tab, `[...document.querySelectorAll("details.arrow")].flatMap((a, i) => a.querySelector(".hex") ? [i + 1] : [])`)
	if k := len(withBytes); k < 200 || k > 202 || withBytes[k-1] != 5000 {
		t.Errorf("%d messages have their bytes, the last of them is %d", k, withBytes[k-1])
	}
	is(t, tab, `document.querySelector("details.row[open]").id`, "c1.application_data~5000")
}
