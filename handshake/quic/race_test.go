//go:build race

package quic_test

// raceEnabled says that this test binary was built with the race detector, under which pools drop at random what they
// are given: allocations are no measure then.
const raceEnabled = true
