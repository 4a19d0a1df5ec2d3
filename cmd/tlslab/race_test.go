//go:build race

package main

// raceEnabled says that this test binary was built with the race detector.
const raceEnabled = true
