package live

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/render/sheet"
	document "tlslab/handshake/transcript"
)

// liveDocument is one connection's document in JSON. A client's goes out event by event, so
// that it holds nothing, and what was told is there whatever becomes of the program. A
// server's goes out at its end, in one piece, since there are others: up to then a long one
// waits in a file.
type liveDocument struct {
	w      *document.Writer
	begun  bool
	waits  *wholePiece // a server's
	out    *cli.Output
	failed func(error) // tells that a document is lost
}

func NewLiveDocument(out *cli.Output, alone bool, failed func(error)) *liveDocument {
	d := &liveDocument{out: out, failed: failed}
	if alone {
		d.w = document.NewWriter(wholeSoFar{out}, "")
		return d
	}
	d.waits = &wholePiece{kept: &out.Kept}
	d.w = document.NewWriter(d.waits, "")
	return d
}

// wholeSoFar is an output that takes no more once something could not be written. A text
// may have a gap. But a document with a gap would look complete, and without its beginning
// it would not be a document. So it ends there, cut off.
type wholeSoFar struct{ *cli.Output }

func (o wholeSoFar) Write(p []byte) (int, error) {
	if o.gap() {
		return 0, cli.ErrTold
	}
	n, err := o.Output.Write(p)
	if err == nil && o.gap() {
		err = cli.ErrTold
	}
	return n, err
}

// gap reports whether something that belongs into --out is not there.
func (o wholeSoFar) gap() bool { return o.File != nil && o.File.Told.Load() }

// begin begins the flow. Nothing is written before something has happened.
func (d *liveDocument) begin() {
	if !d.begun {
		d.begun = true
		d.w.Begin("live", event.Client.String(), event.Server.String())
	}
}

// Event takes the next event.
func (d *liveDocument) Event(e event.Event) {
	d.begin()
	d.w.Event(e)
}

// Close ends the document, and puts out one that waits.
func (d *liveDocument) Close() error {
	d.begin()
	err := d.w.Close()
	if d.waits == nil && errors.Is(err, cli.ErrTold) {
		return nil // the failure of the file already makes the status 1
	}
	if d.waits == nil {
		return err
	}
	if err != nil { // it could not be kept: a part of it would be in the way of those that follow
		d.waits.drop()
		d.failed(err)
		return nil // a lost document ends no connection
	}
	return d.waits.put(d.out)
}

// tellLost says of a document that it cannot be kept until its connection ends.
func (l *LiveFlags) tellLost(log io.Writer) func(error) {
	return func(err error) {
		if errors.Is(err, errNoRoom) {
			fmt.Fprintln(log, "tlslab:", cli.Say(l.Lang, "document_lost", "size", sheet.Size(MaxKept)))
			return
		}
		cli.SayUnwritten(l.Lang, log, "--format", l.Format, err)
	}
}

// wholePiece is what goes out in one piece, however long it is: up to MaxHeld bytes wait in
// memory, and more than that in a file whose name has been removed.
type wholePiece struct {
	held bytes.Buffer
	file *tempFile
	kept *atomic.Int64 // bytes in such files, of all pieces
}

// MaxKept is how many bytes of all documents may wait in files. Each byte of a peer's takes
// some thirteen there, and many a system keeps such files in memory.
const MaxKept = 2 << 30

// errNoRoom: it would be more than MaxKept.
var errNoRoom = errors.New("too much waits already")

// Write keeps p. Where it cannot, what there was is given up at once, and not when it
// pleases the peer to go: it may be that which fills the disk.
func (w *wholePiece) Write(p []byte) (int, error) {
	if w.file == nil && w.held.Len()+len(p) <= MaxHeld {
		return w.held.Write(p)
	}
	if err := w.spill(p); err != nil {
		w.drop()
		return 0, err
	}
	return len(p), nil
}

// spill writes p to the file, and what is held before it.
func (w *wholePiece) spill(p []byte) error {
	if w.file == nil {
		f, err := os.CreateTemp("", "tlslab-*.json") // for its owner alone: a transcript has secrets in it
		if err != nil {
			return err
		}
		w.file = &tempFile{File: f, named: os.Remove(f.Name()) != nil, kept: w.kept} // without a name it ends with the program
		if err := w.file.add(w.held.Bytes()); err != nil {
			return err
		}
		w.held = bytes.Buffer{}
	}
	return w.file.add(p)
}

// put puts it out.
func (w *wholePiece) put(out *cli.Output) error {
	if w.file == nil {
		_, err := out.Write(w.held.Bytes())
		return err
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		w.drop()
		return err
	}
	return out.Whole(w.file)
}

// drop forgets it.
func (w *wholePiece) drop() {
	w.held = bytes.Buffer{}
	if w.file != nil {
		_ = w.file.Close() // it is of no more use
		w.file = nil
	}
}

// tempFile is a file that is gone when it is closed.
type tempFile struct {
	*os.File
	named bool          // some systems keep an open one's name
	size  int64         // of it
	kept  *atomic.Int64 // and of all
}

// add writes p, if there is room for it.
func (f *tempFile) add(p []byte) error {
	n := int64(len(p))
	if f.kept.Add(n) > MaxKept {
		f.kept.Add(-n)
		return errNoRoom
	}
	f.size += n
	_, err := f.Write(p)
	return err
}

// Close closes and removes it.
func (f *tempFile) Close() error {
	f.kept.Add(-f.size)
	f.size = 0
	err := f.File.Close()
	if f.named {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
