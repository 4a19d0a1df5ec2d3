// Package observe is an eavesdropper: the bytes of a connection in, the events
// out that an endpoint would have emitted. It is made of the same parts as an
// endpoint (record, wire, message, keyschedule, suite), so what it cannot read is
// out of reach, and not merely left out.
//
// How much it reads depends on what it was given: nothing, a key log, the master
// secret of a session, or the private key of the server's certificate, which is
// worth something in TLS 1.2 and nothing in TLS 1.3; or TLS 1.3's pre-shared keys, which
// open 0-RTT data, and with psk_ke all that follows. It never sends, decides nothing
// and verifies no certificate; a connection that it cannot follow it goes on to
// measure.
//
// A closed record has the epoch and the number that it has if no keys changed
// unseen. In TLS 1.2 that is sure, for ChangeCipherSpec is in clear. In TLS 1.3 what
// changes the keys is itself under keys: without those of the handshake a listener
// goes on counting where the ends begin again at 0.
//
// Read observe.go, then connection.go (from records to messages), then secrets.go
// and tls13.go (from what was given to keys, a version each); then early13.go and psk13.go.
// panel.go asks of each record who can read it, as it goes by.
package observe

import (
	"crypto/rsa"
	"io"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/suite"
)

// Options are what an observer knows, and whom it tells.
type Options struct {
	// Listener is told of every record, message, alert and piece of data. Dir and
	// Move are as the client sees them: what the client sends is sent.
	Listener event.Listener
	// Ends: the two ends keep their names. Party of a record, a message, an alert or data is the
	// end that sent it, "client" or "server", and Dir and Move are as that end sees them.
	// Secrets and checks remain Party's.
	Ends        bool
	ShowSecrets bool             // also emit an event.Secret for each that was recovered
	Party       string           // of the events; "listener"
	Conn        int              // of the events
	Time        func() time.Time // of the events; time.Now

	// KeyLog has NSS key log lines (RFC 9850), of this connection and of others: the
	// master secret of TLS 1.2, or any of the five traffic secrets of TLS 1.3. It is
	// read to the end by New; nil: none.
	KeyLog  io.Reader
	Keys    *KeyLog         // of many connections, and still growing; beside KeyLog
	RSAKey  *rsa.PrivateKey // of the server's certificate; opens RSA key transport
	Masters []Master        // of sessions
	// Sessions are those of other connections, still growing, asked where this one resumes.
	Sessions *Sessions
	PSKs     [][]byte // of TLS 1.3, tickets' or others, tried on the binders of every ClientHello

	Suites []*suite.Suite // rows besides suite.All(): a student's own

	// Forget: application data is told of and not kept, so the Report has none. For what is long.
	Forget bool
	// Brief: messages are told of without their fields, move and reference, and records without the steps that opened
	// them. Those events, and the bytes of data, are good until the Listener returns. For whoever counts.
	Brief bool
}

// Master is a TLS 1.2 master secret and how to recognize the connections that use
// it. Any one match is enough; one with no marks at all is tried on every connection.
type Master struct {
	Secret       keyschedule.MasterSecret
	ClientRandom []byte // of one connection
	SessionID    []byte // as the server named the session
	Ticket       []byte // as the client offers it
}

// Report is what an observer got out of a connection so far.
type Report struct {
	Version iana.Version     // 0 before ServerHello or HelloRetryRequest
	Suite   iana.CipherSuite // 0 before ServerHello
	Resumed bool

	ReadHandshake bool // opened an encrypted handshake message
	ReadData      bool // opened application data
	FromClient    []byte
	FromServer    []byte // the application data it opened
	Sealed        int    // protected records that stayed closed
	Closed        Why    // why they stayed closed; "" if Sealed is 0
	// Lacks are the labels of the key log lines that would have opened them (RFC 9850), with LacksFor as
	// their client random: that of the last handshake, where there was more than one; nil if no line would.
	Lacks    []string
	LacksFor []byte
	// Lost says whose bytes could no longer be told apart, because of Err: the client's, the server's.
	Lost  [2]bool
	Tally Tally // both by the part of the connection

	// Master is the TLS 1.2 secret it read with, marked with the session ID and
	// ticket of this connection; nil if the observer has no secret that fits.
	Master *Master
	// Traffic are the TLS 1.3 secrets it read with.
	Traffic Traffic
	// PSK is the one of Options.PSKs that the client proved to have; nil if none.
	PSK []byte
	// PreMaster is what a stolen RSA key opened.
	PreMaster []byte

	// Err is why it could not follow, or why its keys do not fit: a *reason.Error.
	// Nil if all is as expected, even if much stays closed.
	Err error
}

