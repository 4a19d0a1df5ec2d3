package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"sync"
	"sync/atomic"

	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
)

// Every file that a flag names is written by package ondisk: that is where it is decided
// what becomes of one that is there, of links and of devices. Here is what is said of it.

// liveFile is a file that grows while things happen. Once it is begun, that it cannot be
// written to ends nothing. It is said once, at once, and makes the status 1.
type liveFile struct {
	*ondisk.Live
	flag, name string
	lang       narrate.Lang
	log        io.Writer
	beginning  bool // what goes wrong is not told here
	spool      *spool
	once       sync.Once
	told       atomic.Bool
}

// openLive opens the file that a flag names, for its owner alone.
func openLive(flag, name string, begin ondisk.Begin, l narrate.Lang, log io.Writer) (*liveFile, error) {
	f, err := ondisk.Open(name, begin)
	if err != nil {
		return nil, unwritten(flag, name, err)
	}
	sayOpen(l, log, name, f.Laxer)
	return &liveFile{Live: f, flag: flag, name: name, lang: l, log: log}, nil
}

// waitForNobody has Write not wait for whoever reads at the other end of a FIFO: a Wireshark
// that somebody has paused must not stop a server. Who has one connection alone waits, and
// loses nothing.
func (f *liveFile) waitForNobody() {
	if f.Waits {
		f.spool = newSpool(writerFunc(f.write), nil)
	}
}

type writerFunc func(p []byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }

// Write returns an error whose story has been told.
func (f *liveFile) Write(p []byte) (int, error) {
	if f.spool == nil {
		return f.write(p)
	}
	n, err := f.spool.Write(p)
	if errors.Is(err, errUnread) {
		err = f.tell(err)
	}
	return n, err
}

func (f *liveFile) write(p []byte) (int, error) {
	n, err := f.Live.Write(p)
	if err != nil && !f.beginning {
		err = f.tell(err)
	}
	return n, err
}

// tell tells of the first error.
func (f *liveFile) tell(err error) error {
	f.once.Do(func() { sayUnwritten(f.lang, f.log, f.flag, f.name, err) })
	f.told.Store(true)
	return fmt.Errorf("%w: %w", errTold, err)
}

// Close closes the file, once what is still to be carried off is, and returns what is left to
// be told.
func (f *liveFile) Close() error {
	if f.spool != nil && errors.Is(f.spool.close(), errUnread) {
		_ = f.tell(errUnread)
	}
	err := f.Live.Close()
	if f.told.Load() || f.Err() != nil {
		return errTold
	}
	if err != nil {
		return unwritten(f.flag, f.name, err)
	}
	return nil
}

// unfailing is a liveFile for those who would stop: the engine ends a connection whose
// secrets cannot be written, a renderer the lesson.
type unfailing struct{ *liveFile }

func (u unfailing) Write(p []byte) (int, error) {
	_, _ = u.liveFile.Write(p)
	return len(p), nil
}

// openKeyLog opens --keylogfile; there is no writer if the flag was not given. many says
// that there are many connections, of which none is to wait for a reader.
func openKeyLog(name string, many bool, l narrate.Lang, log io.Writer) (io.Writer, func() error, error) {
	if name == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := openLive("--keylogfile", name, ondisk.Append, l, log)
	if err != nil {
		return nil, nil, err
	}
	if many {
		f.waitForNobody()
	}
	return unfailing{f}, f.Close, nil
}

// sayUnwritten says of a file that grows that it does not, while everything else goes on.
func sayUnwritten(l narrate.Lang, log io.Writer, flag, name string, err error) {
	fmt.Fprintln(log, "tlslab:", say(l, "file_unwritten", "flag", flag, "file", name, "error", narrate.Fault(l, ondisk.Cause(err))))
}

// sayOpen says of a file that others could read it, if it had such permissions.
func sayOpen(l narrate.Lang, log io.Writer, name string, laxer fs.FileMode) {
	if laxer != 0 {
		fmt.Fprintln(log, say(l, "file_was_open", "file", name, "mode", fmt.Sprintf("%04o", laxer)))
	}
}

// writeSecret writes a whole file, named by a flag, for its owner alone.
func writeSecret(flag, name string, text []byte, l narrate.Lang, log io.Writer) error {
	laxer := ondisk.Laxer(name)
	if err := ondisk.Write(name, text, 0o600, ondisk.Replace); err != nil {
		return unwritten(flag, name, err)
	}
	sayOpen(l, log, name, laxer)
	return nil
}

// writePort writes the port that l listens on to a file; to none if that is "".
func writePort(ctx context.Context, lang narrate.Lang, file string, l net.Listener) error {
	if file == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	return untilRead(ctx, lang, "--port-file", file, func() error {
		return ondisk.Write(file, []byte(port+"\n"), 0o644, ondisk.Replace)
	})
}

// untilRead waits for write, which waits for a reader where the file is a FIFO, until
// ctx is done.
func untilRead(ctx context.Context, l narrate.Lang, flag, file string, write func() error) error {
	done := make(chan error, 1)
	go func() { done <- write() }()
	select {
	case err := <-done:
		if err != nil {
			return unwritten(flag, file, err)
		}
		return nil
	case <-ctx.Done():
		return told(l, ctx.Err(), "nobody_read", "flag", flag, "file", file)
	}
}

// unwritten names the file that was asked for, not a temporary one beside it.
func unwritten(flag, file string, err error) error {
	if errors.Is(err, errTold) {
		return err
	}
	return failure("", "%s %s: %w", flag, file, ondisk.Cause(err))
}
