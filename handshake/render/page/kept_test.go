package page_test

import (
	"bytes"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// flood is a client's account of a connection on which records of 16 KiB come, and then a KeyUpdate and its end. tell
// gets one event after the other: nobody else keeps them. If both tell, the server tells of each record too.
func flood(records int, both bool, tell func(event.Event)) {
	n := uint64(0)
	client, server := event.Meta{Conn: 1, Party: "client"}, event.Meta{Conn: 1, Party: "server"}
	say := func(e event.Event) {
		n++
		e.Head().Seq = n
		tell(e)
	}
	for i := range records {
		data, wire := make([]byte, 1<<14), make([]byte, 1<<14+22)
		wire[5], wire[6] = byte(i>>8), byte(i) // no two are the same
		copy(data, fmt.Sprint("record ", i))
		r := event.Record{Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 2, Keys: event.ApplicationKeys, Sequence: uint64(i), Protected: true, Wire: wire, Payload: data}
		if both {
			sent := r
			r.Meta, sent.Meta, sent.Dir = client, server, event.Send
			say(&event.Data{Meta: server, Dir: event.Send, Data: data})
			say(&sent)
			say(&event.Onlooked{Meta: server, First: i + 1, Records: []event.Overheard{{Wire: wire, By: []event.Sight{{Onlooker: "listener", Access: event.AccessSealed}}}}})
		}
		r.Meta, r.Dir = client, event.Receive
		say(&r)
		say(&event.Data{Meta: client, Dir: event.Receive, Data: data})
	}
	m := &message.KeyUpdate{}
	raw, err := message.Marshal(m, nil)
	if err != nil {
		panic(err)
	}
	say(&event.Message{Meta: client, Dir: event.Send, Kind: message.KindKeyUpdate, Msg: m, Raw: raw})
	say(&event.Alert{Meta: client, Dir: event.Send, Level: iana.Warning, Description: iana.CloseNotify})
}

// TestDataIsBounded: however much data a connection carries, a page keeps as much of it as of a megabyte, says
// exactly how much more there was, and what comes behind it is on the page, under its own number.
func TestDataIsBounded(t *testing.T) {
	const kept = 64 // of 16 KiB are a megabyte
	for _, both := range []bool{false, true} {
		var sizes []int
		var held []uint64
		for _, records := range []int{kept, 4 * kept, 32 * kept} {
			var b bytes.Buffer
			before := live()
			p := page.New(&b, page.Options{Live: true})
			flood(records, both, p.Event)
			held = append(held, live()-before)
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, b.Len())
			said := b.String()
			if more := fmt.Sprintf("%d more records of data, %d bytes, are not kept", records-kept, (records-kept)<<14); strings.Contains(said, more) != (records > kept) {
				t.Errorf("both tell: %v, %d records: it does not say %q", both, records, more)
			}
			if n := strings.Count(said, `id="c1.application_data`); n < kept {
				t.Errorf("both tell: %v, %d records: %d arrows", both, records, n)
			}
			if m := regexp.MustCompile(`id="c1.key_update".{0,400}?<span class="n">(\d+)</span>`).FindStringSubmatch(said); m == nil || m[1] != fmt.Sprint(records+1) {
				t.Errorf("both tell: %v, %d records: the KeyUpdate behind them is %q", both, records, m)
			}
			if !strings.Contains(said, "close_notify") {
				t.Errorf("both tell: %v, %d records: the page has no end of the connection", both, records)
			}
		}
		if sizes[2] > sizes[1]+1000 || sizes[2] > 8<<20 {
			t.Errorf("both tell: %v: pages of %d bytes", both, sizes)
		}
		if held[2] > held[0]+held[0]/4 || held[0] < kept<<14 {
			t.Errorf("both tell: %v: %d bytes are held before the page is written", both, held)
		}
	}
}

