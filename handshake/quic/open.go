package quic

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
)

// Opened is a packet whose protection was taken off, and what that took.
type Opened struct {
	Sample  []byte // of the ciphertext: what the mask is computed from
	Mask    []byte // 5 bytes: for the first byte's low bits, and for the packet number
	Header  []byte // as it was before header protection, packet number included: the AEAD's associated data
	Number  uint64 // the packet number, whole
	Sent    int    // of how many bytes it was sent
	Nonce   []byte
	Payload []byte // the frames
}

// ErrSealed says that a packet did not open: it is protected with other keys, or was changed
// on its way.
var ErrSealed = errors.New("the packet does not open under these keys")

// opening is an Opened, and the places of what is in it.
type opening struct {
	Opened
	sample, mask [16]byte
	nonce        [12]byte
	room         []byte  // header and payload
	frames       []Frame // of the payload
}

// openings are used again and again: a recording has thousands, each for a moment (Connection.Brief).
var openings = sync.Pool{New: func() any { return new(opening) }}

// Open removes header protection (RFC 9001 §5.4) and opens the payload (§5.3). largest is the
// largest packet number that was opened of this end so far, -1 if none: a number is sent by
// its last bytes alone. p must have a Number; the packet is left as it is.
func (k *Keys) Open(p *Packet, largest int64) (*Opened, error) {
	o := new(opening)
	if err := k.open(p, largest, o); err != nil {
		return nil, err
	}
	return &o.Opened, nil
}

func (k *Keys) open(p *Packet, largest int64, o *opening) error {
	if p.Number == 0 || len(p.Wire) < p.Number+4+tagLen {
		return ErrForm
	}
	copy(o.sample[:], p.Wire[p.Number+4:])
	block(k.HP).Encrypt(o.mask[:], o.sample[:])
	o.Sample, o.Mask = o.sample[:], o.mask[:5]
	first := p.Wire[0] ^ o.Mask[0]&0x0f
	o.Sent = int(first&3) + 1
	n := p.Number + o.Sent
	o.room = append(slices.Grow(o.room[:0], len(p.Wire)), p.Wire[:n]...)
	o.Header = o.room[:n:n]
	o.Header[0] = first
	number := o.Header[p.Number:]
	truncated := uint64(0)
	for i := range number {
		number[i] ^= o.Mask[1+i]
		truncated = truncated<<8 | uint64(number[i])
	}
	o.Number = whole(truncated, 8*o.Sent, largest)
	o.Nonce = append(o.nonce[:0], k.IV...)
	tail := o.Nonce[len(o.Nonce)-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^o.Number)
	payload, err := gcm(k.Key).Open(o.room[n:n], o.Nonce, p.Wire[n:], o.Header)
	if err != nil {
		return ErrSealed
	}
	o.Payload = payload
	return nil
}

// whole is the packet number whose last bits were sent, nearest to the one that is expected
// (RFC 9000 §A.3).
func whole(truncated uint64, bits int, largest int64) uint64 {
	expected := uint64(largest + 1)
	window := uint64(1) << bits
	half := window / 2
	candidate := expected&^(window-1) | truncated
	switch {
	case candidate+half <= expected && candidate < 1<<62-window:
		return candidate + window
	case candidate > expected+half && candidate >= window:
		return candidate - window
	}
	return candidate
}

// RetryTag computes the integrity tag of a Retry, over the connection ID that the client
// chose first and the packet without its tag (RFC 9001 §5.8, RFC 9369 §3.3.3). Its key is printed in
// the document: the tag shows damage, and no author. p.Version must be Known.
func RetryTag(p *Packet, original []byte) []byte {
	r := rulesOf(p.Version)
	pseudo := append([]byte{byte(len(original))}, original...)
	pseudo = append(pseudo, p.Wire[:len(p.Wire)-len(p.Tag)]...)
	return gcm(r.retryKey).Seal(nil, r.retryNonce, nil, pseudo)
}
