package starttls

import (
	"bytes"
	"strings"

	"tlslab/handshake/event"
)

// Turn is what one end said before the other answered, as somebody has recorded it.
type Turn struct {
	By   event.Role
	Wire []byte
}

// Recorded is what was said before TLS in a recording, as Ask would tell it: by lines, and of a
// protocol in binary with its meaning, as far as it is known. The first MaxLines lines are told.
func Recorded(p Protocol, turns []Turn) (said []Line) {
	for _, t := range turns {
		var lines []Line
		switch p {
		case Postgres, MySQL, LDAP:
			lines = []Line{{By: t.By, Text: meaning(p, t), Wire: t.Wire}}
		case XMPP, XMPPServer:
			lines = []Line{{By: t.By, Text: string(t.Wire)}}
		default:
			for l := range bytes.Lines(t.Wire) {
				lines = append(lines, Line{By: t.By, Text: strings.TrimRight(string(l), "\r\n")})
			}
		}
		said = append(said, lines...)
		if len(said) >= MaxLines {
			return said[:MaxLines]
		}
	}
	return said
}

// meaning is what octets of a protocol in binary mean; "" where that is not known.
func meaning(p Protocol, t Turn) string {
	ours := t.By == event.Client
	switch {
	case p == Postgres && ours && string(t.Wire) == SSLRequest:
		return sslRequestName
	case p == Postgres && !ours && len(t.Wire) == 1:
		return string(t.Wire)
	case p == LDAP && ours && bytes.Equal(t.Wire, startTLSRequest()):
		return startTLSName
	case p == LDAP && !ours:
		if body, rest, ok := element(t.Wire, berSequence); ok && len(rest) == 0 {
			if code, said, ok := response(body); ok {
				return answered(code, said)
			}
		}
	case p == MySQL && ours && len(t.Wire) == 36 && t.Wire[0] == 32:
		return mysqlRequest(uint32(t.Wire[4]) | uint32(t.Wire[5])<<8 | uint32(t.Wire[6])<<16 | uint32(t.Wire[7])<<24)
	case p == MySQL && !ours && len(t.Wire) > 4:
		if text, _, ok := mysqlGreeting(t.Wire[4:]); ok {
			return text
		}
	}
	return ""
}
