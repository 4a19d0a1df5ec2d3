package relay

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
)

// What no message of HTTP/2 may be (RFC 9113 §8.1.1). A relay must not pass such a one on: what two
// readers take for two things in HTTP/1.1, as a line's end within a field, HTTP/2 can say in one.
// Each function reads the copy of a head; who said it is the one to be refused, of a push the server.

// control2 are the fields that stand for the first line (RFC 9113 §8.3).
type control2 struct {
	method, scheme, authority, path, protocol, status string

	has uint8 // which of them there are
}

// The bits of control2.
const (
	hasMethod = 1 << iota
	hasScheme
	hasAuthority
	hasPath
	hasProtocol
	hasStatus
)

// take notes a field; false if there is none of that name, or it was there before.
func (c *control2) take(f Field) bool {
	bit, to := uint8(0), (*string)(nil)
	switch f.Name {
	case ":method":
		bit, to = hasMethod, &c.method
	case ":scheme":
		bit, to = hasScheme, &c.scheme
	case ":authority":
		bit, to = hasAuthority, &c.authority
	case ":path":
		bit, to = hasPath, &c.path
	case ":protocol":
		bit, to = hasProtocol, &c.protocol
	case ":status":
		bit, to = hasStatus, &c.status
	}
	if to == nil || c.has&bit != 0 {
		return false
	}
	c.has, *to = c.has|bit, f.Value
	return true
}

// controls takes the fields that stand for the first line off the others. They come first, each
// once, and there are no others (RFC 9113 §8.3). Those of the others are looked at too.
func controls(fields []Field, from Side) (c control2, rest []Field, r *Refusal) {
	n := 0
	for n < len(fields) && strings.HasPrefix(fields[n].Name, ":") {
		f := fields[n]
		if !c.take(f) {
			return c, nil, &Refusal{From: from, Rule: RulePseudo, Detail: quote(f.Name)}
		}
		if !isValue2(f.Value, from) || trimOWS(f.Value) != f.Value {
			return c, nil, &Refusal{From: from, Rule: RuleField2, Detail: quote(f.Value)}
		}
		n++
	}
	return c, fields[n:], checkFields2(fields[n:], from)
}

// settingRawBinary is gRPC's GRPC_ALLOW_TRUE_BINARY_METADATA: whoever sets it takes fields whose names
// end in -bin with any bytes behind a NUL, which RFC 9113 §8.2.1 forbids between others.
const settingRawBinary http2.SettingID = 0xfe03

// judged is h as it is judged: without the values that f's receiver has asked for.
func (f *flow2) judged(h *Head) *Head {
	isRaw := func(x Field) bool { return strings.HasSuffix(x.Name, "-bin") && strings.HasPrefix(x.Value, "\x00") }
	if !f.raw || !slices.ContainsFunc(h.Fields, isRaw) {
		return h
	}
	other := *h
	other.Fields = slices.Clone(h.Fields)
	for i, x := range other.Fields {
		if isRaw(x) {
			other.Fields[i].Value = ""
		}
	}
	return &other
}

// checkFields2 is RFC 9113 §8.2: what no field of HTTP/2 may be.
func checkFields2(fields []Field, from Side) *Refusal {
	for _, f := range fields {
		bad := f.Name
		switch {
		case strings.HasPrefix(f.Name, ":"): // behind the others
			return &Refusal{From: from, Rule: RulePseudo, Detail: quote(f.Name)}
		case !isName2(f.Name) || ofConnection(f.Name):
		case f.Name == "te" && (from == Server || !sameName(f.Value, "trailers")), !isValue2(f.Value, from):
			bad = f.Value
		default:
			continue
		}
		return &Refusal{From: from, Rule: RuleField2, Detail: quote(bad)}
	}
	return nil
}

