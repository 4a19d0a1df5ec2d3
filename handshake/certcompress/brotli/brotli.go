// Package brotli compresses certificates with brotli (RFC 7932). It stands apart from
// certcompress because its library links net/http: a program that wants it asks for it, in
// Config.CertificateCompression.
package brotli

import (
	"bytes"
	"math/bits"

	"github.com/andybalholm/brotli"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/iana"
)

// Method is brotli. It takes half a millisecond and a megabyte for a usual chain.
var Method = certcompress.New(iana.CompressBrotli, compress, decompress)

// compress uses a window no larger than b needs: the reader's memory follows it.
func compress(b []byte) ([]byte, error) {
	const smallest, largest = 10, 24 // RFC 7932 §9.1
	window := min(max(bits.Len(uint(len(b)+windowGap)), smallest), largest)
	var out bytes.Buffer
	return certcompress.WriteAll(brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: brotli.DefaultCompression, LGWin: window}), &out, b)
}

// decompress has the window that the stream announces, up to 16 MiB, made smaller:
// five bytes can otherwise make the reader set all of that aside.
func decompress(out, b []byte) (int, error) {
	src := bytes.NewReader(narrow(b, len(out)))
	return certcompress.ReadAll(out, brotli.NewReader(src), src)
}

// narrow changes the window of a brotli stream from 2^18 bytes or more to the least of
// these that n bytes of content need. That changes no byte of the content up to the one
// after n: a reference reaches back to the content's beginning at most, and what points
// further means the static dictionary, counted from there as long as the window holds
// everything so far (RFC 7932 §4, §8).
//
// The sizes from 2^18 to 2^24 are the ones written in four bits, the lowest of the first
// byte: 1, and then the exponent less 17 in three (§9.1).
func narrow(b []byte, n int) []byte {
	if len(b) == 0 || b[0]&1 == 0 || b[0]>>1&7 == 0 {
		return b // 2^17 or less
	}
	bits := b[0] >> 1 & 7
	for bits > 1 && n <= 1<<(17+bits-1)-windowGap {
		bits--
	}
	b = bytes.Clone(b)
	b[0] = b[0]&^0xe | bits<<1
	return b
}

// windowGap is by how much a brotli window is less than its power of two (RFC 7932 §9.1).
const windowGap = 16
