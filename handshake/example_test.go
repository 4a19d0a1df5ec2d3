package handshake_test

import (
	"fmt"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/pki/lesson"
)

// Two endpoints, walked by hand: Step until nothing moves, carry Output to the
// other's Feed, and ask Legal what may come.
func Example() {
	l, _ := lesson.New(lesson.Options{})
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		fmt.Println(version)
		c, _ := handshake.NewClient(&handshake.Config{MaxVersion: version, Roots: l.Roots, ServerName: l.Name})
		s, _ := handshake.NewServer(&handshake.Config{Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}})
		for from, to := c, s; !c.Done() || !s.Done(); from, to = to, from {
			for progress, err := true, error(nil); progress && err == nil; {
				progress, err = from.Step()
			}
			fmt.Println(from.Role(), "is in", from.State(), "and may next", from.Legal()[0].Dir, from.Legal()[0].Msg)
			to.Feed(from.Output())
		}
	}
	// Output:
	// TLS 1.2
	// client is in WAIT_SH and may next recv server_hello
	// server is in WAIT_CKE and may next recv client_key_exchange
	// client is in WAIT_CCS and may next recv change_cipher_spec
	// server is in CONNECTED and may next recv client_hello
	// client is in CONNECTED and may next recv hello_request
	// TLS 1.3
	// client is in WAIT_SH and may next recv hello_retry_request
	// server is in WAIT_FINISHED and may next recv finished
	// client is in CONNECTED and may next send key_update
	// server is in CONNECTED and may next send key_update
}