// isName2 reports whether a field can have this name: a token without upper case.
func isName2(s string) bool {
	for i := range len(s) {
		if c := s[i]; !tokens[c] || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return s != ""
}

// ofConnection reports whether a field is of HTTP/1.1's connection (RFC 9113 §8.2.2). The name is in
// lower case.
func ofConnection(name string) bool {
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// isValue2 is RFC 9113 §8.2.1: a value as RFC 9110 §5.5 has it. White space around a reply's is let
// be here, and is taken off where it goes on: net/http's server says what a program sets.
func isValue2(s string, from Side) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return from == Server || trimOWS(s) == s
}

// isAuthority reports whether s can stand in Host, and is not read as more than that.
func isAuthority(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`/?#@\,"<>`, s[i]) >= 0 {
			return false
		}
	}
	return true
}

// sameAuthority reports whether the two name one host and port: names have no case, and a scheme has
// a port of its own (RFC 9110 §4.2.3).
func sameAuthority(scheme, a, b string) bool {
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	bare := func(s string) string { return strings.TrimSuffix(lower(s), port) }
	return a == b || bare(a) == bare(b)
}

// message2 is what of one direction of a stream a head says about what follows.
type message2 struct {
	length int64 // of the body, -1 if it was not said
	came   int64 // of the body so far
	headed bool  // the head was there
	none   bool  // it has no body
}

// checkRequest2 is RFC 9113 §8.3.1 and §8.5. extended says that the server takes extended CONNECT
// (RFC 8441), without which there is no :protocol; end that nothing comes behind the head.
func checkRequest2(h *Head, from Side, extended, end bool) (message2, *Refusal) {
	m := message2{length: -1, headed: true}
	refuse := func(r Rule, detail string) (message2, *Refusal) {
		return m, &Refusal{From: from, Rule: r, Detail: quote(detail)}
	}
	c, fields, r := controls(h.Fields, from)
	if r != nil {
		return m, r
	}
	tunnel := c.method == http.MethodConnect && c.has&hasProtocol == 0
	for _, x := range []struct {
		bit      uint8
		name     string
		may, not bool
	}{
		{hasMethod, ":method", true, true}, {hasStatus, ":status", false, false}, {hasProtocol, ":protocol", extended && c.method == http.MethodConnect, false},
		{hasScheme, ":scheme", !tunnel, !tunnel}, {hasPath, ":path", !tunnel, !tunnel}, {hasAuthority, ":authority", true, c.method == http.MethodConnect},
	} {
		if has := c.has&x.bit != 0; has && !x.may || !has && x.not {
			return refuse(RulePseudo, x.name)
		}
	}
	switch {
	case !isToken(c.method):
		return refuse(RulePseudo, ":method "+c.method)
	case c.has&hasProtocol != 0 && !isToken(c.protocol):
		return refuse(RulePseudo, ":protocol "+c.protocol)
	case !tunnel && !isScheme(c.scheme):
		return refuse(RulePseudo, ":scheme "+c.scheme)
	case !tunnel && !c.isPath():
		return refuse(RulePseudo, ":path "+c.path)
	case !isAuthority(c.authority), c.authority == "" && c.has&hasAuthority != 0 && c.method == http.MethodConnect:
		return refuse(RulePseudo, ":authority "+c.authority)
	}
	hosts := 0
	for _, f := range fields {
		if f.Name != "host" {
			continue
		}
		if hosts++; hosts > 1 || c.authority != "" && !sameAuthority(c.scheme, c.authority, f.Value) {
			return refuse(RuleTwoHosts, f.Value)
		}
		if !isAuthority(f.Value) {
			return refuse(RuleField2, f.Value)
		}
	}
	if c.method == http.MethodConnect { // what follows is no content
		return m, nil
	}
	m.length, r = contentLength(fields, from)
	if r == nil && end && m.length > 0 {
		r = tooShort(from, m.length, 0)
	}
	return m, r
}

// isPath reports whether :path is one: what stands between two spaces in HTTP/1.1.
func (c *control2) isPath() bool {
	for i := range len(c.path) {
		if c.path[i] <= ' ' || c.path[i] == 0x7f {
			return false
		}
	}
	return strings.HasPrefix(c.path, "/") || c.path == "*" && c.method == http.MethodOptions || c.scheme != "http" && c.scheme != "https"
}

