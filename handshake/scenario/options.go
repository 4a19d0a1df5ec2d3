// Package scenario is a whole lesson as one value. Options holds every switch;
// Run plays the lesson in this process, streams every party's events to a
// listener in one order, and returns a Transcript of what happened.
//
// It draws nothing (render does) and decides nothing about TLS (handshake does).
// The command's flags, a course's tests and a web page fill the same Options.
//
// Read options.go, then plan.go (which flows they lead to), then run.go. What every lesson is
// played on, randomness, clock and the pump, is package stage.
package scenario

import (
	"io"
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/mitm"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/handshake/tamper"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// Options are the switches of a lesson. The zero value is the lesson of LESSONS: RSA and
// ECDHE in TLS 1.2, then TLS 1.3, over the same chain, with the same cipher.
type Options struct {
	// Seed makes two runs byte-identical: it fixes every party's randomness, and
	// the clock at 2026-01-01T00:00:00Z. Empty: real randomness, real time.
	Seed string

	// Version is that of every flow; 0: what the other options lead to. A switch that one
	// version alone has, and Kx, ask for that version. Where nothing does there are TLS 1.2
	// and then 1.3, or TLS 1.2 alone with MITM and where the certificate's key cannot encrypt.
	Version iana.Version
	// Kx picks the flows of TLS 1.2, by the key exchange that their suites name; TLS 1.3's
	// name none. Nil runs those that Suites name, else RSA and ECDHE, RSA not with HTTP/2;
	// and ECDHE alone with MITM, with Resume, and where the certificate's key cannot encrypt.
	Kx     []iana.Kx
	Suites []*suite.Suite // what the client offers, and the server takes, of each flow's version and key exchange; nil: AES-128-GCM-SHA256
	Groups []kx.Group     // nil: kx.All(), of which TLS 1.2 takes what it can
	// Exchanges adds a student's own key exchanges to the three we ship, and wins
	// over one of the same Kx.
	Exchanges []kx.Exchange

	Server  string // the server's name; "www.lab.test"
	Request string // what the client sends; a GET of /
	Reply   string // what the server answers; a short page
	// ALPN is what both ends speak, best first, so the first is what they agree on. The
	// lesson itself speaks "http/1.1" and "h2", where Request and Reply are frames of HTTP/2;
	// for any other name set both. Nil: nothing is offered, and HTTP/1.1 is spoken.
	ALPN       []string
	ClientAuth bool // the server demands a client certificate, the client has one

	KeyAlg        string      // of the certificates, one of lesson.KeyAlgs; by the suite, else "rsa"
	Cert          lesson.Kind // a bad chain by badssl's name; "": a good one
	Staple        string      // "good", "revoked", "stale", "unknown"; "none": asked for, and not sent; "": not asked for
	UntrustedRoot bool        // the client's store lacks the root
	NoClientCert  bool        // with ClientAuth: the client has none (client-cert-missing)
	// VerifyChain replaces the client's verifier with a student's own. If it refuses, that is
	// never called intended, not even with a bad chain: else a verifier that refuses everything
	// would pass. To grade one, look at Outcome.Err, and play the good chain too. How its error
	// chooses the alert stands at handshake.Config.VerifyChain.
	VerifyChain func(handshake.ChainInput) (*pki.Report, error)

	EncryptThenMAC bool
	NoEMS          bool
	Compress       bool // DEFLATE

	// TLS 1.3's.
	HelloRetry      bool // the client sends no share at first, so the server asks for one
	Cookie          bool // the server sends the client back for a cookie
	KeyUpdate       bool // between request and reply both ends change their keys
	NoCompatibility bool // no session ID and ChangeCipherSpec for middleboxes to see
	GREASE          bool // the client adds reserved values (RFC 8701)
	Padding         int  // zeros that each protected record gets
	RecordSizeLimit int  // of both ends, in bytes (RFC 8449); 0: none
	// CertificateCompression is what both ends can do, best first; nil: none.
	CertificateCompression []*certcompress.Method

	Plain bool // first the same request over bare TCP

	// Resume plays four flows: a full handshake, one that resumes it, an attacker
	// who captured the session's ID or ticket, and one who stole its secret. With
	// ResumeEarly there is a fifth, in which the captured request is replayed.
	Resume Resume
	// PSK is a key that client and server of TLS 1.3 were given by other means: they
	// begin with it, and need no certificate.
	PSK *handshake.PSK
	// PSKOnly uses pre-shared keys, tickets' too, without a key exchange (psk_ke).
	PSKOnly bool
	// AllowNoDHE has both ends offer to use them so, and to use them with a key exchange
	// (psk_dhe_ke), which the server then prefers.
	AllowNoDHE bool

	MITM        bool         // an interceptor between client and server
	TrustMITM   bool         // its root is in the client's store
	StolenCA    bool         // it signs with the key of a CA that the client trusts already
	Passthrough bool         // it forwards the bytes as they are
	Rewrite     mitm.Rewrite // what it changes in what it relays

	ClickThrough bool // the user goes on where the client warns of a bad chain
	Pin          bool // the client pins the server's key

	// Tamper sits on the wire and is asked about every record of the lesson in turn;
	// nil passes all. A refusal is then intended.
	Tamper tamper.Script

	KeyLog io.Writer // the client's; NSS key log lines (RFC 9850)
	// BeforeMove, if not nil, is asked before each move of each endpoint; an
	// error ends the lesson with it.
	BeforeMove func(*handshake.Endpoint) error
	// Quiet leaves out every event.Secret.
	Quiet bool
}

// Resume says how a second connection resumes the first.
type Resume string

// The ways of TLS 1.2, and those of TLS 1.3.
const (
	NoResume       Resume = ""
	ResumeByID     Resume = "id"
	ResumeByTicket Resume = "ticket"
	ResumePSK      Resume = "psk"
	ResumeEarly    Resume = "0rtt" // as ResumePSK, with the request as early data
)

// tls13 reports whether it is TLS 1.3 that resumes in this way.
func (r Resume) tls13() bool { return r == ResumePSK || r == ResumeEarly }

func (o *Options) server() string {
	if o.Server == "" {
		return "www.lab.test"
	}
	return o.Server
}

// keyAlg is the kind of certificate that the suites need.
func (o *Options) keyAlg() string {
	if o.KeyAlg != "" {
		return o.KeyAlg
	}
	for _, s := range o.Suites {
		if s.Auth == iana.AuthECDSA {
			return "ecdsa"
		}
	}
	return "rsa"
}

// rsaKey reports whether the certificate's key is an RSA key, of either kind: both go with
// suites that name RSA, but only one can encrypt.
func (o *Options) rsaKey() bool { return o.keyAlg() == "rsa" || o.keyAlg() == "rsa-pss" }

// exchanges are the student's own exchanges, then ours.
func (o *Options) exchanges() []kx.Exchange {
	return append(slices.Clone(o.Exchanges), kx.Exchanges()...)
}

// refusalIntended reports whether the options ask for a refusal.
func (o *Options) refusalIntended() bool {
	clicks := func(r reason.Reason) bool { return o.ClickThrough && slices.Contains(clickable, r) }
	// What a must-staple certificate promises comes, or is not asked for: the box asks for
	// no status, and forges no promise.
	kept := o.Cert == lesson.MustStaple && (o.Staple == "good" || o.intercepts())
	if o.Cert != "" && o.Cert.Expect() != reason.None && !kept && (o.intercepts() || !clicks(o.Cert.Expect())) {
		return true // the box, too, refuses a bad server, and has no user to ask
	}
	return o.UntrustedRoot && !clicks(reason.CertificateUntrusted) || o.Staple == "revoked" || o.Staple == "stale" ||
		o.Staple == "unknown" || o.NoClientCert || o.Tamper != nil ||
		o.intercepts() && (o.Pin || o.ClientAuth || !o.TrustMITM && !o.StolenCA && !o.ClickThrough)
}

// intercepts reports whether there is an interceptor that ends the client's connection.
func (o *Options) intercepts() bool { return o.MITM && !o.Passthrough }
