//go:build !race

package handshake_test

// scale divides the length of the long loops.
const scale = 1
