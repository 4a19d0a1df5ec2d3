package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/tls"
)

// calls are a client's connections in one run: those of --reconnect, one after the
// other, and the one to talk over.
type calls struct {
	*clientFlags
	cfg    *handshake.Config
	jar    *sessionJar
	out    *cli.Output
	page   *livePage                                                            // in the place of transcripts; nil without --format html
	dialer func(ctx context.Context, network, address string) (net.Conn, error) // nil: the network's
	log    io.Writer                                                            // for what is said beside the transcript
	shaken bool                                                                 // one of them at least came about
}

// all makes them, and talks; early is for the last, nil for none.
func (c *calls) all(ctx context.Context, early []byte, in io.Reader, out io.Writer) error {
	for n := range c.reconnect {
		conn, t, err := c.dial(ctx, n, nil)
		if err != nil {
			return err
		}
		if err := cli.FirstError(hangUp(conn), t.Close()); err != nil {
			return err
		}
	}
	e := &earlySend{data: early}
	if early == nil {
		e = nil
	}
	conn, t, err := c.dial(ctx, c.reconnect, e)
	if err != nil {
		return err
	}
	if c.KeyUpdate {
		// Before the first request, so that it and its answer come under new keys.
		if conn.Summary().Version != iana.TLS13 {
			fmt.Fprintln(c.log, cli.Say(c.Lang, "no_key_update", "version", conn.Summary().Version.String()))
		} else if err := conn.UpdateKeys(true); err != nil {
			return cli.FirstError(c.plight(conn).trouble(ctx, err), conn.Close(), t.Close())
		}
	}
	rest, err := e.settle(c, conn)
	if err != nil {
		// What was to be said is not said: there is no more to this connection.
		return cli.FirstError(err, hangUp(conn), t.Close())
	}
	return c.talk(ctx, conn, t, io.MultiReader(bytes.NewReader(rest), in), out)
}

// dial connects, shakes hands, and says why if it does not work out.
func (c *calls) dial(ctx context.Context, n int, early *earlySend) (*tls.Conn, *transcript, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, &late{c.timeout.String()})
	defer cancel()
	dial := c.dialer
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	raw, err := dial(ctx, "tcp", c.address)
	if err != nil {
		return nil, nil, c.unconnected(ctx, err)
	}
	if n == 0 {
		err = c.warn(c.out)
	}
	if c.reconnect > 0 && !c.quiet && c.Format == cli.Text {
		_, err = fmt.Fprintf(c.out, "\n== %s ==\n", c.title(n))
	}
	if err != nil {
		return nil, nil, errors.Join(err, raw.Close())
	}
	own, t := c.settings(n, early != nil)
	if c.page != nil {
		if err := c.page.attach(own); err != nil {
			return nil, nil, cli.FirstError(err, t.Close(), raw.Close())
		}
	}
	c.jar.lastOffer()
	raw = c.CaptureFile.Tap(raw, false, own)
	if err := c.askForTLS(ctx, raw, own); err != nil {
		return nil, nil, cli.FirstError(err, t.Close(), raw.Close())
	}
	heard := &counted{Conn: raw}
	conn, err := tls.Client(heard, own)
	if err != nil {
		return nil, nil, cli.FirstError(badConfig(err), t.Close(), raw.Close())
	}
	err = early.send(ctx, conn)
	if herr := conn.HandshakeContext(ctx); herr != nil {
		err = herr // what the peer said, where it broke off what was sent early
	}
	switch {
	case isLate(err):
		return nil, nil, cli.FirstError(c.tooLate(err, conn, heard.heard.Load() == 0), t.Close(), raw.Close())
	case err != nil:
		return nil, nil, cli.FirstError(c.whyNot(ctx, err, c.plight(conn)), t.Close(), raw.Close())
	}
	c.shaken = true
	if n < c.reconnect {
		t.flush() // this one hangs up at once: the two goodbyes are one line
	} else {
		t.follow()
	}
	c.sayResumed(conn.Summary(), n)
	c.sayAsked(conn.Summary())
	return conn, t, nil
}

// tooLate says where the handshake stood when its time was over. mute: the server had said nothing.
func (c *calls) tooLate(err error, conn *tls.Conn, mute bool) error {
	limit := c.timeout.String()
	if mute && c.startTLS == "" {
		return cli.Told(c.Lang, err, "late_mute", "peer", c.connect, "limit", limit)
	}
	state := conn.State().String()
	return cli.Told(c.Lang, err, "late_shaking", "peer", c.connect, "limit", limit, "state", state, "doing", narrate.Must(c.Lang, narrate.State, state).Title)
}

// sayAsked says that the server asked for a certificate, where it got none: in TLS 1.3, or of HTTP, it
// refuses only after the handshake, and in words of its own.
func (c *calls) sayAsked(s handshake.Summary) {
	switch {
	case !s.CertificateRequested || s.CertificateShown:
	case c.Cert != "":
		fmt.Fprintln(c.log, cli.Say(c.Lang, "certificate_unfit"))
	default:
		fmt.Fprintln(c.log, cli.Say(c.Lang, "certificate_asked"))
	}
}

