package lesson

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/http2"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/handshake/transcript"
)

var h2Lessons = []string{"h2", "h2_small", "h2_0rtt", "h2_again", "h2_id", "h2_mitm"}

// What is said in HTTP/2 is shown as its frames, in every form, level and language; never as
// bytes that a person cannot read, and never as the HTTP/1.1 that it is not.
func TestHTTP2Shown(t *testing.T) {
	request := "HEADERS stream=1 END_STREAM END_HEADERS :method=GET :scheme=https :authority=www.lab.test :path=/ cookie=id=4711"
	for _, name := range h2Lessons {
		for _, lang := range narrate.Langs() {
			for _, level := range []render.Level{render.Default, render.Brief} {
				got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: lang, Level: level})
				flat := strings.Join(strings.Fields(got), " ")
				if level == render.Default && !strings.Contains(flat, request) {
					t.Errorf("%s, %s: the request is not there", name, lang)
				}
				for _, never := range []string{"GET / HTTP/1.1", "HTTP/1.1 200", `\x00`, `\x82`} {
					if strings.Contains(got, never) {
						t.Errorf("%s, %s, level %d: %q", name, lang, level, never)
					}
				}
				if n := strings.Count(flat, "GOAWAY"); n == 0 {
					t.Errorf("%s, %s, level %d: the farewell is missing", name, lang, level)
				}
			}
		}
		var b bytes.Buffer
		if err := WriteMermaid(&b, rendertest.Play(t, name), narrate.En); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.Contains(got, "preface, SETTINGS, HEADERS GET /") || strings.Contains(got, "HTTP/1.1") {
			t.Errorf("%s: the diagram has\n%s", name, got)
		}
		if name == "h2_0rtt" && !strings.Contains(b.String(), "attacker->>server: (early data) preface, SETTINGS, HEADERS GET / (recorded)") {
			t.Errorf("the replayed request is drawn as\n%s", b.String())
		}
	}
}

// documentOf is a lesson's document, as a program reads it.
func documentOf(t *testing.T, l *scenario.Transcript) transcript.Document {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, l); err != nil {
		t.Fatal(err)
	}
	doc, err := transcript.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// JSON has the frames that the text has, and neither has any in a lesson without HTTP/2.
func TestHTTP2Faces(t *testing.T) {
	for _, name := range append(slices.Clone(h2Lessons), "tls13", "0rtt") {
		doc := documentOf(t, rendertest.Play(t, name))
		text, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Level: render.Bytes, Width: 400})
		n := 0
		for _, f := range doc.Flows {
			for _, e := range f.Events {
				for _, frame := range e.Frames {
					n++
					if !strings.Contains(text, "     "+frame+"\n") {
						t.Errorf("%s: the text lacks %q", name, frame)
					}
				}
			}
		}
		if has := slices.Contains(h2Lessons, name); has != (n > 0) {
			t.Errorf("%s: %d frames", name, n)
		}
	}
}

// A message's flight is the same in the text's headings, on the lines of level Brief, and in
// JSON.
func TestFlightFaces(t *testing.T) {
	for _, name := range []string{"ecdhe", "retry", "mutual13", "psk_ke"} {
		doc := documentOf(t, rendertest.Play(t, name))
		named := map[string]string{}
		for _, m := range rendertest.Play(t, name).Messages() {
			named[m.Kind.String()] = sheet.Title(m.Kind)
		}
		text, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Width: 120})
		brief, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Level: render.Brief, Width: 120})
		for _, e := range doc.Flows[0].Events {
			if e.Kind != transcript.KindMessage || e.Dir != event.Send.String() || e.Flight == nil {
				continue
			}
			which := fmt.Sprintf("flight %d of %d", e.Flight.N, e.Flight.Of)
			if e.Flight.Of == 0 {
				which = fmt.Sprintf("flight %d", e.Flight.N)
			}
			found := false
			for line := range strings.Lines(text) {
				found = found || strings.Contains(line, "  "+named[e.Name]+" ") && strings.Contains(line, " "+which+", RFC ")
			}
			if !found {
				t.Errorf("%s: no heading has %s in %s", name, e.Name, which)
			}
			if _, after, ok := strings.Cut(brief, "   "+which+"\n"); !ok || !strings.Contains(after, named[e.Name]) {
				t.Errorf("%s: no line of %s under %s", name, e.Name, which)
			}
		}
	}
}

// A peer that says much in little frames gets as many lines as are read, and what is no
// frame is shown as it always was.
func TestManyFrames(t *testing.T) {
	b := []byte(http2.Preface)
	b = append(b, 0, 0, 0, byte(http2.Settings), 0, 0, 0, 0, 0)
	for range 1000 {
		b = append(b, 0, 0, 0, byte(http2.Data), 0, 0, 0, 0, 1)
	}
	data := func(b []byte) []event.Event {
		return []event.Event{&event.Data{Meta: event.Meta{Party: "client"}, Dir: event.Send, Data: b}}
	}
	got, _ := write(t, data(b), render.TerminalOptions{})
	if n := strings.Count(got, "\n"); n > 20 || !strings.Contains(got, "(1002 in all)") {
		t.Errorf("%d lines:\n%s", n, got)
	}
	got, _ = write(t, data([]byte("PRI a line that begins like one\n")), render.TerminalOptions{})
	if !strings.Contains(got, "PRI a line that begins like one") {
		t.Errorf("shown as %s", got)
	}
	got, _ = write(t, data(append([]byte(http2.Preface), 0, 0, 1, byte(http2.Data), http2.Padded, 0, 0, 0, 1, 9)), render.TerminalOptions{})
	if !strings.Contains(got, "PRI * HTTP/2.0") {
		t.Errorf("a broken frame is shown as %s", got)
	}
}
