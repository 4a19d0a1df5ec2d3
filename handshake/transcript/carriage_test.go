package transcript_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/transcript"
)

// A message points at the records that carried it, and they at it: at those, and no others,
// by the bytes that each holds.
func TestMessagesAndRecordsPoint(t *testing.T) {
	several, shared := 0, 0
	for name, l := range acts(t) {
		documents := [][]byte{l.text}
		for _, f := range l.Flows {
			if len(f.Wire) > 0 {
				documents = append(documents, observed(t, f))
			}
		}
		for _, text := range documents {
			for _, f := range decoded(t, text).Flows {
				n, m := pointed(t, name, &f)
				several, shared = several+n, shared+m
			}
		}
	}
	for name, limit := range map[string]int{"live": 0, "live, small": 100} {
		for _, text := range live(t, limit) {
			for _, f := range decoded(t, text).Flows {
				n, m := pointed(t, name, &f)
				several, shared = several+n, shared+m
			}
		}
	}
	if several < 20 || shared < 8 {
		t.Errorf("%d messages in several records, %d records of several messages: the test looked in the wrong place", several, shared)
	}
}

// stretch is where in the bytes of one type, one way, an event's lie.
type stretch struct {
	e        *transcript.Event
	from, to int
}

func pointed(t *testing.T, name string, f *transcript.Flow) (several, shared int) {
	t.Helper()
	type way struct {
		party, dir string
		conn       int
		changes    bool
	}
	messages, records := map[way][]stretch{}, map[way][]stretch{}
	put := func(to map[way][]stretch, w way, e *transcript.Event, b []byte) {
		from := 0
		if n := len(to[w]); n > 0 {
			from = to[w][n-1].to
		}
		to[w] = append(to[w], stretch{e, from, from + len(b)})
	}
	for _, e := range f.Events {
		w := way{e.Party, e.Dir, e.Conn, e.Name == message.KindChangeCipherSpec.String()}
		switch {
		case e.Kind == transcript.KindMessage:
			put(messages, w, e, e.Bytes)
		case e.Kind == transcript.KindRecord && (e.Name == iana.Handshake.String() || w.changes):
			put(records, w, e, *e.Payload)
		case e.Kind == transcript.KindRecord && len(e.Messages) > 0:
			t.Errorf("%s, %s: record %d of %s carries messages", name, f.Name, e.Seq, e.Name)
		}
	}
	for w, list := range messages {
		for _, m := range list {
			var in []*transcript.Event
			for _, r := range records[w] {
				if m.from < r.to && r.from < m.to {
					in = append(in, r.e)
				}
			}
			var seqs []uint64
			for _, r := range in {
				seqs = append(seqs, r.Seq)
				if !slices.Contains(r.Messages, m.e.Nth) {
					t.Errorf("%s, %s: record %d has a part of message %d, and names %v", name, f.Name, r.Seq, m.e.Nth, r.Messages)
				}
			}
			if len(seqs) == 0 || !slices.Equal(m.e.Records, seqs) || !slices.Equal(f.Records(m.e), in) {
				t.Errorf("%s, %s: %s %s is in the records %v, and names %v", name, f.Name, w.dir, m.e.Name, seqs, m.e.Records)
			}
			if len(in) > 1 {
				several++
			}
		}
	}
	for _, list := range records {
		for _, r := range list {
			if len(r.e.Messages) > 1 {
				shared++
			}
			for _, m := range f.Messages(r.e) {
				if !slices.Contains(m.Records, r.e.Seq) {
					t.Errorf("%s, %s: record %d names a message that does not name it", name, f.Name, r.e.Seq)
				}
			}
		}
	}
	return several, shared
}

// A flow that nobody began has no name and no parties, and they are what they are elsewhere: a
// text and a list, which a program may go through.
func TestFlowWithoutBegin(t *testing.T) {
	var b bytes.Buffer
	w := transcript.NewWriter(&b, "")
	w.Event(&event.Stop{Meta: event.Meta{Seq: 1, Party: "client"}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, `"name": ""`) || !strings.Contains(text, `"parties": []`) {
		t.Error(text)
	}
}

// A message whose records never come is written all the same, and holds up nothing for ever.
func TestMessageWithoutRecord(t *testing.T) {
	var b bytes.Buffer
	w := transcript.NewWriter(&b, "")
	w.Begin("live", "client", "server")
	hello := &event.Message{Meta: event.Meta{Seq: 1, Party: "client"}, Kind: message.KindClientHello, Raw: make([]byte, 100)}
	w.Event(hello)
	before := b.Len()
	n := uint64(1)
	for b.Len() == before {
		if n++; n > 10_000 {
			t.Fatal("it waits for ever")
		}
		w.Event(&event.Stop{Meta: event.Meta{Seq: n, Party: "client"}})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	d := decoded(t, b.Bytes())
	if e := d.Flows[0].Events; len(e) != int(n) || e[0].Kind != transcript.KindMessage || e[0].Records != nil {
		t.Errorf("%d events of %d, the first %+v", len(e), n, e[0])
	}
}
