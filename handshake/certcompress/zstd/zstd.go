// Package zstd compresses certificates with Zstandard (RFC 8878). It stands apart from
// certcompress because its library is large: a program that wants it asks for it, in
// Config.CertificateCompression.
package zstd

import (
	"sync"

	"github.com/klauspost/compress/zstd"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/iana"
)

// Method is Zstandard, the fastest of the three both ways.
var Method = certcompress.New(iana.CompressZstd, compress, decompress)

// An encoder and a decoder are made when the first certificate needs one, and kept:
// their tables are several hundred kilobytes. Each works on one certificate at a time,
// makes every other caller wait meanwhile, and has no goroutine.
var (
	encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression),
			zstd.WithWindowSize(certcompress.MaxLength), zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false))
	})
	decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(largestWindow), zstd.WithDecodeAllCapLimit(true))
	})
)

// largestWindow is what a decoder should take at least (RFC 8878 §3.1.1.1.2). An encoder
// that does not know how little will come announces much, `zstd -19` in a pipe 512 KiB.
const largestWindow = 8 << 20

// compress leaves zstd's checksum out: the handshake has better ones.
func compress(b []byte) ([]byte, error) {
	e, err := encoder()
	if err != nil {
		return nil, err
	}
	return e.EncodeAll(b, nil), nil
}

// decompress takes any number of frames in a row, skippable ones too: zstd counts
// all of them as one content (RFC 8878 §3). Whatever window a frame announces, none
// is set aside: out serves as the window.
func decompress(out, b []byte) (int, error) {
	d, err := decoder()
	if err != nil {
		return 0, err
	}
	got, err := d.DecodeAll(b, out[:0:len(out)])
	return len(got), err
}
