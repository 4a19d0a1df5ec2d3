package har

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"

	"tlslab/handshake/foreign"
	"tlslab/handshake/ondisk"
)

// beyondLimit is said in the log's comment where entries were left out: else whoever is
// given the file takes it for all there was.
const beyondLimit = "entries were left out: with them the archive would have been longer than its limit"

// ending closes what every entry leaves open, and holds the log's comment.
func ending(comment string) (string, error) {
	if comment == "" {
		return "\n]}}\n", nil
	}
	b, err := json.Marshal(comment)
	return "\n],\"comment\":" + string(foreign.JSON(b)) + "}}\n", err
}

// Writer writes a file entry by entry. At every instant, also between two Adds and also
// if the process is killed in the middle of one, the file of that name is a complete
// document with all entries whose Add has returned.
//
// Writing entry and tail over the old tail at one go does not achieve that: a kill
// stops write(2) between two pages (on ext4, one kill in three of a process that writes
// 20 kB entries all the time left half of one, and so no JSON). Hence two files take
// turns: the one without the name gets what it lacks, the last two entries, and then
// they swap names. A killed process leaves the other file behind as NAME.twin; Close
// removes it. A file system that cannot swap gets one file, and the risk.
//
// While it is written an archive so takes twice its size on disk. Nothing is synced: a power
// cut may take what the system had not written yet.
//
// What is no regular file, a FIFO or /dev/stdout, has no name to swap: entries go there as
// they come, and the document is complete after Close.
type Writer struct {
	// Limit is how many bytes the document may have, 0 for any number. An entry beyond it is
	// left out: its Add returns ErrLimit, and the log's comment says so. It is set before
	// the first Add.
	Limit int64

	mu     sync.Mutex
	name   string
	stream io.WriteCloser // where it is no regular file, and then this is all there is
	size   int64          // of the document
	tail   string         // that ends it
	cut    string         // that ends it once an entry was left out; "" afterwards
	has    twin           // the file that has the name
	lacks  twin           // the one whose turn it is
	missed []byte         // the last entry, which the file of lacks does not have
	empty  bool           // no entry was added yet
	alone  bool           // has is all there is
	closed bool
}

// twin is one of the two files.
type twin struct {
	f     *os.File
	name  string // beside the file's own; "" while it has that one
	end   int64  // where its tail begins
	dirty bool   // what stands there may not be the tail
}

// ErrLimit is that an entry would make the document longer than Writer.Limit.
var ErrLimit = errors.New("the archive would be longer than its limit")

