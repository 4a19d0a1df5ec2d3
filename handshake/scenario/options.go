// Package scenario is a whole lesson as one value. Options holds every switch;
// Run plays the lesson in this process, streams every party's events to a
// listener in one order, and returns a Transcript of what happened.
//
// It draws nothing (render does) and decides nothing about TLS (handshake does).
// The command's flags, a course's tests and a web page fill the same Options.
//
// Read options.go, then run.go.
package scenario

import (
	"io"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// Options are the switches of a lesson. The zero value is the lesson of LESSONS:
// one RSA and one ECDHE flow over the same chain, with the same cipher.
type Options struct {
	// Seed makes two runs byte-identical: it fixes every party's randomness, and
	// the clock at 2026-01-01T00:00:00Z. Empty: real randomness, real time.
	Seed string

	// Kx picks one flow; nil runs RSA, then ECDHE.
	Kx     []iana.Kx
	Suites []*suite.Suite // what the client offers, and the server takes, of each flow's key exchange; nil: AES-128-GCM-SHA256
	Groups []kx.Group     // nil: kx.Defaults12()
	// Exchanges adds a student's own key exchanges; nil: the three we ship.
	Exchanges []kx.Exchange

	Server     string // the server's name; "www.lab.test"
	Request    string // what the client sends; a GET of /
	Reply      string // what the server answers; a short page
	ALPN       []string
	ClientAuth bool // the server demands a client certificate, the client has one

	KeyAlg        string   // of the certificates: "rsa", "ecdsa", "ed25519"; by the suite, else "rsa"
	Cert          pki.Kind // a bad chain by badssl's name; "": a good one
	Staple        string   // "good", "revoked", "stale"; "" or "none": no OCSP response
	UntrustedRoot bool     // the client's store lacks the root
	NoClientCert  bool     // with ClientAuth: the client has none (client-cert-missing)
	// VerifyChain replaces the client's verifier: a student's own.
	VerifyChain func(handshake.ChainInput) (*pki.Report, error)

	EncryptThenMAC bool
	NoEMS          bool
	Compress       bool // DEFLATE
	Plain          bool // first the same request over bare TCP

	Resume Resume

	MITM      bool // a middle box between client and server
	TrustMITM bool // its root is in the client's store

	KeyLog io.Writer
	// BeforeMove, if not nil, is asked before each move of each endpoint; an
	// error ends the lesson with it.
	BeforeMove func(*handshake.Endpoint) error
	// Quiet leaves SecretEvents out.
	Quiet bool
}

// Resume says how a second connection resumes the first.
type Resume string

// The ways of TLS 1.2.
const (
	NoResume       Resume = ""
	ResumeByID     Resume = "id"
	ResumeByTicket Resume = "ticket"
)

// Epoch is the time of a seeded run.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (o *Options) server() string {
	if o.Server == "" {
		return "www.lab.test"
	}
	return o.Server
}

func (o *Options) request() string {
	if o.Request == "" {
		return "GET / HTTP/1.1\r\nHost: " + o.server() + "\r\nCookie: id=4711\r\n\r\n"
	}
	return o.Request
}

func (o *Options) reply() string {
	if o.Reply == "" {
		return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello, you.\n"
	}
	return o.Reply
}

func (o *Options) kx() []iana.Kx {
	if len(o.Kx) == 0 {
		return []iana.Kx{iana.KxRSA, iana.KxECDHE}
	}
	return o.Kx
}
