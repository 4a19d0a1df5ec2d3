package scenario

import (
	"bytes"
	"cmp"
	"io"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/handshake/tamper"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// line is one connection: two ends and the wire between them.
type line struct {
	conn     int
	c, s     end
	recorded bool // what c says was recorded elsewhere: there is no endpoint
	kept     *sessions
	panel    *observe.Panel // who looks on, from the first byte on
}

// end is one end of a line.
type end struct {
	party string
	ep    *handshake.Endpoint
	keys  bytes.Buffer // its key log
	got   []byte       // the application data that arrived
	early int          // how much of the request it has sent as early data
	said  bool         // the reply has gone out, before the handshake was over
	relay bool         // an interceptor takes the data out
	mute  bool         // once it has failed it says nothing more
}

// sessions is what is kept between the connections of a flow.
type sessions struct {
	client, server session.Store
	tickets        *session.TicketKeys
}

// config is what both ends' configurations have in common.
func (p *play) config(party string, t terms, conn int) *handshake.Config {
	cfg := &handshake.Config{
		Rand: p.Stream(party), Time: p.Now, Party: party, Conn: conn,
		MinVersion: t.version, MaxVersion: t.version, SeparateRecords: true, // a lesson looks at one at a time
		NoCompatibilityMode: p.o.NoCompatibility, RecordSizeLimit: p.o.RecordSizeLimit,
		CertificateCompression: p.o.CertificateCompression,
		Suites:                 p.o.suites(t), Groups: p.o.Groups, Exchanges: p.o.exchanges(),
		ALPN: p.o.ALPN, EncryptThenMAC: p.o.EncryptThenMAC,
		Listener: p, ShowSecrets: !p.o.Quiet,
		Weak: handshake.Weak{NULL: true, Compression: p.o.Compress, NoExtendedMasterSecret: p.o.NoEMS},
	}
	if p.o.PSKOnly {
		cfg.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}
	}
	if p.o.AllowNoDHE {
		cfg.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKWithDHE, iana.PSKOnly}
	}
	if p.o.PSK != nil && party != "thief" {
		cfg.PSKs = []handshake.PSK{*p.o.PSK}
	}
	if p.o.Padding > 0 {
		cfg.Padding = func(int) int { return p.o.Padding }
	}
	return cfg
}

func (p *play) clientConfig(party string, t terms, conn int) (*handshake.Config, error) {
	cfg := p.config(party, t, conn)
	cfg.Roots, cfg.ServerName, cfg.VerifyChain = p.roots, p.o.server(), p.judge()
	cfg.Stapling = p.lesson.Staple != nil || p.o.Staple == "none" || p.o.Cert == lesson.MustStaple
	cfg.EarlyData = p.o.Resume == ResumeEarly && party == "client"
	cfg.NoTickets = t != in13 && p.o.Resume != ResumeByTicket
	cfg.GREASE = p.o.GREASE
	if p.o.HelloRetry {
		cfg.KeyShares = []iana.Group{}
	}
	if p.o.ClientAuth && !p.o.NoClientCert && party == "client" {
		if p.identity == nil { // one for all its connections: a session goes with who was shown
			cert, key, err := p.lesson.Client("client.lab.test")
			if err != nil {
				return nil, err
			}
			p.identity = []handshake.Certificate{{Chain: cert.Chain, Key: key}}
		}
		cfg.Certificates = p.identity
	}
	return cfg, nil
}

func (p *play) serverConfig(party string, t terms, conn int) *handshake.Config {
	cfg := p.config(party, t, conn)
	cfg.RetryWithCookie, cfg.SessionTickets = p.o.Cookie, 1
	cfg.Certificates = []handshake.Certificate{{Chain: p.lesson.Chain, Key: p.lesson.Key, Staple: p.lesson.Staple}}
	if p.o.Resume == ResumeEarly {
		cfg.MaxEarlyData = uint32(max(leastEarlyData, len(p.o.request())))
	}
	if p.o.ClientAuth {
		cfg.ClientAuth, cfg.Roots = handshake.RequireClientCert, pki.NewTrustStore(p.lesson.Root.Cert)
	}
	return cfg
}

// leastEarlyData is what the tickets of a lesson allow, in bytes, or more for a request
// that is longer.
const leastEarlyData = 1 << 14

// keyLog is where a client's key log goes: to the end, and to the caller.
func (p *play) keyLog(e *end) io.Writer {
	if p.o.KeyLog == nil || e.party != "client" {
		return &e.keys
	}
	return io.MultiWriter(&e.keys, p.o.KeyLog)
}

// connect makes both ends of a connection and runs their handshake.
func (p *play) connect(t terms, who string, kept *sessions) (*line, error) {
	l := &line{conn: p.NewConn(), c: end{party: who}, s: end{party: "server"}, kept: kept}
	cc, err := p.clientConfig(who, t, l.conn)
	if err != nil {
		return nil, err
	}
	sc := p.serverConfig("server", t, l.conn)
	cc.KeyLog, sc.KeyLog = p.keyLog(&l.c), &l.s.keys
	if kept != nil {
		cc.Sessions, sc.Sessions, sc.Tickets = kept.client, kept.server, kept.tickets
	}
	// Its alert would make the server forget the session (RFC 5246 §7.2.2).
	if l.c.mute = who == "attacker"; l.c.mute {
		cc.Listener = silent{p}
	}
	if l.c.ep, err = handshake.NewClient(cc); err != nil {
		return nil, err
	}
	if l.s.ep, err = handshake.NewServer(sc); err != nil {
		return nil, err
	}
	return l, p.converse(l)
}

