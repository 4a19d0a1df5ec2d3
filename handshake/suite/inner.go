package suite

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// MaxInner is the most bytes of a TLSInnerPlaintext: content, one byte of type, and
// zeros (RFC 9846 §5.4).
const MaxInner = 1<<14 + 1

// inner makes and takes apart TLSInnerPlaintext, which is what TLS 1.3 protects in
// place of a fragment (RFC 9846 §5.2):
//
//	content | type | zeros
//
// Outside every record says application_data: no byte tells an observer which ones carry the
// handshake or an alert. Their lengths may, and what is inside is as long as that tells unless
// the sender pads.
type inner struct {
	padding func(content int) int // Options.Padding
	limit   int                   // 0: MaxInner
}

// LimitInner is of Protection13.
func (p *inner) LimitInner(n int) { p.limit = n }

// zeros is the length of the padding behind so many bytes of content.
func (p *inner) zeros(content int) int {
	if p.padding == nil {
		return 0
	}
	limit := p.limit
	if limit == 0 {
		limit = MaxInner
	}
	return max(0, min(p.padding(content), limit-1-content))
}

// appendInner appends a TLSInnerPlaintext to dst, which has the room.
func appendInner(dst, content []byte, typ iana.ContentType, zeros int) []byte {
	dst = append(append(dst, content...), byte(typ))
	end := len(dst)
	dst = dst[:end+zeros]
	clear(dst[end:])
	return dst
}

// splitInner takes a TLSInnerPlaintext apart. The type is the last byte that is not
// zero; if every byte is zero, the record is not valid (RFC 9846 §5.4).
//
// The scan takes longer the more padding there is. What it can tell an observer
// with a good clock is how long the content is, which is what padding is to hide:
// RFC 9846 §F.3 leaves it at that, since whoever handles the content gives as much
// away.
func splitInner(b []byte) (typ iana.ContentType, content []byte, err error) {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != 0 {
			return iana.ContentType(b[i]), b[:i], nil
		}
	}
	return 0, nil, &reason.Error{Reason: reason.UnexpectedRecord, Ref: "RFC 9846 §5.4", Field: "inner_plaintext.type", Off: HeaderLen,
		Want: reason.Say("a byte that is not zero"), Got: reason.Say("zeros alone")}
}

// traceSealed adds what sealing puts together, in its order.
func traceSealed(tr *Trace, b []byte, content, zeros int) {
	tr.Add(StepContentType, b[content:content+1])
	if zeros > 0 {
		tr.Add(StepZeros, b[content+1:])
	}
	tr.Add(StepInnerPlaintext, b)
}

// traceOpened adds the same in the order in which opening finds it.
func traceOpened(tr *Trace, b []byte, content int) {
	tr.Add(StepInnerPlaintext, b)
	if len(b) > content+1 {
		tr.Add(StepZeros, b[content+1:])
	}
	tr.Add(StepContentType, b[content:content+1])
}
