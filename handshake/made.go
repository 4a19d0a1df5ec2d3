package handshake

import "tlslab/handshake/reason"

// What a key exchange of one's own has made is looked at before anything is made of it: the
// first that a student writes returns nothing. Shares are looked at by kx.OwnShare.

// needSecret refuses a secret that everybody knows.
func needSecret(secret []byte, field string) error {
	if len(secret) == 0 {
		return nothingMade(field)
	}
	return nil
}

func nothingMade(field string) error {
	return reason.New(reason.Internal, "", field, reason.Say("at least %d bytes", 1), 0)
}
