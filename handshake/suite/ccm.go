package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// ccm is AES in CCM mode (NIST SP 800-38C, RFC 3610), in the one shape that TLS
// uses (RFC 6655, RFC 5116 §5.3): a nonce of 12 bytes, which leaves 3 to count the
// bytes of a message, and a tag of 16 or 8.
//
// It is written here because neither the standard library nor x/crypto nor circl
// has it. Two modes of AES under one key:
//
//	CBC-MAC over    B_0 | length of ad, ad, zeros | message, zeros
//	                B_0 = flags | nonce | length of message
//	CTR over        tag | message
//	                A_i = 2 | nonce | i, where A_0 is for the tag
//
// Each block of the MAC waits for the one before it: that is why CCM is slower than
// GCM, and the rest of the cost is that AES is done twice.
//
// Unlike the standard library's AEADs a value is not for concurrent use: the blocks
// are its own, since what is passed to a cipher.Block would be allocated by every
// call otherwise.
type ccm struct {
	block  cipher.Block
	tagLen int
	mac    [aes.BlockSize]byte
	ctr    [aes.BlockSize]byte
	pad    [aes.BlockSize]byte // ctr, enciphered
	tag    [aes.BlockSize]byte // S_0, and at last the tag
}

const (
	ccmNonceLen = 12
	ccmCountLen = aes.BlockSize - 1 - ccmNonceLen // L of RFC 3610, q of SP 800-38C
	ccmMaxLen   = 1<<(8*ccmCountLen) - 1
)

func newCCM(key []byte) (cipher.AEAD, error)  { return newCCMTag(key, 16) }
func newCCM8(key []byte) (cipher.AEAD, error) { return newCCMTag(key, 8) }

func newCCMTag(key []byte, tagLen int) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &ccm{block: b, tagLen: tagLen}, nil
}

func (c *ccm) NonceSize() int { return ccmNonceLen }
func (c *ccm) Overhead() int  { return c.tagLen }

// Seal appends ciphertext and tag to dst. plaintext and the free space behind dst
// overlap entirely or not at all. Like GCM of the standard library it panics over a
// nonce of another length and over a message that is too long, 2^24 bytes here.
func (c *ccm) Seal(dst, nonce, plaintext, ad []byte) []byte {
	if len(nonce) != ccmNonceLen {
		panic("suite: CCM nonce of a wrong length")
	}
	if len(plaintext) > ccmMaxLen {
		panic("suite: CCM message too long")
	}
	out, ret := room(dst, len(plaintext)+c.tagLen)
	c.start(nonce, len(plaintext), ad)
	c.absorb(plaintext)
	c.count(out, plaintext)
	subtle.XORBytes(c.tag[:], c.tag[:], c.mac[:])
	copy(out[len(plaintext):], c.tag[:c.tagLen])
	return ret
}

// errOpen is what the standard library's AEADs say, too.
var errOpen = errors.New("cipher: message authentication failed")

// Open appends the plaintext to dst, if the tag is genuine. sealed and the free
// space behind dst overlap entirely or not at all.
func (c *ccm) Open(dst, nonce, sealed, ad []byte) ([]byte, error) {
	if len(nonce) != ccmNonceLen {
		panic("suite: CCM nonce of a wrong length")
	}
	n := len(sealed) - c.tagLen
	if n < 0 || n > ccmMaxLen {
		return nil, errOpen
	}
	out, ret := room(dst, n)
	c.start(nonce, n, ad)
	c.count(out, sealed[:n])
	c.absorb(out)
	subtle.XORBytes(c.tag[:], c.tag[:], c.mac[:])
	if subtle.ConstantTimeCompare(c.tag[:c.tagLen], sealed[n:]) != 1 {
		clear(out) // the MAC is over the plaintext, so out holds that already; nobody may see it
		return nil, errOpen
	}
	return ret, nil
}

// start sets the MAC to B_0 and the additional data, the counter to 0, and the tag
// to S_0.
func (c *ccm) start(nonce []byte, n int, ad []byte) {
	c.mac[0] = byte((c.tagLen-2)/2<<3 | (ccmCountLen - 1))
	c.ctr[0] = ccmCountLen - 1
	copy(c.mac[1:], nonce)
	copy(c.ctr[1:], nonce)
	c.mac[13], c.mac[14], c.mac[15] = byte(n>>16), byte(n>>8), byte(n)
	c.ctr[13], c.ctr[14], c.ctr[15] = 0, 0, 0
	if len(ad) > 0 {
		c.mac[0] |= 1 << 6
	}
	c.block.Encrypt(c.mac[:], c.mac[:])
	c.block.Encrypt(c.tag[:], c.ctr[:])
	if len(ad) > 0 {
		c.absorbAdditional(ad)
	}
}

// absorbAdditional adds the length of ad, in 2 bytes or in the 2+4 of SP 800-38C
// §A.2.2, and ad to the MAC.
func (c *ccm) absorbAdditional(ad []byte) {
	var head [6]byte
	length := head[:2]
	if n := len(ad); n < 0xff00 {
		binary.BigEndian.PutUint16(length, uint16(n))
	} else {
		length = head[:]
		length[0], length[1] = 0xff, 0xfe
		binary.BigEndian.PutUint32(length[2:], uint32(n))
	}
	subtle.XORBytes(c.mac[:], c.mac[:], length)
	first := min(len(ad), aes.BlockSize-len(length))
	subtle.XORBytes(c.mac[len(length):], c.mac[len(length):], ad[:first])
	c.block.Encrypt(c.mac[:], c.mac[:])
	c.absorb(ad[first:])
}

// absorb adds b, filled up with zeros, to the MAC.
func (c *ccm) absorb(b []byte) {
	for len(b) > 0 {
		n := subtle.XORBytes(c.mac[:], c.mac[:], b[:min(len(b), aes.BlockSize)])
		c.block.Encrypt(c.mac[:], c.mac[:])
		b = b[n:]
	}
}

// count xors in with the key stream from A_1 on, to out.
func (c *ccm) count(out, in []byte) {
	for i := 1; len(in) > 0; i++ {
		c.ctr[13], c.ctr[14], c.ctr[15] = byte(i>>16), byte(i>>8), byte(i)
		c.block.Encrypt(c.pad[:], c.ctr[:])
		n := subtle.XORBytes(out, in, c.pad[:min(len(in), aes.BlockSize)])
		out, in = out[n:], in[n:]
	}
}

// room returns n bytes behind dst, and dst with them.
func room(dst []byte, n int) (out, ret []byte) {
	total := len(dst) + n
	if cap(dst) >= total {
		ret = dst[:total]
	} else {
		ret = make([]byte, total)
		copy(ret, dst)
	}
	return ret[len(dst):], ret
}
