//go:build race

package quic_test

// raced: the race detector has pools drop at random what they are given, so allocations are no measure.
const raced = true
