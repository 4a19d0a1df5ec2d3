package relay

import (
	"net/http"
	"strings"
)

// framing is how a body ends.
type framing struct {
	length     int64 // bytes, where neither of the others holds
	chunked    bool
	untilClose bool
}

func (f framing) none() bool { return f.length == 0 && !f.chunked && !f.untilClose }

// requestFraming is RFC 9112 §6.3 for requests: stricter, since a server that reads otherwise
// would find another request in the body.
func requestFraming(h *Head) (framing, *Refusal) {
	switch {
	case h.coded && h.length >= 0:
		return framing{}, &Refusal{From: Client, Rule: RuleLengthAndCoding}
	case h.coded && h.old():
		return framing{}, &Refusal{From: Client, Rule: RuleCodingInHTTP10}
	case h.coded && !sameName(h.codings, "chunked"):
		return framing{}, &Refusal{From: Client, Rule: RuleCoding, Detail: quote(h.codings)}
	case h.coded:
		return framing{chunked: true}, nil
	}
	return framing{length: max(0, h.length)}, nil
}

// replyFraming is the same for replies.
func replyFraming(h *Head, method string) (framing, *Refusal) {
	codings := lower(h.codings)
	final := trimOWS(codings[strings.LastIndexByte(codings, ',')+1:])
	switch {
	case h.coded && h.length >= 0:
		return framing{}, &Refusal{From: Server, Rule: RuleLengthAndCoding}
	case h.coded && h.old():
		return framing{}, &Refusal{From: Server, Rule: RuleCodingInHTTP10}
	case method == http.MethodHead, h.Status/100 == 1, h.Status == http.StatusNoContent, h.Status == http.StatusNotModified:
		return framing{}, nil
	case h.coded && !areCodings(codings), h.coded && strings.Count(codings, "chunked") > strings.Count(final, "chunked"), h.coded && final != "chunked" && strings.Contains(final, "chunked"):
		return framing{}, &Refusal{From: Server, Rule: RuleCoding, Detail: quote(h.codings)}
	case h.coded:
		return framing{chunked: final == "chunked", untilClose: final != "chunked"}, nil
	case h.length < 0:
		return framing{untilClose: true}, nil
	}
	return framing{length: h.length}, nil
}

// areCodings reports whether s is a list of names with their parameters (RFC 9112 §7).
func areCodings(s string) bool {
	for coding := range strings.SplitSeq(s, ",") {
		name, _, _ := strings.Cut(coding, ";")
		if name = trimOWS(name); name != "" && !isToken(name) {
			return false
		}
	}
	return true
}