// Traffic are TLS 1.3 traffic secrets, those for application data as they were before any
// KeyUpdate. In a Report a secret is there if it opened a record. Nobody can compute from
// them what they were made from.
type Traffic struct {
	ClientHandshake, ServerHandshake     []byte
	ClientApplication, ServerApplication []byte
	ClientEarly                          []byte // of 0-RTT data
}

// Complete reports whether all four are there that every connection has.
func (t *Traffic) Complete() bool {
	return t.ClientHandshake != nil && t.ServerHandshake != nil && t.ClientApplication != nil && t.ServerApplication != nil
}

// noted is what of a Report is kept as it comes: there is one for each connection that is open.
type noted struct {
	Version                iana.Version
	Suite                  iana.CipherSuite
	Resumed, ReadHandshake bool
	Sealed                 int
	Tally                  Tally
	PreMaster              []byte
	Err                    error
}

// Observer follows one connection. It is not safe for concurrent use.
type Observer struct {
	o       Options
	logged  []logged
	masters []Master // of Options.Keys, this connection's
	client  half
	server  half
	shake
	report noted
	events uint64

	// of Options.Keys
	consulted, mastersTaken, trafficTaken int

	each     func(server, opened bool) // told of every record, if it is not nil
	readData bool
}

// New returns an observer of a connection from its first byte on. The error is
// about the key log.
func New(o Options) (*Observer, error) {
	var traffic []logged
	if o.KeyLog != nil {
		masters, secrets, err := readKeyLog(o.KeyLog)
		if err != nil {
			return nil, err
		}
		o.Masters, traffic = append(masters, o.Masters...), secrets
	}
	if o.Party == "" {
		o.Party = "listener"
	}
	if o.Time == nil {
		o.Time = time.Now
	}
	return &Observer{o: o, logged: traffic, server: half{server: true}}, nil
}

// ClientBytes takes the next bytes that the client sent. They must come in the
// order captured, across both directions: keys depend on what both have said.
func (o *Observer) ClientBytes(b []byte) { o.feed(&o.client, b) }

// ServerBytes takes the next bytes that the server sent.
func (o *Observer) ServerBytes(b []byte) { o.feed(&o.server, b) }

// Session is the secret of TLS 1.2 with which later connections may resume, once the handshake is
// over and a Finished has borne it out: where a session began, or where the server gave a new
// ticket for one. Nil elsewhere, and for who has no secret that fits.
func (o *Observer) Session() *Master {
	if o.done < 2 || !o.verified || o.misfit || o.master == nil {
		return nil
	}
	if o.report.Resumed && !o.renewed {
		return nil
	}
	return &Master{Secret: *o.master, ClientRandom: o.clientRandom(), SessionID: o.sessionID, Ticket: o.ticket}
}

// Computed reports whether the observer opened the premaster secret with the server's key.
func (o *Observer) Computed() bool { return o.report.PreMaster != nil }

// Gap: bytes of an end are missing, and nothing more of it will come. What was said has then no Finished
// that could be checked.
func (o *Observer) Gap(server bool) {
	h := &o.client
	if server {
		h = &o.server
	}
	h.missed, o.gap = true, true
}

// Report returns what was read so far.
func (o *Observer) Report() Report {
	n := &o.report
	r := Report{Version: n.Version, Suite: n.Suite, Resumed: n.Resumed, ReadHandshake: n.ReadHandshake, ReadData: o.readData, FromClient: o.client.data, FromServer: o.server.data,
		Sealed: n.Sealed, Tally: n.Tally, PreMaster: n.PreMaster, Err: n.Err}
	if o.master != nil && !o.misfit {
		r.Master = &Master{Secret: *o.master, ClientRandom: o.clientRandom(), SessionID: o.sessionID, Ticket: o.ticket}
	}
	r.Traffic = Traffic{o.client.opened(handshaking), o.server.opened(handshaking), o.client.opened(application), o.server.opened(application), o.client.openedEarly()}
	if o.psk != nil {
		r.PSK = o.psk.key
	}
	if r.Closed, r.Lacks = o.why(), o.unlogged(); r.Lacks != nil {
		r.LacksFor = o.clientRandom()
	}
	r.Lost = [2]bool{o.client.lost, o.server.lost}
	return r
}
