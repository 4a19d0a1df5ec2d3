package relay

import (
	"cmp"
	"net/http"
	"strconv"
)

// What a head of one version of HTTP is in the other (RFC 9113 §8). Each function refuses what
// the other version has no words for, and what a reader of the other version could read in two
// ways: in HTTP/2 a field may hold what in HTTP/1.1 would end it.

// asked is how a request goes on.
type asked struct {
	filter Filter

	// From HTTP/1.1:
	head     *Head  // as it is to go on
	protocol string // what the connection shall become
	drop     []string
	host     string // that of the server; "": as it came

	// From HTTP/2:
	text    []byte // its head in HTTP/1.1
	chunked bool
	length  int64 // of its body, -1 if it was not said
	came    int64 // of its body so far
	held    []byte
	trailer []Field
}

// reply is how a reply of HTTP/2 goes on.
type reply struct {
	chunked bool
	none    bool // it has no body
	length  int64
	came    int64
	filter  Filter
}

// requestTo1 is the head of a request of HTTP/2 as HTTP/1.1 says it (RFC 9113 §8.3.1). end says
// that it has no body, c what else is to become of it.
func requestTo1(h *Head, end bool, c Changes) (asked, *Refusal) {
	a := asked{length: -1}
	refuse := func(r Rule, detail string) (asked, *Refusal) {
		return a, &Refusal{From: Client, Rule: r, Detail: quote(detail)}
	}
	if h.Method == http.MethodConnect {
		return refuse(RuleUntranslatable, "CONNECT")
	}
	if _, r := checkRequest2(h, Client, false, end); r != nil {
		return a, r
	}
	pseudo, fields, _ := controls(h.Fields, Client)
	if pseudo.scheme != "https" { // HTTP/1.1 in TLS cannot say another one
		return refuse(RuleUntranslatable, pseudo.scheme)
	}
	method, path, authority := pseudo.method, pseudo.path, pseudo.authority
	cookies := ""
	for _, f := range fields {
		switch f.Name {
		case "host":
			if authority == "" {
				authority = f.Value
			}
		case "cookie":
			if cookies != "" {
				cookies += "; " // RFC 9113 §8.2.3
			}
			cookies += f.Value
		}
	}
	b := []byte(method + " " + path + " HTTP/1.1\r\n")
	if c.hosts(h) {
		authority = c.Host
	}
	b = appendField(b, "Host", authority)
	a.chunked = !end
	announced := hasTrailer(fields)
	for _, f := range fields {
		value := f.Value
		switch f.Name {
		case "host":
			continue
		case "cookie":
			if value, cookies = cookies, ""; value == "" {
				continue
			}
		case "content-length":
			if a.length >= 0 {
				continue // once more the same
			}
			n, _ := parseLength(value) // it was looked at
			if a.length = n; !end && (c.Body != nil || c.Stream || announced) {
				continue
			}
			a.chunked = false
		case "te":
			b = appendField(b, "connection", "te") // RFC 9110 §10.1.4
		}
		if !drops(c.Drop, f.Name) {
			b = appendField(b, f.Name, value)
		}
	}
	switch {
	case a.chunked:
		b = appendField(b, "transfer-encoding", "chunked")
	case a.length < 0 && (method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch): // RFC 9110 §8.6
		b = appendField(b, "content-length", "0")
	}
	a.text = append(b, "\r\n"...)
	if !end {
		a.filter = c.Body
	}
	h1, r := parseHead(string(a.text), Client) // what the server will read
	if r == nil {
		_, r = requestFraming(h1)
	}
	return a, r
}

// hasTrailer reports whether a trailer is announced: then the body goes on in chunks, of whatever
// length it is, since HTTP/1.1 has no other place for a trailer.
func hasTrailer(fields []Field) bool {
	for _, f := range fields {
		if f.Name == "trailer" {
			return true
		}
	}
	return false
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}

// replyTo2 are the fields of a reply of HTTP/1.1 as HTTP/2 says them (RFC 9113 §8.3.2), to a request of
// this method.
func replyTo2(h *Head, method string, drop []string) ([]Field, *Refusal) {
	out := appendTo2([]Field{{":status", strconv.Itoa(h.Status)}}, h, drop)
	_, r := checkReply2(&Head{Fields: out}, method, false)
	return out, r
}

