package explain

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/certcompress"
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

// Reading is how much of a connection opened.
type Reading struct {
	Handshake, Data bool // something encrypted of them
	Initial         bool // Initial packets of QUIC, which open to anybody
	Hello           bool // and they made a whole ClientHello
	Given           bool // by a key log, or a PSK: what an end gave away
	Computed        bool // by the server's key: what a thief could compute
	Session         int  // of the connection with whose secret this one was read, which resumes it; 0: with keys of this one
	Sealed          int  // records that stayed closed; of QUIC, packets
	Cut             bool // bytes are missing, and nothing was looked at behind them
	Closed          observe.Why
	Lacks           *Lines // of a key log, that would open the rest; nil if none would
	LogLacks        bool   // there are key logs, and none has this connection
	Needs           []Need
	Trouble         error // of the observer: why it could not follow, or its keys do not fit
}

// Why something stays closed, beside what an observer knows of it.
const (
	// OtherLines: there are keys, and none has this connection's client random.
	OtherLines observe.Why = "log_lacks"
	// SessionElsewhere: it resumes a session that did not begin in this file.
	SessionElsewhere observe.Why = "session_elsewhere"
	// SessionClosed: it resumes a session that began in this file, and stays closed there too.
	SessionClosed observe.Why = "session_closed"
	// Incomplete: bytes are missing from the recording, and behind them nothing can be opened.
	Incomplete observe.Why = "incomplete"
	// Unreadable: a hello is there, and cannot be read.
	Unreadable observe.Why = "unreadable"
	// Headless: the file lacks its beginning, with a hello, or both, from which keys are found and made.
	Headless observe.Why = "headless"
)

// Whys lists every reason that Reading.Closed can have.
func Whys() []observe.Why {
	return append(observe.Whys(), OtherLines, SessionElsewhere, SessionClosed, Incomplete, Unreadable, Headless)
}

// Lines are lines of a key log (RFC 9850).
type Lines struct {
	Random []byte // the client's
	Labels []string
}

// Names are the labels; none of nil.
func (l *Lines) Names() []string {
	if l == nil {
		return nil
	}
	return l.Labels
}

// Need is what would open what stayed closed. It is a stable key.
type Need string

// What can be needed.
const (
	NeedKeyLog    Need = "key_log"    // with a line of this client random
	NeedServerKey Need = "server_key" // of the certificate, RSA: the key exchange is made with it
	NeedPSK       Need = "psk"        // of TLS 1.3, which used it alone: the keys are made of nothing else
	NeedSession   Need = "session"    // the recording in which the session began, and what opens that
	NeedSuite     Need = "suite"      // somebody who knows this cipher suite
	NeedWhole     Need = "whole"      // a recording that lacks nothing
	NeedEnd       Need = "end"        // keys of an end of QUIC, and a tool that opens its packets with them: this one does not
)

// Needs lists every Need.
func Needs() []Need {
	return []Need{NeedKeyLog, NeedServerKey, NeedPSK, NeedSession, NeedSuite, NeedWhole, NeedEnd}
}

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
		// What an end says to one that has gone is no refusal: OpenSSL says decode_error there.
		gone := s.shut != "" && s.shutBy != by
		s.leaves[by] = s.leaves[by] || e.Description == iana.CloseNotify && !s.leaves[1-by]
		if !gone && (s.alert == nil || s.alert.Description == iana.CloseNotify) {
			s.alert, s.alertBy = e, by
		}
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
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		if by == client && (!s.hello || s.c.Retried) { // else it is a renegotiation
			s.hello = true
			s.c.asks(m)
			s.resumption(m)
		}
	case *message.ServerHello:
		s.serverHelloed(e, m)
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
			s.shows = len(m.Certificates) > 0
		}
	case *message.Certificate13:
		if by == server {
			var chain [][]byte
			for _, c := range m.Entries {
				chain = append(chain, c.Cert)
			}
			s.certified(chain)
		} else {
			s.shows = len(m.Entries) > 0
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
		s.finished[by] = true
	case message.KindCertificateRequest:
		s.c.Asked = true
	}
	if e.Group.ID != 0 {
		s.c.Group = e.Group
	}
}

