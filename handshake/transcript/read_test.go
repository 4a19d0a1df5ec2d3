package transcript_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
	"tlslab/handshake/transcript"
)

// wholes is a writer that keeps what each Write left.
type wholes struct {
	bytes.Buffer
	ends []int
}

func (w *wholes) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	w.ends = append(w.ends, w.Len())
	return n, err
}

// short is a document of two events of each kind, and where each Write of it ended.
func short(t testing.TB) *wholes {
	t.Helper()
	w := new(wholes)
	d := transcript.NewWriter(w, "1")
	for _, f := range acts(t)["mutual"].Flows {
		d.Begin(f.Name, f.Parties...)
		told := map[reflect.Type]int{}
		for _, e := range f.Events {
			if told[reflect.TypeOf(e)]++; told[reflect.TypeOf(e)] <= 2 {
				d.Event(e)
			}
		}
		d.End(&transcript.Outcome{Done: true, Received: "hello"})
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

func events(d *transcript.Document) (n int) {
	for _, f := range d.Flows {
		n += len(f.Events)
	}
	return n
}

// Wherever a document is cut off, all whole events come back, and an error that says so and
// where.
func TestCutOff(t *testing.T) {
	w := short(t)
	text := w.Bytes()
	all := decoded(t, text)
	if events(&all) < 15 {
		t.Fatalf("%d events: the test looks at too few", events(&all))
	}
	last := 0
	most := len(bytes.TrimSpace(text))
	for n := 0; n < most; n++ {
		if n > 1000 && n < most-1000 {
			n += 150 // an event has more
		}
		d, err := transcript.Decode(bytes.NewReader(text[:n]))
		if !errors.Is(err, transcript.ErrCutOff) || !strings.Contains(err.Error(), "cut off") {
			t.Fatalf("at byte %d: %v", n, err)
		}
		got := events(&d)
		if got < last || got > last+1 {
			t.Fatalf("at byte %d: %d events behind %d", n, got, last)
		}
		if last = got; got == 0 {
			continue
		}
		f := d.Flows[len(d.Flows)-1]
		if len(f.Events) == 0 {
			f = d.Flows[len(d.Flows)-2]
		}
		e := f.Events[len(f.Events)-1]
		if where := fmt.Sprintf("behind event %d, %s %s of %s", e.Seq, e.Kind, e.Name, e.Party); !strings.HasSuffix(err.Error(), where) {
			t.Fatalf("at byte %d: %v, not %s", n, err, where)
		}
	}
	if last != events(&all) {
		t.Errorf("%d events of %d", last, events(&all))
	}
}

// Each Write leaves a document that ends behind a whole event: whoever is killed between two
// has lost nothing that was told.
func TestEachWriteIsWhole(t *testing.T) {
	w := short(t)
	whole := 0
	for _, end := range w.ends {
		text := bytes.TrimSpace(w.Bytes()[:end])
		if !bytes.HasSuffix(text, []byte("}")) && !bytes.HasSuffix(text, []byte("[")) && !bytes.HasSuffix(text, []byte("]")) {
			t.Errorf("a write ends in %q", text[max(0, len(text)-20):])
		}
		d, err := transcript.Decode(bytes.NewReader(text))
		if end < w.Len() && !errors.Is(err, transcript.ErrCutOff) || end == w.Len() && err != nil {
			t.Errorf("%d bytes: %v", end, err)
		}
		if n := events(&d); n > whole+1 {
			t.Errorf("%d events in one write", n-whole)
		} else {
			whole = n
		}
	}
}

// A Decoder tells of the events that Decode returns, each in its flow; of several documents
// one after the other.
func TestDecoder(t *testing.T) {
	var stream, want []string
	var texts bytes.Buffer
	for _, name := range []string{"mutual", "refused"} {
		text := acts(t)[name].text
		texts.Write(text)
		d := decoded(t, text)
		for _, f := range d.Flows {
			for _, e := range f.Events {
				want = append(want, fmt.Sprint(f.Name, len(f.Parties), e.Seq, e.Kind, e.Name))
			}
		}
	}
	all := texts.Bytes()
	dec := transcript.NewDecoder(iotest.OneByteReader(bytes.NewReader(all)))
	for dec.More() {
		var last *transcript.Flow
		for f, e := range dec.Events() {
			if len(f.Events) != 0 {
				t.Fatal("it keeps them")
			}
			stream = append(stream, fmt.Sprint(f.Name, len(f.Parties), e.Seq, e.Kind, e.Name))
			last = f
		}
		if dec.Err() != nil || dec.Document().Seed != "1" || last.Outcome == nil {
			t.Fatalf("%v, seed %q, %+v", dec.Err(), dec.Document().Seed, last)
		}
	}
	if strings.Join(stream, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d events are told, of %d", len(stream), len(want))
	}
	n := 0
	for d, err := range transcript.Documents(bytes.NewReader(all)) {
		if n++; err != nil || d.Seed != "1" {
			t.Error(err)
		}
	}
	if n != 2 {
		t.Errorf("%d documents", n)
	}
	if _, err := transcript.Decode(bytes.NewReader(all)); !errors.Is(err, transcript.ErrFormat) {
		t.Errorf("two are one: %v", err)
	}
	for range transcript.NewDecoder(bytes.NewReader(all)).Events() {
		break // without a panic
	}
}

// What cannot be read says why, and is never taken for something else.
func TestDecodeRefuses(t *testing.T) {
	const head = `{"tlslab":1,"seed":"","flows":[{"name":"a","parties":[],"events":[`
	broken := errors.New("the cable")
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":           {"", transcript.ErrCutOff},
		"version 2":         {`{"tlslab":2,"flows":[]}`, transcript.ErrVersion},
		"no version":        {`{"flows":[]}`, transcript.ErrFormat},
		"another document":  {`{"tlslab":1,"seed":"1","ways":[]}`, transcript.ErrFormat},
		"a list":            {`[]`, transcript.ErrFormat},
		"text":              {`== 1 ==`, transcript.ErrFormat},
		"flows of another":  {`{"tlslab":1,"flows":{}}`, transcript.ErrFormat},
		"null":              {head + `null]}]}`, transcript.ErrFormat},
		"no kind":           {head + `{"seq":1}]}]}`, transcript.ErrFormat},
		"a bad byte":        {head + `{"kind":"data","bytes":"0g"}]}]}`, transcript.ErrFormat},
		"a bad time":        {head + `{"kind":"data","time":"now"}]}]}`, transcript.ErrFormat},
		"a bad number":      {head + `{"kind":"data","seq":-1}]}]}`, transcript.ErrFormat},
		"deep":              {head + `{"kind":"x","chosen":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}]}]}`, transcript.ErrFormat},
		"very deep":         {head + `{"kind":"x","strange":` + strings.Repeat("[", 20_000), transcript.ErrFormat},
		"no comma":          {head + `{"kind":"x"}{"kind":"x"}]}]}`, transcript.ErrFormat},
		"the wrong bracket": {head + `}}]}`, transcript.ErrFormat},
		"more":              {head + `]}]} {`, transcript.ErrFormat},
		"a bracket more":    {head + `]}]} ]`, transcript.ErrFormat},
		"a brace more":      {head + `]}]}}`, transcript.ErrFormat},
	} {
		_, err := transcript.Decode(strings.NewReader(c.text))
		if !errors.Is(err, c.want) || errors.Is(err, transcript.ErrCutOff) != (c.want == transcript.ErrCutOff) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := transcript.Decode(io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken))); !errors.Is(err, broken) || errors.Is(err, transcript.ErrCutOff) {
		t.Errorf("a reader that fails: %v", err)
	}
	const whole = head + `]}]}`
	if _, err := transcript.Decode(io.MultiReader(strings.NewReader(whole), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a reader that fails behind the document: %v", err)
	}
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"a bracket between": {strings.NewReader(whole + "\n]" + whole), transcript.ErrFormat},
		"a failure behind":  {io.MultiReader(strings.NewReader(whole+"\n"), iotest.ErrReader(broken)), broken},
	} {
		n, last := 0, error(nil)
		for _, err := range transcript.Documents(c.r) {
			n, last = n+1, err
		}
		if n != 2 || !errors.Is(last, c.want) {
			t.Errorf("%s: it ends behind %d documents with %v", name, n, last)
		}
	}
	if _, err := transcript.DecodeComparison(strings.NewReader(`{"tlslab":1} {"tlslab":1}`)); !errors.Is(err, transcript.ErrFormat) {
		t.Errorf("two comparisons: %v", err)
	}
	if _, err := transcript.DecodeComparison(strings.NewReader(`{"tlslab":2}`)); !errors.Is(err, transcript.ErrVersion) {
		t.Error(err)
	}
	if _, err := transcript.DecodeReplayMatrix(strings.NewReader(`{"tlslab":1,`)); !errors.Is(err, transcript.ErrCutOff) {
		t.Error(err)
	}
	// Each function takes its own sort of document, and no other.
	decode := map[string]func(io.Reader) error{
		"flows":       func(r io.Reader) error { _, err := transcript.Decode(r); return err },
		"ways":        func(r io.Reader) error { _, err := transcript.DecodeComparison(r); return err },
		"matrix":      func(r io.Reader) error { _, err := transcript.DecodeReplayMatrix(r); return err },
		"mitm_matrix": func(r io.Reader) error { _, err := transcript.DecodeMITMMatrix(r); return err },
		"report":      func(r io.Reader) error { _, err := transcript.DecodeVerification(r); return err },
	}
	for has := range decode {
		value := "[]"
		if has == "report" {
			value = "{}"
		}
		for wants, read := range decode {
			err := read(strings.NewReader(`{"tlslab":1,"seed":"","` + has + `":` + value + `}`))
			if has == wants && err != nil || has != wants && !errors.Is(err, transcript.ErrFormat) {
				t.Errorf("a document with %s, read for %s: %v", has, wants, err)
			}
		}
	}
}