// plight is what to tell a failure of conn by.
func (c *calls) plight(conn *tls.Conn) *plight {
	return &plight{lang: c.Lang, role: event.Client, peer: c.connect, summary: conn.Summary(), flags: &c.LiveFlags, asked: string(c.startTLS),
		more: flags.AllSet(flags.Given("--key-share", c.keyShares != nil), flags.Given("--early-data", c.earlyData != "")), session: c.jar.offers()}
}

// settings are the Config of connection n, and its transcript, nil under --quiet: then nobody
// listens; and nil where a page listens. A listener that was there for one event would make the engine build them all,
// each record's copied bytes too.
func (c *calls) settings(n int, early bool) (*handshake.Config, *transcript) {
	own := *c.cfg
	own.Conn, own.EarlyData = n, early
	if c.page != nil {
		return &own, nil
	}
	t := c.NewTranscript(c.out, "")
	if t != nil && c.reconnect > 0 {
		t.found = nil // another of the connections may have that message
	}
	t.attach(&own)
	return &own, t
}

func (c *calls) title(n int) string {
	return cli.Say(c.Lang, "connection_to", "n", strconv.Itoa(n+1), "peer", c.connect)
}

// sayResumed says whether and how the connection went on with an earlier session, where
// one was asked for.
func (c *calls) sayResumed(s handshake.Summary, n int) {
	offered := c.jar.lastOffer()
	if c.sessIn == "" && n == 0 {
		return
	}
	tried, other := offered.ticket, offered.session
	if s.Version == iana.TLS12 {
		tried, other = other, tried
	}
	said := ""
	switch {
	case s.Resumed && s.Version == iana.TLS13:
		said = cli.Say(c.Lang, "resumed_ticket", "version", "TLS 1.3, "+pskMode(&s))
	case s.Resumed && tried != nil && tried.Ticket != nil && !c.noTicket:
		said = cli.Say(c.Lang, "resumed_ticket", "version", "TLS 1.2")
	case s.Resumed:
		said = cli.Say(c.Lang, "resumed_id")
	case s.NotOffered != "":
		said = narrate.Must(c.Lang, narrate.Decision, narrate.DecisionKey(&event.Decision{What: event.DecisionResumption, Why: s.NotOffered})).Title
	case tried != nil:
		said = cli.Say(c.Lang, "session_declined")
	case other != nil:
		said = cli.Say(c.Lang, "session_version", "had", other.Version.String(), "version", s.Version.String())
	default:
		said = cli.Say(c.Lang, "no_session")
	}
	fmt.Fprintf(c.log, "%s%s%s\n", c.title(n), cli.ColonOf(c.Lang), said)
}

// hangUpTime is how long a server may take to hang up too.
const hangUpTime = 2 * time.Second

// hangUp says goodbye and waits for the server's: what a TLS 1.3 server says after its
// handshake, tickets above all, is read, and not answered with a TCP reset.
func hangUp(conn *tls.Conn) error {
	err := cli.FirstError(conn.CloseWrite(), conn.SetReadDeadline(time.Now().Add(hangUpTime)))
	if err == nil {
		_, _ = io.Copy(io.Discard, conn) // however it ends, it has ended
	}
	return cli.FirstError(err, conn.Close())
}

// talk sends in, and copies what comes back to out until the peer closes or ctx ends.
func (c *calls) talk(ctx context.Context, conn *tls.Conn, t *transcript, in io.Reader, out io.Writer) error {
	// Interrupted, it stops reading, and still says goodbye.
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	var begins preface
	if conn.Summary().Protocol == overHTTP2 {
		in = beginning{in, &begins}
	}
	go func() {
		// A failed write shows at the reading end, as an alert or a broken stream.
		if _, err := io.Copy(conn, in); err == nil && c.closeSend {
			_ = conn.CloseWrite()
		}
	}()
	_, err := io.Copy(flushing{out, t, conn}, conn)
	if ctx.Err() != nil {
		err = nil // the person at the keyboard has seen enough
	}
	if began, is := begins.other(); is {
		what, remedy := cli.SayBoth(c.Lang, "unlike_sent", "peer", c.connect, "began", began)
		fmt.Fprintf(c.log, "%s\n  %s\n", what, remedy)
	}
	return cli.FirstError(c.plight(conn).afterwards(err), conn.Close(), t.Close())
}

// flushing shows the transcript's part of what it writes first.
type flushing struct {
	w    io.Writer
	t    *transcript
	conn *tls.Conn
}

func (f flushing) Write(p []byte) (int, error) {
	f.conn.Tell() // before it is seen: what we say to it is a person's answer, or was given already
	f.t.flush()
	return f.w.Write(p)
}
