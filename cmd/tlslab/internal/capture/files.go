package capture

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/mitm/har"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
)

// proxyFiles is what a proxy writes down.
type proxyFiles struct {
	har     *har.Writer // nil without --hardump
	harName string
	pcap    flags.CaptureFile

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
	f.lang, f.log = p.Lang, log
	keys, closeKeys, err := cli.OpenLiveKeyLog(p.keyLog, true, p.Lang, log, log)
	if err != nil {
		return err
	}
	f.closeKeys = closeKeys
	o.ToClient.KeyLog, o.ToServer.KeyLog = keys, keys
	if p.harDump != "" {
		f.harName = p.harDump
		laxer := ondisk.Laxer(p.harDump)
		if f.har, err = f.createHAR(har.Creator{Name: "tlslab", Version: cli.Version()}); err != nil {
			return cli.FirstError(cli.Unbegun("--hardump", p.harDump, err), f.close())
		}
		f.har.Limit = int64(p.harLimit) << 20
		cli.SayOpen(p.Lang, log, p.harDump, laxer)
		o.Bodies = harBody
	}
	f.pcap.Pcap, f.pcap.Many = p.pcap, true
	if err := f.pcap.Open(asProxied, p.Lang, log); err != nil {
		return cli.FirstError(err, f.close())
	}
	if f.pcap.Writer != nil {
		tap, err := proxy.NewCapture(f.pcap.Writer)
		if err != nil {
			return cli.FirstError(cli.Unwritten("--pcap", p.pcap, err), f.close())
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
	live, err := cli.OpenLive("--hardump", f.harName, ondisk.Anew, f.lang, f.log)
	if err != nil {
		return nil, err
	}
	live.WaitForNobody()
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
			fmt.Fprintln(f.log, cli.Say(f.lang, "har_limit", "file", f.harName, "limit", strconv.FormatInt(f.har.Limit>>20, 10)))
		}
	case err != nil:
		if f.lost++; f.lost == 1 && !errors.Is(err, cli.ErrTold) {
			cli.SayUnwritten(f.lang, f.log, "--hardump", f.harName, err)
		}
	}
}

// close closes the files and reports the first thing that went wrong with any.
func (f *proxyFiles) close() (err error) {
	if f.har != nil {
		if err = f.har.Close(); err != nil {
			err = cli.Unwritten("--hardump", f.harName, err)
		}
		if f.lost > 0 {
			err = cli.ErrTold
		}
		if n := f.lost + f.beyond; n > 0 {
			fmt.Fprintln(f.log, cli.Say(f.lang, "har_lacks", "file", f.harName, "n", strconv.Itoa(n)))
		}
	}
	return cli.FirstError(err, f.pcap.Close(), f.closeKeys())
}