// checkReply2 is RFC 9113 §8.3.2, of the reply to a request of this method.
func checkReply2(h *Head, method string, end bool) (message2, *Refusal) {
	m := message2{length: -1, headed: true}
	c, fields, r := controls(h.Fields, Server)
	status, ok := parseLength(c.status)
	switch {
	case r != nil:
		return m, r
	case c.has != hasStatus:
		for i, name := range []string{":method", ":scheme", ":authority", ":path", ":protocol"} {
			if c.has&(1<<i) != 0 {
				return m, &Refusal{From: Server, Rule: RulePseudo, Detail: quote(name)}
			}
		}
		return m, &Refusal{From: Server, Rule: RulePseudo, Detail: quote(":status")}
	case !ok, len(c.status) != 3, status < 100, status == http.StatusSwitchingProtocols: // which HTTP/2 has not (§8.6)
		return m, &Refusal{From: Server, Rule: RulePseudo, Detail: quote(":status " + c.status)}
	case status/100 == 1 && end:
		return m, extraneous(Server, "END_STREAM")
	case status/100 == 1, status/100 == 2 && method == http.MethodConnect:
		return m, nil
	case method == http.MethodHead, status == http.StatusNoContent, status == http.StatusNotModified:
		m.none = true // whatever its Content-Length
		return m, nil
	}
	m.length, r = contentLength(fields, Server)
	if r == nil && end && m.length > 0 {
		r = tooShort(Server, m.length, 0)
	}
	return m, r
}

// checkTrailer2 is a trailer of HTTP/2: no field of it stands for the first line (RFC 9113 §8.1).
func checkTrailer2(fields []Field, from Side) *Refusal {
	r := checkFields2(fields, from)
	if r == nil {
		r = checkTrailer(fields, from)
	}
	return r
}

// contentLength is the body's, as it was said; -1 if it was not.
func contentLength(fields []Field, from Side) (length int64, r *Refusal) {
	length = -1
	for _, f := range fields {
		if f.Name != "content-length" {
			continue
		}
		n, ok := parseLength(trimOWS(f.Value))
		switch {
		case !ok:
			return -1, &Refusal{From: from, Rule: RuleLength, Detail: quote(f.Value)}
		case length >= 0 && n != length:
			return -1, &Refusal{From: from, Rule: RuleTwoLengths, Detail: quote(f.Value)}
		}
		length = n
	}
	return length, nil
}

// data is a frame of DATA with n bytes of the body.
func (m *message2) data(from Side, n int64, end bool) *Refusal {
	if !m.headed || m.none && n > 0 {
		return extraneous(from, "DATA")
	}
	if m.came += n; m.length >= 0 && (m.came > m.length || end && m.came < m.length) {
		return tooShort(from, m.length, m.came)
	}
	return nil
}

// trailer is the head that ends the message.
func (m *message2) trailer(h *Head, from Side, end bool) *Refusal {
	r := checkTrailer2(h.Fields, from)
	switch {
	case !end:
		return extraneous(from, "HEADERS")
	case r == nil && m.came < m.length:
		return tooShort(from, m.length, m.came)
	}
	return r
}

// extraneous is a frame, or its END_STREAM, that the message has no place for (RFC 9113 §8.1).
func extraneous(from Side, what string) *Refusal {
	return &Refusal{From: from, Rule: RuleExtraneous, Detail: quote(what)}
}

// behindEnd is a frame that stands behind END_STREAM.
func behindEnd(from Side, what string) *Refusal {
	r := extraneous(from, what)
	r.behind = true
	return r
}

// tooShort is a body that is not as long as was said; or too long.
func tooShort(from Side, length, came int64) *Refusal {
	return &Refusal{From: from, Rule: RuleBodyLength, Detail: quote(itoa(length) + " ≠ " + itoa(came))}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// spaced reports whether a value has white space around it, which it must not (RFC 9113 §8.2.1).
func (h *Head) spaced() bool {
	for _, f := range h.Fields {
		if f.Name != "" && f.Name[0] != ':' && trimOWS(f.Value) != f.Value {
			return true
		}
	}
	return false
}
