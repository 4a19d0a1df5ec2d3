package scenario

import (
	"slices"

	"tlslab/handshake/http2"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// What is said once the handshake is over: one GET and its reply, in the protocol that ALPN
// agrees on. A server takes the first of its own list that was offered, and both ends of a
// lesson have one list, so that is known before they meet, as early data needs.

const (
	http11 = "http/1.1" // RFC 7301 §6
	cookie = "id=4711"
	page   = "hello, you.\n"
)

// Protocols are the names in ALPN that a lesson can speak by itself.
func Protocols() []string { return []string{http2.Protocol, http11} }

// http2 reports whether the lesson's own request and reply are HTTP/2.
func (o *Options) http2() bool {
	return len(o.ALPN) > 0 && o.ALPN[0] == http2.Protocol && o.Request == "" && o.Reply == ""
}

func (o *Options) request() string {
	switch {
	case o.http2():
		return string(http2.Request(o.server(), cookie))
	case o.Request == "":
		return "GET / HTTP/1.1\r\nHost: " + o.server() + "\r\nCookie: " + cookie + "\r\n\r\n"
	}
	return o.Request
}

func (o *Options) reply() string {
	switch {
	case o.http2():
		return string(http2.Reply(page))
	case o.Reply == "":
		return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n" + page
	}
	return o.Reply
}

// farewell is what the client says once it has the reply. HTTP/1.1 has nothing to say.
func (o *Options) farewell() string {
	if o.http2() {
		return string(http2.Farewell())
	}
	return ""
}

// validateALPN finds protocols that the lesson cannot speak, and what HTTP/2 does not go
// with.
func (o *Options) validateALPN() error {
	own := o.Request != "" && o.Reply != ""
	for _, name := range o.ALPN {
		switch {
		case len(name) == 0 || len(name) > 255:
			return refuse("ALPN", "a protocol's name has 1 to 255 bytes, not %d (RFC 7301 §3.1)", len(name))
		case !slices.Contains(Protocols(), name) && !own:
			return refuse("ALPN", "the lesson can speak %s, and not %q; for any other set Request and Reply", reason.Both(Protocols()), name)
		}
	}
	if len(o.ALPN) == 0 || o.ALPN[0] != http2.Protocol {
		return nil
	}
	switch {
	case !o.http2() && !own:
		return refuse("ALPN", "%s is agreed on, so Request and Reply are both frames of HTTP/2, or neither is given", http2.Protocol)
	case o.Plain && o.http2():
		return contradict("Plain", "ALPN", "without TLS there is no ALPN, so a client would not begin with HTTP/2 there, and it is not the same request; leave it out, or put http/1.1 first")
	case o.Compress:
		return contradict("Compress", "ALPN", "HTTP/2 forbids TLS's compression (RFC 9113 §9.2.1); leave it out, or put http/1.1 first")
	case len(o.Rewrite.Old) != len(o.Rewrite.New) && o.http2():
		return contradict("Rewrite", "ALPN", "a frame of HTTP/2 says its length, so what is put in must be as long as what it replaces: %d bytes, not %d", len(o.Rewrite.Old), len(o.Rewrite.New))
	}
	for _, t := range o.terms() {
		for _, s := range o.suites(t) {
			if o.prohibited(s) {
				return contradict("Suites", "ALPN", "HTTP/2 over TLS 1.2 takes an ephemeral key exchange and an AEAD (RFC 9113 §9.2.2), and %v is not both; choose another, or put http/1.1 first", s)
			}
		}
	}
	return nil
}

// prohibited reports whether an end may refuse HTTP/2 with INADEQUATE_SECURITY because of a
// suite. RFC 9113 Appendix A has a list: of our suites, it has those that keep no forward
// secrecy or have no AEAD.
func (o *Options) prohibited(s *suite.Suite) bool {
	if s.Version != iana.TLS12 {
		return false
	}
	i := slices.IndexFunc(o.exchanges(), func(e kx.Exchange) bool { return e.Kx() == s.Kx })
	return i >= 0 && !o.exchanges()[i].Ephemeral() || s.Cipher.Kind != suite.AEAD
}
