package clitest

import (
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/kxtest"
	"tlslab/handshake/suite"
)

// Guessing is a client that does not know the premaster secret it sends.
func Guessing(t *testing.T, padded bool) *handshake.Config {
	t.Helper()
	s, err := suite.ByName("AES128-SHA")
	if err != nil {
		t.Fatal(err)
	}
	cfg := &handshake.Config{Suites: []*suite.Suite{s}, Exchanges: []kx.Exchange{kxtest.Guess(padded)}, ServerName: "localhost", MaxVersion: iana.TLS12}
	cfg.Weak.SkipVerify = true
	return cfg
}
