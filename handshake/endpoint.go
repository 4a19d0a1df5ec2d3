package handshake

import (
	"errors"
	"slices"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/wire"
)

// Endpoint is one end of one connection. It is not safe for concurrent use.
type Endpoint struct {
	cfg     *Config
	role    event.Role
	state   event.State
	machine machine
	err     error // why state is Failed

	ch         channel
	transcript transcript
	limits     limits
	tell       *telling // see told

	summary  *Summary
	owing    bool     // see Owes
	mayStart bool     // data may follow Finished at once (RFC 7918)
	tickets  int      // of TLS 1.3, kept so far
	shown    []byte   // session.Session's OwnCertificates
	begin    func()   // what is to be settled before a client's first move
	early    *early   // early data, until the handshake is over
	traffic  *traffic // of TLS 1.3, which can change its keys
	exporter exporter
}

// NewClient returns an endpoint that is about to send ClientHello. The error, reason.Misuse,
// says why the Config cannot work: a nil one lacks ServerName.
func NewClient(cfg *Config) (*Endpoint, error) {
	e := newEndpoint(cfg, event.Client)
	c := newClient(e)
	e.machine = c
	e.begin = func() { c.tls13.kept, c.tls13.whyNot = c.tls13.takeTicket() }
	err := c.check()
	if err == nil {
		e.ch.rd.JudgeBy(e.version())
	}
	return e, err
}

// NewServer returns an endpoint that waits for ClientHello. The error is a Config's that
// cannot work, reason.Misuse: a nil one lacks Certificates.
func NewServer(cfg *Config) (*Endpoint, error) {
	e := newEndpoint(cfg, event.Server)
	s := newServer(e)
	e.machine = s
	err := s.check()
	if err == nil {
		e.ch.rd.JudgeBy(e.version())
	}
	return e, err
}

func newEndpoint(cfg *Config, role event.Role) *Endpoint {
	if cfg == nil {
		cfg = new(Config)
	}
	e := &Endpoint{cfg: cfg, role: role, summary: new(Summary)}
	e.transcript.bytes = make([]byte, 0, leastTranscript)
	e.ch.wr.SetFragment(cfg.MaxSendFragment)
	e.ch.wr.SetVersion(iana.TLS10) // in the first record only; some servers refuse a higher one there
	return e
}

// Role returns which end e is.
func (e *Endpoint) Role() event.Role { return e.role }

// State returns where e stands.
func (e *Endpoint) State() event.State { return e.state }

// Done reports whether the handshake is complete.
func (e *Endpoint) Done() bool { return e.state == event.Connected }

// Err returns why e failed, or nil.
func (e *Endpoint) Err() error { return e.err }

// Legal returns the rows of the table that start in the present state: what may
// happen next, seen from this end. Alerts may come at any time and are not listed; the two
// that may come and move nothing are listed where they may: the HelloRequest that a client of
// TLS 1.2 ignores, and the ChangeCipherSpec that TLS 1.3 drops.
func (e *Endpoint) Legal() []event.Move {
	legal := e.machine.legal(e.version(), e.state)
	if e.ignoresHelloRequest() && slices.ContainsFunc(legal, func(m event.Move) bool { return m.Dir == event.Receive }) {
		legal = append(legal, e.helloRequestIgnored())
	}
	if e.dropsChangeCipherSpec() {
		legal = append(legal, e.dummyChangeCipherSpec(event.Receive))
	}
	return legal
}

// Step makes one move: the first send whose guard holds, or else it reads one
// message or record of what was fed. progress is false if nothing can be done
// before more is fed, or before Read has taken what lies ready. After an error
// (a *reason.Error) the alert for the peer is in Output, and every later Step
// returns the same error.
func (e *Endpoint) Step() (progress bool, err error) { return e.step(nil) }

func (e *Endpoint) step(into []byte) (bool, error) {
	if e.err != nil {
		return false, e.err
	}
	if begin := e.begin; begin != nil {
		e.begin = nil
		begin()
	}
	if next := e.sends(); next.ok() {
		if err := e.refuseExcess(); err != nil {
			return false, e.fail(err)
		}
		return true, e.fire(next, nil, nil, nil)
	}
	if len(e.ch.hs) > 0 {
		if progress, err := e.readMessage(); progress || err != nil {
			return progress, e.fail(err)
		}
	}
	if len(e.ch.app) > 0 {
		return false, nil
	}
	progress, err := e.readRecord(into)
	if err != nil {
		return false, e.fail(err)
	}
	if !progress {
		e.stop()
	}
	return progress, nil
}

// Ready reports whether Step would make a move or read: a send whose guard holds, a
// whole message, or a whole record of what was fed. Step may refuse what is not yet whole.
func (e *Endpoint) Ready() bool {
	switch {
	case e.err != nil:
		return false
	case e.sends().ok():
		return true
	case len(e.ch.hs) >= messageHeader && len(e.ch.hs) >= messageLen(e.ch.hs):
		return true
	case len(e.ch.app) > 0 || e.ch.closeReceived:
		return false
	}
	in := e.ch.in[e.ch.r:]
	return e.ch.eof || len(in) >= record.HeaderLen && len(in) >= record.HeaderLen+(int(in[3])<<8|int(in[4]))
}

