package explain

import (
	"crypto/x509"
	"net/netip"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// A Connection is the account of one connection over TCP, or of QUIC over UDP.
type Connection struct {
	Number         int // from 1, by the first packet
	Client, Server netip.AddrPort
	Began, Ended   time.Time
	Packet         int      // its first
	Midway         bool     // the file lacks its beginning
	Bytes          [2]int64 // by the client, by the server; of TCP, or in datagrams
	Missing        [2]int64 // that are not in the file
	Differing      [2]int   // that were sent again as others

	TLS     bool    // also that of QUIC
	QUIC    *QUIC   // nil over TCP
	Carrier Carrier // what TLS was carried in
	Target  string  // where to, as was said there, or which protocol; a peer's words
	Before  [2]int  // bytes of each end before TLS

	Random     []byte         // the ClientHello's: what a line of a key log is found by
	ServerName string         // asked for, its first 255 bytes; "" if none was. A peer's words.
	Offered    []string       // of ALPN, the first 16; a peer's words
	Versions   []iana.Version // that the client offered, the first 32
	ALPN       string         // chosen, as far as it could be read
	Version    iana.Version
	Suite      iana.CipherSuite
	Group      event.Group // of an exchange of (EC)DH or a KEM; its ID is 0 if there is none
	Resumed    bool
	Session    int   // the number of the connection that this one resumes, if the file has it; else 0
	Retried    bool  // by HelloRetryRequest
	Early      bool  // 0-RTT data was offered
	EarlyTaken Taken // whether the server took it
	Asked      bool  // for a client's certificate, as far as it could be read

	Chain    []*x509.Certificate // the server's, as far as it could be read
	Unparsed error               // why Chain could not be
	Verdict  *pki.Report         // of Chain, by Options.Roots at the packets' time; nil if it was not judged

	Outcome Outcome
	Read    Reading

	Parts     []There    // what there is to read, by whoever could; of Options.Onlookers
	Onlookers []Onlooker // who can, in the order of OnlookerParties
}

// Taken is whether a server took the 0-RTT data that a client offered. It is a stable key.
type Taken string

// What can be known of that.
const (
	EarlyTaken   Taken = "taken"
	EarlyRefused Taken = "refused" // it passed over it
	EarlyHidden  Taken = "hidden"  // what says so is encrypted
)

// Takens lists every Taken.
func Takens() []Taken { return []Taken{EarlyTaken, EarlyRefused, EarlyHidden} }

// progress is how far a handshake went, as far as can be told.
type progress struct {
	behind      int    // records of data behind such a one: what is in them is encrypted
	sealedShake [2]int // TLS 1.2: closed records of type handshake
	sealed      [2]int // TLS 1.3: closed or opened records that are protected, from the ServerHello on
	answered    int    // of the server's, those since the client's first
	shorts      int    // of the client's, those
	unread      int    // of the client's, those that stayed closed
	offered     []mark // what the client would resume, until the server answers
	alert       *event.Alert
	alertBy     int
	refused     *event.Check
	lastBy      int // who spoke last

	shut   closing
	shutBy int
	shutAt Phase

	// Flags, in one place: there are thousands of these.
	hello, serverHello, done bool    // ClientHello, ServerHello, ServerHelloDone
	shared                   bool    // the ServerHello has a key share
	unreadable               [2]bool // whose hello was there, and could not be read
	finished                 [2]bool
	short                    [2]bool // the last of them was as long as an alert
	firstShort               bool    // the client's first was
	bade                     bool    // behind its last flight the client said something as short, or FIN, before the server said anything
	data                     [2]bool // there were records of application data, opened or TLS 1.2's
	shows                    bool    // the client showed a certificate
	bound                    bool    // it offered a pre-shared key, or a ticket
	leaves                   [2]bool // it said close_notify before the other did
	sealedAlert              [2]bool // TLS 1.2: a closed record of type alert
	warned                   bool    // the alert is a warning
	settled                  bool    // both Finished were read: what is said of a handshake now is said of another
	goesFurther              bool    // the client said more of a handshake then
	blank                    bool    // it showed a Certificate with none
	keyed                    bool    // it offered a pre-shared key that is no ticket
	again
}

func (p *progress) spoke(by int) { p.lastBy = by }

// note takes from the observer's events what the account has of them.
func (s *stream) note(e event.Event) {
	by := side(e.Head().Party == event.Server.String())
	switch e := e.(type) {
	case *event.Record:
		s.record(by, e)
	case *event.Message:
		s.message(by, e)
	case *event.Data:
		s.data[by] = true
	case *event.Alert:
		s.alerted(by, e)
	case *event.Check:
		if !e.OK && s.refused == nil {
			s.refused = e
		}
	}
}

func (s *stream) record(by int, e *event.Record) {
	if !e.Protected {
		if e.Type == iana.ApplicationData {
			s.behind++
		}
		return
	}
	is13 := s.c.Version == iana.TLS13
	if !is13 {
		s.goneBy(by, e.Type, e.Payload == nil)
	}
	if !is13 && e.Payload == nil {
		switch e.Type {
		case iana.Handshake:
			s.sealedShake[by]++
		case iana.Alert:
			s.sealedAlert[by] = true
		}
	}
	s.data[by] = s.data[by] || !is13 && e.Type == iana.ApplicationData
	if is13 && s.serverHello {
		short := s.shortAs(len(e.Wire))
		if by == client && s.sealed[client] == 0 {
			s.firstShort = short
		}
		if by == server && s.sealed[client] > 0 {
			if s.answered++; s.answered == 1 {
				s.bade = s.shorts > 0 || s.shut != "" && s.shutBy == client
			}
		}
		if by == client && e.Payload == nil {
			s.unread++
		}
		s.sealed[by]++
		if s.short[by] = short; short && by == client {
			s.shorts++
		}
	}
}

// shortAs reports whether a record of TLS 1.3 is as long as one with an alert and no padding: two
// bytes, the type, the tag (RFC 9846 §5.2, §6). No message of a handshake is as short.
func (s *stream) shortAs(n int) bool {
	su := suite.ByID(s.c.Suite)
	return su != nil && n == 5+2+1+su.Cipher.TagLen
}

func (s *stream) message(by int, e *event.Message) {
	s.goesOn(by)
	if s.settled {
		s.goesFurther = s.goesFurther || by == client
		s.shakes[by] = s.c.Version != iana.TLS13
	}
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		if by == client && (!s.hello || s.c.Retried) { // else it is a renegotiation
			s.hello = true
			s.c.asks(m)
			s.resumption(m)
		}
	case *message.ServerHello:
		if !s.settled {
			s.serverHelloed(e, m)
		}
	case *message.EncryptedExtensions:
		s.protocol(&m.Extensions)
		if s.c.EarlyTaken == EarlyHidden {
			if s.c.EarlyTaken = EarlyRefused; m.Extensions.Find(iana.ExtEarlyData) != nil {
				s.c.EarlyTaken = EarlyTaken
			}
		}
	case *message.Certificate12:
		if by == server {
			s.certified(m.Certificates)
		} else {
			s.showed(len(m.Certificates))
		}
	case *message.Certificate13:
		if by == server {
			var chain [][]byte
			for _, c := range m.Entries {
				chain = append(chain, c.Cert)
			}
			s.certified(chain)
		} else {
			s.showed(len(m.Entries))
		}
	case *message.CompressedCertificate:
		if plain := s.decompress(m); plain != nil {
			s.message(by, &event.Message{Kind: message.KindCertificate, Msg: plain})
		}
	case *message.NewSessionTicket12:
		s.began(m.Ticket)
	case *message.NewSessionTicket13:
		s.began(m.Ticket)
	case *message.ServerHelloDone:
		s.done = true
	}
	switch e.Kind {
	case message.KindClientHello:
		s.unreadable[by] = s.unreadable[by] || by == client && !s.hello
	case message.KindServerHello:
		s.unreadable[by] = s.unreadable[by] || by == server && !s.serverHello
	case message.KindFinished:
		if s.finished[by] = true; s.finished[1-by] && !s.settled {
			s.settled, s.c.Resumed = true, s.ob.Report().Resumed
		}
	case message.KindCertificateRequest:
		s.c.Asked = true
	}
	if e.Group.ID != 0 && !s.settled {
		s.c.Group = e.Group
	}
}

