package starttls_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/starttls"
	"tlslab/handshake/starttls/starttlstest"
)

// ask has p's client meet a server over a pipe, and returns what it came to.
func ask(t *testing.T, p starttls.Protocol, server func(net.Conn)) ([]starttls.Line, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server(theirs)
		_ = theirs.Close()
	}()
	said, err := starttls.Ask(t.Context(), ours, p, starttls.Options{Host: "lab.test"})
	_ = ours.Close()
	<-done
	return said, err
}

// scripted is a server that says each answer when something has come; the first at once, if greets.
// Then it stays until the client goes, or not.
func scripted(greets, stays bool, answers ...string) func(net.Conn) {
	return func(c net.Conn) {
		for i, a := range answers {
			if i > 0 || !greets {
				if _, err := c.Read(make([]byte, 1<<12)); err != nil {
					return
				}
			}
			if _, err := io.WriteString(c, a); err != nil {
				return
			}
		}
		for stays {
			if _, err := c.Read(make([]byte, 1<<12)); err != nil {
				return
			}
		}
	}
}

// Each protocol comes to TLS with an honest server, and tells what was said by whom.
func TestAsk(t *testing.T) {
	for _, p := range starttls.Protocols() {
		ours, theirs := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- starttlstest.Serve(theirs, p) }()
		said, err := starttls.Ask(t.Context(), ours, p, starttls.Options{Host: "lab.test"})
		if err == nil {
			err = <-served
		}
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		// The next octet is TLS's, in either direction.
		for _, way := range [][2]net.Conn{{ours, theirs}, {theirs, ours}} {
			go func() { _, _ = way[0].Write([]byte{22}) }()
			b := make([]byte, 8)
			if n, err := way[1].Read(b); err != nil || n != 1 || b[0] != 22 {
				t.Errorf("%s: behind the dialogue came % x, %v", p, b[:n], err)
			}
		}
		by := map[event.Role]bool{}
		for _, l := range said {
			by[l.By] = true
			if l.Text == "" {
				t.Errorf("%s: a line without words: %+v", p, l)
			}
		}
		if !by[event.Client] || !by[event.Server] {
			t.Errorf("%s: said %+v", p, said)
		}
		d := &starttls.Dialogue{Protocol: p, Said: said}
		if v := d.Values(); v[0].Value != string(p) || len(v) < 3 {
			t.Errorf("%s: values %+v", p, v)
		}
	}
}

const (
	greets = true
	waits  = false
)

const (
	stream   = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
	tlsNS    = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
	features = "<stream:features><starttls " + tlsNS + "/></stream:features>"
	mysqlSSL = "\x0a8.0\x00\x01\x00\x00\x00abcdefgh\x00\xff\xff"
)

