package interop_test

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/session"
)

// TestOpenSSLNoNameOnResumption has s_client say which extensions our server answers: that
// it took the name, in a full handshake and in no other (RFC 6066 §3).
func TestOpenSSLNoNameOnResumption(t *testing.T) {
	const answered = `TLS server extension "server name"`
	for option, version := range map[string]iana.Version{"-tls1_2": iana.TLS12, "-tls1_3": iana.TLS13} {
		cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
		cfg.MinVersion, cfg.MaxVersion = version, version
		cfg.Tickets = session.NewTicketKeys(rand.Reader, 0)
		file := filepath.Join(t.TempDir(), "session")
		for i, use := range []string{"-sess_out", "-sess_in"} {
			got, _, p := exchangeLineIn(t, option, cfg, "-tlsextdebug", use, file)
			<-p.over.Done()
			if said := strings.Contains(p.said.String(), answered); got.Resumed != (i > 0) || said != (i == 0) {
				t.Errorf("%v, connection %d: resumed %v, and %q is said: %v", version, i, got.Resumed, answered, said)
			}
		}
	}
}
