package flags

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/capture"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/scenario"
)

// CaptureFile is what --pcap writes. Without the flag its methods do nothing.
type CaptureFile struct {
	Pcap string
	Many bool // there are many connections, and none may wait for the reader of the file

	file   *cli.LiveFile
	Writer *capture.Writer
	iface  int   // of a live end's connections
	untold error // why a connection is not in the file
}

// What of a capture is real, in its comment.
const (
	AsSeen = "TLS as it was read and written at the socket, its addresses and its times are real. " +
		"The TCP and IP around it are made up: this end saw no packets."
	MadeUp = "A lesson in one process, with no network: addresses (RFC 5737), times, TCP and IP are made up around its TLS."
)

// Flags adds --pcap. live tells a live end's from a lesson's.
func (p *CaptureFile) Flags(cmd *cobra.Command, live bool) {
	what := "the TLS of the lesson, made-up addresses around it"
	if live {
		what = "as it happens"
	}
	cmd.Flags().StringVar(&p.Pcap, "pcap", "", "write a pcapng `file` for Wireshark, "+what+";\nthe secrets are in it (mode 0600)")
}

// Open begins the file. What goes wrong with it later is said on log.
func (p *CaptureFile) Open(comment string, l narrate.Lang, log io.Writer) (err error) {
	if p.Pcap == "" {
		return nil
	}
	if p.file, err = cli.OpenLive("--pcap", p.Pcap, ondisk.Anew, l, log); err != nil {
		return err
	}
	if p.Many {
		p.file.WaitForNobody()
	}
	p.file.Beginning = true
	p.Writer, err = capture.NewWriter(p.file, capture.Options{Comment: comment})
	if err == nil && comment == AsSeen {
		p.iface, err = p.Writer.Interface("tls", "what this end's sockets carried")
	}
	p.file.Beginning = false
	if err != nil {
		p.Writer = nil
		return cli.FirstError(cli.Unwritten("--pcap", p.Pcap, err), p.file.Close())
	}
	return nil
}

// Close reports what went wrong with the file, at any time: that ended no connection.
func (p *CaptureFile) Close() error {
	if p.Writer == nil {
		return nil
	}
	if err := cli.FirstError(p.untold, p.Writer.Err(), p.file.Close()); err != nil {
		return cli.Unwritten("--pcap", p.Pcap, err)
	}
	return nil
}

// Tap puts the capture below TLS on a connection, of which we are the server or the
// client, and below its key log in cfg. One connection at a time.
func (p *CaptureFile) Tap(raw net.Conn, weAreServer bool, cfg *handshake.Config) net.Conn {
	if p.Writer == nil {
		return raw
	}
	c, err := p.Writer.Capture(p.iface, raw, weAreServer)
	if err != nil {
		p.untold = cli.FirstError(p.untold, err)
		return raw
	}
	if cfg.KeyLog == nil {
		cfg.KeyLog = c.KeyLog()
	} else {
		cfg.KeyLog = io.MultiWriter(cfg.KeyLog, c.KeyLog())
	}
	return c
}

// Perform runs a lesson, and writes what was on its wires. A lesson that cannot be written
// has been held all the same.
func (p *CaptureFile) Perform(ctx context.Context, o scenario.Options, l event.Listener) (*scenario.Transcript, error) {
	t, err := scenario.Run(ctx, o, l)
	if err != nil || p.Writer == nil {
		return t, err
	}
	lesson := &lessonCapture{w: p.Writer, ifaces: map[string]int{}}
	p.untold = lesson.write(t)
	return t, nil
}

// lessonCapture gives a lesson's parties addresses and its bytes packets.
type lessonCapture struct {
	w      *capture.Writer
	ifaces map[string]int // by the two parties that talk
	now    time.Time
}

// tick is between two things on a lesson's wire, which has no clock.
const tick = time.Millisecond

// write describes all interfaces, then writes each flow.
func (c *lessonCapture) write(t *scenario.Transcript) error {
	for _, f := range t.Flows {
		for _, s := range f.Wire {
			if err := c.describe(ends(f, s.Conn)); err != nil {
				return err
			}
		}
	}
	for _, f := range t.Flows {
		if err := c.flow(f); err != nil {
			return err
		}
	}
	return nil
}

// describe makes an interface for two parties that talk to each other, if they are new.
func (c *lessonCapture) describe(client, server string) error {
	if _, ok := c.ifaces[client+server]; ok {
		return nil
	}
	name := "lesson"
	switch middleBox {
	case server:
		name = "client leg"
	case client:
		name = "server leg"
	}
	iface, err := c.w.Interface(name, client+" to "+server)
	c.ifaces[client+server] = iface
	return err
}

// flow writes all secrets of a flow, then its connections. An attacker may replay a
// ClientHello in a later flow. The secrets that belong to its random in that flow must not
// be known before.
func (c *lessonCapture) flow(f *scenario.Flow) error {
	if len(f.Events) > 0 {
		if began := f.Events[0].Head().Time; began.After(c.now) {
			c.now = began
		}
	}
	if err := c.w.Secrets(f.KeyLog); err != nil {
		return err
	}
	streams := map[int]*capture.Stream{}
	for _, s := range f.Wire {
		c.now = c.now.Add(tick)
		if streams[s.Conn] == nil {
			st, err := c.open(f, s.Conn)
			if err != nil {
				return err
			}
			streams[s.Conn] = st
		}
		send := streams[s.Conn].FromServer
		if s.ToServer {
			send = streams[s.Conn].FromClient
		}
		if err := send(c.now, s.Bytes); err != nil {
			return err
		}
	}
	c.now = c.now.Add(tick)
	for _, s := range f.Wire {
		if err := streams[s.Conn].Close(c.now, false); err != nil { // the server says goodbye first
			return err
		}
	}
	return nil
}

// open begins a connection of a flow.
func (c *lessonCapture) open(f *scenario.Flow, conn int) (*capture.Stream, error) {
	client, server := ends(f, conn)
	port := uint16(443)
	if f.Name == "plain" {
		port = 80
	}
	// Ports tell the connections apart: the dynamic ones (RFC 6335 §6) in turn.
	return c.w.Open(c.ifaces[client+server], netip.AddrPortFrom(address(client), uint16(49152+conn%16384)), netip.AddrPortFrom(address(server), port), c.now)
}

const middleBox = "mitm"

// ends returns the two parties that talk over a connection. If the server said nothing, it
// is the server that the client meant, or the box in between.
func ends(f *scenario.Flow, conn int) (client, server string) {
	for _, s := range f.Wire {
		switch {
		case s.Conn != conn:
		case s.ToServer && client == "":
			client = s.From
		case !s.ToServer && server == "":
			server = s.From
		}
	}
	if server == "" {
		server = "server"
		if client != middleBox && slices.Contains(f.Parties, middleBox) {
			server = middleBox
		}
	}
	return client, server
}

// address is a party's, from the blocks for documentation (RFC 5737).
func address(party string) netip.Addr {
	switch party {
	case "client":
		return netip.AddrFrom4([4]byte{192, 0, 2, 1})
	case middleBox:
		return netip.AddrFrom4([4]byte{192, 0, 2, 2})
	case "server":
		return netip.AddrFrom4([4]byte{198, 51, 100, 1})
	}
	return netip.AddrFrom4([4]byte{203, 0, 113, 1}) // an attacker
}
