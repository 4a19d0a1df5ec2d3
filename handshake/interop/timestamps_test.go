package interop_test

import (
	"bytes"
	stdtls "crypto/tls"
	"reflect"
	"slices"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
)

// TestStdlibTimestamps: signed certificate timestamps go to crypto/tls and come from it (RFC 6962
// §3.3.1), in both versions.
func TestStdlibTimestamps(t *testing.T) {
	timestamps := [][]byte{append([]byte{0}, bytes.Repeat([]byte{7}, 60)...), {1, 2, 3}}
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		a, b := tlstest.Pipe()
		cfg := tlstest.Verifying()
		cfg.Suites, cfg.MinVersion = nil, 0
		cfg.MaxVersion, cfg.CertificateTimestamps = version, true
		theirs := tlstest.Servers()["ecdsa"].Std()
		theirs[0].SignedCertificateTimestamps = timestamps
		c := tlstest.Client(t, a, cfg)
		s := stdtls.Server(b, &stdtls.Config{Certificates: theirs})
		if err1, err2 := tlstest.Shake(c, s); err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if got := c.Summary().Timestamps; !reflect.DeepEqual(got, timestamps) {
			t.Errorf("%v: from crypto/tls came %x", version, got)
		}

		a, b = tlstest.Pipe()
		ours := tlstest.Serving(tlstest.Servers()["ecdsa"])
		ours.Suites, ours.MaxVersion = nil, 0
		ours.Certificates = slices.Clone(ours.Certificates)
		ours.Certificates[0].Timestamps = timestamps
		std := stdtls.Client(a, &stdtls.Config{RootCAs: tlstest.Pool(), ServerName: tlstest.Name, MaxVersion: uint16(version)})
		if err1, err2 := tlstest.Shake(std, tlstest.Server(t, b, ours)); err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if got := std.ConnectionState().SignedCertificateTimestamps; !reflect.DeepEqual(got, timestamps) {
			t.Errorf("%v: to crypto/tls went %x", version, got)
		}
	}
}
