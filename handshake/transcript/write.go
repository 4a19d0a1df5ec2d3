package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
)

// Writer is an event.Listener that writes a document while things happen. What it keeps does
// not grow with what has passed: each event goes out whole, in one Write, as soon as it is
// settled which records a message travels in.
type Writer struct {
	w      io.Writer
	seed   string
	told   *teller
	flows  int
	events int  // of the flow
	open   bool // a flow is
	closed bool
	buf    bytes.Buffer
	enc    *json.Encoder // into buf; it has buffers of its own
	err    error
}

// NewWriter returns a Writer of a document with that seed, which is "" where nothing can be
// played again.
func NewWriter(w io.Writer, seed string) *Writer { return &Writer{w: w, seed: seed} }

// Begin ends the flow before, and begins one. What Event is told of belongs to it.
func (w *Writer) Begin(name string, parties ...string) {
	w.End(nil)
	w.head()
	w.comma(w.flows)
	w.buf.WriteString("\n  {\n   \"name\": ")
	w.json(name, "   ")
	w.buf.WriteString(",\n   \"parties\": ")
	w.json(append([]string{}, parties...), "   ") // a list, if it is empty
	w.buf.WriteString(",\n   \"events\": [")
	w.flush()
	w.flows, w.events, w.open, w.told = w.flows+1, 0, true, newTeller()
}

// Event takes the next event of the flow. Where none was begun, it is one without a name.
// After Close it takes nothing.
func (w *Writer) Event(e event.Event) {
	if w.err != nil || w.closed {
		return
	}
	if !w.open {
		w.Begin("")
	}
	w.told.tell(e, w.put)
}

// put writes one event.
func (w *Writer) put(x *Event) {
	w.comma(w.events)
	w.buf.WriteString("\n    ")
	w.json(x, "    ")
	w.flush()
	w.events++
}

// End ends the flow, if one is open, with its outcome; nil for none.
func (w *Writer) End(o *Outcome) {
	if !w.open {
		return
	}
	w.told.flush(w.put)
	w.open, w.told = false, nil
	if w.events > 0 {
		w.buf.WriteString("\n   ")
	}
	w.buf.WriteString("]")
	if o != nil {
		w.buf.WriteString(",\n   \"outcome\": ")
		w.json(o, "   ")
	}
	w.buf.WriteString("\n  }")
	w.flush()
}

// Close ends the flow and the document, and returns the first error of writing it. It does
// not close what it writes to.
func (w *Writer) Close() error { return w.close(nil) }

func (w *Writer) close(r *Replay) error {
	if w.closed {
		return w.err
	}
	w.End(nil)
	w.head()
	if w.flows > 0 {
		w.buf.WriteString("\n ")
	}
	w.buf.WriteString("]")
	if r != nil {
		w.buf.WriteString(",\n \"replay\": ")
		w.json(r, " ")
	}
	w.buf.WriteString("\n}\n")
	w.flush()
	w.closed = true
	return w.err
}

// head begins the document.
func (w *Writer) head() {
	if w.flows > 0 {
		return
	}
	fmt.Fprintf(&w.buf, "{\n \"tlslab\": %d,\n \"seed\": ", Version)
	w.json(w.seed, " ")
	w.buf.WriteString(",\n \"flows\": [")
}

// comma comes before an element that has n before it.
func (w *Writer) comma(n int) {
	if n > 0 {
		w.buf.WriteByte(',')
	}
}

// json writes a value whose lines behind the first begin with prefix.
func (w *Writer) json(v any, prefix string) {
	if w.enc == nil {
		w.enc = json.NewEncoder(&w.buf)
		w.enc.SetEscapeHTML(false)
	}
	w.enc.SetIndent(prefix, " ")
	if err := w.enc.Encode(v); err != nil {
		w.fail(err)
		return
	}
	w.buf.Truncate(w.buf.Len() - 1) // the newline
}

// flush writes out what there is, so that whoever reads meanwhile, or after a kill, finds
// whole events.
func (w *Writer) flush() {
	if w.err == nil {
		_, err := w.w.Write(foreign.JSON(w.buf.Bytes()))
		w.fail(err)
	}
	if w.buf.Reset(); w.buf.Cap() > maxBuffer {
		w.buf, w.enc = bytes.Buffer{}, nil
	}
}

// maxBuffer is how large a buffer is kept for the next event: most need less.
const maxBuffer = 1 << 20

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Encode writes a whole document, as a Writer would have.
func Encode(out io.Writer, d Document) error {
	if d.Version != Version {
		return fmt.Errorf("transcript: %w: it writes version %d, and this document says %d", ErrVersion, Version, d.Version)
	}
	w := NewWriter(out, d.Seed)
	for _, f := range d.Flows {
		w.Begin(f.Name, f.Parties...)
		for _, e := range f.Events {
			w.put(e)
		}
		w.End(f.Outcome)
	}
	return w.close(d.Replay)
}

// Recording is an event.Listener that keeps one flow's events as a document has them, for a
// program that must know how the flow ended before it can write.
type Recording struct {
	told   *teller
	events []*Event
}

// Event takes the next event.
func (r *Recording) Event(e event.Event) {
	if r.told == nil {
		r.told = newTeller()
	}
	r.told.tell(e, r.keep)
}

func (r *Recording) keep(x *Event) { r.events = append(r.events, x) }

// Events returns what was told so far. A message whose records have not come has no Records.
func (r *Recording) Events() []*Event {
	if r.told != nil {
		r.told.flush(r.keep)
	}
	return r.events
}
