package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"tlslab/handshake/mitm/har"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
)

// proxyFiles is what a proxy writes down.
type proxyFiles struct {
	har     *har.Writer // nil without --hardump
	harName string
	pcap    captureFile

	closeKeys func() error
	lang      narrate.Lang
	log       io.Writer

	mu           sync.Mutex
	lost, beyond int // entries that the HAR lacks: it could not be written, it had its limit
}

// harBody is how many bytes of each body a HAR gets: a page of text, and not a film.
const harBody = 64 << 10

// harLimit is how many MiB a HAR has at most. The tools that read one have it as one string
// of JavaScript, and V8's longest has 2^29-24 characters.
const harLimit = 511

// open opens the files that the flags name. What goes wrong with them later is said on log.
func (f *proxyFiles) open(p *proxyFlags, o *proxy.Options, log io.Writer) error {
	f.lang, f.log = p.lang, log
	keys, closeKeys, err := openKeyLog(p.keyLog, true, p.lang, log)
	if err != nil {
		return err
	}
	f.closeKeys = closeKeys
	o.ToClient.KeyLog, o.ToServer.KeyLog = keys, keys
	if p.harDump != "" {
		f.harName = p.harDump
		laxer := ondisk.Laxer(p.harDump)
		if f.har, err = f.createHAR(har.Creator{Name: "tlslab", Version: version()}); err != nil {
			return firstError(unwritten("--hardump", p.harDump, err), f.close())
		}
		f.har.Limit = int64(p.harLimit) << 20
		sayOpen(p.lang, log, p.harDump, laxer)
		o.Bodies = harBody
	}
	f.pcap.pcap, f.pcap.many = p.pcap, true
	if err := f.pcap.open(asProxied, p.lang, log); err != nil {
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

// createHAR begins the archive. Where it is a FIFO, nobody waits for its reader.
func (f *proxyFiles) createHAR(creator har.Creator) (*har.Writer, error) {
	if _, regular, err := ondisk.Find(f.harName); err != nil || regular {
		return har.Create(f.harName, creator, "")
	}
	live, err := openLive("--hardump", f.harName, ondisk.Anew, f.lang, f.log)
	if err != nil {
		return nil, err
	}
	live.waitForNobody()
	return har.Stream(live, creator, "")
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
	err := f.har.Add(h)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case errors.Is(err, har.ErrLimit):
		if f.beyond++; f.beyond == 1 {
			fmt.Fprintln(f.log, say(f.lang, "har_limit", "file", f.harName, "limit", strconv.FormatInt(f.har.Limit>>20, 10)))
		}
	case err != nil:
		if f.lost++; f.lost == 1 && !errors.Is(err, errTold) {
			sayUnwritten(f.lang, f.log, "--hardump", f.harName, err)
		}
	}
}

// close closes the files and reports the first thing that went wrong with any.
func (f *proxyFiles) close() (err error) {
	if f.har != nil {
		if err = f.har.Close(); err != nil {
			err = unwritten("--hardump", f.harName, err)
		}
		if f.lost > 0 {
			err = errTold
		}
		if n := f.lost + f.beyond; n > 0 {
			fmt.Fprintln(f.log, say(f.lang, "har_lacks", "file", f.harName, "n", strconv.Itoa(n)))
		}
	}
	return firstError(err, f.pcap.close(), f.closeKeys())
}
