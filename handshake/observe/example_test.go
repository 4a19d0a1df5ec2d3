package observe_test

import (
	"context"
	"crypto/rsa"
	"fmt"

	"tlslab/handshake/observe"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// Two recordings of one request, and the server's key, stolen afterwards.
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
		fmt.Printf("%s: %q, %d records closed\n", flow.Name, thief.Report().FromClient, thief.Report().Sealed)
	}
	// Output:
	// rsa: "pin 4711", 0 records closed
	// ecdhe: "", 6 records closed
}