// A document may have members and kinds of a later day.
func TestUnknownIsPassedOver(t *testing.T) {
	d := decoded(t, []byte(`{"tlslab":1,"later":[{}],"seed":"7","flows":[{"later":1,"name":"a","parties":null,"events":[
		{"seq":1,"kind":"omen","name":"owl","later":{"a":[1]}}],"later":{}}],"last":null}`))
	if e := d.Flows[0].Events; d.Seed != "7" || len(e) != 1 || e[0].Kind != "omen" || e[0].Name != "owl" {
		t.Errorf("%+v", d)
	}
}

// endless gives a beginning, and then a piece again and again: what it gave is counted.
type endless struct {
	head, piece string
	given, most int
}

func (e *endless) Read(p []byte) (int, error) {
	from := e.head
	if from == "" {
		from = e.piece
	}
	n := copy(p, from)
	if e.head != "" {
		e.head = e.head[n:]
	}
	if e.given += n; e.given > e.most {
		return 0, errors.New("it reads on and on")
	}
	return n, nil
}

// A member that never ends is read for so long, and no longer.
func TestDecodeIsBounded(t *testing.T) {
	const head = `{"tlslab":1,"seed":"","flows":[{"name":"a","parties":[],"events":[`
	for name, e := range map[string]*endless{
		"a string":     {head: head + `{"kind":"`, piece: strings.Repeat("a", 4096)},
		"blanks":       {head: head, piece: strings.Repeat(" ", 4096)},
		"a name":       {head: `{"`, piece: strings.Repeat("a", 4096)},
		"a stranger":   {head: `{"tlslab":1,"later":"`, piece: strings.Repeat("a", 4096)},
		"behind it":    {head: head + "]}]}", piece: strings.Repeat(" ", 4096)},
		"before it":    {piece: strings.Repeat(" ", 4096)},
		"many parties": {head: `{"tlslab":1,"flows":[{"parties":["`, piece: strings.Repeat("a", 4096)},
	} {
		e.most = 80 << 20
		if _, err := transcript.Decode(e); !errors.Is(err, transcript.ErrTooLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A member of more parts than any of ours is not read to its end: each would be many times as
// large in memory as it is in the text. Commas within a text part nothing.
func TestDecodeBoundsParts(t *testing.T) {
	const head = `{"tlslab":1,"seed":"","flows":[{"name":"a","parties":[],"events":[`
	for name, text := range map[string]string{
		"fields":  head + `{"kind":"x","fields":[{}` + strings.Repeat(`,{}`, 5<<20),
		"numbers": head + `{"kind":"x","records":[0` + strings.Repeat(`,0`, 5<<20),
		"a value": head + `{"kind":"x","name":"\\\",","chosen":[0` + strings.Repeat(`,0`, 5<<20),
	} {
		if _, err := transcript.Decode(strings.NewReader(text)); !errors.Is(err, transcript.ErrTooLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	commas := head + `{"kind":"x","name":"` + strings.Repeat(",", 5<<20) + `"}]}]}`
	if _, err := transcript.Decode(strings.NewReader(commas)); err != nil {
		t.Errorf("commas in a text: %v", err)
	}
	var events strings.Builder // many events with few parts each
	events.WriteString(head + `{"kind":"x"}`)
	for range 400_000 {
		events.WriteString(`,{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"kind":"x"}`)
	}
	events.WriteString(`]}]}`)
	n, dec := 0, transcript.NewDecoder(strings.NewReader(events.String()))
	for range dec.Events() {
		n++
	}
	if n != 400_001 || dec.Err() != nil {
		t.Errorf("%d events, %v", n, dec.Err())
	}
}

// data is a record of 16 KiB as a listener has it.
func data(seq uint64) *event.Record {
	b := make([]byte, 1<<14)
	return &event.Record{Meta: event.Meta{Seq: seq, Party: "client"}, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1, Sequence: seq, Protected: true,
		Keys: event.ApplicationKeys, Wire: make([]byte, 1<<14+22), Payload: b, Steps: []suite.Step{{Name: "content", Bytes: b}}}
}

// liveHeap is what is reachable.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Neither a Writer nor a Decoder holds more after 8 MiB than after 1: two events more would be
// seen. What is held between two events is the least of what is held during many: how far the
// Decoder has come with the event at hand is chance. (The soak of cmd/tlslab has 128 MiB, and
// looks at the process.)
func TestMemoryDoesNotGrow(t *testing.T) {
	r, w := io.Pipe()
	const perMiB = 1 << 20 >> 14
	held := [2]uint64{math.MaxUint64, math.MaxUint64}
	go func() {
		doc := transcript.NewWriter(w, "")
		for n := range uint64(8 * perMiB) {
			doc.Event(data(n))
			switch n / perMiB {
			case 1:
				held[0] = min(held[0], liveHeap())
			case 7:
				held[1] = min(held[1], liveHeap())
			}
		}
		w.CloseWithError(doc.Close())
	}()
	dec := transcript.NewDecoder(r)
	n := 0
	for range dec.Events() {
		n++
	}
	if dec.Err() != nil || n != 8<<20>>14 {
		t.Fatal(n, dec.Err())
	}
	if grown := int64(held[1]) - int64(held[0]); grown > 1<<18 {
		t.Errorf("after 8 MiB %d bytes more are held than after 1", grown)
	}
}

func FuzzDecode(f *testing.F) {
	text := short(f).Bytes()
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte(`{"tlslab":1,"seed":"","flows":[{"name":"","parties":null,"events":[{"seq":1,"kind":"x","chosen":[null,{"a":{}},1e9,"\u202e"]}]}],"replay":{"facts":{"a":true}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := transcript.Decode(bytes.NewReader(text))
		n := 0
		dec := transcript.NewDecoder(bytes.NewReader(text))
		for range dec.Events() {
			n++
		}
		if n != events(&d) {
			t.Fatalf("%d events in a stream, %d at once", n, events(&d))
		}
		if err != nil {
			return
		}
		var once, twice bytes.Buffer
		if err := transcript.Encode(&once, d); err != nil {
			t.Fatal(err)
		}
		if err := transcript.Encode(&twice, decoded(t, once.Bytes())); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatalf("%v: %s became %s", err, once.Bytes(), twice.Bytes())
		}
	})
}
