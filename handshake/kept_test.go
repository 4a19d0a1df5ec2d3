package handshake_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/session"
	"tlslab/pki"
)

// TestVerifierToldOfKept: a verifier of either role is told which chain it is shown, and
// which is only remembered; and that it refuses a remembered one costs a full handshake and
// no more.
func TestVerifierToldOfKept(t *testing.T) {
	cli := newLesson(t, "rsa")
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for role := range 2 {
			for _, tickets := range []bool{true, false} {
				if version == iana.TLS13 && !tickets {
					continue // it has no other way
				}
				name := fmt.Sprintf("%v, role %d, tickets %v", version, role, tickets)
				var kept []bool
				var refuse bool
				judge := func(in handshake.ChainInput) (*pki.Report, error) {
					if kept = append(kept, in.Kept); refuse && in.Kept {
						return nil, errors.New("let me see it again")
					}
					return nil, nil
				}
				cc, sc := ends13(newLesson(t, "ecdsa"))
				cc.MaxVersion, cc.Sessions = version, session.NewMemory(0)
				cc.Certificates = []handshake.Certificate{{Chain: cli.Chain, Key: cli.Key}}
				sc.ClientAuth, sc.Roots = handshake.RequireClientCert, pki.NewTrustStore(cli.Root.Cert)
				yes := func(handshake.ChainInput) (*pki.Report, error) { return nil, nil }
				cc.VerifyChain, sc.VerifyChain, sc.SessionTickets = yes, yes, 1
				if tickets {
					sc.Tickets = session.NewTicketKeys(rand.Reader, 0)
				} else {
					sc.Sessions = session.NewMemory(0)
				}
				[]*handshake.Config{cc, sc}[role].VerifyChain = judge

				for i, step := range []struct {
					refuse, resumed bool
					kept            []bool
				}{{false, false, []bool{false}}, {false, true, []bool{true}}, {true, false, []bool{true, false}}} {
					kept, refuse = nil, step.refuse
					c, s := mustShake(t, cc, sc)
					_, _ = c.Step() // the tickets
					if got := c.Summary().Resumed; got != step.resumed || s.Summary().Resumed != got || !slices.Equal(kept, step.kept) {
						t.Errorf("%s, connection %d: resumed %v, judged %v; expected %v, %v", name, i, got, kept, step.resumed, step.kept)
					}
				}
			}
		}
	}
}
