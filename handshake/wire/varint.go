package wire

import "tlslab/handshake/reason"

// Varint reads a variable-length integer of QUIC at the beginning of b (RFC 9000 §16): the two
// high bits of its first byte say whether it has 1, 2, 4 or 8 bytes. n is 0 where b is too short.
func Varint(b []byte) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	n = 1 << (b[0] >> 6)
	if len(b) < n {
		return 0, 0
	}
	v = uint64(b[0] & 0x3f)
	for _, x := range b[1:n] {
		v = v<<8 | uint64(x)
	}
	return v, n
}

// A Number is a variable-length integer, with how many bytes it was written: one may be
// written longer than it needs, and is written again as it was read.
type Number struct {
	V uint64 // below 2^62
	N int    // 1, 2, 4 or 8; 0: as few as V needs
}

// NumberOf is v in as few bytes as it needs.
func NumberOf(v uint64) Number {
	p := Number{V: v}
	p.N, _ = p.size()
	return p
}

// size is how many bytes p takes, and the two bits that say so.
func (p Number) size() (n int, bits byte) {
	for n, bits = 1, 0; n < p.N || n < 8 && p.V>>(8*n-2) != 0; n *= 2 {
		bits++
	}
	return n, bits
}

// Var visits a variable-length integer.
func (c *Codec) Var(name string, p *Number) {
	if c.err != nil {
		return
	}
	if c.writing {
		n, bits := p.size()
		if p.V>>62 != 0 || p.N > 8 {
			c.Fail(reason.BadLength, name, reason.Say("at most %d bytes", 8), p.V)
			return
		}
		at := len(c.buf)
		for i := n - 1; i >= 0; i-- {
			c.buf = append(c.buf, byte(p.V>>(8*i)))
		}
		c.buf[at] |= bits << 6
		if c.note != nil {
			c.leaf(name, c.pos()-n, n, p.V)
		}
		return
	}
	n := 1
	if ahead := c.Peek(0, 1); ahead != nil {
		n = 1 << (ahead[0] >> 6)
	}
	b := c.take(name, n)
	if b == nil {
		return
	}
	v, _ := Varint(b)
	*p = Number{V: v, N: n}
	if c.note != nil {
		c.leaf(name, c.pos()-n, n, v)
	}
}
