package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Errors of a document that is read; errors.Is finds them.
var (
	// ErrCutOff: the document ends in the middle, as where a program was killed.
	ErrCutOff = errors.New("cut off")
	// ErrVersion: it is of another version.
	ErrVersion = errors.New("of a version that this program does not know")
	// ErrFormat: it is no transcript.
	ErrFormat = errors.New("not a transcript")
	// ErrTooLong: one event, or another member, is longer than 64 MiB, or has more than two
	// million parts.
	ErrTooLong = errors.New("too long")
)

// maxElement is how long the JSON of one event may be, in bytes. The largest that a Writer
// makes tells of a message of 256 KiB, the most that an endpoint takes, full of the smallest
// fields: some 50 MB. A record of 16 KiB has some 200 KB.
const maxElement = 64 << 20

// maxParts is how many commas may stand in one, outside of text. That message would have
// 1.8 million if each byte of it were a field with a Code. Text that is denser takes a hundred
// times as much memory as it is long: three bytes are a whole Field.
const maxParts = 2 << 20

// Decode reads a document, and nothing may follow it. If the document was cut off, Decode
// returns all whole events, and an error that is ErrCutOff and says behind which event. What
// the document has beyond this package's types is passed over.
//
// It holds all of it: a Decoder does not.
func Decode(r io.Reader) (Document, error) {
	dec := NewDecoder(r)
	d, err := dec.whole()
	if err == nil {
		err = dec.nothingFollows()
	}
	return d, err
}

// Documents reads all documents of a stream, such as a server's, which writes one for each
// connection. The last may come with an error.
func Documents(r io.Reader) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		dec := NewDecoder(r)
		for dec.More() {
			if d, err := dec.whole(); !yield(d, err) || err != nil {
				return
			}
		}
		if err := dec.Err(); err != nil { // no document begins there, and it is not the end
			yield(Document{Flows: []Flow{}}, err)
		}
	}
}

// Decoder reads documents event by event: what it holds does not grow with them.
type Decoder struct {
	json *json.Decoder
	in   *limited
	doc  Document // without flows
	last *Event   // that was read
	err  error
}

// NewDecoder returns a Decoder of r.
func NewDecoder(r io.Reader) *Decoder {
	in := &limited{r: r, most: maxElement, mostParts: maxParts}
	return &Decoder{json: json.NewDecoder(in), in: in}
}

// More reports whether another document follows. Where none does, and it is not the end of
// what is read either, Err says what is there.
func (d *Decoder) More() bool {
	if d.err != nil {
		return false
	}
	d.allow()
	if d.json.More() {
		return true
	}
	if _, err := d.json.Token(); err != io.EOF || d.in.err != nil { // a bracket, or a reader that failed
		d.err = d.explained(err)
	}
	return false
}

// nothingFollows demands that what was read is all.
func (d *Decoder) nothingFollows() error {
	if d.More() {
		d.err = fmt.Errorf("transcript: %w: a second document follows; Documents and a Decoder read several", ErrFormat)
	}
	return d.err
}

// Events reads the next document: each event, with the flow that it is in. The flow has no
// Events, and its Outcome when all of them were read. Err then says how it ended. Whoever
// breaks off cannot go on.
func (d *Decoder) Events() iter.Seq2[*Flow, *Event] {
	return func(yield func(*Flow, *Event) bool) {
		d.doc, d.last = Document{}, nil
		if d.err == nil {
			d.err = d.document(yield, func(*Flow) {})
		}
	}
}

// Err returns what Events or More ended with: nil for the end of the document, or of all.
func (d *Decoder) Err() error {
	if errors.Is(d.err, errBroken) {
		return nil
	}
	return d.err
}

// Document returns what the document says beside its flows, as far as it was read.
func (d *Decoder) Document() Document { return d.doc }

// whole reads a document into memory.
func (d *Decoder) whole() (Document, error) {
	d.doc, d.last = Document{}, nil
	var flows []*Flow
	if d.err == nil {
		d.err = d.document(func(f *Flow, e *Event) bool {
			f.Events = append(f.Events, e)
			return true
		}, func(f *Flow) { flows = append(flows, f) })
	}
	out := d.doc
	out.Flows = []Flow{}
	for _, f := range flows {
		out.Flows = append(out.Flows, *f)
	}
	return out, d.err
}

// errBroken: the reader of the events wanted no more.
var errBroken = errors.New("transcript: no more was wanted")

