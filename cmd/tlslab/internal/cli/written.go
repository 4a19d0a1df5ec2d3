package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
)

// Every file that a flag names is written by package ondisk: that is where it is decided
// what becomes of one that is there, of links and of devices. Here is what is said of it.

// LiveFile is a file that grows while things happen. Once it is begun, a failure to write
// to it ends nothing else. It is told once, at once, and it makes the exit status 1.
type LiveFile struct {
	*ondisk.Live
	flag, name string
	lang       narrate.Lang
	log        io.Writer
	Beginning  bool // what goes wrong is not told here
	spool      *Spool
	once       sync.Once
	Told       atomic.Bool
}

// OpenLive opens the file that a flag names, for its owner alone.
func OpenLive(flag, name string, begin ondisk.Begin, l narrate.Lang, log io.Writer) (*LiveFile, error) {
	f, err := ondisk.Open(name, begin)
	if err != nil {
		return nil, Unbegun(flag, name, err)
	}
	SayOpen(l, log, name, f.Laxer)
	return &LiveFile{Live: f, flag: flag, name: name, lang: l, log: log}, nil
}

// WaitForNobody makes Write not wait for the reader at the other end of a FIFO: a Wireshark
// that somebody has paused must not stop a server. A command with only one connection does
// not call it: its Write waits, and loses nothing.
func (f *LiveFile) WaitForNobody() {
	if f.Waits {
		f.spool = NewSpool(WriterFunc(f.write), nil)
	}
}

type WriterFunc func(p []byte) (int, error)

func (w WriterFunc) Write(p []byte) (int, error) { return w(p) }

// Write returns an error whose story has been told.
func (f *LiveFile) Write(p []byte) (int, error) {
	if f.spool == nil {
		return f.write(p)
	}
	n, err := f.spool.Write(p)
	if errors.Is(err, ErrUnread) {
		err = f.Tell(err)
	}
	return n, err
}

func (f *LiveFile) write(p []byte) (int, error) {
	n, err := f.Live.Write(p)
	if err != nil && !f.Beginning {
		err = f.Tell(err)
	}
	return n, err
}

// Tell tells of the first error.
func (f *LiveFile) Tell(err error) error {
	f.once.Do(func() { SayUnwritten(f.lang, f.log, f.flag, f.name, err) })
	f.Told.Store(true)
	return fmt.Errorf("%w: %w", ErrTold, err)
}

// Close waits until the spool has carried off what it holds, closes the file, and returns
// the error that is left to be told.
func (f *LiveFile) Close() error {
	if f.spool != nil && errors.Is(f.spool.Close(), ErrUnread) {
		_ = f.Tell(ErrUnread)
	}
	err := f.Live.Close()
	if f.Told.Load() || f.Err() != nil {
		return ErrTold
	}
	if err != nil {
		return Unwritten(f.flag, f.name, err)
	}
	return nil
}

// unfailing is a LiveFile for those who would stop: the engine ends a connection whose
// secrets cannot be written, a renderer the lesson.
type unfailing struct{ *LiveFile }

func (u unfailing) Write(p []byte) (int, error) {
	_, _ = u.LiveFile.Write(p)
	return len(p), nil
}

// keyLogVariable is where other programs, curl and browsers, are told of a key log.
const keyLogVariable = "SSLKEYLOGFILE"

// KeyLogFromEnv goes behind the help of --keylogfile, where the variable is heeded.
const KeyLogFromEnv = ";\nwithout it the file that SSLKEYLOGFILE names"

// OpenLiveKeyLog is OpenKeyLog for the verbs that meet other programs, and so have real secrets:
// without --keylogfile they heed SSLKEYLOGFILE, and say so on notes, once.
func OpenLiveKeyLog(name string, many bool, l narrate.Lang, log, notes io.Writer) (io.Writer, func() error, error) {
	flag := "--keylogfile"
	if name == "" {
		if name = os.Getenv(keyLogVariable); name != "" {
			flag = keyLogVariable
		}
	}
	w, done, err := openKeyLog(flag, name, many, l, log)
	if err == nil && flag == keyLogVariable {
		fmt.Fprintln(notes, Say(l, "keylog_from_env", "file", name))
	}
	return w, done, err
}

// OpenKeyLog opens --keylogfile; there is no writer if the flag was not given. many says
// that there are many connections, of which none is to wait for a reader.
func OpenKeyLog(name string, many bool, l narrate.Lang, log io.Writer) (io.Writer, func() error, error) {
	return openKeyLog("--keylogfile", name, many, l, log)
}

func openKeyLog(flag, name string, many bool, l narrate.Lang, log io.Writer) (io.Writer, func() error, error) {
	if name == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := OpenLive(flag, name, ondisk.Append, l, log)
	if err != nil {
		return nil, nil, err
	}
	if many {
		f.WaitForNobody()
	}
	return unfailing{f}, f.Close, nil
}

// SayUnwritten says that a file that should grow cannot be written, while everything else
// goes on.
func SayUnwritten(l narrate.Lang, log io.Writer, flag, name string, err error) {
	fmt.Fprintln(log, "tlslab:", Say(l, "file_unwritten", "flag", flag, "file", name, "error", narrate.Fault(l, ondisk.Cause(err))))
}

// SayOpen says of a file that others could read it, if it had such permissions.
func SayOpen(l narrate.Lang, log io.Writer, name string, laxer fs.FileMode) {
	if laxer != 0 {
		fmt.Fprintln(log, Say(l, "file_was_open", "file", name, "mode", fmt.Sprintf("%04o", laxer)))
	}
}

// WriteSecret writes a whole file, named by a flag, for its owner alone.
func WriteSecret(flag, name string, text []byte, l narrate.Lang, log io.Writer) error {
	return WriteSecretFrom(flag, name, l, log, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// WriteSecretFrom is WriteSecret of what text writes.
func WriteSecretFrom(flag, name string, l narrate.Lang, log io.Writer, text func(io.Writer) error) error {
	laxer := ondisk.Laxer(name)
	if err := ondisk.WriteFrom(name, 0o600, ondisk.Replace, text); err != nil {
		return Unwritten(flag, name, err)
	}
	SayOpen(l, log, name, laxer)
	return nil
}

// WritePort writes the port that l listens on to a file; to none if that is "".
func WritePort(ctx context.Context, lang narrate.Lang, file string, l net.Listener) error {
	if file == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	return UntilRead(ctx, lang, "--port-file", file, func() error {
		return ondisk.Write(file, []byte(port+"\n"), 0o644, ondisk.Replace)
	})
}

// UntilRead waits for write, which waits for a reader where the file is a FIFO, until
// ctx is done.
func UntilRead(ctx context.Context, l narrate.Lang, flag, file string, write func() error) error {
	done := make(chan error, 1)
	go func() { done <- write() }()
	select {
	case err := <-done:
		if err != nil {
			return Unwritten(flag, file, err)
		}
		return nil
	case <-ctx.Done():
		return Told(l, ctx.Err(), "nobody_read", "flag", flag, "file", file)
	}
}
