package record

import (
	"bytes"
	"fmt"
)

// strangers are how other protocols begin that are met on a TLS port.
var strangers = []struct{ begins, what string }{
	{"GET ", "an HTTP request in clear"},
	{"HEAD ", "an HTTP request in clear"},
	{"POST ", "an HTTP request in clear"},
	{"PUT ", "an HTTP request in clear"},
	{"DELETE ", "an HTTP request in clear"},
	{"OPTIONS ", "an HTTP request in clear"},
	{"PATCH ", "an HTTP request in clear"},
	{"TRACE ", "an HTTP request in clear"},
	{"CONNECT ", "an HTTP request to a proxy, in clear"},
	{"PRI * HTTP/2", "an HTTP/2 preface in clear"},
	{"HTTP/", "an HTTP response in clear"},
	{"PROXY ", "a PROXY protocol header"},
	{"SSH-", "an SSH banner"},
	{"220 ", "an SMTP or FTP greeting in clear"},
	{"220-", "an SMTP or FTP greeting in clear"},
	{"EHLO ", "an SMTP command in clear"},
	{"* OK ", "an IMAP greeting in clear"},
	{"+OK ", "a POP3 greeting in clear"},
}

// guess says in words what b is that should have begun a TLS record. b holds at
// least HeaderLen bytes.
func guess(b []byte) string {
	for _, s := range strangers {
		// Five bytes are enough to decide: most names are cut off there.
		if n := min(len(s.begins), len(b)); bytes.Equal(b[:n], []byte(s.begins[:n])) {
			return s.what
		}
	}
	// SSLv2's ClientHello: a 15-bit length with the top bit set, message type
	// 1, and the version (RFC 5246 §E.2).
	if b[0]&0x80 != 0 && b[2] == 1 {
		return "an SSL 2.0 ClientHello"
	}
	return fmt.Sprintf("bytes % x", b[:min(len(b), 8)])
}
