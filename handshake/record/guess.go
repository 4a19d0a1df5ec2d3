package record

import (
	"bytes"
	"fmt"

	"tlslab/handshake/reason"
)

// strangers are how other protocols begin that are met on a TLS port.
var strangers = []struct {
	begins string
	what   reason.Phrase
}{
	{"GET ", reason.Say("an HTTP request in clear")},
	{"HEAD ", reason.Say("an HTTP request in clear")},
	{"POST ", reason.Say("an HTTP request in clear")},
	{"PUT ", reason.Say("an HTTP request in clear")},
	{"DELETE ", reason.Say("an HTTP request in clear")},
	{"OPTIONS ", reason.Say("an HTTP request in clear")},
	{"PATCH ", reason.Say("an HTTP request in clear")},
	{"TRACE ", reason.Say("an HTTP request in clear")},
	{"CONNECT ", reason.Say("an HTTP request to a proxy, in clear")},
	{"PRI * HTTP/2", reason.Say("an HTTP/2 preface in clear")},
	{"HTTP/", reason.Say("an HTTP response in clear")},
	{"<!DOCTYPE ", reason.Say("an HTML page in clear")}, // a server's that took what came for HTTP/0.9, which has no status line
	{"<!doctype ", reason.Say("an HTML page in clear")},
	{"<html", reason.Say("an HTML page in clear")},
	{"<HTML", reason.Say("an HTML page in clear")},
	{"PROXY ", reason.Say("a PROXY protocol header")},
	{"SSH-", reason.Say("an SSH banner")},
	{"220 ", reason.Say("an SMTP or FTP greeting in clear")},
	{"220-", reason.Say("an SMTP or FTP greeting in clear")},
	{"EHLO ", reason.Say("an SMTP command in clear")},
	{"* OK ", reason.Say("an IMAP greeting in clear")},
	{"+OK ", reason.Say("a POP3 greeting in clear")},
}

// guess says in words what b is; b stands where a TLS record should begin, and holds at
// least HeaderLen bytes.
func guess(b []byte) reason.Phrase {
	for _, s := range strangers {
		// Five bytes are enough to decide: most names are cut off there.
		if n := min(len(s.begins), len(b)); bytes.Equal(b[:n], []byte(s.begins[:n])) {
			return s.what
		}
	}
	// SSLv2's ClientHello: a 15-bit length with the top bit set, message type
	// 1, and the version (RFC 5246 §E.2).
	if b[0]&0x80 != 0 && b[2] == 1 {
		return reason.Say("an SSL 2.0 ClientHello")
	}
	// (Of a text only whole characters of ASCII: what comes is cut off anywhere.)
	if text := line(b); len(text) >= 4 {
		return reason.Say("the text %s", text)
	}
	return reason.Say("bytes %s", fmt.Sprintf("% x", b[:min(len(b), 8)]))
}

// line is b up to its first line end, if that is text throughout.
func line(b []byte) string {
	b = b[:min(len(b), 40)]
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	for _, c := range b {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return string(b)
}
