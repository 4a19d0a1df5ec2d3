package main

import (
	"cmp"
	"encoding/hex"

	"github.com/spf13/cobra"

	"tlslab/handshake"
)

// preShared is a key that both ends were given by other means, for TLS 1.3, and how
// such keys are used.
type preShared struct {
	key, identity string
	only, either  bool
}

// defaultIdentity is what openssl's programs call a key that they were told no name for.
const defaultIdentity = "Client_identity"

func (p *preShared) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.key, "psk", "", "a pre-shared key, in `hex`, that stands in for the certificate (TLS 1.3)")
	f.StringVar(&p.identity, "psk-identity", "", "the `name` of that key, which travels in clear (default \""+defaultIdentity+"\")")
	f.BoolVar(&p.only, "psk-ke", false, "use pre-shared keys, tickets' too, without a key exchange (psk_ke): no forward secrecy (TLS 1.3)")
	f.BoolVar(&p.either, "allow-no-dhe-kex", false, "use pre-shared keys, tickets' too, with a key exchange (psk_dhe_ke) or, where the peer wants none, without (psk_ke) (TLS 1.3)")
}

// only13 names a flag given; "" if there is none.
func (p *preShared) only13() string {
	return firstSet(given("--psk", p.key != ""), given("--psk-identity", p.identity != ""), given("--psk-ke", p.only), given("--allow-no-dhe-kex", p.either))
}

// modes names the flag that says how such keys are used; "" if none does.
func (p *preShared) modes() (flag string, err error) {
	if p.only && p.either {
		return "", misuse("Leave one out: --psk-ke is psk_ke alone, --allow-no-dhe-kex is either.", "--psk-ke with --allow-no-dhe-kex")
	}
	return firstSet(given("--psk-ke", p.only), given("--allow-no-dhe-kex", p.either)), nil
}

// psk is the key that the flags name; nil if they name none.
func (p *preShared) psk() (*handshake.PSK, error) {
	if p.key == "" {
		if p.identity != "" {
			return nil, misuse("Add --psk with the key itself, in hex.", "--psk-identity without --psk")
		}
		return nil, nil
	}
	key, err := hex.DecodeString(p.key)
	if err != nil || len(key) == 0 {
		return nil, misuse("Give two digits 0-9, a-f for each byte. A new one makes: openssl rand -hex 32", "--psk %s: not hex", p.key)
	}
	return &handshake.PSK{Identity: []byte(p.identityName()), Key: key}, nil
}

// identityName is what the key is called.
func (p *preShared) identityName() string { return cmp.Or(p.identity, defaultIdentity) }
