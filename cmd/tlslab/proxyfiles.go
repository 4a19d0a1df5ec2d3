package main

import (
	"io"
	"os"
	"sync"

	"tlslab/handshake/mitm/har"
	"tlslab/handshake/mitm/proxy"
)

// proxyFiles is what a proxy writes down.
type proxyFiles struct {
	har     *har.Writer // nil without --hardump
	harName string
	pcap    captureFile
	closers []func() error

	mu  sync.Mutex
	err error // the first of the HAR's: it ended no connection
}

// harBody is how many bytes of each body a HAR gets: a page of text, and not a film.
const harBody = 64 << 10

// open opens the files that the flags name.
func (f *proxyFiles) open(p *proxyFlags, o *proxy.Options) error {
	if p.keyLog != "" {
		file, err := os.OpenFile(p.keyLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return unwritten("--keylogfile", p.keyLog, err)
		}
		log := &lockedWriter{w: file}
		o.ToClient.KeyLog, o.ToServer.KeyLog = log, log
		f.closers = append(f.closers, file.Close)
	}
	if p.harDump != "" {
		var err error
		f.harName = p.harDump
		if f.har, err = har.Create(p.harDump, har.Creator{Name: "tlslab", Version: version()}, ""); err != nil {
			return firstError(unwritten("--hardump", p.harDump, err), f.close())
		}
		o.Bodies = harBody
	}
	f.pcap.pcap = p.pcap
	if err := f.pcap.open(asProxied); err != nil {
		return firstError(err, f.close())
	}
	if f.pcap.w != nil {
		tap, err := proxy.NewCapture(f.pcap.w)
		if err != nil {
			return firstError(unwritten("--pcap", p.pcap, err), f.close())
		}
		o.Tap = tap
	}
	return nil
}

// asProxied is the comment of a proxy's capture.
const asProxied = "Both legs of a capture proxy, as read and written at its sockets: addresses and times are real. " +
	"The TCP and IP around them are made up: the proxy saw no packets."

// add writes an entry into the HAR.
func (f *proxyFiles) add(e *proxy.Entry) {
	if f.har == nil {
		return
	}
	h := e.HAR()
	if h == nil {
		return
	}
	if err := f.har.Add(h); err != nil {
		f.mu.Lock()
		f.err = firstError(f.err, err)
		f.mu.Unlock()
	}
}

// close closes the files and reports the first thing that went wrong with any.
func (f *proxyFiles) close() (err error) {
	if f.har != nil {
		if err = firstError(f.err, f.har.Close()); err != nil {
			err = unwritten("--hardump", f.harName, err)
		}
	}
	err = firstError(err, f.pcap.close())
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