// converse carries bytes until neither end can go on.
func (p *play) converse(l *line) error { return p.converseUntil(l, nil) }

// converseUntil is converse that stops once what an end has to say is on the wire and
// enough, if not nil, holds.
func (p *play) converseUntil(l *line, enough func() bool) error {
	err := p.Converse(&stage.Line{Client: p.staged(&l.c), Server: p.staged(&l.s), Enough: enough, Wire: func(d tamper.Direction, b []byte) []byte {
		from := l.c.party
		if d == tamper.ToClient {
			from = l.s.party
		}
		return p.carry(l, from, d, b)
	}})
	p.tellOwed()
	return cmp.Or(err, p.onlookErr)
}

// staged is an end as the stage drives it.
func (p *play) staged(e *end) *stage.End {
	out := &stage.End{Endpoint: e.ep, Mute: e.mute, Say: func() (bool, error) { return p.sendEarly(e), nil }}
	if !e.relay {
		out.Take = func(data []byte, _ bool) error {
			e.got = append(e.got, data...)
			return p.replyEarly(e)
		}
	}
	return out
}

// sendEarly sends of the request what can go as early data, at a client that may.
func (p *play) sendEarly(e *end) (sent bool) {
	for p.o.Resume == ResumeEarly && e.party == "client" {
		n, err := e.ep.WriteEarly([]byte(p.o.request()[e.early:]))
		if n == 0 || err != nil {
			return sent
		}
		e.early, sent = e.early+n, true
	}
	return sent
}

// replyEarly answers a request that was early data whole, without waiting for the
// client's Finished.
func (p *play) replyEarly(e *end) error {
	if e.ep.State() != event.WaitEndOfEarlyData || string(e.got) != p.o.request() {
		return nil
	}
	e.said = true
	return write(e, p.o.reply())
}

// write sends text from an end.
func write(e *end, text string) error {
	for rest := []byte(text); len(rest) > 0; {
		n, err := e.ep.Write(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// carry puts bytes on the wire: the listener records what was sent, and all who look on try
// to read it; what arrives is for the attacker on the wire to say.
func (p *play) carry(l *line, from string, d tamper.Direction, b []byte) []byte {
	p.track(l)
	p.onlook(l, d == tamper.ToServer, b)
	p.flow.Wire = append(p.flow.Wire, Segment{Conn: l.conn, From: from, ToServer: d == tamper.ToServer, Bytes: bytes.Clone(b)})
	return p.link.Carry(d, b)
}

// talk sends the request, the reply if the request has arrived, what the client says to
// that, and both goodbyes.
func (p *play) talk(l *line) error {
	request := p.o.request()
	if l.c.ep.Summary().EarlyData == handshake.EarlyDataAccepted {
		request = request[l.c.early:]
	}
	if err := p.say(l, &l.c, request); err != nil {
		return err
	}
	if p.o.KeyUpdate && l.c.ep.Done() {
		if err := l.c.ep.UpdateKeys(true); err != nil {
			return err
		}
		if err := p.converse(l); err != nil {
			return err
		}
	}
	if string(l.s.got) == p.o.request() && !l.s.said {
		if err := p.say(l, &l.s, p.o.reply()); err != nil {
			return err
		}
	}
	if bye := p.o.farewell(); bye != "" && string(l.c.got) == p.o.reply() {
		if err := p.say(l, &l.c, bye); err != nil {
			return err
		}
	}
	for _, e := range []*end{&l.s, &l.c} {
		if e.ep.Done() {
			if err := e.ep.CloseWrite(); err != nil {
				return err
			}
		}
	}
	return p.converse(l)
}

// say sends text from one end of a line, if it can.
func (p *play) say(l *line, e *end, text string) error {
	if e.ep.Done() {
		if err := write(e, text); err != nil {
			return err
		}
	}
	return p.converse(l)
}

// outcome judges a flow by the ends that talked, client and server, and by the end, of
// all the ends, that refused first. An end that failed only because of the peer's alert
// has not refused.
func (p *play) outcome(client, server *end, all ...*end) Outcome {
	out := Outcome{Received: string(client.got)}
	for _, e := range all {
		if err := e.ep.Err(); err != nil && reason.Of(err) != reason.PeerAlert {
			out.Refused, out.Err = e.party, err
			out.Intended = p.o.refusalIntended() && !(e == client && p.ownRefused)
			return out
		}
	}
	out.Done = client.ep.Done() && server.ep.Done() && string(server.got) == p.changed(p.o.request())+p.changed(p.o.farewell()) && out.Received == p.changed(p.o.reply())
	return out
}
