package observe_test

import (
	"context"
	"crypto/rsa"
	"fmt"

	"tlslab/handshake/observe"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// Recordings of one request, and the server's key, stolen afterwards.
func Example() {
	lesson, _ := scenario.Run(context.Background(), scenario.Options{Request: "pin 4711"}, nil)
	for _, flow := range lesson.Flows {
		thief, _ := observe.New(observe.Options{RSAKey: pki.LessonKey("leaf").(*rsa.PrivateKey)})
		for _, s := range flow.Wire {
			if s.ToServer {
				thief.ClientBytes(s.Bytes)
			} else {
				thief.ServerBytes(s.Bytes)
			}
		}
		r := thief.Report()
		fmt.Printf("%s: %q %s\n", flow.Name, r.FromClient, r.Closed)
	}
	// Output:
	// rsa: "pin 4711"
	// ecdhe: "" key_only_signs
	// tls13: "" key_only_signs
}
