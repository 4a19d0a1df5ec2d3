package der

import (
	"encoding/asn1"
	"errors"
)

// Unmarshal is asn1.Unmarshal of bytes of which nothing is left over.
func Unmarshal(b []byte, to any) error {
	rest, err := asn1.Unmarshal(b, to)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes are left over")
	}
	return err
}
