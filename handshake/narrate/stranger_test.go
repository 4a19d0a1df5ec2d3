package narrate_test

import (
	"strings"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/handshake/record"
)

// Which end is at the wrong port depends on what came: an answer in clear says that TLS was sent to the port
// of plain HTTP, and only a request that plain HTTP was sent to the port of TLS.
func TestNotTLSSaysWhoIsWrong(t *testing.T) {
	for came, want := range map[string]string{
		"HTTP/1.1 400 Bad Request\r\n": "not_tls+response", "GET / HTTP/1.1\r\n": "not_tls+request", "CONNECT a:443 HTTP/1.1\r\n": "not_tls+request",
		"PRI * HTTP/2.0\r\n": "not_tls+request", "220 mail.lab.test": "not_tls+greeting", "SSH-2.0-x\r\n": "not_tls+greeting", "* OK IMAP": "not_tls+greeting",
		"<!DOCTYPE HTML>\n": "not_tls+response", "<html>": "not_tls+response", "+OK POP3": "not_tls+greeting", "\x00\x01\x02\x03\x04": "not_tls", "hello": "not_tls", "EHLO lab.test\r\n": "not_tls",
	} {
		_, _, err := new(record.Reader).Next([]byte(came), nil, false)
		if got := narrate.ReasonKey(err); got != want {
			t.Errorf("%q: %s, not %s", came, got, want)
			continue
		}
		for l, words := range map[narrate.Lang]string{narrate.En: "TLS was sent to a port", narrate.Zh: "TLS 发到了"} {
			answered := want == "not_tls+response" || want == "not_tls+greeting"
			if text := narrate.Must(l, narrate.Reason, want).Text; strings.Contains(text, words) != answered {
				t.Errorf("%s: %s", want, text)
			}
		}
	}
}
