package flags

import (
	"cmp"

	"github.com/spf13/cobra"

	"tlslab/handshake"
	"tlslab/handshake/switches"
)

// PreShared is a key that both ends were given by other means, for TLS 1.3, and how
// such keys are used.
type PreShared struct {
	Key, Identity string
	Only, Either  bool
}

// Flags adds the flags.
func (p *PreShared) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.Key, "psk", "", "a pre-shared key, in `hex`, that stands in for the certificate (TLS 1.3)")
	f.StringVar(&p.Identity, "psk-identity", "", "the `name` of that key, which travels in clear (default \""+switches.DefaultIdentity+"\")")
	f.BoolVar(&p.Only, "psk-ke", false, "use pre-shared keys, tickets' too, without a key exchange (psk_ke): no forward secrecy (TLS 1.3)")
	f.BoolVar(&p.Either, "allow-no-dhe-kex", false, "use pre-shared keys, tickets' too, with a key exchange (psk_dhe_ke) or, where the peer wants none, without (psk_ke) (TLS 1.3)")
}

// Only13 names a given flag; "" if none of these flags was given.
func (p *PreShared) Only13() string {
	return FirstSet(Given("--psk", p.Key != ""), Given("--psk-identity", p.Identity != ""), Given("--psk-ke", p.Only), Given("--allow-no-dhe-kex", p.Either))
}

// Check refuses modes that exclude each other.
func (p *PreShared) Check() error {
	_, err := switches.PSKMode(p.Only, p.Either)
	return err
}

// PSK is the key that the flags name; nil if they name none.
func (p *PreShared) PSK() (*handshake.PSK, error) { return switches.PSK(p.Key, p.Identity) }

// IdentityName is what the key is called.
func (p *PreShared) IdentityName() string { return cmp.Or(p.Identity, switches.DefaultIdentity) }
