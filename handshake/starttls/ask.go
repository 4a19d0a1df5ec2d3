package starttls

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"tlslab/handshake/event"
)

// The bounds of what a server may say before TLS. A real one needs a few hundred octets: the
// longest are an IMAP server's capabilities and the features of XMPP.
const (
	MaxLine = 8 << 10  // octets of one line; RFC 5321 §4.5.3.1.5 has 512 for a reply of SMTP, RFC 7162 §4 has 8192 for a command of IMAP, and nothing for its replies
	MaxSaid = 64 << 10 // octets in all
	// MaxLines is how many lines a server may say: each of them is shown.
	MaxLines = 256
)

// Stage is how far the dialogue is.
type Stage string

// The stages.
const (
	Greeting Stage = "greeting" // the server has yet to say who it is
	Offering Stage = "offering" // it was asked what it can do
	Asked    Stage = "asked"    // it was asked to begin TLS
)

// Stages lists every Stage.
func Stages() []Stage { return []Stage{Greeting, Offering, Asked} }

// Fault is what can go wrong.
type Fault string

// The faults.
const (
	Lacking  Fault = "lacking"  // the server does not offer TLS, or somebody has taken the offer out
	Refused  Fault = "refused"  // it offers TLS, and does not begin it; or it turns everybody away
	Strange  Fault = "strange"  // it does not speak the protocol
	Endless  Fault = "endless"  // it says more than any server has to
	Smuggled Fault = "smuggled" // behind its last word came more in the clear, where TLS had to begin
	Cut      Fault = "cut"      // the connection ended
	Late     Fault = "late"     // the caller's time was over
)

// Faults lists every Fault.
func Faults() []Fault { return []Fault{Lacking, Refused, Strange, Endless, Smuggled, Cut, Late} }

// Error is why it did not come to TLS.
type Error struct {
	Protocol Protocol
	Fault    Fault
	Stage    Stage
	Said     string // what the server said that decides it; "" if it said nothing
	Err      error  // the connection's, or why the context ended; nil for others
}

// Error says what, in the words of this package's constants. Package narrate has sentences.
func (e *Error) Error() string {
	s := string(e.Protocol) + ": " + string(e.Fault) + " (" + string(e.Stage) + ")"
	if e.Said != "" {
		s += `, "` + quoted(e.Said) + `"`
	}
	if e.Err != nil {
		s += ": " + quoted(e.Err.Error())
	}
	return s
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Options are what a client says of itself, and whom it means.
type Options struct {
	Host string // whom XMPP is to ask for: the server's name, in ASCII
	Self string // what SMTP's EHLO calls us; "" is our address (RFC 5321 §4.1.3), or localhost where there is none
}

// Ask has the server at the other end of c begin TLS: when it returns nil, the next octet on c
// is of a TLS record, in either direction. What was said comes back in any case. The error is
// an *Error, but for a protocol that is not known.
//
// When ctx ends, c is closed, and the error's Err is the cause.
func Ask(ctx context.Context, c net.Conn, p Protocol, o Options) ([]Line, error) {
	r := find(p)
	if r == nil {
		return nil, errors.New("starttls: no such protocol: " + quoted(string(p)))
	}
	d := &dialogue{protocol: p, conn: c, options: o, stage: Greeting}
	if d.options.Self == "" {
		d.options.Self = ownAddress(c)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	err := r.ask(d)
	if err == nil && len(d.ahead) > 0 {
		d.hear(d.ahead)
		err = d.fault(Smuggled, d.last())
	}
	if !stop() && ctx.Err() != nil { // it fired: whatever was read last, c is of no more use
		err = &Error{Protocol: p, Fault: Late, Stage: d.stage, Err: context.Cause(ctx)}
	}
	return d.said, err
}

// ownAddress is an address literal of the end that is ours.
func ownAddress(c net.Conn) string {
	a, ok := c.LocalAddr().(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case a.IP.To4() != nil:
		return "[" + a.IP.String() + "]"
	}
	return "[IPv6:" + a.IP.String() + "]"
}

// dialogue is what is said before TLS.
type dialogue struct {
	protocol Protocol
	conn     io.ReadWriter
	options  Options
	stage    Stage
	said     []Line
	buf      [4 << 10]byte
	ahead    []byte // read, and nobody has asked for it yet
	read     int    // octets, all of them
	lines    int    // of the server's
}

// fault ends the dialogue.
func (d *dialogue) fault(f Fault, said string) error {
	return &Error{Protocol: d.protocol, Fault: f, Stage: d.stage, Said: said}
}

// say sends a line of text. A failure to send shows when the answer is read.
func (d *dialogue) say(line string) { d.send(line, []byte(line+"\r\n"), nil) }

// send sends octets that mean text. shown are the octets to show with it.
func (d *dialogue) send(text string, wire, shown []byte) {
	d.said = append(d.said, Line{By: event.Client, Text: text, Wire: shown})
	_, _ = d.conn.Write(wire)
}

// heard notes what the server said.
func (d *dialogue) heard(text string, wire []byte) error {
	if d.lines++; d.lines > MaxLines {
		return d.fault(Endless, "")
	}
	d.said = append(d.said, Line{By: event.Server, Text: text, Wire: wire})
	return nil
}

// hear notes octets that should not have come.
func (d *dialogue) hear(b []byte) {
	d.said = append(d.said, Line{By: event.Server, Text: strings.TrimRight(string(b), "\r\n")})
}

// last is what was said last.
func (d *dialogue) last() string { return d.said[len(d.said)-1].Text }

// more reads what has come: at least an octet.
func (d *dialogue) more() error {
	if d.read >= MaxSaid {
		return d.fault(Endless, "")
	}
	n, err := d.conn.Read(d.buf[:min(len(d.buf), MaxSaid-d.read)])
	d.ahead, d.read = append(d.ahead, d.buf[:n]...), d.read+n
	if n > 0 {
		return nil
	}
	if err == nil { // io.Reader discourages it
		err = io.ErrNoProgress
	}
	return &Error{Protocol: d.protocol, Fault: Cut, Stage: d.stage, Err: err}
}

// octets takes n octets.
func (d *dialogue) octets(n int) ([]byte, error) {
	for len(d.ahead) < n {
		if n > MaxSaid {
			return nil, d.fault(Endless, "")
		}
		if err := d.more(); err != nil {
			return nil, err
		}
	}
	b := d.ahead[:n:n]
	d.ahead = d.ahead[n:]
	return b, nil
}

// line takes a line, and notes it. It comes back without its end.
func (d *dialogue) line() (string, error) {
	looked := 0
	for {
		i := bytes.IndexByte(d.ahead[looked:], '\n')
		if i += looked; i >= looked {
			b := bytes.TrimSuffix(d.ahead[:i], []byte("\r"))
			d.ahead = d.ahead[i+1:]
			return string(b), d.heard(string(b), nil)
		}
		if looked = len(d.ahead); looked > MaxLine {
			return "", d.fault(Endless, string(d.ahead[:80]))
		}
		if d.stage == Greeting && notText(d.ahead) {
			d.hear(d.ahead)
			return "", d.fault(Strange, d.last())
		}
		if err := d.more(); err != nil {
			if len(d.ahead) > 0 {
				d.hear(d.ahead)
			}
			return "", err
		}
	}
}

// notText reports whether a server that should begin with a line begins with octets that no line
// has: such as an alert of TLS, which has no end of line.
func notText(b []byte) bool { return len(b) > 0 && b[0] < ' ' && b[0] != '\r' && b[0] != '\n' }
