package main

import (
	"bytes"
	"errors"
	"io"
	"os"

	"tlslab/handshake/event"
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
	out    *output
	failed func(error) // tells that a document is lost
}

func newLiveDocument(out *output, alone bool, failed func(error)) *liveDocument {
	d := &liveDocument{out: out, failed: failed}
	if alone {
		d.w = document.NewWriter(out, "")
		return d
	}
	d.waits = new(wholePiece)
	d.w = document.NewWriter(d.waits, "")
	return d
}

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
	if d.waits == nil {
		return err
	}
	if err != nil { // it could not be kept: a part of it would be in the way of those that follow
		d.waits.drop()
		d.failed(err)
		return nil // which ends nobody's connection
	}
	return d.waits.put(d.out)
}

// tellLost says of a document that it cannot be kept until its connection ends.
func (l *liveFlags) tellLost(log io.Writer) func(error) {
	return func(err error) { sayUnwritten(l.lang, log, "--format", l.format, err) }
}

// wholePiece is what goes out in one piece, however long it is: up to maxHeld bytes wait in
// memory, more in a file that has no name any more.
type wholePiece struct {
	held bytes.Buffer
	file *tempFile
}

// Write keeps p.
func (w *wholePiece) Write(p []byte) (int, error) {
	if w.file == nil && w.held.Len()+len(p) <= maxHeld {
		return w.held.Write(p)
	}
	if w.file == nil {
		f, err := os.CreateTemp("", "tlslab-*.json") // for its owner alone: a transcript has secrets in it
		if err != nil {
			return 0, err
		}
		w.file = &tempFile{f, os.Remove(f.Name()) != nil} // without a name it ends with the program
		if _, err := f.Write(w.held.Bytes()); err != nil {
			return 0, err
		}
		w.held = bytes.Buffer{}
	}
	return w.file.Write(p)
}

// put puts it out.
func (w *wholePiece) put(out *output) error {
	if w.file == nil {
		_, err := out.Write(w.held.Bytes())
		return err
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		w.drop()
		return err
	}
	return out.whole(w.file)
}

// drop forgets it.
func (w *wholePiece) drop() {
	w.held = bytes.Buffer{}
	if w.file != nil {
		_ = w.file.Close() // it is of no more use
	}
}

// tempFile is a file that is gone when it is closed.
type tempFile struct {
	*os.File
	named bool // some systems keep an open one's name
}

// Close closes and removes it.
func (f *tempFile) Close() error {
	err := f.File.Close()
	if f.named {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// whole puts out what is in a file, and closes that. Nothing comes between.
func (o *output) whole(f io.ReadCloser) error {
	if o.spool != nil {
		return o.spool.file(f)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := io.Copy(o.w, f)
	return errors.Join(err, f.Close())
}
