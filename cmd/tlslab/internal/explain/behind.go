package explain

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// behind is a text that waits for what stands in front of it and is known only at its end. It is as long as what it
// tells of: up to mostWaiting bytes wait in memory, and more than that in a file.
type behind struct {
	text bytes.Buffer
	file *os.File // its name is removed, where the system can; or nil
}

// mostWaiting is the transcript of some thousand records, every byte of some dozen.
const mostWaiting = 4 << 20

// Write keeps p.
func (b *behind) Write(p []byte) (int, error) {
	if b.file == nil && b.text.Len()+len(p) <= mostWaiting {
		return b.text.Write(p)
	}
	if b.file == nil {
		f, err := os.CreateTemp("", "tlslab-*.txt") // for its owner alone: there may be secrets in it
		if err != nil {
			return 0, err
		}
		_ = os.Remove(f.Name()) // so it ends with the program; or, on some systems, when it is closed
		b.file = f
	}
	if b.text.Len() >= mostWaiting/4 || len(p) >= mostWaiting/4 {
		if err := b.spill(); err != nil {
			return 0, err
		}
	}
	return b.text.Write(p)
}

// spill moves what is in memory to the file.
func (b *behind) spill() error {
	_, err := b.text.WriteTo(b.file)
	return err
}

// to writes all of it, and forgets it.
func (b *behind) to(w io.Writer) error {
	if b.file == nil {
		_, err := b.text.WriteTo(w)
		return err
	}
	err := b.spill()
	if err == nil {
		_, err = b.file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(w, b.file)
	}
	return errors.Join(err, b.forget())
}

// forget drops it.
func (b *behind) forget() error {
	if b.file == nil {
		return nil
	}
	name := b.file.Name()
	err := b.file.Close()
	_ = os.Remove(name) // where it could not be removed while it was open
	b.file = nil
	return err
}