// refusals are servers with wrong answers.
var refusals = []struct {
	name    string
	p       starttls.Protocol
	greets  bool
	answers []string
	fault   starttls.Fault
	stage   starttls.Stage
	said    string // a part of it
}{
	{"lacks it", starttls.SMTP, greets, []string{"220 hi\r\n", "250-mail\r\n250 SIZE\r\n"}, starttls.Lacking, starttls.Offering, ""},
	{"has it in its name alone", starttls.SMTP, greets, []string{"220 hi\r\n", "250-STARTTLS\r\n250 SIZE\r\n"}, starttls.Lacking, starttls.Offering, ""},
	{"says another word", starttls.SMTP, greets, []string{"220 hi\r\n", "250-mail\r\n250 XSTARTTLS STARTTLS\r\n"}, starttls.Lacking, starttls.Offering, ""},
	{"knows no EHLO", starttls.SMTP, greets, []string{"220 hi\r\n", "502 what\r\n"}, starttls.Lacking, starttls.Offering, "502 what"},
	{"is not ready", starttls.SMTP, greets, []string{"220 hi\r\n", "250-mail\r\n250 STARTTLS\r\n", "454 4.7.0 no certificate\r\n"}, starttls.Refused, starttls.Asked, "454"},
	{"turns away", starttls.SMTP, greets, []string{"554 go away\r\n"}, starttls.Refused, starttls.Greeting, "554"},
	{"changes its code", starttls.SMTP, greets, []string{"220-hi\r\n250 there\r\n"}, starttls.Strange, starttls.Greeting, "250 there"},
	{"has no code", starttls.SMTP, greets, []string{"hello\r\n"}, starttls.Strange, starttls.Greeting, "hello"},
	{"has a code and no blank", starttls.SMTP, greets, []string{"220:hello\r\n"}, starttls.Strange, starttls.Greeting, "220:hello"},
	{"is HTTP", starttls.SMTP, greets, []string{"HTTP/1.1 400 Bad Request\r\n\r\n"}, starttls.Strange, starttls.Greeting, "HTTP/1.1"},
	{"is TLS", starttls.SMTP, greets, []string{"\x15\x03\x01\x00\x02\x02\x28"}, starttls.Strange, starttls.Greeting, "\x15"},
	{"goes", starttls.SMTP, greets, []string{"220 hi\r\n"}, starttls.Cut, starttls.Offering, ""},
	{"goes in a line", starttls.SMTP, greets, []string{"220 h"}, starttls.Cut, starttls.Greeting, ""},
	{"goes when it was asked", starttls.SMTP, greets, []string{"220 hi\r\n", "250-m\r\n250 STARTTLS\r\n"}, starttls.Cut, starttls.Asked, ""},
	{"smuggles a line", starttls.SMTP, greets, []string{"220 hi\r\n", "250-m\r\n250 STARTTLS\r\n", "220 go\r\n250 AUTH PLAIN\r\n"}, starttls.Smuggled, starttls.Asked, "250 AUTH PLAIN"},
	{"smuggles an octet", starttls.SMTP, greets, []string{"220 hi\r\n", "250-m\r\n250 STARTTLS\r\n", "220 go\r\n\n"}, starttls.Smuggled, starttls.Asked, ""},
	{"smuggles a record", starttls.SMTP, greets, []string{"220 hi\r\n", "250-m\r\n250 STARTTLS\r\n", "220 go\r\n\x16\x03\x03"}, starttls.Smuggled, starttls.Asked, "\x16"},
	{"has endless lines", starttls.SMTP, greets, []string{strings.Repeat("220-x\r\n", 5000)}, starttls.Endless, starttls.Greeting, ""},
	{"has an endless line", starttls.SMTP, greets, []string{"220 " + strings.Repeat("x", 1<<20)}, starttls.Endless, starttls.Greeting, ""},
	{"has endless long lines", starttls.SMTP, greets, []string{strings.Repeat("220-"+strings.Repeat("x", 8000)+"\r\n", 20)}, starttls.Endless, starttls.Greeting, ""},

	{"lacks it", starttls.IMAP, greets, []string{"* OK hi\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"}, starttls.Lacking, starttls.Offering, ""},
	{"has let us in", starttls.IMAP, greets, []string{"* PREAUTH welcome\r\n"}, starttls.Refused, starttls.Greeting, "PREAUTH"},
	{"says goodbye", starttls.IMAP, greets, []string{"* BYE busy\r\n"}, starttls.Refused, starttls.Greeting, "BYE"},
	{"says goodbye later", starttls.IMAP, greets, []string{"* OK hi\r\n", "* BYE busy\r\n"}, starttls.Refused, starttls.Offering, "BYE"},
	{"knows no capabilities", starttls.IMAP, greets, []string{"* OK hi\r\n", "a1 BAD what\r\n"}, starttls.Lacking, starttls.Offering, "BAD"},
	{"refuses", starttls.IMAP, greets, []string{"* OK hi\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 NO\r\n"}, starttls.Refused, starttls.Asked, "a2 NO"},
	{"answers another", starttls.IMAP, greets, []string{"* OK hi\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a1 OK\r\n"}, starttls.Strange, starttls.Asked, "a1 OK"},
	{"is POP3", starttls.IMAP, greets, []string{"+OK hi\r\n"}, starttls.Strange, starttls.Greeting, "+OK"},
	{"smuggles", starttls.IMAP, greets, []string{"* OK hi\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\n* CAPABILITY AUTH=PLAIN\r\n"}, starttls.Smuggled, starttls.Asked, "AUTH=PLAIN"},

	{"lacks it", starttls.POP3, greets, []string{"+OK\r\n", "+OK\r\nTOP\r\n.\r\n"}, starttls.Lacking, starttls.Offering, ""},
	{"knows neither", starttls.POP3, greets, []string{"+OK\r\n", "-ERR\r\n", "-ERR no\r\n"}, starttls.Lacking, starttls.Asked, "-ERR no"},
	{"refuses", starttls.POP3, greets, []string{"+OK\r\n", "+OK\r\nSTLS\r\n.\r\n", "-ERR no\r\n"}, starttls.Refused, starttls.Asked, "-ERR no"},
	{"turns away", starttls.POP3, greets, []string{"-ERR busy\r\n"}, starttls.Refused, starttls.Greeting, "busy"},
	{"is SMTP", starttls.POP3, greets, []string{"220 hi\r\n"}, starttls.Strange, starttls.Greeting, "220"},
	{"has endless capabilities", starttls.POP3, greets, []string{"+OK\r\n", "+OK\r\n" + strings.Repeat("X\r\n", 1000)}, starttls.Endless, starttls.Offering, ""},

	{"lacks it", starttls.LDAP, waits, []string{ldapAnswer(2, "")}, starttls.Lacking, starttls.Asked, "protocolError (2)"},
	{"is unwilling", starttls.LDAP, waits, []string{ldapAnswer(52, "TLS already started")}, starttls.Refused, starttls.Asked, "TLS already started"},
	{"has a code of its own", starttls.LDAP, waits, []string{ldapAnswer(99, "")}, starttls.Refused, starttls.Asked, "99"},
	{"ends the session", starttls.LDAP, waits, []string{strings.Replace(ldapAnswer(52, ""), "\x02\x01\x01", "\x02\x01\x00", 1)}, starttls.Refused, starttls.Asked, "unavailable"},
	{"succeeds at nothing", starttls.LDAP, waits, []string{strings.Replace(ldapAnswer(0, ""), "\x02\x01\x01", "\x02\x01\x00", 1)}, starttls.Strange, starttls.Asked, ""},
	{"answers another", starttls.LDAP, waits, []string{strings.Replace(ldapAnswer(0, ""), "\x02\x01\x01", "\x02\x01\x02", 1)}, starttls.Strange, starttls.Asked, ""},
	{"is no LDAP", starttls.LDAP, waits, []string{"220 hi\r\n"}, starttls.Strange, starttls.Asked, "220 hi"},
	{"is of indefinite length", starttls.LDAP, waits, []string{"\x30\x80\x02\x01\x01"}, starttls.Strange, starttls.Asked, "0"},
	{"is endless", starttls.LDAP, waits, []string{"\x30\x84\x7f\xff\xff\xff"}, starttls.Endless, starttls.Asked, ""},
	{"overflows", starttls.LDAP, waits, []string{"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff"}, starttls.Endless, starttls.Asked, ""},
	{"smuggles", starttls.LDAP, waits, []string{ldapAnswer(0, "") + "\x30"}, starttls.Smuggled, starttls.Asked, "0"},

	{"lacks it", starttls.Postgres, waits, []string{"N"}, starttls.Lacking, starttls.Asked, "N"},
	{"errs", starttls.Postgres, waits, []string{"E\x00\x00\x00\x10SFATAL\x00Mno\x00"}, starttls.Refused, starttls.Asked, "FATAL: no"},
	{"errs, as of old", starttls.Postgres, waits, []string{"EFATAL 1: no\n\x00"}, starttls.Refused, starttls.Asked, "FATAL 1: no"},
	{"errs, and is cut short", starttls.Postgres, waits, []string{"E\x00\x00"}, starttls.Refused, starttls.Asked, "E\x00\x00"},
	{"is strange", starttls.Postgres, waits, []string{"HTTP/1.1 400\r\n"}, starttls.Strange, starttls.Asked, "HTTP/1.1"},
	{"smuggles", starttls.Postgres, waits, []string{"SR\x00\x00\x00\x08"}, starttls.Smuggled, starttls.Asked, "R"}, // CVE-2021-23222

	{"lacks it", starttls.MySQL, greets, []string{packet("\x0a8.0\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7")}, starttls.Lacking, starttls.Greeting, ""},
	{"blocks", starttls.MySQL, greets, []string{packet("\xff\x69\x04Host is blocked")}, starttls.Refused, starttls.Greeting, "Host is blocked"},
	{"is old", starttls.MySQL, greets, []string{packet("\x093.2\x00\x01\x00\x00\x00abcdefgh\x00\xff\xff")}, starttls.Strange, starttls.Greeting, ""},
	{"is cut", starttls.MySQL, greets, []string{packet("\x0a8.0")}, starttls.Strange, starttls.Greeting, ""},
	{"is short", starttls.MySQL, greets, []string{packet("\xff")}, starttls.Refused, starttls.Greeting, ""},
	{"is empty", starttls.MySQL, greets, []string{"\x00\x00\x00\x00"}, starttls.Strange, starttls.Greeting, ""},
	{"is SMTP", starttls.MySQL, greets, []string{"220 hi\r\n"}, starttls.Strange, starttls.Greeting, "220 hi"},
	{"smuggles", starttls.MySQL, greets, []string{packet(mysqlSSL) + "x"}, starttls.Smuggled, starttls.Asked, "x"},

	{"lacks it", starttls.XMPP, waits, []string{stream + "<stream:features><x/></stream:features>"}, starttls.Lacking, starttls.Offering, ""},
	{"has it elsewhere", starttls.XMPP, waits, []string{stream + "<stream:features><starttls/></stream:features>"}, starttls.Lacking, starttls.Offering, ""},
	{"fails", starttls.XMPP, waits, []string{stream + features, "<failure " + tlsNS + "/></stream:stream>"}, starttls.Refused, starttls.Asked, "<failure"},
	{"errs", starttls.XMPP, waits, []string{stream + "<stream:error><host-unknown/></stream:error>"}, starttls.Refused, starttls.Offering, "host-unknown"},
	{"is strange", starttls.XMPP, waits, []string{stream + "<message/>"}, starttls.Strange, starttls.Offering, "<message/>"},
	{"has no features", starttls.XMPP, waits, []string{stream + "</stream:stream>"}, starttls.Strange, starttls.Offering, ""},
	{"talks", starttls.XMPP, waits, []string{stream + "hello<stream:features>"}, starttls.Strange, starttls.Offering, "hello"},
	{"has a type", starttls.XMPP, waits, []string{"<!DOCTYPE x [<!ENTITY a 'b'>]>"}, starttls.Strange, starttls.Greeting, "DOCTYPE"},
	{"has an entity", starttls.XMPP, waits, []string{stream + "<stream:features>&a;"}, starttls.Strange, starttls.Offering, "&a;"},
	{"has an instruction", starttls.XMPP, waits, []string{stream + "<?php x?>" + features}, starttls.Strange, starttls.Offering, "<?php x?>"},
	{"declares twice", starttls.XMPP, waits, []string{stream + "<?xml version='1.0'?>" + features}, starttls.Strange, starttls.Offering, "<?xml"},
	{"comments", starttls.XMPP, waits, []string{stream + "<!-- x -->"}, starttls.Strange, starttls.Offering, "<!-- x -->"},
	{"is another stream", starttls.XMPP, waits, []string{"<stream xmlns='x'>"}, starttls.Strange, starttls.Greeting, ""},
	{"is no XML", starttls.XMPP, waits, []string{"<<<"}, starttls.Strange, starttls.Greeting, "<<"},
	{"is HTTP", starttls.XMPP, waits, []string{"HTTP/1.1 400 Bad Request\r\n\r\n<html>"}, starttls.Strange, starttls.Greeting, "HTTP"},
	{"is endless", starttls.XMPP, waits, []string{stream + "<stream:features>" + strings.Repeat("<a>", 50000)}, starttls.Endless, starttls.Offering, ""},
	{"proceeds with something in it", starttls.XMPP, waits, []string{stream + features, "<proceed " + tlsNS + "><x/></proceed>"}, starttls.Strange, starttls.Asked, "<x/>"},
	{"proceeds elsewhere", starttls.XMPP, waits, []string{stream + features, "<proceed/>"}, starttls.Strange, starttls.Asked, "<proceed/>"},
	{"smuggles a blank", starttls.XMPP, waits, []string{stream + features, "<proceed " + tlsNS + "/> "}, starttls.Smuggled, starttls.Asked, " "},
	{"smuggles features", starttls.XMPP, waits, []string{stream + features, "<proceed " + tlsNS + "/><stream:features/>"}, starttls.Smuggled, starttls.Asked, "<stream:features/>"},
	{"says features twice", starttls.XMPP, waits, []string{stream + features + features}, starttls.Strange, starttls.Asked, "<stream:features>"},
}