// maxCertificate is how long a Certificate may become; endpoints take no longer one.
const maxCertificate = 1 << 18

// decompress is what was compressed, if that is known here; nil if not.
func (s *stream) decompress(m *message.CompressedCertificate) message.Message {
	method := certcompress.Find(append(slices.Clone(s.r.o.Compressions), certcompress.Zlib), m.Algorithm)
	if method == nil || m.Length > maxCertificate {
		return nil
	}
	body, err := method.Decompress(m.Compressed, int(m.Length))
	if err != nil {
		return nil
	}
	raw := append([]byte{byte(iana.Certificate), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	plain, err := message.Parse(message.Context{Version: iana.TLS13, FromServer: true}, raw, nil)
	if err != nil {
		return nil
	}
	return plain
}

// asks notes what the client wants.
func (c *Connection) asks(m *message.ClientHello) {
	c.Random = bytes.Clone(m.Random[:])
	if x, ok := message.Get[*message.ServerName](&m.Extensions); ok {
		c.ServerName = kept(x.Name)
	}
	if x, ok := message.Get[*message.ALPN](&m.Extensions); ok {
		c.Offered = nil
		for _, p := range x.Protocols[:min(len(x.Protocols), maxOffered)] {
			c.Offered = append(c.Offered, strings.Clone(p))
		}
	}
	if c.Early = c.Early || m.Extensions.Find(iana.ExtEarlyData) != nil; c.Early {
		c.EarlyTaken = EarlyHidden
	}
	c.Versions = []iana.Version{m.Version}
	if x, ok := message.Get[*message.SupportedVersions](&m.Extensions); ok {
		c.Versions = slices.DeleteFunc(slices.Clone(x.Versions), func(v iana.Version) bool { return iana.IsGREASE(uint16(v)) })
		if len(c.Versions) > maxVersions {
			c.Versions = slices.Clone(c.Versions[:maxVersions])
		}
	}
}

// What is kept of a peer's words and lists: more than any has that is meant.
const (
	maxName     = 255 // of a name, as DNS has it (RFC 1035 §2.3.4)
	maxOffered  = 16
	maxVersions = 32
	maxReason   = 256
	maxResumed  = 64 // sessions that a client would resume
)

// kept is as much of a name as is kept.
func kept(name string) string { return strings.Clone(name[:min(len(name), maxName)]) }

// resumption notes what the client would resume.
func (s *stream) resumption(m *message.ClientHello) {
	s.offered = nil
	if x, ok := message.Get[*message.SessionTicket](&m.Extensions); ok && len(x.Ticket) > 0 {
		s.offered = append(s.offered, markOf(x.Ticket))
	}
	if x, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions); ok {
		for _, id := range x.Identities[:min(len(x.Identities), maxResumed)] {
			s.offered = append(s.offered, markOf(id.Identity))
		}
	}
	s.bound = len(s.offered) > 0
	if len(m.SessionID) > 0 {
		s.offered = append(s.offered, markOf(m.SessionID))
	}
}

// mark is what a session can be resumed with, in short.
type mark uint64

func markOf(b []byte) mark {
	sum := sha256.Sum256(b)
	return mark(binary.BigEndian.Uint64(sum[:]))
}

// resumes looks which connection began what the client would resume.
func (s *stream) resumes() {
	for _, m := range s.offered {
		if n := int(s.r.marks[m]); n != 0 && n != s.c.Number {
			s.c.Session = n
			break
		}
	}
}

// began remembers with what this connection's session can be resumed.
func (s *stream) began(b []byte) {
	m := markOf(b)
	if len(b) == 0 || slices.Contains(s.offered, m) { // an echo
		return
	}
	if s.r.marks == nil || len(s.r.marks) >= maxMarks {
		s.r.marks = map[mark]int32{}
	}
	s.r.marks[m] = int32(s.c.Number)
}

func (s *stream) serverHelloed(e *event.Message, m *message.ServerHello) {
	s.c.answers(m)
	if e.Kind == message.KindServerHello {
		s.serverHello, s.shared = true, m.Extensions.Find(iana.ExtKeyShare) != nil
		if c := s.c; c.Early && (c.Version != iana.TLS13 || c.Retried || m.Extensions.Find(iana.ExtPreSharedKey) == nil) {
			c.EarlyTaken = EarlyRefused // it can only be taken with the key under which it was sent (RFC 9846 §4.3.10)
		}
		if s.resumes(); s.c.Version != iana.TLS13 {
			s.began(m.SessionID)
		}
		s.offered = nil
		s.protocol(&m.Extensions)
	}
}

// answers notes what the server chose.
func (c *Connection) answers(m *message.ServerHello) {
	c.Version = m.Version
	if x, ok := message.Get[*message.SelectedVersion](&m.Extensions); ok {
		c.Version = x.Version
	}
	c.Suite = m.CipherSuite
	if m.Kind() == message.KindHelloRetryRequest {
		c.Retried, c.Version = true, iana.TLS13
	}
}

func (s *stream) protocol(x *message.Extensions) {
	if p, ok := message.Get[*message.ALPN](x); ok && len(p.Protocols) == 1 {
		s.c.ALPN = p.Protocols[0]
	}
}

// certified keeps the server's certificates.
func (s *stream) certified(der [][]byte) {
	if s.chain == nil {
		s.chain = s.r.chains.of(der)
		s.r.held += s.chain.join()
	}
}

// close ends the account.
func (c *Connection) close(s *stream, r observe.Report) {
	c.Resumed = r.Resumed
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

// closed is why something stayed closed, with what the file tells beside.
func (c *Connection) closed(r *Reading) observe.Why {
	blind := r.Closed == observe.NoKeys || r.Closed == observe.KeyOnlySigns || r.Closed == observe.EarlierSession
	switch {
	case r.Cut && (r.Closed == "" || r.Closed == observe.SomeKeysMissing || r.Closed == observe.DidNotOpen):
		return Incomplete
	case blind && c.Resumed && c.Version != iana.TLS13 && c.Session != 0:
		return SessionClosed
	case blind && c.Resumed && c.Version != iana.TLS13:
		return SessionElsewhere
	case blind && r.LogLacks && r.Closed != observe.EarlierSession:
		return OtherLines
	}
	return r.Closed
}

// needs is what would open the rest. Where bytes are missing, it may be that none of what is there is known to be
// encrypted: what opens the rest in a recording that lacks nothing is needed then too, if there was nothing to open it with.
func (s *stream) needs(r *observe.Report, lost, opened bool) (out []Need) {
	c := s.c
	if lost {
		out = append(out, NeedWhole)
	}
	switch {
	case r.Closed == "" && (!lost || opened || !s.keyless()):
		return out
	case r.Closed == observe.UnknownSuite, r.Closed == observe.OldVersion:
		return append(out, NeedSuite)
	}
	su := suite.ByID(c.Suite)
	switch {
	case c.Version == iana.TLS13 && s.serverHello && c.Resumed && !s.shared:
		out = append(out, NeedPSK)
	case c.Version == iana.TLS13 || su == nil || su.Kx != iana.KxRSA:
	case c.Resumed:
		out = append(out, NeedSession)
	default:
		out = append(out, NeedServerKey)
	}
	return append(out, NeedKeyLog)
}

// keyless reports whether no key was given that may be this connection's.
func (s *stream) keyless() bool {
	k := &s.r.o.Keys
	known := s.r.logged.Has(s.c.Random) || s.c.Random == nil && s.r.logged.Len() > 0
	return !known && k.RSA == nil && len(k.PSKs) == 0
}

// judge has the chain verified as a client would have done, at the packets' time.
func (c *Connection) judge(roots *pki.TrustStore, known *pki.SignatureCache) {
	if roots == nil || len(c.Chain) == 0 || c.Unparsed != nil || c.Verdict != nil {
		return
	}
	c.Verdict, _ = pki.Verify(c.Chain, pki.VerifyOptions{Roots: roots, ServerName: c.ServerName, Time: c.Began, Version: c.Version, Signatures: known})
}
