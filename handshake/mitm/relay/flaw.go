package relay

import "strconv"

// Flaw is what is wrong with a message of HTTP/2 that went on as it came: its receiver may take it
// amiss (RFC 9113 §8.1.1, §8.2); nil if there is nothing. n bytes of its body have come; whole says
// that there are no more.
func (h *Head) Flaw(from Side, n int64, whole bool) *Refusal {
	_, fields, r := pseudo2(h.Fields, from, " :method :scheme :authority :path :protocol :status ")
	if r == nil {
		r = checkFields2(fields, from)
	}
	if r != nil {
		return r
	}
	length, ok := parseLength(h.Get("content-length"))
	if !ok {
		length = -1
	}
	if length >= 0 && (n > length || whole && n < length) {
		return &Refusal{From: from, Rule: RuleBodyLength, Detail: quote(itoa(length) + " ≠ " + itoa(n))}
	}
	return nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Sent reports whether the request has gone on to the server.
func (x *Exchange) Sent() bool { return x.sent }