// ldapAnswer is an ExtendedResponse.
func ldapAnswer(code byte, said string) string {
	result := "\x0a\x01" + string([]byte{code}) + "\x04\x00\x04" + string([]byte{byte(len(said))}) + said
	op := "\x78" + string([]byte{byte(len(result))}) + result
	return "\x30" + string([]byte{byte(len(op) + 3)}) + "\x02\x01\x01" + op
}

// packet is MySQL's, the first.
func packet(body string) string { return string([]byte{byte(len(body)), 0, 0, 0}) + body }

// A wrong answer is told as what it is, with what the server said; and what was said is kept, within
// its bounds.
func TestAskRefuses(t *testing.T) {
	for _, x := range refusals {
		said, err := ask(t, x.p, scripted(x.greets, x.fault != starttls.Cut, x.answers...))
		var fault *starttls.Error
		if !errors.As(err, &fault) {
			t.Errorf("%s, %s: %v", x.p, x.name, err)
			continue
		}
		if fault.Fault != x.fault || fault.Stage != x.stage || fault.Protocol != x.p || !strings.Contains(fault.Said, x.said) {
			t.Errorf("%s, %s: %v, want %s at %s with %q", x.p, x.name, err, x.fault, x.stage, x.said)
		}
		total := 0
		for _, l := range said {
			total += len(l.Text) + len(l.Wire)
		}
		if len(said) > starttls.MaxLines+8 || total > 4*starttls.MaxSaid {
			t.Errorf("%s, %s: %d lines of %d octets are kept", x.p, x.name, len(said), total)
		}
		if strings.ContainsAny(err.Error(), "\x00\x15\x16\n") {
			t.Errorf("%s, %s: the error is not quoted: %q", x.p, x.name, err)
		}
	}
	faults := map[starttls.Fault]bool{starttls.Late: true}
	for _, x := range refusals {
		faults[x.fault] = true
	}
	for _, f := range starttls.Faults() {
		if !faults[f] {
			t.Errorf("no server here has the fault %s", f)
		}
	}
}

