package narrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/kxtest"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// lessons are the lessons by which the texts are tried: together they go every way
// that a lesson can go.
var lessons = map[string]scenario.Options{
	"first screen": {},
	"plain, dhe":   {Plain: true, Kx: []iana.Kx{iana.KxDHE}},
	"no ems":       {NoEMS: true},
	"cbc": {Suites: []*suite.Suite{suite.ByID(0xc027)}, Compress: true},
	"etm":          {Suites: []*suite.Suite{suite.ByID(0xc027)}, EncryptThenMAC: true},
	"null":         {Suites: []*suite.Suite{suite.ByID(0x003b)}},
	"ecdsa":        {KeyAlg: "ecdsa"},
	"ed25519":      {KeyAlg: "ed25519"},
	"client auth":  {ClientAuth: true},
	"no client certificate": {ClientAuth: true, NoClientCert: true},
	"staple":          {Staple: "good"},
	"revoked":         {Cert: pki.Revoked},
	"h2":              {ALPN: []string{"h2", "http/1.1"}},
	"untrusted":       {UntrustedRoot: true},
	"name constraint": {Cert: pki.NameConstraint},
	"path length":     {Cert: pki.PathLen},
	"resume id":       {Resume: scenario.ResumeByID},
	"resume ticket":   {Resume: scenario.ResumeByTicket, Kx: []iana.Kx{iana.KxRSA}},
	"middle box":      {MITM: true},
	"trusted box":     {MITM: true, TrustMITM: true},
	"own group":       {Kx: []iana.Kx{iana.KxECDHE}, Groups: []kx.Group{kxtest.Toy()}},
}

// played runs every lesson, once for all tests.
var played = sync.OnceValues(func() (map[string][]handshake.Event, error) {
	out := map[string][]handshake.Event{}
	for name, o := range lessons {
		o.Seed = name
		t, err := scenario.Run(context.Background(), o, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = t.Events()
	}
	return out, nil
})

func play(t *testing.T) map[string][]handshake.Event {
	t.Helper()
	events, err := played()
	if err != nil {
		t.Fatal(err)
	}
	return events
}
