package relay

import (
	"strconv"
	"strings"
)

// Flaw is what is wrong with a message of HTTP/2 that went on as it came: its receiver may take it
// amiss (RFC 9113 §8.1.1, §8.2); nil if there is nothing. n bytes of its body have come; whole says
// that there are no more.
func (h *Head) Flaw(from Side, n int64, whole bool) *Refusal {
	length := int64(-1)
	for i, f := range h.Fields {
		name, pseudo := strings.CutPrefix(f.Name, ":")
		switch {
		case pseudo && i > 0 && !strings.HasPrefix(h.Fields[i-1].Name, ":"), !isToken(name), name != lower(name), strings.ContainsAny(f.Value, "\x00\r\n"),
			f.Value != trimOWS(f.Value), connectionFields[name], name == "te" && f.Value != "trailers":
			return &Refusal{From: from, Rule: RuleField2, Detail: quote(f.Name + ": " + f.Value)}
		case name == "content-length":
			length, _ = parseLength(f.Value)
		}
	}
	if length >= 0 && (n > length || whole && n < length) {
		return &Refusal{From: from, Rule: RuleBodyLength, Detail: quote(itoa(length) + " ≠ " + itoa(n))}
	}
	return nil
}

// connectionFields are of HTTP/1.1's connections alone (RFC 9113 §8.2.2).
var connectionFields = map[string]bool{"connection": true, "proxy-connection": true, "keep-alive": true, "transfer-encoding": true, "upgrade": true}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Sent reports whether the request has gone on to the server.
func (x *Exchange) Sent() bool { return x.sent }
