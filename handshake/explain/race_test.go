//go:build race

package explain_test

// raceEnabled says that this test binary was built with the race detector.
const raceEnabled = true
