package handshake

import (
	"math"

	"tlslab/handshake/reason"
)

// What a key exchange of one's own has made is looked at before anything is made of it: the
// first that a student writes returns nothing. That is a fault at our end, and none of the
// peer's, who would be told so by the message that has no room for it.

// share returns what an Offer or an Answer sends.
func share(end interface{ Share() []byte }, field string) ([]byte, error) {
	var share []byte
	if end != nil {
		share = end.Share()
	}
	if len(share) == 0 || len(share) > math.MaxUint16 {
		return nil, reason.New(reason.Internal, "", field, reason.Say("1 to %d bytes", math.MaxUint16), len(share))
	}
	return share, nil
}

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
