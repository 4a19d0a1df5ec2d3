package handshake

import (
	"hash"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// transcript is every handshake message so far, as on the wire. It is only ever appended
// to: messages alias it.
type transcript struct {
	bytes   []byte
	mark    int // where the message at hand begins
	running *runningHash
}

// runningHash is the hash of the transcript, computed as it grows.
type runningHash struct {
	hash.Hash
	seen int // bytes of the transcript that are in it
	sum  [64]byte
}

// transcriptHash is the hash of the first n bytes of the transcript, which must
// not be fewer than the last time. It is good until the next call.
func (e *Endpoint) transcriptHash(n int) []byte {
	r := e.transcript.running
	if r == nil {
		r = &runningHash{Hash: e.summary.Suite.Hash.New()}
		e.transcript.running = r
	}
	r.Write(e.transcript.bytes[r.seen:n])
	r.seen = n
	return r.Sum(r.sum[:0])
}

// hashFirstHello puts a message_hash in the place of the first ClientHello, n bytes
// long: so a server need not keep what it answers with HelloRetryRequest (RFC 9846
// §4.1).
func (e *Endpoint) hashFirstHello(n int) error {
	sum := e.transcriptHash(n)
	if e.listening() {
		e.decided(event.DecisionTranscript, append([]byte(nil), sum...), nil, event.WhyMessageHash)
	}
	// A new slice: the message aliases the old one.
	t, err := wire.Append(make([]byte, 0, leastTranscript), &message.MessageHash{Hash: sum}, nil)
	if err != nil {
		return reason.Fault("message_hash", err)
	}
	e.transcript.mark = len(t)
	e.transcript.bytes, e.transcript.running = append(t, e.transcript.bytes[n:]...), nil
	return nil
}

// before is the transcript up to, not including, the message at hand.
func (e *Endpoint) before() []byte { return e.transcript.bytes[:e.transcript.mark] }

// leastTranscript is room for a handshake that resumes. Full ones have to grow it, which
// they do not notice; of those that resume it would else be most of the memory.
const leastTranscript = 1024