// A server that is mute, or stops in the middle, ends with the context: no clock of the machine's has
// a part in it.
func TestAskIsLate(t *testing.T) {
	over := errors.New("over")
	for _, p := range starttls.Protocols() {
		for _, half := range []string{"", "2", "* OK half", "+OK\r\n", "\x30", "<stream"} {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer theirs.Close()
				go func() {
					if half != "" {
						_, _ = io.WriteString(theirs, half)
					}
					_, _ = io.Copy(io.Discard, theirs)
				}()
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, over)
				defer cancel()
				began := time.Now()
				_, err := starttls.Ask(ctx, ours, p, starttls.Options{})
				var fault *starttls.Error
				if errors.As(err, &fault) && fault.Fault == starttls.Strange { // it was no beginning of this one's
					return
				}
				if !errors.As(err, &fault) || fault.Fault != starttls.Late || !errors.Is(err, over) || time.Since(began) != time.Minute {
					t.Errorf("%s, %q: %v after %v", p, half, err, time.Since(began))
				}
			})
		}
	}
}

// A protocol that nobody knows is no dialogue.
func TestAskUnknown(t *testing.T) {
	if _, err := starttls.Ask(t.Context(), nil, "gopher", starttls.Options{}); err == nil || !strings.Contains(err.Error(), "gopher") {
		t.Error(err)
	}
	if p := starttls.Protocol("gopher"); p.Known() || p.Port() != "" || p.Direct() != "" || p.Ref() != "" {
		t.Errorf("%s is known", p)
	}
}