// appendTo2 appends the fields of a head of HTTP/1.1 that HTTP/2 has too, their names in lower case.
func appendTo2(out []Field, h *Head, drop []string) []Field {
	for _, f := range h.Fields {
		name := lower(f.Name)
		if ofConnection(name) || name == "http2-settings" || name == "host" || h.drops(name) || drops(drop, name) {
			continue
		}
		if name == "te" && (h.Method == "" || !sameName(f.Value, "trailers")) { // only a request has it (RFC 9113 §8.2.2)
			continue
		}
		out = append(out, Field{name, f.Value})
	}
	return out
}

// trailerTo2 is a trailer of HTTP/1.1 in HTTP/2. It was checked; h is the head that it belongs to.
func trailerTo2(fields []Field, h *Head, from Side) ([]Field, *Refusal) {
	out := appendTo2(nil, &Head{Fields: fields, connection: h.connection}, nil)
	return out, checkFields2(out, from)
}

// requestTo2 are the fields of a request of HTTP/1.1 as HTTP/2 says them. a's protocol is what the
// connection shall become (RFC 8441); "" for an ordinary request.
func requestTo2(h *Head, a *asked) ([]Field, *Refusal) {
	drop := a.drop
	path := h.Target
	if h.Authority != "" {
		path = h.Path
		h.note(NoteOriginForm)
		if h.host != h.Authority && h.hosts > 0 {
			h.note(NoteHost)
		}
	}
	out := []Field{{":method", h.Method}, {":scheme", "https"}}
	if a.protocol != "" {
		out = []Field{{":method", http.MethodConnect}, {":protocol", a.protocol}, {":scheme", "https"}}
		drop = append(drop[:len(drop):len(drop)], "sec-websocket-key") // RFC 8441 §5
	}
	if host := cmp.Or(a.host, h.Host()); host != "" {
		out = append(out, Field{":authority", host})
	}
	out = appendTo2(append(out, Field{":path", path}), h, drop)
	_, r := checkRequest2(&Head{Fields: out}, Client, true, false)
	return out, r
}

// replyTo1 is the head of a reply of HTTP/2 as HTTP/1.1 says it, to a request q. Its lines that
// say how it ends are last.
func replyTo1(h, q *Head, end, last bool, c Changes) ([]byte, reply, *Refusal) {
	k := reply{length: -1, none: end}
	refuse := func(r Rule, detail string) ([]byte, reply, *Refusal) {
		return nil, k, &Refusal{From: Server, Rule: r, Detail: quote(detail)}
	}
	if _, r := checkReply2(h, q.Method, end); r != nil {
		return nil, k, r
	}
	pseudo, fields, _ := controls(h.Fields, Server)
	status, interim := pseudo.status, h.Status/100 == 1
	bodiless := q.Method == http.MethodHead || interim || h.Status == http.StatusNoContent || h.Status == http.StatusNotModified
	rechunked := !end && !bodiless && (c.Body != nil || c.Stream || hasTrailer(fields) && !q.old())
	b := []byte("HTTP/1.1 " + status + " \r\n")
	for _, f := range fields {
		if f.Name == "content-length" {
			n, ok := parseLength(trimOWS(f.Value))
			switch {
			case !ok: // also where there is no body
				return refuse(RuleLength, f.Value)
			case k.length >= 0 && k.length != n:
				return refuse(RuleTwoLengths, f.Value)
			case k.length >= 0 || rechunked:
				k.length = n
				continue
			}
			k.length = n
		}
		if !drops(c.Drop, f.Name) {
			b = appendField(b, f.Name, f.Value)
		}
	}
	switch {
	case interim:
	case bodiless:
		k.none = true
	case end && k.length < 0:
		b = appendField(b, "content-length", "0")
	case !end && (k.length < 0 || rechunked) && !q.old():
		b, k.chunked = appendField(b, "transfer-encoding", "chunked"), true
	}
	if !interim && (last || q.old()) {
		b = appendField(b, "connection", "close")
	}
	if !k.none {
		k.filter = c.Body
	}
	b = append(b, "\r\n"...)
	h1, r := parseHead(string(b), Server) // what the client will read
	if r == nil {
		_, r = replyFraming(h1, q.Method)
	}
	return b, k, r
}

// appendTrailer appends the last chunk and what stands behind it.
func appendTrailer(b []byte, fields []Field) []byte {
	b = append(b, "0\r\n"...)
	for _, f := range fields {
		b = appendField(b, f.Name, f.Value)
	}
	return append(b, "\r\n"...)
}

// appendChunk appends a chunk (RFC 9112 §7.1); nothing for an empty one, which would be the last.
func appendChunk(b, p []byte) []byte {
	if len(p) == 0 {
		return b
	}
	b = append(strconv.AppendInt(b, int64(len(p)), 16), "\r\n"...)
	return append(append(b, p...), "\r\n"...)
}
