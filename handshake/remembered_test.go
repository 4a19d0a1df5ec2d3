package handshake_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/session"
	"tlslab/pki/lesson"
)

// TestSummaryRemembers: a session that is resumed again and again still knows the status
// that came with the server's certificate, as crypto/tls does; and in TLS 1.2, where no new
// key exchange is made, the group of the one that its secret comes from, at both ends.
func TestSummaryRemembers(t *testing.T) {
	l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa", Name: "www.lab.test", Time: clock(), Staple: "good"})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, stapled := range []bool{true, false} {
			for _, tickets := range []bool{true, false} {
				if version == iana.TLS13 && !tickets {
					continue // it has no other way
				}
				cc, sc := ends13(l)
				cc.MaxVersion, cc.Stapling, cc.Groups = version, stapled, []kx.Group{kx.P384, kx.P256}
				cc.Sessions, sc.Groups = session.NewMemory(0), cc.Groups
				if tickets {
					sc.Tickets = session.NewTicketKeys(rand.Reader, 0)
				} else {
					sc.Sessions = session.NewMemory(0)
				}
				for i := range 4 {
					name := fmt.Sprintf("%v, stapled %v, tickets %v, connection %d", version, stapled, tickets, i)
					c, s := mustShake(t, cc, sc)
					_, _ = c.Step() // the tickets
					got := c.Summary()
					if got.Resumed != (i > 0) || s.Summary().Resumed != got.Resumed {
						t.Errorf("%s: resumed %v", name, got.Resumed)
					}
					if bytes.Equal(got.Staple, l.Staple) != stapled || len(got.Staple) > 0 != stapled {
						t.Errorf("%s: a staple of %d bytes", name, len(got.Staple))
					}
					if got.Group != iana.P384 || s.Summary().Group != iana.P384 {
						t.Errorf("%s: group %v, at the server %v", name, got.Group, s.Summary().Group)
					}
				}
			}
		}
	}
}
