package proxy

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm/relay"
)

// Kind says what an Entry is about.
type Kind string

// The kinds. Each is a stable key.
const (
	Request   Kind = "request"   // a request and its reply
	Bytes     Kind = "bytes"     // a connection relayed as bytes: no HTTP, or no longer
	Untouched Kind = "untouched" // a connection passed through: a host to leave alone
	Failure   Kind = "failure"   // a connection that came to nothing
)

// Entry is one thing that happened: a request with its reply, a connection relayed as
// bytes, or one that failed. It is not changed once Options.Seen has been told of it.
type Entry struct {
	N    int // counts entries, from 1
	Conn int // counts connections, from 1
	Kind Kind

	Began  time.Time
	Timing Timing

	Client string // the client's address
	Server string // the server's, "" if it was not reached, or by way of an upstream proxy
	Via    string // that upstream proxy's, HOST:PORT
	Host   string // as the request named it, else the client's hello or CONNECT; with a port that is not the usual one
	Scheme string // "https"; "http" where no TLS is in play; "" for bytes

	Method, Path, Proto       string        // of a request; Proto is "HTTP/1.1", "HTTP/2.0"
	Status                    int           // of the reply; 0 if none came
	ReplyProto, Reason        string        // the status line's; HTTP/2 has no Reason
	RequestFields, Fields     []relay.Field // as they came, in order and case; of HTTP/2 with the fields that stand for the first line
	RequestTrailers, Trailers []relay.Field
	RequestHeadSize, HeadSize int64        // bytes of the heads as they came; 0 where they are compressed
	Notes                     []relay.Note // what was changed because the RFCs want it
	Sent, Received            int64        // bytes of the bodies, or of the connection
	RequestBody, Body         []byte       // the first Options.Bodies of them, as on the wire but for chunks
	Upgraded                  string       // what the connection became: "websocket"; "" if nothing
	WebSocket                 *WebSocket   // what was said then; nil if it is none, or its host is to be left alone

	ToClient, ToServer *Leg // nil where no ClientHello was read or sent; with Version 0 where nothing was settled

	Changes  []Change // what hooks changed, in order
	Warnings []Warning
	Fault    *Fault // why it failed; nil if it did not
	Besides  *Fault // how the client refused what the proxy then had to show it: that certificate is forged too; nil if it did not
	Answered bool   // the reply is the proxy's own, and the server has said nothing of it
}

// RequestHeader is the request's fields as net/http has them, without Host.
func (e *Entry) RequestHeader() http.Header {
	h := relay.Header(e.RequestFields)
	h.Del("Host")
	return h
}

// Header is the reply's fields as net/http has them.
func (e *Entry) Header() http.Header { return relay.Header(e.Fields) }

// Timing is how long the parts took. A part that did not happen is 0; Connect and TLS
// are those of the request that opened the connection.
type Timing struct {
	Connect time.Duration // to the server, TLS not counted
	TLS     time.Duration // the handshake with the server
	Send    time.Duration // until the request was passed on whole
	Wait    time.Duration // until the reply began
	Receive time.Duration // until it was over
}

// Total is the sum of the parts.
func (t Timing) Total() time.Duration { return t.Connect + t.TLS + t.Send + t.Wait + t.Receive }

// Leg is what a handshake settled.
type Leg struct {
	handshake.Summary
	Shown *x509.Certificate // the leaf that its client was shown: on the client's leg the forged one; nil if none was
}

// String is version, key exchange and protocol: "TLS 1.3 X25519MLKEM768 h2".
func (l *Leg) String() string {
	if l == nil || l.Version == 0 {
		return "no TLS"
	}
	words := []string{l.Version.String()}
	switch {
	case l.Group != 0:
		words = append(words, l.Group.String())
	case l.Suite != nil && l.Suite.Kx == iana.KxRSA:
		words = append(words, "RSA")
	}
	if l.Protocol != "" {
		words = append(words, l.Protocol)
	}
	return strings.Join(words, " ")
}

// String is the entry in a line: for a log, not for a person's eyes, for it has text of
// the peers' as it came.
func (e *Entry) String() string {
	s := fmt.Sprintf("%d %s %s %s%s %d", e.N, e.Kind, e.Method, e.Host, e.Path, e.Status)
	if e.Fault != nil {
		s += ", " + e.Fault.Error()
	}
	return s
}

// Warning is something that worked and that one should know of. It is a stable key.
type Warning string

// The warnings.
const (
	WarnUnverified       Warning = "unverified"         // the server's certificate was not believed, and was accepted all the same
	WarnDowngraded       Warning = "downgraded"         // the two legs speak different versions of TLS
	WarnNoForwardSecrecy Warning = "no_forward_secrecy" // static RSA on a leg
	WarnCBC              Warning = "cbc"                // a CBC suite on a leg
	WarnNoTLS            Warning = "no_tls"             // in clear
	WarnTruncated        Warning = "truncated"          // an end hung up without close_notify
	WarnOtherHost        Warning = "other_host"         // the request names another host than the handshake did
	WarnRewritten        Warning = "rewritten"          // --rewrite changed it
	WarnDecoded          Warning = "decoded"            // --rewrite looked into a body in a content coding, and it went on without that
	WarnOpaque           Warning = "opaque"             // --rewrite could not look into a body: its content coding is not known here
	WarnNotShown         Warning = "not_shown"          // the server asked for a certificate, got none, and answers as if it missed one
	WarnEarly            Warning = "early"              // the reply was over before the request was, and the rest of that was not wanted
	WarnToHTTP1          Warning = "to_http1"           // the client speaks HTTP/2, the server only HTTP/1.1: it was translated
	WarnToHTTP2          Warning = "to_http2"           // … and the reverse
)

// Warnings lists every Warning.
func Warnings() []Warning {
	return []Warning{WarnUnverified, WarnDowngraded, WarnNoForwardSecrecy, WarnCBC, WarnNoTLS, WarnTruncated, WarnOtherHost, WarnRewritten, WarnDecoded, WarnOpaque, WarnNotShown, WarnEarly, WarnToHTTP1, WarnToHTTP2}
}