// live is how many bytes of the heap are in use.
func live() uint64 {
	runtime.GC()
	runtime.GC() // what was in a sync.Pool is gone after the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMessageFarBehind: the message that was asked for is on the page, byte by byte, however much data came before it,
// with what is not kept before it and behind it.
func TestMessageFarBehind(t *testing.T) {
	for _, both := range []bool{false, true} {
		var b bytes.Buffer
		p := page.New(&b, page.Options{Lang: narrate.Zh, Message: 1000})
		flood(1500, both, p.Event)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		said := b.String()
		for _, more := range []int{999 - 64, 500} {
			if want := fmt.Sprintf("另有 %d 条数据记录（共 %d 字节）没有保留", more, more<<14); !strings.Contains(said, want) {
				t.Errorf("both tell: %v: it does not say %q", both, want)
			}
		}
		if !regexp.MustCompile(`<span class="n">1000</span>`).MatchString(said) || !strings.Contains(said, "record 999") {
			t.Errorf("both tell: %v: message 1000 is not on the page, or without what it says", both)
		}
	}
}

// TestClosedRecordsAreBounded: the same holds of a recording that nobody can open.
func TestClosedRecordsAreBounded(t *testing.T) {
	var sizes []int
	for _, records := range []int{100, 1000} {
		var b bytes.Buffer
		p := page.New(&b, page.Options{})
		for i := range records {
			wire := make([]byte, 1<<14)
			wire[5], wire[6] = byte(i>>8), byte(i)
			p.Event(&event.Record{Meta: event.Meta{Seq: uint64(i + 1), Conn: 1, Party: "server"}, Dir: event.Send, Type: iana.ApplicationData, Version: iana.TLS12, Protected: true, Wire: wire})
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, b.Len())
		if want := fmt.Sprintf("%d more records of data", records-64); !strings.Contains(b.String(), want) {
			t.Errorf("%d records: it does not say %q", records, want)
		}
	}
	if sizes[1] > sizes[0]+1000 {
		t.Errorf("pages of %d bytes", sizes)
	}
}

// TestUnkeptSaysWhichWay: what is not kept is counted by its direction, whoever tells of it, and the summary on top knows
// of the gap; it speaks of a request only where the client sent what looks like one.
func TestUnkeptSaysWhichWay(t *testing.T) {
	for _, c := range []struct {
		party string
		dir   event.Direction
		first string
		says  string
		sent  string
	}{
		{"server", event.Receive, "raw", "1048576 bytes to the server, 0 bytes to the client", "only the client sent something, encrypted, and not all of it is kept here"},
		{"client", event.Send, "raw", "1048576 bytes to the server, 0 bytes to the client", "only the client sent something, encrypted, and not all of it is kept here"},
		{"client", event.Send, "POST / HTTP/1.1\r\n", "1048576 bytes to the server, 0 bytes to the client", "a request was sent encrypted, but no reply came, and not all of it is kept here"},
		{"server", event.Send, "raw", "0 bytes to the server, 1048576 bytes to the client", "only the server sent something, encrypted, and not all of it is kept here"},
		{"client", event.Receive, "raw", "0 bytes to the server, 1048576 bytes to the client", "only the server sent something, encrypted, and not all of it is kept here"},
	} {
		var b bytes.Buffer
		p := page.New(&b, page.Options{Live: true})
		hello := event.Meta{Conn: 1, Party: c.party, Seq: 1}
		m := &message.ClientHello{Version: iana.TLS12, CipherSuites: []iana.CipherSuite{0x1301}}
		raw, err := message.Marshal(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := event.Send
		if c.party == "server" {
			dir = event.Receive
		}
		p.Event(&event.Message{Meta: hello, Dir: dir, Kind: message.KindClientHello, Msg: m, Raw: raw})
		for i := range 128 {
			data, wire := make([]byte, 1<<14), make([]byte, 1<<14+22)
			wire[5] = byte(i)
			copy(data, c.first)
			meta := event.Meta{Conn: 1, Party: c.party, Seq: uint64(2*i + 2)}
			r := &event.Record{Meta: meta, Dir: c.dir, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 2, Keys: event.ApplicationKeys, Sequence: uint64(i), Protected: true, Wire: wire, Payload: data}
			d := &event.Data{Meta: meta, Dir: c.dir, Data: data}
			if c.dir == event.Send {
				p.Event(d)
				p.Event(r)
			} else {
				p.Event(r)
				p.Event(d)
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{c.says, c.sent} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s, %v, %q: it does not say %q", c.party, c.dir, c.first, want)
			}
		}
		for _, no := range []string{"in one direction or both", "more than anybody reads", "--pcap) has all"} {
			if strings.Contains(b.String(), no) {
				t.Errorf("%s, %v: it says %q", c.party, c.dir, no)
			}
		}
	}
}
