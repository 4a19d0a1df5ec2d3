package interop_test

import (
	"bytes"
	stdtls "crypto/tls"
	"strings"
	"testing"

	"tlslab/handshake/internal/tlstest"
)

// TestStdlibExporter12 exports what crypto/tls exports in TLS 1.2, at the ends of what RFC
// 5705 §4 allows: the PRF takes a label of any length, none too, and gives as much as is
// asked for; a context has two bytes of length.
func TestStdlibExporter12(t *testing.T) {
	k := stdCase{id: tlstest.Servers()["ecdsa"]}
	sc := k.stdEnd()
	sc.Certificates, sc.MaxVersion = k.id.Std(), stdtls.VersionTLS12
	a, b := tlstest.Pipe()
	c, srv := tlstest.Client(t, a, k.ourEnd()), stdtls.Server(b, sc)
	if cerr, serr := tlstest.Shake(c, srv); cerr != nil || serr != nil {
		t.Fatal(cerr, serr)
	}
	state := srv.ConnectionState()
	for _, q := range []struct {
		label   string
		context int // bytes; less than none: no context
		n       int
	}{
		{"", -1, 32}, {"", 0, 32}, {"EXPORTER-lab", -1, 0}, {strings.Repeat("l", 1000), 3, 32},
		{"EXPORTER-lab", 1<<16 - 1, 32}, {"EXPORTER-lab", -1, 255*48 + 1}, {"EXPORTER-lab", 1 << 16, 32},
	} {
		var context []byte
		if q.context >= 0 {
			context = make([]byte, q.context)
		}
		got, err := c.Export(q.label, context, q.n)
		want, err2 := state.ExportKeyingMaterial(q.label, context, q.n)
		if (err != nil) != (err2 != nil) || !bytes.Equal(got, want) {
			t.Errorf("a label of %d bytes, a context of %d, %d bytes: %v; crypto/tls: %v; the same: %v",
				len(q.label), q.context, q.n, err, err2, bytes.Equal(got, want))
		}
	}
	if _, err := c.Export("EXPORTER-lab", nil, -1); err == nil {
		t.Error("less than no bytes are exported")
	}
}
