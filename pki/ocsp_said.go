package pki

import (
	"time"

	"tlslab/pki/internal/algid"
)

// StatusResponse is what an OCSP response says, judged by nobody: whether its signer may say so, and
// whether it is the answer that was wanted, is found by Verify.
type StatusResponse struct {
	ProducedAt         time.Time
	SignatureAlgorithm string
	Answers            []StatusAnswer
}

// StatusAnswer is what it says of one certificate.
type StatusAnswer struct {
	Serial     []byte    // big endian
	Status     string    // "good", "revoked" or "unknown"
	ThisUpdate time.Time // when that was known
	NextUpdate time.Time // when there will be news; zero if the response has no nextUpdate
	RevokedAt  time.Time // zero if it is not revoked
	RevokedFor string    // a CRLReason's name (RFC 5280 §5.3.1); "" if none is given
}

// ParseStatusResponse reads a basic OCSP response, DER (RFC 6960 §4.2.1). The error, a *reason.Error,
// is about one that has none, such as tryLater, too.
func ParseStatusResponse(b []byte) (*StatusResponse, error) {
	basic, bad := parseOCSP(b)
	if bad != nil {
		return nil, bad
	}
	said := &StatusResponse{ProducedAt: basic.TBS.ProducedAt, SignatureAlgorithm: algid.From(basic.Algorithm).String()}
	for i := range basic.TBS.Responses {
		var st certStatus
		st.take(&basic.TBS.Responses[i])
		_ = st.judge(basic.TBS.Responses[i].Status) // for what it reads
		said.Answers = append(said.Answers, StatusAnswer{Serial: st.id.Serial.Bytes(), Status: st.status,
			ThisUpdate: st.thisUpdate, NextUpdate: st.nextUpdate, RevokedAt: st.revokedAt, RevokedFor: st.revokedFor})
	}
	return said, nil
}
