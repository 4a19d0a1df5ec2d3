package handshake

import (
	"crypto/rand"
	"io"
	"slices"
	"sync"
	"time"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// Config says what an endpoint can do and wants. It must not be changed once an
// endpoint uses it, and then any number may share it: where they run concurrently,
// Rand, Listener and Sessions must be safe for that. The zero value of a field
// means the default named beside it. A nil *Config is one with no field set.
//
// A Config that cannot work is refused with a *reason.Error, reason.Misuse, whose Field
// says what is to be set: "config.server_name".
type Config struct {
	Rand io.Reader        // all randomness comes from here; crypto/rand
	Time func() time.Time // time.Now

	// MinVersion and MaxVersion bound what is spoken: TLS 1.2 and TLS 1.3. Where both
	// are and TLS 1.2 is what it comes to, a server sends, and a client demands the
	// absence of, the downgrade sentinel (RFC 9846 §4.2.3).
	MinVersion, MaxVersion iana.Version

	Suites []*suite.Suite // of both versions, in order of preference; suite.Defaults()
	// SuiteOrder is by whose order a server takes a suite: its own, or the client's.
	SuiteOrder SuiteOrder
	Groups     []kx.Group    // in order of preference; kx.All(), of which TLS 1.2 takes what it can
	Exchanges  []kx.Exchange // of TLS 1.2; kx.Exchanges(): ECDHE, DHE, RSA
	// Schemes are what is accepted of the peer, and what our certificates' keys sign with if the
	// Certificate does not say it, in order of preference; sig.Defaults().
	Schemes []*sig.Scheme
	// CertificateSchemes are for the signatures inside certificates, where those shall
	// differ from Schemes (signature_algorithms_cert). The peer is told; that it heeds
	// them is not enforced.
	CertificateSchemes []*sig.Scheme
	// KeyShares are the groups for which a client sends a share at once, those of
	// Groups. Nil: X25519MLKEM768 and X25519 if they are there, else the first of Groups.
	// Empty but not nil: none, which asks for a HelloRetryRequest.
	KeyShares []iana.Group

	// Certificates are what this end can show; the first that fits is taken.
	Certificates []Certificate
	// ClientCertificate, at a client, is asked in the place of Certificates what to show a server
	// that requests a certificate; nil shows none. What it gives must sign by one of the
	// request's Schemes; whether the server Takes it is for the function to ask. It is asked once
	// the server has proved who it is. The endpoint waits for it, and must not be used by
	// it; nor must the Conn of package tls. Its error ends the handshake as our own fault. What it would say at another time nobody knows, so
	// sessions from handshakes in which it was asked are not resumed.
	ClientCertificate func(*CertificateRequest) (*Certificate, error)
	// Roots are the trust anchors: for servers' certificates at a client, for
	// clients' at a server. Nil trusts nobody.
	Roots *pki.TrustStore
	// ServerName is whom a client wants to reach: sent as server_name unless it
	// is an IP address, and demanded of the certificate. A client must set it, unless
	// VerifyChain judges in its place or Weak.SkipVerify lets everybody pass.
	// Labels beyond ASCII stand in it as A-labels: package idn makes them.
	ServerName string
	// VerifyChain decides about the peer's chain in place of pki.Verify. The Report may be
	// nil. A Report that is not OK, without an error, is told as a failed check that
	// somebody overrode. The engine checks by itself, in any case, that the leaf's keyUsage
	// allows what TLS has its key do.
	//
	// An error refuses the peer, and its reason is what the peer gets an alert for (RFC 9846
	// §6.2): that of the *reason.Error that it is or wraps; of crypto/x509's errors that of
	// the same fault (UnknownAuthorityError is certificate_untrusted and unknown_ca,
	// CertificateInvalidError with Expired certificate_expired, HostnameError
	// certificate_wrong_name and bad_certificate); of any other certificate_policy and
	// certificate_unknown. So reason.Wrap(reason.CertificateRevoked, "", "certificate", err)
	// chooses the alert certificate_revoked, and reason.AccessDenied is for who is known
	// and not let in.
	VerifyChain func(ChainInput) (*pki.Report, error)
	// VerifyConnection has the last word on every connection, resumed ones too and those in which
	// nobody showed a certificate. It is asked when the peer's Finished was right, so that all that
	// the Summary says is what both ends agreed on, and before a session of it is kept. Before it
	// is asked no data is sent by Write, but by a server that has taken early data, which may
	// answer that at once; and of early data some may have been read. (FalseStart does nothing
	// where there is a VerifyConnection. A server of TLS 1.2 that renews the ticket of a session
	// sends the new one before, for a session that it had let pass.) Its error refuses the peer,
	// with a reason and an alert as VerifyChain's.
	VerifyConnection func(*Summary) error
	ClientAuth       ClientAuth
	// ForClient, at a server, may give a connection a Config of its own after
	// its ClientHello was read, such as one with a forged certificate.
	ForClient func(*message.ClientHello) (*Config, error)

	ALPN []string // in order of preference; none

	Sessions session.Store       // kept sessions, of servers by ID, of clients by ServerName; nil: a client resumes nothing, a server by Tickets alone
	Tickets  *session.TicketKeys // at a server: seal sessions into tickets; nil issues none
	// NoTickets keeps a client from asking for a ticket.
	NoTickets       bool
	SessionLifetime time.Duration // session.DefaultLifetime

	EncryptThenMAC    bool                   // offer or accept RFC 7366
	MaxFragmentLength iana.MaxFragmentLength // what a client asks for (RFC 6066 §4); 0 nothing
	Stapling          bool                   // a client asks for an OCSP response
	// CertificateTimestamps makes a client ask for proofs that the certificate was logged (RFC 6962
	// §3.3.1). They are kept in the Summary, and nobody here judges them.
	CertificateTimestamps bool
	// SendCertificateAuthorities makes a client name its Roots (RFC 9846 §4.3.4).
	SendCertificateAuthorities bool
	// CertificateCompression lists what certificates may be compressed with, best first:
	// it is offered to the peer, and used towards one that offers it (RFC 8879). None.
	// There are certcompress.Zlib, and in packages below that one brotli.Method and
	// zstd.Method.
	CertificateCompression []*certcompress.Method
	// RecordSizeLimit is the most plaintext, in bytes, that this end takes in a protected
	// record; in TLS 1.3 content type and padding count (RFC 8449). From 64 to 16385, in TLS 1.2
	// 16384 at most; 0 does not say.
	RecordSizeLimit int
	// MaxSendFragment is the most content, in bytes, that this end puts into a record, of the
	// handshake too: small records reach a slow peer's application sooner. From 64; 0 is 16384,
	// or what the peer asks for, which bounds it in any case.
	MaxSendFragment int
	// MaxMessage is the longest handshake message, in bytes without its header, that is taken
	// from the peer, and the longest chain that a compressed one may unpack to. From 4096; 0 is
	// 262140.
	MaxMessage int
	// Padding says how many zeros to add to a TLS 1.3 record of so many content bytes. None.
	Padding func(content int) int
	// RetryWithCookie makes a TLS 1.3 server send every client back for a cookie.
	RetryWithCookie bool
	// NoCompatibilityMode keeps a TLS 1.3 client from looking like a resumed TLS 1.2
	// handshake (RFC 9846 §E.4).
	NoCompatibilityMode bool
	// PSKs are keys that both ends were given by other means: a client offers them, a server
	// looks identities up here (RFC 9846 §2.2), the first five that a client offers.
	PSKs []PSK
	// PSKModes are the ways in which this end uses pre-shared keys, tickets' included; nil
	// is psk_dhe_ke alone: with psk_ke a key that leaks opens what was recorded.
	PSKModes []iana.PSKKeyExchangeMode
	// EarlyData makes a client offer early data, where it has a ticket that allows some:
	// Endpoint.WriteEarly sends it. It can be replayed.
	EarlyData bool
	// MaxEarlyData is how many bytes of early data a server's tickets allow from now on; one
	// that is out allows what it said. 0: no early data is taken.
	MaxEarlyData uint32
	// AcceptEarlyData decides about each flight of early data that has passed all other
	// checks. It returns the reason to refuse it, or "" to take it. It must also judge
	// whether the ClientHello is fresh (RFC 9846 §4.3.10). Nil takes every flight whose age
	// is within 10 s of the age that it claims, replayed ones too.
	AcceptEarlyData func(EarlyDataInput) event.Why
	// SingleUse makes a server take each of its tickets once: what was used is marked here
	// until it would have expired (RFC 9846 §8.1). A ticket that was used before, or is from
	// a time of which the store knows nothing, leads to a full handshake; so does a store
	// that fails. Nil: tickets may be used again and again.
	SingleUse session.Store
	// FalseStart lets a client write behind its Finished in a full handshake of TLS 1.2, if
	// the exchange is ECDHE and the cipher an AEAD (RFC 7918). It saves a round trip; until
	// Done nothing shows that the hellos arrived as they were sent.
	FalseStart bool
	// SeparateRecords gives each handshake message of TLS 1.3 a record of its own, as TLS
	// 1.2's have. Without it the messages of a flight share one.
	SeparateRecords bool
	// SessionTickets is how many NewSessionTickets a TLS 1.3 server with Tickets sends; 0
	// is 2.
	SessionTickets int

	Fallback    bool      // a client marks a retry at a lower version (RFC 7507)
	GREASE      bool      // a client adds reserved values (RFC 8701)
	KeyLog      io.Writer // NSS key log lines (RFC 9850)
	Listener    event.Listener
	ShowSecrets bool // also emit every event.Secret. It is a leak anywhere but in a lesson
	Party       string
	Conn        int // Meta.Conn of the events

	Weak Weak

	// For tests: edit may change every message before it is marshalled, and before its
	// binders are made; openTicket takes the place of Tickets where those of somebody else
	// are to be opened.
	edit       func(message.Message)
	openTicket func(ticket []byte) (*session.Session, error)
}

// Weak names the defences that a lesson may switch off, one by one. Everything
// here is unsafe.
type Weak struct {
	// NULL lets suites be used that hide nothing: TLS 1.2's NULL, and those of RFC 9150.
	// They must also be in Suites.
	NULL bool
	// Compression offers and accepts DEFLATE, which leaks plaintext by length (CRIME).
	Compression bool
	// NoExtendedMasterSecret derives the textbook's master secret, from the
	// premaster and the two randoms, which is open to the triple handshake.
	NoExtendedMasterSecret bool
	// RevealPadding lets a server tell a bad RSA padding from a bad Finished:
	// Bleichenbacher's oracle.
	RevealPadding bool
	// SkipVerify believes any certificate; signatures in the handshake are
	// checked all the same, and that keyUsage allows them. The chain is still reported on, if
	// Roots are given.
	SkipVerify bool
}

// ClientAuth is what a server asks of a client's certificate.
type ClientAuth uint8

// The policies.
const (
	NoClientCert      ClientAuth = iota // do not ask
	RequestClientCert                   // ask; verify what comes; go on without
	RequireClientCert                   // ask; refuse without
)

func (c *Config) rand() io.Reader {
	if c.Rand == nil {
		return rand.Reader
	}
	return c.Rand
}

func (c *Config) now() time.Time {
	if c.Time == nil {
		return time.Now()
	}
	return c.Time()
}

func (c *Config) maxVersion() iana.Version {
	if c.MaxVersion == 0 {
		return iana.TLS13
	}
	return c.MaxVersion
}

func (c *Config) minVersion() iana.Version {
	if c.MinVersion == 0 {
		return iana.TLS12
	}
	return c.MinVersion
}

// versions lists what may be negotiated, best first.
func (c *Config) versions() []iana.Version {
	var v []iana.Version
	for _, x := range []iana.Version{iana.TLS13, iana.TLS12} {
		if c.speaks(x) {
			v = append(v, x)
		}
	}
	return v
}

// speaks reports whether v may be negotiated: it lies in the bounds, and there is a suite
// for it. A Config whose Suites are all TLS 1.2's does not offer TLS 1.3.
func (c *Config) speaks(v iana.Version) bool {
	for _, s := range c.suites() {
		if s.Version == v && c.usable(s) {
			return true
		}
	}
	return false
}

// The defaults, made once: the packages that list them hand out copies.
var (
	defaultSuites    = sync.OnceValue(suite.Defaults)
	defaultGroups    = sync.OnceValue(kx.All)
	defaultExchanges = sync.OnceValue(kx.Exchanges)
	defaultSchemes   = sync.OnceValue(sig.Defaults)
)

func (c *Config) suites() []*suite.Suite {
	if c.Suites == nil {
		return defaultSuites()
	}
	return c.Suites
}

func (c *Config) groups() []kx.Group {
	if c.Groups == nil {
		return defaultGroups()
	}
	return c.Groups
}

func (c *Config) exchanges() []kx.Exchange {
	if c.Exchanges == nil {
		return defaultExchanges()
	}
	return c.Exchanges
}

// group finds one of our groups, or nil.
func (c *Config) group(id iana.Group) kx.Group {
	for _, g := range c.groups() {
		if g.ID() == id {
			return g
		}
	}
	return nil
}

// keyShares lists the groups that a client sends a share for at once. A hybrid and a
// curve: whoever has the one has no need of the other, but most have one of the two.
func (c *Config) keyShares() []kx.Group {
	var shares []kx.Group
	if c.KeyShares != nil {
		for _, g := range c.groups() { // in this order, and each once (RFC 9846 §4.3.8)
			if slices.Contains(c.KeyShares, g.ID()) {
				shares = append(shares, g)
			}
		}
		return shares
	}
	for _, g := range c.groups() {
		if id := g.ID(); id == iana.X25519MLKEM768 || id == iana.X25519 {
			shares = append(shares, g)
		}
	}
	if len(shares) == 0 && len(c.groups()) > 0 {
		return c.groups()[:1]
	}
	return shares
}

func (c *Config) schemes() []*sig.Scheme {
	if c.Schemes == nil {
		return defaultSchemes()
	}
	return c.Schemes
}

func (c *Config) pskModes() []iana.PSKKeyExchangeMode {
	if c.PSKModes == nil {
		return []iana.PSKKeyExchangeMode{iana.PSKWithDHE}
	}
	return c.PSKModes
}

func (c *Config) sessionTickets() int {
	if c.SessionTickets == 0 {
		return 2
	}
	return c.SessionTickets
}

func (c *Config) sessionLifetime() time.Duration {
	if c.SessionLifetime == 0 {
		return session.DefaultLifetime
	}
	return c.SessionLifetime
}

// exchange finds how a suite's keys are agreed, or nil.
func (c *Config) exchange(k iana.Kx) kx.Exchange {
	for _, x := range c.exchanges() {
		if x.Kx() == k {
			return x
		}
	}
	return nil
}

// usable reports whether a suite may be offered or chosen under this Config.
func (c *Config) usable(s *suite.Suite) bool {
	return c.minVersion() <= s.Version && s.Version <= c.maxVersion() && (!s.Weak || c.Weak.NULL) &&
		(s.Version == iana.TLS13 || c.exchange(s.Kx) != nil)
}

func (c *Config) scheme(id iana.SignatureScheme) *sig.Scheme {
	for _, s := range c.schemes() {
		if s.ID == id {
			return s
		}
	}
	return nil
}
