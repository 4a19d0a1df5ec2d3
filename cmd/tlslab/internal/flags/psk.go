package flags

import (
	"cmp"
	"encoding/hex"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
)

// PreShared is a key that both ends were given by other means, for TLS 1.3, and how
// such keys are used.
type PreShared struct {
	Key, identity string
	Only, Either  bool
}

// defaultIdentity is what openssl's programs call a key that they were told no name for.
const defaultIdentity = "Client_identity"

// Flags adds the flags.
func (p *PreShared) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.Key, "psk", "", "a pre-shared key, in `hex`, that stands in for the certificate (TLS 1.3)")
	f.StringVar(&p.identity, "psk-identity", "", "the `name` of that key, which travels in clear (default \""+defaultIdentity+"\")")
	f.BoolVar(&p.Only, "psk-ke", false, "use pre-shared keys, tickets' too, without a key exchange (psk_ke): no forward secrecy (TLS 1.3)")
	f.BoolVar(&p.Either, "allow-no-dhe-kex", false, "use pre-shared keys, tickets' too, with a key exchange (psk_dhe_ke) or, where the peer wants none, without (psk_ke) (TLS 1.3)")
}

// Only13 names a given flag; "" if none of these flags was given.
func (p *PreShared) Only13() string {
	return FirstSet(Given("--psk", p.Key != ""), Given("--psk-identity", p.identity != ""), Given("--psk-ke", p.Only), Given("--allow-no-dhe-kex", p.Either))
}

// Modes names the flag that says how such keys are used; "" if none does.
func (p *PreShared) Modes() (flag string, err error) {
	if p.Only && p.Either {
		return "", cli.Misuse("Leave one out: --psk-ke is psk_ke alone, --allow-no-dhe-kex is either.", "--psk-ke with --allow-no-dhe-kex")
	}
	return FirstSet(Given("--psk-ke", p.Only), Given("--allow-no-dhe-kex", p.Either)), nil
}

// PSK is the key that the flags name; nil if they name none.
func (p *PreShared) PSK() (*handshake.PSK, error) {
	if p.Key == "" {
		if p.identity != "" {
			return nil, cli.Misuse("Add --psk with the key itself, in hex.", "--psk-identity without --psk")
		}
		return nil, nil
	}
	key, err := hex.DecodeString(p.Key)
	if err != nil || len(key) == 0 {
		return nil, cli.Misuse("Give two digits 0-9, a-f for each byte. A new one makes: openssl rand -hex 32", "--psk %s: not hex", p.Key)
	}
	return &handshake.PSK{Identity: []byte(p.IdentityName()), Key: key}, nil
}

// IdentityName is what the key is called.
func (p *PreShared) IdentityName() string { return cmp.Or(p.identity, defaultIdentity) }
