package observe

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
)

// bare reads the records of a suite that hides nothing: NULL's, or RFC 9150's. The
// MAC is cut off unchecked, for its key is a secret even here.
type bare struct {
	macLen int
	inner  bool // TLS 1.3: what the MAC covers has its type at its end
}

func (b bare) Seal([]byte, uint64, iana.ContentType, iana.Version, []byte, *suite.Trace) ([]byte, error) {
	return nil, reason.New(reason.Internal, "", "", reason.Say("an observer that only reads"), "Seal")
}

func (b bare) Open(_ []byte, _ uint64, rec []byte, tr *suite.Trace) (iana.ContentType, []byte, error) {
	body := rec[record.HeaderLen:]
	if len(body) < b.Overhead() {
		return 0, nil, &reason.Error{Reason: reason.BadRecordMAC, Ref: b.rule(), Field: "record.fragment", Off: record.HeaderLen}
	}
	content, mac := body[:len(body)-b.macLen], body[len(body)-b.macLen:]
	if b.inner {
		tr.Add(suite.StepMAC13, mac)
		return b.split(content, tr)
	}
	tr.Add(suite.StepMAC, mac)
	return iana.ContentType(rec[0]), content, nil
}

// rule is where it is specified how such records are protected.
func (b bare) rule() string {
	if b.inner {
		return "RFC 9150 §5"
	}
	return "RFC 5246 §6.2.3.1"
}

// split takes a TLSInnerPlaintext apart (RFC 9846 §5.4).
func (b bare) split(inner []byte, tr *suite.Trace) (iana.ContentType, []byte, error) {
	n := len(inner)
	for n > 0 && inner[n-1] == 0 {
		n--
	}
	if n == 0 {
		return 0, nil, &reason.Error{Reason: reason.UnexpectedRecord, Ref: "RFC 9846 §5.4", Field: "inner_plaintext.type", Off: record.HeaderLen,
			Want: reason.Say("a byte that is not zero"), Got: reason.Say("zeros alone")}
	}
	tr.Add(suite.StepInnerPlaintext, inner)
	if n < len(inner) {
		tr.Add(suite.StepZeros, inner[n:])
	}
	tr.Add(suite.StepContentType, inner[n-1:n])
	return iana.ContentType(inner[n-1]), inner[:n-1], nil
}

func (b bare) Overhead() int {
	if b.inner {
		return b.macLen + 1
	}
	return b.macLen
}
