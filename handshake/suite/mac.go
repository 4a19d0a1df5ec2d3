package suite

import (
	"bytes"
	"crypto/hmac"
	"crypto/subtle"
	"encoding"
	"encoding/binary"
	"hash"
	"math/bits"
)

// mac computes the HMAC of records (RFC 5246 §6.2.3.1): over the 13 bytes of the
// pseudo-header, then the data.
//
// sum is for data whose length everybody knows. sumSecretLength is for what CBC
// decryption leaves, data || MAC || padding, where the length of the data follows
// from a padding that nobody has authenticated yet. A MAC that takes longer for
// more data tells an attacker who changes ciphertext how long the padding he made
// is, and with that the plaintext: Lucky Thirteen (AlFardan and Paterson, 2013).
// So, given the length of the record, which is public:
//
//   - constant: the number of compression calls, the addresses read and written,
//     their order, and the branches taken, in this file and in unpad;
//   - not in our hands: whether the processor takes equal time for equal
//     instructions; what the standard library does within a block. Its hashes have
//     no branches and no look-ups that depend on data; its AES has look-ups on a
//     processor without instructions for AES.
//
// Hash.Sum would not do, since its padding depends on the length. So the blocks
// that may be the last are padded here, by masks; each is compressed, whether
// part of the message or not; and the state after the right one is kept, by a
// mask again. The state is read through encoding.BinaryAppender, where the standard
// library's SHA-1 and SHA-2 have it behind a four-byte magic; a test holds that
// they still do, by comparing with sum.
type mac struct {
	size  int // of the MAC
	block int // of the hash's blocks: 1 << shift
	shift int
	new   func() hash.Hash
	key   []byte
	hmac  hash.Hash // made of the two by the first sum: who opens MAC-then-encrypt needs none

	h     hash.Hash
	inner []byte // state after the inner padded key
	outer []byte // state after the outer padded key

	head [13]byte
	out  [64]byte  // the MAC computed last; the state that sumSecretLength keeps
	got  [64]byte  // the MAC a record carries
	turn [64]byte  // got, while it is rotated
	last [128]byte // a block that may be the last
	buf  []byte    // a marshalled state
}

// magicLen is the length of what precedes a marshalled state.
const magicLen = 4

func newMAC(newHash func() hash.Hash, key []byte) *mac {
	m := &mac{new: newHash, key: bytes.Clone(key), h: newHash()}
	m.size, m.block = m.h.Size(), m.h.BlockSize()
	m.shift = bits.TrailingZeros(uint(m.block))
	padded := make([]byte, m.block) // TLS's MAC keys are never longer than a block
	state := func(pad byte) []byte {
		copy(padded, key)
		for i := range padded {
			padded[i] ^= pad
		}
		m.h.Reset()
		m.h.Write(padded)
		b, err := m.h.(encoding.BinaryAppender).AppendBinary(nil)
		if err != nil {
			panic("suite: hash state: " + err.Error())
		}
		clear(padded)
		return b
	}
	m.inner, m.outer = state(0x36), state(0x5c)
	m.buf = make([]byte, 0, len(m.inner))
	return m
}

// sum computes the MAC of pseudo-header m.head and data. It is overwritten by the
// next call.
func (m *mac) sum(data []byte) []byte {
	if m.hmac == nil {
		m.hmac = hmac.New(m.new, m.key)
	}
	m.hmac.Reset()
	m.hmac.Write(m.head[:])
	m.hmac.Write(data)
	return m.hmac.Sum(m.out[:0])
}

// sumSecretLength computes the MAC of m.head and data[:n]. n is secret, but known
// to lie in least…len(data), both of them public.
func (m *mac) sumSecretLength(data []byte, n, least int) []byte {
	m.restore(m.inner)
	// Whole blocks that belong to the message in any case need no masks.
	head := len(m.head)
	public := (head + least) / m.block * m.block
	if public >= head {
		m.h.Write(m.head[:])
		m.h.Write(data[:public-head])
	} else {
		public = 0
	}
	at := func(i int) byte { // the byte of head || data || 0… at the public index i
		switch {
		case i < head:
			return m.head[i]
		case i < head+len(data):
			return data[i-head]
		}
		return 0
	}
	// A hash's padding is 0x80, zeros, and the length in bits in 8 bytes, or in
	// 16 where blocks are 128 (FIPS 180-4 §5.1).
	lengthLen := m.block / 8
	end := head + n                                  // secret
	finalBlock := (end + lengthLen) >> m.shift       // a division's time may depend on what is divided
	blocks := (head+len(data)+lengthLen)/m.block + 1 // most blocks, public
	var bitLen [8]byte
	binary.BigEndian.PutUint64(bitLen[:], uint64(m.block+end)*8)
	clear(m.out[:m.size])
	last := m.last[:m.block]
	for b := public / m.block; b < blocks; b++ {
		for i := range last {
			pos := b*m.block + i
			last[i] = at(pos)&mask(less(pos, end)) | 0x80&mask(subtle.ConstantTimeEq(int32(pos), int32(end)))
		}
		final := mask(subtle.ConstantTimeEq(int32(b), int32(finalBlock)))
		for i, x := range bitLen {
			last[m.block-8+i] |= x & final
		}
		m.h.Write(last)
		for i, x := range m.state()[:m.size] {
			m.out[i] |= x & final
		}
	}
	m.restore(m.outer)
	m.h.Write(m.out[:m.size])
	return m.h.Sum(m.out[:0])
}

// extract copies the MAC that begins at the secret index n of data out of it. n
// lies in least…len(data)-m.size.
func (m *mac) extract(data []byte, n, least int) []byte {
	// Every byte that may belong to the MAC is visited. The MAC lands in got
	// rotated, by as much as n is beyond least, modulo its size.
	got, turn := m.got[:m.size], m.turn[:m.size]
	clear(got)
	rotated, j := 0, 0
	for i := least; i < len(data); i++ {
		begins := subtle.ConstantTimeEq(int32(i), int32(n))
		rotated |= j & -begins
		belongs := (1 ^ less(i, n)) & less(i, n+m.size)
		got[j] |= data[i] & mask(belongs)
		if j++; j == m.size {
			j = 0
		}
	}
	// Rotate back by each power of two, or not.
	for step := 1; step < m.size; step <<= 1 {
		copy(turn, got)
		do := mask(1 ^ subtle.ConstantTimeEq(int32(rotated&step), 0))
		for i := range got {
			got[i] = turn[(i+step)%m.size]&do | turn[i]&^do
		}
	}
	return got
}

func (m *mac) restore(state []byte) {
	if err := m.h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic("suite: hash state: " + err.Error()) // it came from the same hash
	}
}

// state is the hash's chaining value, valid between blocks.
func (m *mac) state() []byte {
	b, err := m.h.(encoding.BinaryAppender).AppendBinary(m.buf[:0])
	if err != nil {
		panic("suite: hash state: " + err.Error())
	}
	return b[magicLen:]
}

// less is 1 if a < b, else 0, without a branch. Both are lengths within a record.
func less(a, b int) int { return int(uint32(int32(a)-int32(b)) >> 31) }

// mask is 0xff if bit is 1 and 0 if it is 0.
func mask(bit int) byte { return byte(-bit) }
