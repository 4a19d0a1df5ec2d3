package live

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/starttls"
)

// unconnected says why there is no connection.
func (c *calls) unconnected(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	// The resolver and the socket watch the same deadline by clocks of their own, and may be first.
	case isLate(cause), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return cli.Told(c.Lang, err, "late_connecting", "peer", c.connect, "limit", c.timeout.String())
	case cause != nil:
		return cli.Told(c.Lang, cause, "interrupted_before", "peer", c.connect)
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return cli.Told(c.Lang, err, "no_such_host", "name", dns.Name, "error", narrate.LookupFault(c.Lang, dns))
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EACCES):
		return cli.Told(c.Lang, err, "no_way", "peer", c.connect, "error", cli.DialFault(c.Lang, err))
	case c.startTLS != "":
		return cli.Told(c.Lang, err, "no_connection_asking", "peer", c.connect, "error", cli.DialFault(c.Lang, err), "protocol", string(c.startTLS))
	}
	return cli.Told(c.Lang, err, "no_connection", "peer", c.connect, "error", cli.DialFault(c.Lang, err))
}

// askForTLS has the server go over to TLS, if --starttls says how, and tells what was said for it.
func (c *calls) askForTLS(ctx context.Context, raw net.Conn, cfg *handshake.Config) error {
	if c.startTLS == "" {
		return nil
	}
	name := c.cfg.ServerName
	said, err := starttls.Ask(ctx, raw, c.startTLS, starttls.Options{Host: name})
	if l := cfg.Listener; l != nil {
		l.Event(&starttls.Dialogue{Meta: event.Meta{Seq: 1, Conn: cfg.Conn, Party: event.Client.String(), Time: time.Now(), Ref: c.startTLS.Ref()},
			Protocol: c.startTLS, Said: said, Broken: err != nil})
		cfg.Listener = behind{l}
	}
	if err == nil {
		return nil
	}
	var fault *starttls.Error
	if !errors.As(err, &fault) {
		return err
	}
	return c.noTLS(ctx, fault)
}

// behind numbers an endpoint's events on, behind the one that was told before it.
type behind struct{ event.Listener }

func (b behind) Event(e event.Event) {
	e.Head().Seq++
	b.Listener.Event(e)
}

// Paused passes on that there is no more to tell for now.
func (b behind) Paused() {
	if p, ok := b.Listener.(interface{ Paused() }); ok {
		p.Paused()
	}
}

// maxSaid is how many columns of what a server said stand in a sentence. The transcript has the rest.
const maxSaid = 160

// noTLS says why it did not come to TLS, and what to do.
func (c *calls) noTLS(ctx context.Context, fault *starttls.Error) error {
	pairs := []string{"peer", c.connect, "protocol", string(c.startTLS), "said", sheet.Cut(fault.Said, maxSaid), "limit", c.timeout.String(), "direct", c.startTLS.Direct(),
		"under_way", underWay(c.Lang, fault.Stage)}
	if fault.Err != nil {
		pairs = append(pairs, "error", cli.DialFault(c.Lang, fault.Err))
	}
	switch cause := context.Cause(ctx); {
	case isLate(cause):
		what, remedy := cli.SayBoth(c.Lang, "late_asking", pairs...)
		if fault.Stage == starttls.Greeting {
			remedy = c.atOnce(pairs)
		}
		return &cli.Trouble{Status: cli.StatusFailed, What: what, Remedy: remedy, Cause: fault}
	case cause != nil:
		return cli.Told(c.Lang, fault, "interrupted_before", "peer", c.connect)
	}
	switch {
	case fault.Fault == starttls.Lacking && fault.Said == "":
		return cli.Told(c.Lang, fault, "starttls_lacking", pairs...)
	case fault.Fault == starttls.Lacking:
		return cli.Told(c.Lang, fault, "starttls_unknown", pairs...)
	case fault.Fault == starttls.Refused && fault.PreAuth():
		return cli.Told(c.Lang, fault, "starttls_preauth", pairs...)
	case fault.Fault == starttls.Refused && c.startTLS == starttls.Postgres:
		return cli.Told(c.Lang, fault, "starttls_error", pairs...)
	case fault.Fault == starttls.Refused && fault.Stage != starttls.Asked:
		return cli.Told(c.Lang, fault, "starttls_turned_away", pairs...)
	case fault.Fault == starttls.Refused:
		return cli.Told(c.Lang, fault, "starttls_refused", pairs...)
	case fault.Fault == starttls.Strange:
		return cli.Told(c.Lang, fault, "starttls_strange", pairs...)
	case fault.Fault == starttls.Endless:
		return cli.Told(c.Lang, fault, "starttls_endless", pairs...)
	case fault.Fault == starttls.Smuggled:
		return cli.Told(c.Lang, fault, "starttls_smuggled", pairs...)
	}
	what, remedy := cli.SayBoth(c.Lang, "starttls_cut", pairs...)
	if fault.Stage == starttls.Greeting {
		remedy = c.atOnce(pairs)
	}
	return &cli.Trouble{Status: cli.StatusFailed, What: what, Remedy: remedy, Cause: fault}
}

// atOnce is what to do about a server that does not greet: it may wait for a ClientHello.
func (c *calls) atOnce(pairs []string) string {
	if c.startTLS.Direct() == "" {
		return cli.Say(c.Lang, "starttls_other_port", pairs...)
	}
	return cli.Say(c.Lang, "starttls_direct", pairs...)
}

// underWay says what a server lets us wait for.
func underWay(l narrate.Lang, s starttls.Stage) string {
	switch s {
	case starttls.Greeting:
		return cli.Say(l, "starttls_greeting")
	case starttls.Offering:
		return cli.Say(l, "starttls_offering")
	}
	return cli.Say(l, "starttls_asked")
}
