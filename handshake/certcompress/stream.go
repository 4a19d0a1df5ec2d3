package certcompress

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/bits"

	"github.com/andybalholm/brotli"

	"tlslab/handshake/reason"
)

var (
	errLonger   = reason.Because("it opens to more than its sender claims")
	errTrailing = reason.Because("bytes follow the end of the compressed stream")
)

func compressZlib(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	return writeAll(w, &out, b)
}

func decompressZlib(out, b []byte) (int, error) {
	src := bytes.NewReader(b)
	r, err := zlib.NewReader(src)
	if err != nil {
		return 0, err
	}
	return readAll(out, r, src)
}

// compressBrotli uses a window no larger than b needs: the reader's memory follows it.
func compressBrotli(b []byte) ([]byte, error) {
	const smallest, largest = 10, 24 // RFC 7932 §9.1
	window := min(max(bits.Len(uint(len(b)+windowGap)), smallest), largest)
	var out bytes.Buffer
	return writeAll(brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: brotli.DefaultCompression, LGWin: window}), &out, b)
}

// decompressBrotli has the window that the stream announces, up to 16 MiB, made smaller:
// five bytes can otherwise make the reader set all of that aside.
func decompressBrotli(out, b []byte) (int, error) {
	src := bytes.NewReader(narrow(b, len(out)))
	return readAll(out, brotli.NewReader(src), src)
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

func writeAll(w io.WriteCloser, out *bytes.Buffer, b []byte) ([]byte, error) {
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// readAll fills out from r, then looks for the end of r's stream, where checksums are
// compared, and for the end of src below it. It is no io.ReadFull because that takes
// an error for one end and the end for another.
func readAll(out []byte, r io.Reader, src *bytes.Reader) (int, error) {
	n := 0
	for n < len(out) {
		m, err := r.Read(out[n:])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			return n, err
		}
	}
	switch more, err := io.ReadFull(r, make([]byte, 1)); {
	case more > 0:
		return n, errLonger
	case err != io.EOF:
		return n, err
	case src.Len() > 0:
		return n, errTrailing
	}
	return n, nil
}
