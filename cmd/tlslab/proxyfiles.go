package main

import (
	"io"
	"os"
	"sync"

	"tlslab/handshake/mitm/proxy"
)

// proxyFiles is what a proxy writes down.
type proxyFiles struct {
	closers []func() error
	add     func(*proxy.Entry)
}

// open opens the files that the flags name.
func (f *proxyFiles) open(p *proxyFlags, o *proxy.Options) error {
	f.add = func(*proxy.Entry) {}
	if p.keyLog != "" {
		file, err := os.OpenFile(p.keyLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return unwritten("--keylogfile", p.keyLog, err)
		}
		log := &lockedWriter{w: file}
		o.ToClient.KeyLog, o.ToServer.KeyLog = log, log
		f.closers = append(f.closers, file.Close)
	}
	return nil
}

func (f *proxyFiles) close() (err error) {
	for _, c := range f.closers {
		err = firstError(err, c())
	}
	return err
}

// lockedWriter takes one Write at a time.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
