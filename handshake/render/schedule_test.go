package render

import (
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/keyschedule"
)

// An HkdfLabel is taken apart into what it was made of, and nothing else is.
func TestHkdfLabel(t *testing.T) {
	hash := make([]byte, 32)
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{keyschedule.AppendHkdfLabel(nil, "key", nil, 16), `0010 09 "tls13 key" 00`},
		{keyschedule.AppendHkdfLabel(nil, "c hs traffic", hash, 32), `0020 12 "tls13 c hs traffic" 20 0000000000000000…`},
		{keyschedule.AppendHkdfLabel(nil, "resumption", []byte{0, 1}, 32), `0020 10 "tls13 resumption" 02 0001`},
	} {
		if got, ok := hkdfLabel(event.Public("hkdf_label", c.b)); !ok || got != c.want {
			t.Errorf("%x: %q, want %q", c.b, got, c.want)
		}
		for n := range c.b {
			if got, ok := hkdfLabel(event.Public("hkdf_label", c.b[:n])); ok {
				t.Errorf("%x passes for an HkdfLabel: %s", c.b[:n], got)
			}
		}
		if _, ok := hkdfLabel(event.Public("context", c.b)); ok {
			t.Error("a context passes for an HkdfLabel")
		}
	}
}
