package scenario_test

import (
	"context"
	"fmt"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/scenario"
)

// A lesson's secrets, by the labels that the transcript shows.
func Example() {
	tr, err := scenario.Run(context.Background(), scenario.Options{Seed: "42", Kx: []iana.Kx{iana.KxECDHE}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, label := range []event.SecretLabel{event.LabelPremasterSecret, event.LabelMasterSecret, event.LabelClientWriteKey} {
		fmt.Println(label, len(tr.Secret(label)), "bytes")
	}
	// Output:
	// premaster_secret 32 bytes
	// master_secret 48 bytes
	// client_write_key 16 bytes
}

// The messages that the client sent.
func ExampleTranscript_Messages() {
	tr, _ := scenario.Run(context.Background(), scenario.Options{Kx: []iana.Kx{iana.KxRSA}}, nil)
	for _, m := range tr.Messages() {
		if m.Party == "client" && m.Dir == event.Send {
			fmt.Println(m.Kind, m.Ref)
		}
	}
	// Output:
	// client_hello RFC 5246 §7.4.1.2
	// client_key_exchange RFC 5246 §7.4.7
	// change_cipher_spec RFC 5246 §7.1
	// finished RFC 5246 §7.4.9
}

// What somebody who steals the server's key later reads in a recording.
func ExampleKnowledge() {
	tr, _ := scenario.Run(context.Background(), scenario.Options{Request: "the cookie is 4711"}, nil)
	for _, f := range tr.Flows {
		thief := scenario.SceneOf[*scenario.WhoKnows](f).Of("thief")
		fmt.Printf("%s: reads %v, can impersonate %v\n", f.Name, thief.ReadsData, thief.CanImpersonate)
	}
	// Output:
	// rsa: reads true, can impersonate true
	// ecdhe: reads false, can impersonate true
	// tls13: reads false, can impersonate true
}

// A lesson that ends in a refusal is no error.
func ExampleRun_refusal() {
	tr, err := scenario.Run(context.Background(), scenario.Options{MITM: true}, nil)
	out := tr.Outcome()
	fmt.Println(err, out.Done, out.Refused, out.Intended)
	// Output:
	// <nil> false client true
}
