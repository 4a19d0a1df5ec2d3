package handshake

import (
	"fmt"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
)

// SuiteOrder is by whose order of preference a server takes a cipher suite, of those that both
// ends have and that can be used. RFC 9846 §4.2.2 has the client list them "in descending order
// of client preference", and leaves the server free.
type SuiteOrder uint8

// The orders.
const (
	// OwnOrder is the server's, that of Config.Suites.
	OwnOrder SuiteOrder = iota
	// ChaChaFirst is the server's, but with its suites of ChaCha20 in front if the client puts
	// such a suite first. A client does so whose processor has no instructions for AES: there
	// ChaCha20 is faster and AES hard to make run in constant time. (OpenSSL calls it
	// SSL_OP_PRIORITIZE_CHACHA.)
	ChaChaFirst
	// ClientOrder is the client's.
	ClientOrder
)

// String returns "own", "chacha" or "client"; "0x09" for a number that is no order's.
func (o SuiteOrder) String() string {
	names := [...]string{"own", "chacha", "client"}
	if int(o) >= len(names) {
		return fmt.Sprintf("0x%02x", uint8(o))
	}
	return names[o]
}

// ranked lists our suites of a version that a client offers and that can be used, in the order in
// which the server tries them, and why it is that one.
func (s *server) ranked(v iana.Version, offered []iana.CipherSuite) ([]*suite.Suite, event.Why) {
	ours := make([]*suite.Suite, 0, len(s.cfg.suites()))
	for _, su := range s.cfg.suites() {
		if su.Version == v && s.cfg.usable(su) && slices.Contains(offered, su.ID) {
			ours = append(ours, su)
		}
	}
	switch {
	case s.cfg.SuiteOrder == ClientOrder:
		place := make(map[*suite.Suite]int, len(ours)) // in the offer, which may have thousands
		for _, su := range ours {
			place[su] = slices.Index(offered, su.ID)
		}
		slices.SortStableFunc(ours, func(a, b *suite.Suite) int { return place[a] - place[b] })
		return ours, event.WhyClientPreference
	case s.cfg.SuiteOrder == ChaChaFirst && startsWithChaCha(offered):
		isNot := func(su *suite.Suite) bool { return !su.ChaCha() }
		others := slices.DeleteFunc(slices.Clone(ours), (*suite.Suite).ChaCha)
		return append(slices.DeleteFunc(ours, isNot), others...), event.WhyClientPutsChaChaFirst
	}
	return ours, event.WhyServerPreference
}

// startsWithChaCha reports whether the first suite of an offer is one of ChaCha20. Values that are
// there to be ignored (RFC 8701) do not count.
func startsWithChaCha(offered []iana.CipherSuite) bool {
	for _, id := range offered {
		if !iana.IsGREASE(uint16(id)) {
			su := suite.ByID(id)
			return su != nil && su.ChaCha()
		}
	}
	return false
}