// Who is asked for goes into XMPP's stream, and cannot leave its attribute.
func TestHostIsEscaped(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() { _, _ = starttls.Ask(t.Context(), ours, starttls.XMPP, starttls.Options{Host: "a'><b>&"}) }()
	b := make([]byte, 1<<12)
	n, err := theirs.Read(b)
	_ = theirs.Close()
	if err != nil || bytes.Contains(b[:n], []byte("<b>")) || !bytes.Contains(b[:n], []byte("to='a&#39;&gt;&lt;b&gt;&amp;'")) {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// said is a connection to a server that has said all that it will say, whatever it is told.
type said struct{ io.Reader }

func (said) Write(p []byte) (int, error) { return len(p), nil }
func (said) Close() error                { return nil }
func (said) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv6loopback} }
func (said) RemoteAddr() net.Addr        { return nil }

func (said) SetDeadline(time.Time) error      { return nil }
func (said) SetReadDeadline(time.Time) error  { return nil }
func (said) SetWriteDeadline(time.Time) error { return nil }

// FuzzAsk: whatever a server says, the client ends, keeps within its bounds, says what it took, and
// never takes an octet that stands behind the dialogue for a part of TLS.
func FuzzAsk(f *testing.F) {
	for _, x := range refusals {
		if s := strings.Join(x.answers, ""); len(s) < 1<<12 {
			f.Add(string(x.p), []byte(s), 7)
		}
	}
	for _, p := range starttls.Protocols() {
		ours, theirs := net.Pipe()
		go func() { _ = starttlstest.Serve(theirs, p) }()
		lines, _ := starttls.Ask(f.Context(), ours, p, starttls.Options{})
		var whole []byte
		for _, l := range lines {
			if l.By == event.Server {
				whole = append(append(whole, cmp(l.Wire, l.Text)...), map[bool]string{true: "\r\n", false: ""}[l.Wire == nil && p != starttls.XMPP]...)
			}
		}
		f.Add(string(p), whole, 3)
	}
	f.Fuzz(func(t *testing.T, protocol string, b []byte, piece int) {
		p := starttls.Protocol(protocol)
		if !p.Known() {
			return
		}
		in := bytes.NewReader(b)
		lines, err := starttls.Ask(t.Context(), said{pieces{in, max(1, piece&0xffff)}}, p, starttls.Options{Host: "lab.test"})
		var fault *starttls.Error
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("%v", err)
		}
		if taken := len(b) - in.Len(); taken > starttls.MaxSaid {
			t.Fatalf("%d octets were taken", taken)
		}
		server := 0
		for _, l := range lines {
			if l.By == event.Server {
				server++
			}
		}
		if server > starttls.MaxLines+2 {
			t.Fatalf("%d lines", server)
		}
		if err == nil && piece&0xffff > 1<<13 && in.Len() > 0 && len(b) < 1<<12 {
			t.Fatalf("%q is left and was not seen", hex.EncodeToString(b[len(b)-in.Len():]))
		}
	})
}

// pieces reads so many octets at once.
type pieces struct {
	r io.Reader
	n int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.n)]) }

func cmp(wire []byte, text string) []byte {
	if wire != nil {
		return wire
	}
	return []byte(text)
}
