package certcompress

import (
	"bytes"
	"compress/zlib"
	"io"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

var (
	errLonger   = reason.Because("it opens to more than its sender claims")
	errTrailing = reason.Because("bytes follow the end of the compressed stream")
)

// Zlib is the one that the standard library has (RFC 1950).
var Zlib = New(iana.CompressZlib, compressZlib, decompressZlib)

func compressZlib(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	return WriteAll(w, &out, b)
}

func decompressZlib(out, b []byte) (int, error) {
	src := bytes.NewReader(b)
	r, err := zlib.NewReader(src)
	if err != nil {
		return 0, err
	}
	return ReadAll(out, r, src)
}

// WriteAll writes b to w, which writes to out, and returns what came of it: the Compress of
// a library that has streams.
func WriteAll(w io.WriteCloser, out *bytes.Buffer, b []byte) ([]byte, error) {
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ReadAll fills out from r, then looks for the end of r's stream, where checksums are
// compared, and for the end of src below it. It is no io.ReadFull because that takes
// an error for one end and the end for another. It is the Decompress of a library that has
// streams.
func ReadAll(out []byte, r io.Reader, src *bytes.Reader) (int, error) {
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
