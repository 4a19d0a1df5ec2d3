package scenario

import (
	"crypto/rand"
	"crypto/sha256"
	"io"
	randv2 "math/rand/v2"
	"time"
)

// stream is a party's own randomness: under a seed it depends on the seed and the
// party's name alone, so that one party drawing more leaves the others as they were.
func (o *Options) stream(party string) io.Reader {
	if o.Seed == "" {
		return rand.Reader
	}
	return randv2.NewChaCha8(sha256.Sum256([]byte("tlslab seed\x00" + o.Seed + "\x00" + party)))
}

// clock is the lesson's time.
func (o *Options) clock() func() time.Time {
	if o.Seed == "" {
		return time.Now
	}
	return func() time.Time { return Epoch }
}
