package observe_test

import (
	"context"
	"crypto/rsa"
	"fmt"

	"tlslab/handshake/observe"
	"tlslab/handshake/scenario"
	"tlslab/pki/lesson"
)

// Recordings of one request, and the server's key, stolen afterwards.
func Example() {
	l, _ := scenario.Run(context.Background(), scenario.Options{Request: "pin 4711"}, nil)
	for _, flow := range l.Flows {
		thief, _ := observe.New(observe.Options{RSAKey: lesson.Key("leaf").(*rsa.PrivateKey)})
		for _, s := range flow.Wire {
			if s.ToServer {
				thief.ClientBytes(s.Bytes)
			} else {
				thief.ServerBytes(s.Bytes)
			}
		}
		r := thief.Report()
		if r.Sealed > 0 {
			fmt.Printf("%s: closed, %s\n", flow.Name, r.Closed)
		} else {
			fmt.Printf("%s: %s\n", flow.Name, r.FromClient)
		}
	}
	// Output:
	// rsa: pin 4711
	// ecdhe: closed, key_only_signs
	// tls13: closed, key_only_signs
}