// showed: the client's Certificate has come, with n of them.
func (s *stream) showed(n int) { s.shows, s.blank = n > 0, n == 0 }

// close ends the account.
func (c *Connection) close(s *stream, r observe.Report) {
	if !s.settled {
		c.Resumed = r.Resumed
	}
	if !c.Resumed {
		c.Session = 0
	}
	c.Outcome = s.outcome(&r)
	read := Reading{Handshake: r.ReadHandshake, Data: r.ReadData, Sealed: r.Sealed, Closed: r.Closed, Trouble: r.Err}
	read.Cut = s.lost != [2]bool{}
	if r.Lacks != nil {
		read.Lacks = &Lines{r.LacksFor, r.Lacks}
	}
	opened := r.ReadHandshake || r.ReadData
	read.Computed = opened && r.PreMaster != nil
	if f, ok := s.r.all.began(c.Number, &r); ok && opened && !s.r.logged.Has(c.Random) {
		read.Session, read.Computed = f.conn, f.computed
	}
	read.Given = opened && !read.Computed
	logged := s.r.logged
	read.LogLacks = logged.Len() > 0 && !logged.Has(c.Random)
	if s.garbledHello() >= 0 && s.behind > 0 && read.Sealed == 0 {
		read.Sealed, read.Closed = s.behind, Unreadable
	}
	read.Needs = s.needs(&r, read.Cut, opened)
	c.Read = read
	c.Read.Closed = c.closed(&read)
	if s.chain != nil {
		c.Chain, c.Unparsed = s.chain.parsed()
	}
}
