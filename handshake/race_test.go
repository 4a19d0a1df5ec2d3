//go:build race

package handshake_test

// scale divides the length of the long loops: under the race detector the same
// time goes a tenth as far.
const scale = 10