// Owes reports whether a secret has been used on what the peer sent, and nothing of ours
// that tells how that went is in Output yet. How long the peer then waits for its answer, an
// alert or the next flight, must depend on no secret (RFC 5246 §7.4.7.1). So whoever drives
// the endpoint does nothing meanwhile that might: package tls holds events back, since a
// Listener may well compute with the secrets that it is told.
//
// It is so from a ClientKeyExchange, a ServerHello of TLS 1.3 or a message under keys on,
// up to the first message of ours after it (ChangeCipherSpec does not count: it tells nothing), up
// to the end of the handshake, or until e has failed, and the alert is in Output.
func (e *Endpoint) Owes() bool { return e.owing }

// version is the one that is settled, or that alone may be; 0 if there is a choice.
func (e *Endpoint) version() iana.Version {
	if v := e.summary.Version; v != 0 {
		return v
	}
	switch tls13, tls12 := e.cfg.speaks(iana.TLS13), e.cfg.speaks(iana.TLS12); {
	case tls13 && !tls12:
		return iana.TLS13
	case tls12 && !tls13:
		return iana.TLS12
	}
	return 0
}

// rule is where a rule stands that both versions have: the one of the version that is
// settled, or that alone may be; TLS 1.3's while there is a choice.
func (e *Endpoint) rule(tls13, tls12 string) string {
	if e.version() == iana.TLS12 {
		return tls12
	}
	return tls13
}

func (e *Endpoint) find(d event.Direction, m message.Message) found {
	return e.machine.find(e.summary.Version, e.state, d, m)
}

// sends finds what is to be sent now. Behind the handshake that is a KeyUpdate or nothing, and
// each record asks: so the table is asked only where one is due.
func (e *Endpoint) sends() found {
	if e.state == event.Connected && (e.traffic == nil || !e.traffic.due()) {
		return found{}
	}
	return e.find(event.Send, nil)
}

func (e *Endpoint) expects(k message.Kind) bool {
	return e.machine.expects(e.summary.Version, e.state, k)
}

// fire does one row.
func (e *Endpoint) fire(next found, m message.Message, raw []byte, walked *[]wire.Field) error {
	row := next.row()
	if e.cfg.Listener != nil {
		t := e.told()
		t.move, t.ref, t.to = next.name(), row.Ref, row.To
	}
	if m != nil && e.cfg.Listener != nil {
		e.noteMessage(event.Receive, m, raw, walked, row.To)
	}
	if m != nil && e.ch.rd.Epoch() > 0 {
		e.owing = true // it was under keys that only the two ends have
	}
	if err := next.do(m); err != nil {
		return e.fail(err)
	}
	if row.Dir == event.Send && row.Msg != message.KindChangeCipherSpec || row.To == event.Connected {
		e.owing = false
	}
	if row.To != e.state {
		e.limits.warnings = 0
		if e.tell != nil {
			e.tell.stopped = 0 // it may come back, and wait for something else
		}
	}
	if e.state = row.To; e.tell != nil {
		e.tell.move, e.tell.ref = "", ""
	}
	if e.state == event.Connected && e.transcript.bytes != nil {
		if err := e.endRecord(); err != nil {
			return e.fail(err)
		}
		e.transcript.bytes, e.ch.hsStore, e.transcript.running, e.ch.flight, e.early = nil, nil, nil, nil, nil
		if len(e.ch.hs) == 0 { // what stands behind Finished is still to be looked at
			e.ch.hs = nil
		}
		if e.role == event.Server && e.traffic != nil { // there are no more tickets to come
			e.traffic.resumption = nil
		}
		e.machine.forget()
	}
	return nil
}

// fail ends the connection: the alert goes out, and err stays.
func (e *Endpoint) fail(err error) error {
	if err == nil || e.err != nil {
		return e.err
	}
	var re *reason.Error
	if !errors.As(err, &re) {
		re = &reason.Error{Reason: reason.Internal, Off: -1, Err: err}
	}
	e.err, e.owing, e.summary.FailedIn = re, false, e.state
	if d, ok := reason.Alert(re.Reason); ok {
		e.sendAlert(iana.Fatal, d, re)
	}
	// RFC 9846 §6: the secrets and keys of a failed connection are forgotten.
	e.state, e.ch.app, e.transcript.bytes, e.ch.hs, e.ch.hsStore, e.transcript.running, e.traffic, e.early = event.Failed, nil, nil, nil, nil, nil, nil, nil
	e.ch.rd, e.ch.wr, e.exporter, e.ch.flight = record.Reader{}, record.Writer{}, nil, nil
	e.machine.forget()
	e.forgetSession()
	return e.err
}

func (e *Endpoint) now() time.Time { return e.cfg.now() }