// document reads one, and tells of each event, and of each flow when it begins.
func (d *Decoder) document(event func(*Flow, *Event) bool, begin func(*Flow)) error {
	flows := false
	err := d.object(func(name string) error {
		switch name {
		case "tlslab":
			if err := d.value(&d.doc.Version); err != nil {
				return err
			}
			if d.doc.Version != Version {
				return fmt.Errorf("%w: %d, and not %d", ErrVersion, d.doc.Version, Version)
			}
			return nil
		case "seed":
			return d.value(&d.doc.Seed)
		case "flows":
			if flows = true; d.doc.Version == 0 {
				return fmt.Errorf("%w: its version does not come first", ErrFormat)
			}
			return d.list(func() error {
				f := &Flow{}
				begin(f)
				return d.flow(f, event)
			})
		case "replay":
			return d.value(&d.doc.Replay)
		}
		return d.skip()
	})
	if err == nil && !flows {
		return fmt.Errorf("transcript: %w: it has no flows (a comparison or a matrix is read by a function of its own, such as DecodeComparison)", ErrFormat)
	}
	return d.explained(err)
}

func (d *Decoder) flow(f *Flow, event func(*Flow, *Event) bool) error {
	f.Events = []*Event{}
	return d.object(func(name string) error {
		switch name {
		case "name":
			return d.value(&f.Name)
		case "parties":
			return d.value(&f.Parties)
		case "events":
			return d.list(func() error {
				e := new(Event)
				if err := d.value(e); err != nil {
					return err
				}
				if e.Kind == "" {
					return fmt.Errorf("%w: an event without a kind", ErrFormat)
				}
				d.last = e
				if !event(f, e) {
					return errBroken
				}
				return nil
			})
		case "outcome":
			return d.value(&f.Outcome)
		}
		return d.skip()
	})
}

// explained says what an error is, and where.
func (d *Decoder) explained(err error) error {
	switch {
	case err == nil || errors.Is(err, errBroken):
		return err
	case d.in.err != nil: // the reader's, or too long
		err = d.in.err
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		err = ErrCutOff
	case !errors.Is(err, ErrVersion) && !errors.Is(err, ErrFormat):
		err = fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if d.last == nil {
		return fmt.Errorf("transcript: %w before the first event", err)
	}
	return fmt.Errorf("transcript: %w behind event %d, %s %s of %s", err, d.last.Seq, d.last.Kind, d.last.Name, d.last.Party)
}

// object reads an object; member reads the value of each member.
func (d *Decoder) object(member func(name string) error) error {
	return d.between('{', func() error {
		t, err := d.token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		return member(name)
	})
}

// list reads a list; elem reads each element.
func (d *Decoder) list(elem func() error) error { return d.between('[', elem) }

func (d *Decoder) between(open json.Delim, elem func() error) error {
	t, err := d.token()
	if err != nil {
		return err
	}
	if t != open {
		return fmt.Errorf("%w: there is no %v where one belongs", ErrFormat, open)
	}
	for d.json.More() {
		if err := elem(); err != nil {
			return err
		}
	}
	_, err = d.token() // the other bracket, or what is wrong
	return err
}

func (d *Decoder) token() (json.Token, error) {
	d.allow()
	return d.json.Token()
}

func (d *Decoder) value(v any) error {
	d.allow()
	return d.json.Decode(v)
}

// allow gives what comes next its room.
func (d *Decoder) allow() {
	d.in.most, d.in.mostParts = d.json.InputOffset()+maxElement, d.in.parts+maxParts
}

func (d *Decoder) skip() error { return d.value(new(json.RawMessage)) }

// maxBlank is how many blanks may stand in a row. encoding/json looks at those that stand
// between two tokens again with each Read.
const maxBlank = 1 << 20

// limited is a reader that gives no more than most bytes in all, and mostParts commas.
type limited struct {
	r                io.Reader
	read, most       int64
	parts, mostParts int
	text, escaped    bool  // it is within a text; behind a backslash in one
	blank            int   // how many blanks have come since the last byte that is not a blank
	err              error // any error but io.EOF
}

func (l *limited) Read(p []byte) (int, error) {
	if l.read >= l.most {
		l.err = ErrTooLong
		return 0, l.err
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.most-l.read)])
	l.read += int64(n)
	rest := len(bytes.TrimRight(p[:n], " \t\r\n"))
	if rest > 0 {
		l.blank = 0
	}
	if l.blank += n - rest; l.blank > maxBlank {
		err = ErrTooLong
	}
	if l.count(p[:n]); l.parts > l.mostParts {
		err = ErrTooLong
	}
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// count counts the commas that part something.
func (l *limited) count(p []byte) {
	for _, c := range p {
		switch {
		case l.escaped:
			l.escaped = false
		case c == '"':
			l.text = !l.text
		case l.text:
			l.escaped = c == '\\'
		case c == ',':
			l.parts++
		}
	}
}
