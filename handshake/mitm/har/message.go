package har

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// RequestOf makes a Request of what net/http knows of one: its method, its absolute URL,
// "HTTP/1.1" or the like, and its header. net/http keeps Host out of the header; it is
// put back. Headers are sorted, since http.Header has forgotten their order.
//
// HeadersSize is that of HTTP/1.x with one space behind each colon, to an origin server
// (RFC 9112 §3.2.1), and -1 for others, whose heads are compressed. BodySize is -1: set
// it, and PostData, from a Body.
func RequestOf(method string, u *url.URL, proto string, h http.Header) Request {
	absolute := *u
	absolute.Fragment, absolute.RawFragment = "", ""
	r := Request{Method: method, URL: absolute.String(), HTTPVersion: proto, Query: query(u.RawQuery), HeadersSize: -1, BodySize: -1}
	if isHTTP1(proto) && h.Get("Host") == "" && u.Host != "" {
		r.Headers = append(r.Headers, Pair{Name: "Host", Value: u.Host})
	}
	r.Headers = append(r.Headers, pairs(h)...)
	for _, c := range (&http.Request{Header: h}).Cookies() {
		r.Cookies = append(r.Cookies, cookie(c))
	}
	if isHTTP1(proto) {
		r.HeadersSize = headSize(method+" "+u.RequestURI()+" "+proto, r.Headers)
	}
	return r
}

// ResponseOf is RequestOf for a response. An empty text becomes the status's own.
func ResponseOf(status int, text, proto string, h http.Header) Response {
	if text == "" {
		text = http.StatusText(status)
	}
	r := Response{Status: status, StatusText: text, HTTPVersion: proto, Headers: pairs(h),
		RedirectURL: h.Get("Location"), HeadersSize: -1, BodySize: -1, Content: Content{MimeType: h.Get("Content-Type")}}
	for _, c := range (&http.Response{Header: h}).Cookies() {
		r.Cookies = append(r.Cookies, cookie(c))
	}
	if isHTTP1(proto) {
		r.HeadersSize = headSize(fmt.Sprintf("%s %03d %s", proto, status, text), r.Headers)
	}
	return r
}

// NoResponse is what an Entry has whose request was never answered: its Error says why.
func NoResponse() Response {
	return Response{HeadersSize: -1, BodySize: -1}
}

func isHTTP1(proto string) bool { return strings.HasPrefix(proto, "HTTP/1.") }

func pairs(h http.Header) []Pair {
	var out []Pair
	for name, values := range h {
		for _, v := range values {
			out = append(out, Pair{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(out, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// query keeps the order of the parameters, and those that are malformed, as they are.
func query(raw string) []Pair {
	var out []Pair
	for _, part := range strings.Split(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		out = append(out, Pair{Name: unescape(name), Value: unescape(value)})
	}
	return out
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func cookie(c *http.Cookie) Cookie {
	return Cookie{Name: c.Name, Value: c.Value, Path: c.Path, Domain: c.Domain, Expires: c.Expires, HTTPOnly: c.HttpOnly, Secure: c.Secure}
}

// headSize is first line, header and empty line with their CRLFs.
func headSize(first string, headers []Pair) int64 {
	n := len(first) + 4
	for _, h := range headers {
		n += len(h.Name) + 2 + len(h.Value) + 2
	}
	return int64(n)
}
