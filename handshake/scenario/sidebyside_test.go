package scenario

import (
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"testing"
)

// A serial number is written as its bytes, as everywhere: a first byte below 16 keeps its
// zero, and the two forms of one number can be compared.
func TestSerialIsWrittenInBytes(t *testing.T) {
	serial := []byte{0x06, 0x08, 0xd4, 0x84}
	c := &x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial)}
	for _, r := range CompareCertificates(c, c).Rows {
		if r.What == "serial" {
			if r.Left != hex.EncodeToString(serial) || r.Right != r.Left {
				t.Errorf("%v and %v, want %x", r.Left, r.Right, serial)
			}
			return
		}
	}
	t.Error("no serial number is compared")
}
