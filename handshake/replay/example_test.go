package replay_test

import (
	"context"
	"fmt"

	"tlslab/handshake/replay"
)

// A POST in early data is replayed to a server that only looks whether it is fresh.
func ExampleRun() {
	r, err := replay.Run(context.Background(), "early-data", []string{replay.Fresh}, replay.Options{Seed: "example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Outcome, r.Reason, "by", r.Limit)
	for _, a := range r.Routes[0].Attempts {
		fmt.Println(a.After, a.Worked, a.Why, a.Moved)
	}
	fmt.Println("the attacker has", r.Mallory, "and should have", r.Mallory-r.Moved)
	// Output:
	// limited not_fresh by time
	// 1s true  100
	// 10s true  100
	// 11s false not_fresh 0
	// 9m0s false not_fresh 0
	// 11m0s false not_fresh 0
	// 24h0m0s false not_fresh 0
	// the attacker has 300 and should have 100
}
