package der

import (
	"testing"

	"tlslab/handshake/wire"
)

// covered fails unless the fields name each byte of b exactly once.
func covered(t *testing.T, b []byte, fields []wire.Field) {
	t.Helper()
	if err := wire.Covered(fields, len(b)); err != nil {
		t.Fatalf("%v, of %x", err, b)
	}
	for _, f := range fields {
		if f.Leaf() && f.Len == 0 {
			t.Fatalf("%s is a leaf of no bytes", f.Name)
		}
	}
}

func TestEveryByteOfACertificateIsNamed(t *testing.T) {
	b := rich(t)
	fields, err := WalkCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	covered(t, b, fields)
}

// Whatever comes, every byte has a name, and there are not more fields than the limit says.
func FuzzWalk(f *testing.F) {
	f.Add(rich(f))
	f.Add([]byte{0x30, 3, 0x0a, 1, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, walk := range []func([]byte) ([]wire.Field, error){WalkCertificate, WalkOCSPResponse, WalkCRL, WalkRequest} {
			fields, _ := walk(b)
			covered(t, b, fields)
		}
	})
}
