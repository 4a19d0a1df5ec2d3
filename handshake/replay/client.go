package replay

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"tlslab/handshake"
	"tlslab/handshake/reason"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/handshake/tamper"
)

// client is alice, or mallory where he uses TLS as everybody does.
type client struct {
	w            *world
	name         string
	sessions     session.Store
	certificates []handshake.Certificate
	cookie       string // "": none
	mute         bool   // it keeps to itself what goes wrong
}

// mallory is an honest client, except for what he has in his hands.
func (w *world) mallory(loot session.Store, cookie string) *client {
	return &client{w: w, name: "mallory", sessions: loot, cookie: cookie}
}

func (c *client) config(conn int, early bool) *handshake.Config {
	w := c.w
	cfg := &handshake.Config{
		Rand: w.Stream(c.name), Time: w.Now, Party: c.name, Conn: conn, ShowSecrets: w.o.ShowSecrets && w.o.Listener != nil,
		MinVersion: w.terms.version, MaxVersion: w.terms.version, Suites: w.terms.suites(),
		Roots: w.lesson.Roots, ServerName: host, Sessions: c.sessions, NoTickets: w.terms.ids,
		Certificates: c.certificates, SessionLifetime: maximumLife, EarlyData: early, PSKModes: w.terms.modes(),
	}
	if w.o.Listener != nil {
		cfg.Listener = w
	}
	return cfg
}

// get asks for the balance.
func (c *client) get() []byte {
	return []byte("GET /balance HTTP/1.1\r\nHost: " + host + "\r\n" + c.credentials() + "\r\n")
}

// pay asks for a transfer of price to mallory: for something new, and under a key of its own.
func (c *client) pay() []byte { return c.payAmount(price) }