// Create begins an empty document in a file that only its owner may read, since it will
// hold what others encrypted. What is there under that name is replaced; a symbolic link
// stays, and leads to the document. The comment is the log's; "" leaves it out.
func Create(name string, creator Creator, comment string) (_ *Writer, err error) {
	name, regular, err := ondisk.Find(name)
	if err != nil {
		return nil, err
	}
	if !regular {
		f, err := ondisk.Open(name, ondisk.Anew)
		if err != nil {
			return nil, err
		}
		return Stream(f, creator, comment)
	}
	w, head, err := beginning(creator, comment)
	if err != nil {
		return nil, err
	}
	w.name, w.lacks.name = name, name+".twin"
	defer func() {
		if err != nil {
			err = errors.Join(err, w.discard())
		}
	}()
	if err := w.lacks.create(head, w.tail); err != nil {
		return nil, err
	}
	if err := ondisk.Write(name, append(head, w.tail...), 0o600, ondisk.Replace); err != nil {
		return nil, err
	}
	w.has.end = w.lacks.end
	if w.has.f, err = os.OpenFile(name, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	return w, w.turn() // now, to know whether it can be done here
}

// Stream begins an empty document that is written to f as it comes: what Create does with
// what is no regular file. Close closes f.
func Stream(f io.WriteCloser, creator Creator, comment string) (*Writer, error) {
	w, head, err := beginning(creator, comment)
	if err == nil {
		_, err = f.Write(head)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w.stream = f
	return w, nil
}

// beginning is a Writer without a file, and everything of its document that comes before the
// entries.
func beginning(creator Creator, comment string) (w *Writer, head []byte, err error) {
	head, err = json.Marshal(struct {
		Version string  `json:"version"`
		Creator Creator `json:"creator"`
	}{"1.2", creator})
	if err != nil {
		return nil, nil, err
	}
	head = append([]byte(`{"log":`), foreign.JSON(head[:len(head)-1])...)
	head = append(head, `,"entries":[`...)
	w = &Writer{empty: true}
	if w.tail, err = ending(comment); err != nil {
		return nil, nil, err
	}
	if comment != "" {
		comment += "; "
	}
	w.cut, err = ending(comment + beyondLimit)
	w.size = int64(len(head) + len(w.tail))
	return w, head, err
}

// create starts from scratch: a file that an earlier run left may be open to others.
func (t *twin) create(head []byte, tail string) (err error) {
	if err := os.Remove(t.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if t.f, err = os.OpenFile(t.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	return t.append(head, tail)
}

// append writes b and the tail over the old tail. If it fails, the tail is put back.
func (t *twin) append(b []byte, tail string) error {
	if t.dirty {
		if err := t.restore(tail); err != nil {
			return err
		}
	}
	if _, err := t.f.WriteAt(append(b, tail...), t.end); err != nil {
		t.dirty = true
		_ = t.restore(tail) // else the next append tries again
		return err
	}
	t.end += int64(len(b))
	return nil
}

// restore puts the tail back where it was, and nothing behind it.
func (t *twin) restore(tail string) error {
	if err := t.f.Truncate(t.end); err != nil {
		return err
	}
	if _, err := t.f.WriteAt([]byte(tail), t.end); err != nil {
		return err
	}
	t.dirty = false
	return nil
}

// Add writes an entry, whose Time becomes Timings.Total. If it fails, the document is
// what it was, and further entries may be added: there may be room for them. (What went to
// no regular file stays there.) Many goroutines may add at a time.
func (w *Writer) Add(e *Entry) error {
	own := *e
	own.Time, own.ServerIP = e.Timings.Total(), e.ServerIP.WithZone("")
	if err := own.Timings.check(); err != nil {
		return err
	}
	b, err := json.Marshal(&own)
	if err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return fs.ErrClosed
	}
	return w.add(foreign.JSON(b))
}

func (w *Writer) add(b []byte) error {
	sep := ",\n"
	if w.empty {
		sep = "\n"
	}
	b = append([]byte(sep), b...)
	if w.Limit > 0 && w.size+int64(len(b))+w.longer() > w.Limit {
		return errors.Join(ErrLimit, w.leaveOut())
	}
	if err := w.put(b); err != nil {
		return err
	}
	w.empty, w.size = false, w.size+int64(len(b))
	return nil
}

// longer is by how much the comment on what was left out makes the document longer: there is
// always room for it.
func (w *Writer) longer() int64 {
	if w.cut == "" {
		return 0
	}
	return int64(len(w.cut) - len(w.tail))
}

// leaveOut says in the document, once, that it lacks entries. It is said now and not when
// the writing ends, for a program that is killed does not come to that.
func (w *Writer) leaveOut() error {
	if w.cut == "" {
		return nil
	}
	old := w.tail
	longer := w.longer()
	w.tail = w.cut
	if err := w.put(nil); err != nil {
		w.tail, w.has.dirty, w.lacks.dirty = old, true, true // the longer tail may be there
		return err
	}
	w.cut, w.size = "", w.size+longer
	return nil
}

// put puts b behind the last entry.
func (w *Writer) put(b []byte) error {
	switch {
	case w.stream != nil && len(b) == 0: // its tail is still to come
		return nil
	case w.stream != nil:
		_, err := w.stream.Write(b)
		return err
	case w.alone:
		return w.has.append(b, w.tail)
	}
	end, missed := w.lacks.end, w.missed
	if err := w.lacks.append(slices.Concat(missed, b), w.tail); err != nil {
		return err
	}
	w.missed = b
	if err := w.turn(); err != nil {
		w.missed, w.lacks.end, w.lacks.dirty = missed, end, true
		return err
	}
	return nil
}

// turn swaps the names of the two files, so that the complete one gets the name. This may
// be impossible, because the file system cannot swap, or because somebody has taken our
// file away. Then we go on with one file.
func (w *Writer) turn() error {
	shadow, old := w.lacks.name, w.has
	swapped := exchange(w.name, shadow) == nil
	if !swapped {
		if err := os.Rename(shadow, w.name); err != nil {
			return err
		}
	}
	w.has, w.has.name = w.lacks, ""
	w.lacks, w.lacks.name = old, shadow
	if swapped && w.lacks.isThere() {
		return nil
	}
	w.lacks, w.missed, w.alone = twin{}, nil, true
	return old.f.Close()
}

// isThere reports whether it is our file that has the name.
func (t *twin) isThere() bool {
	ours, err := t.f.Stat()
	there, serr := os.Stat(t.name)
	return err == nil && serr == nil && os.SameFile(ours, there)
}

// Close ends the writing; the document is complete as it stands, but where it is no regular
// file: there its end is written now.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	if w.stream != nil {
		_, err := io.WriteString(w.stream, w.tail)
		return errors.Join(err, w.discard())
	}
	return w.discard()
}

// discard closes both files, and removes the one that does not have the name.
func (w *Writer) discard() error {
	if w.stream != nil {
		return w.stream.Close()
	}
	var errs []error
	for _, t := range []*twin{&w.has, &w.lacks} {
		if t.f == nil {
			continue
		}
		errs = append(errs, t.f.Close())
		if t.name != "" {
			errs = append(errs, os.Remove(t.name))
		}
	}
	return errors.Join(errs...)
}
