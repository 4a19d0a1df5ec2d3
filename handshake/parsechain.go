package handshake

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"tlslab/handshake/reason"
	"tlslab/pki"
)

// parseChain parses what a Certificate message holds.
func parseChain(raw [][]byte) ([]*x509.Certificate, error) {
	chain := make([]*x509.Certificate, len(raw))
	for i, der := range raw {
		c, err := pki.ParseCached(der)
		if err != nil {
			return nil, malformed(i, err)
		}
		chain[i] = c
	}
	return chain, nil
}

// malformed is what pki says of certificate i that it cannot parse, under a field of the
// message. Its offset is one of the certificate, not of the message.
func malformed(i int, err error) error {
	at := fmt.Sprintf("certificate.certificate_list[%d]", i)
	var re *reason.Error
	if !errors.As(err, &re) {
		return reason.Wrap(reason.CertificateMalformed, "RFC 5280 §4.1", at, err)
	}
	e := *re
	e.Field, e.Off = at+strings.TrimPrefix(re.Field, "certificate"), -1
	if re.Off >= 0 {
		e.Got = reason.Say("%v (at byte %d of the certificate)", re.Got, re.Off)
	}
	return &e
}