func (c *client) payAmount(amount int) []byte {
	c.w.keys[c.name]++
	reference := fmt.Sprintf("%s-%d", c.name, c.w.keys[c.name])
	form := url.Values{"to": {"mallory"}, "amount": {fmt.Sprint(amount)}, "reference": {reference}}.Encode()
	return fmt.Appendf(nil, "POST /transfer HTTP/1.1\r\nHost: %s\r\n%s%s: \"%s\"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		host, c.credentials(), bank.IdempotencyKey, reference, len(form), form)
}

func (c *client) credentials() string {
	if c.cookie == "" {
		return ""
	}
	return "Cookie: " + bank.Cookie + "=" + c.cookie + "\r\n"
}

// line is a connection: two ends, the wire between them, and who listens to it.
type line struct {
	w        *world
	conn     int
	client   *client
	c        *handshake.Endpoint
	s        *front
	wire     tamper.Link
	overhear func(d tamper.Direction, sent []byte)
	log      []tamper.Captured // what was sent, before the wire did anything to it
	got      []byte            // at the client
	hasEarly bool              // early data was sent
}

// connect makes a connection of c to s; its handshake has not begun. script may be nil.
func (c *client) connect(s *server, early bool, script tamper.Script) (*line, error) {
	l := &line{w: c.w, conn: c.w.NewConn(), client: c}
	l.script(script)
	var err error
	if l.overhear, err = c.w.overhear(l.conn, c.name, s.name); err != nil {
		return nil, err
	}
	if l.s, err = s.accept(l.conn); err != nil {
		return nil, err
	}
	l.c, err = handshake.NewClient(c.config(l.conn, early))
	return l, err
}

// script puts an attacker on the wire, from now on. The listener is there all along.
func (l *line) script(s tamper.Script) {
	if s == nil {
		s = tamper.Pass
	}
	l.wire.Script = tamper.Then(tamper.Record(&l.log), s)
}

// begin makes the client send its first flight, with as much early data as it may.
func (l *line) begin(early []byte) error {
	for l.c.Ready() {
		if _, err := l.c.Step(); err != nil {
			return err
		}
	}
	n, err := l.c.WriteEarly(early)
	if err == nil && n > 0 && n < len(early) {
		err = fmt.Errorf("a request of %d bytes is more than a ticket allows", len(early))
	}
	l.hasEarly = n > 0
	return err
}

// run carries bytes until neither end can go on.
func (l *line) run() error {
	client := &stage.End{Endpoint: l.c, Mute: l.client.mute, Take: func(data []byte, _ bool) error {
		l.got = append(l.got, data...)
		return nil
	}}
	return l.w.Converse(&stage.Line{Client: client, Server: l.s.end(), Wire: func(d tamper.Direction, sent []byte) []byte {
		l.overhear(d, sent)
		return l.wire.Carry(d, sent)
	}})
}

// send protects a request, if the connection is up, and lets it arrive.
func (l *line) send(request []byte) error {
	for rest := request; len(rest) > 0 && l.c.Done(); {
		n, err := l.c.Write(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return l.run()
}

// end says goodbye from both ends.
func (l *line) end() error {
	for _, e := range []*handshake.Endpoint{l.s.ep, l.c} {
		if e.Done() {
			if err := e.CloseWrite(); err != nil {
				return err
			}
		}
	}
	return l.run()
}

// ask is a whole connection for one request: as early data where early says so and there
// is a ticket. What the server passes over as early data, and what the bank calls too
// early, is asked again when the handshake is over. status is 0 if no answer came.
func (c *client) ask(s *server, request []byte, early bool) (l *line, status int, err error) {
	if l, err = c.connect(s, early, nil); err != nil {
		return nil, 0, err
	}
	if early {
		if err := l.begin(request); err != nil {
			return nil, 0, err
		}
	}
	if err := l.run(); err != nil {
		return nil, 0, err
	}
	if l.c.Summary().EarlyData != handshake.EarlyDataAccepted {
		if err := l.send(request); err != nil {
			return nil, 0, err
		}
	}
	if status, err = l.status(); err == nil && status == http.StatusTooEarly {
		l.got = nil
		if err = l.send(request); err == nil {
			status, err = l.status()
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return l, status, l.end()
}

// status reads the status of the answer; 0 if there is no answer.
func (l *line) status() (int, error) {
	if len(l.got) == 0 {
		return 0, nil
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(l.got)), nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return r.StatusCode, err
}

// refusal is why nothing came of a connection.
func (l *line) refusal() Why {
	if r := l.s.refusal(); r != "" && r != whyOf(reason.PeerAlert) {
		return r
	}
	if l.c.Err() != nil {
		return whyOf(reason.Of(l.c.Err()))
	}
	return ""
}

// visit is ask for alice, who must get what she wants whatever the defences are: a defence
// that keeps honest people out is no defence.
func (w *world) visit(request []byte, early bool) (*line, error) {
	l, status, err := w.alice.ask(w.first, request, early)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the bank answers alice with status %d: client %v, server %v", status, l.c.Err(), l.s.ep.Err())
	}
	return l, err
}

// sent is what the client sent on a connection, as it was captured.
func (l *line) sent() []byte {
	var b []byte
	for _, rec := range l.log {
		if rec.Dir == tamper.ToServer {
			b = append(b, rec.Record...)
		}
	}
	return b
}

// firstFlight is what the client sent before the server said anything: its ClientHello,
// and its early data.
func (l *line) firstFlight() []byte {
	var b []byte
	for _, rec := range l.log {
		if rec.Dir == tamper.ToClient {
			break
		}
		b = append(b, rec.Record...)
	}
	return b
}

// replay feeds recorded bytes to a server, on a connection of the attacker's own.
func (w *world) replay(s *server, recorded []byte) (*front, error) {
	conn := w.NewConn()
	w.Scene("mallory", &Replayed{Server: s.name, Bytes: len(recorded)})
	f, err := s.accept(conn)
	if err != nil {
		return nil, err
	}
	overhear, err := w.overhear(conn, "mallory", s.name)
	if err != nil {
		return nil, err
	}
	overhear(tamper.ToServer, recorded)
	f.ep.Feed(recorded)
	err = f.step()
	overhear(tamper.ToClient, f.ep.Output()) // he cannot read it
	return f, err
}
