package proxy

import (
	"testing"

	"tlslab/handshake/reason"
)

// A key that is not accepted in a certificate is no breach of the protocol; a weak group is the server's choice in it.
func TestBlameForKeys(t *testing.T) {
	for _, c := range []struct {
		r     reason.Reason
		field string
		want  Cause
	}{
		{reason.WeakKey, "certificate[0].subject_public_key_info.too_small", CauseUnbelieved},
		{reason.CertificateUnsupportedKey, "certificate[1].subject_public_key_info", CauseUnbelieved},
		{reason.WeakKey, "server_key_exchange.params.dh_p", CauseMalformed},
	} {
		e := &ending{leg: SideServer, phase: PhaseHandshake, what: WhatRefusal, err: reason.New(c.r, "", c.field, nil, nil)}
		if f := e.fault(); f.Cause != c.want || f.By != SideProxy {
			t.Errorf("%s in %s: %s by %s, want %s", c.r, c.field, f.Cause, f.By, c.want)
		}
	}
}
