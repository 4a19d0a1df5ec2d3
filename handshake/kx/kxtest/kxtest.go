// Package kxtest tells whether a key exchange keeps the contract of kx.Group. One
// call is a whole test:
//
//	func TestMyGroup(t *testing.T) { kxtest.Run(t, MyGroup) }
//
// Each fault is one sentence that says what is wrong and, where it can, what to do
// instead. It is not a proof of security: a group that passes agrees with itself,
// takes its randomness where it should, and refuses what it must. It cannot tell
// whether a listener can compute the secret: only the plainest ways to do so are tried.
//
// RunExchange is the same for a whole key exchange of TLS 1.2, RSA key transport for instance.
//
// Read kxtest.go for what can be asked, checks.go for what is checked between honest
// ends, turns.go for many connections at once, shares.go for what a peer may try; call.go
// is how a group is called that may do anything. exchange.go and static.go are of exchanges.
package kxtest

import (
	"crypto"
	"testing"

	"tlslab/handshake/kx"
)

// Option adjusts a run to the group.
type Option func(*config)

type config struct {
	runs                  int
	varying, tiny         bool
	badOffers, badAnswers [][]byte

	key    crypto.Signer // of an exchange
	groups []kx.Group
}

// WithBad names shares that Answer and Finish must both refuse: a point off the
// curve, p-1, a point of small order.
func WithBad(shares ...[]byte) Option {
	return func(c *config) {
		c.badOffers = append(c.badOffers, shares...)
		c.badAnswers = append(c.badAnswers, shares...)
	}
}

// WithBadOffers names shares that Answer must refuse, for a KEM, whose two shares
// are not alike.
func WithBadOffers(shares ...[]byte) Option {
	return func(c *config) { c.badOffers = append(c.badOffers, shares...) }
}

// WithVaryingSizes is for a group whose shares differ in length from run to run.
// Shares of other lengths than the honest ones may then be accepted; an empty one
// may not.
func WithVaryingSizes() Option { return func(c *config) { c.varying = true } }

// WithTinyValues is for a textbook group, p = 23, in which two runs may well meet
// in the same numbers.
func WithTinyValues() Option { return func(c *config) { c.tiny = true } }

// WithRuns sets how many honest exchanges are made, 1000 by default: fewer for a slow
// group.
func WithRuns(n int) Option { return func(c *config) { c.runs = max(n, 2) } }

// Run reports every fault of g as an error of t.
func Run(t testing.TB, g kx.Group, options ...Option) {
	t.Helper()
	for _, fault := range Check(g, options...) {
		t.Error(fault)
	}
}

// Check returns every fault of g, each as one sentence on one line; none if g keeps the
// contract. It is Run for a grader or a command.
//
// It comes back from a g that panics, that calls t.FailNow, or that never returns: after a
// minute or two, with the goroutine still running. It does not come back from what ends
// the process: os.Exit, a stack that overflows, a map that two goroutines write at once.
// So what grades many submissions gives each a process of its own.
func Check(g kx.Group, options ...Option) []string {
	s := &suite{group: g, mark: newMark(), config: config{runs: manyRuns}}
	for _, o := range options {
		o(&s.config)
	}
	if s.watch(s.all); !s.done() {
		s.left()
	}
	return s.found()
}

// all makes all checks.
func (s *suite) all() {
	if s.identity() {
		s.exchanges()
	}
}

// exchanges makes all checks but of what the group is called.
func (s *suite) exchanges() {
	// What follows supposes that an honest exchange works at all.
	if s.agreement() {
		s.randomness()
		s.lengths()
		s.badShares()
		s.fixedSecrets()
		s.explanation()
		if s.determinism() {
			s.halfway()
			s.inputs()
			s.turns()
		}
	}
	s.garbage()
}
