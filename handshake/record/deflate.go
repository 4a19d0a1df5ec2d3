package record

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// NewDEFLATE returns the DEFLATE method (RFC 3749) for one direction, writing or
// reading. One zlib stream runs through all records of an epoch, flushed at the
// end of each, so that a record is compressed with what earlier ones said. That
// makes it shorter, and is what CRIME feeds on: where an attacker can have his
// guesses compressed next to a secret, the length of the record tells him which
// guess was right. TLS 1.3 has no compression.
//
// A writer keeps about 800 KiB, a reader about 70, from its first record on.
func NewDEFLATE() Compressor { return &deflate{} }

type deflate struct {
	// writing
	w   *zlib.Writer
	out bytes.Buffer
	// reading
	r      io.ReadCloser // a flate reader
	window []byte        // the last bytes decompressed, nil before the first record
}

func (*deflate) Method() iana.Compression { return iana.CompressionDEFLATE }

func (d *deflate) Compress(dst, src []byte) ([]byte, error) {
	if d.w == nil {
		d.w = zlib.NewWriter(&d.out)
	}
	d.out.Reset()
	if _, err := d.w.Write(src); err != nil {
		return dst, reason.Fault("record.compressed", err)
	}
	if err := d.w.Flush(); err != nil {
		return dst, reason.Fault("record.compressed", err)
	}
	return append(dst, d.out.Bytes()...), nil
}

// windowLen is how far back DEFLATE can refer (RFC 1951 §2).
const windowLen = 1 << 15

// endOfStream is the empty last block of a DEFLATE stream.
const endOfStream = "\x01\x00\x00\xff\xff"

// Decompress opens a record as a DEFLATE stream of its own, whose dictionary is
// what came before. The flush at a record's end leaves the stream between two
// blocks and on a whole byte; endOfStream put there tells a record that ends so
// from one that was cut off, which a reader waiting for more input could not.
func (d *deflate) Decompress(dst, src []byte, limit int) ([]byte, error) {
	first := d.window == nil
	if first {
		var err error
		if src, err = zlibHeader(src); err != nil {
			return dst, err
		}
		d.window = make([]byte, 0, windowLen)
	}
	rest := bytes.NewReader(src)
	end := bytes.NewReader([]byte(endOfStream))
	in := &joined{rest, end}
	if d.r == nil {
		d.r = flate.NewReaderDict(in, d.window)
	} else if err := d.r.(flate.Resetter).Reset(in, d.window); err != nil {
		return dst, corrupt(err)
	}
	start := len(dst)
	out := bytes.NewBuffer(dst)
	n, err := io.Copy(out, io.LimitReader(d.r, int64(limit)+1))
	switch {
	case err != nil:
		return dst, corrupt(err)
	case n > int64(limit):
		return dst, &reason.Error{Reason: reason.DecompressionFailure, Ref: "RFC 5246 §6.2.2", Field: "record.compressed", Off: HeaderLen,
			Want: reason.Say("at most %d bytes decompressed", limit), Got: reason.Say("more")}
	case rest.Len() > 0 || end.Len() > 0:
		return dst, corrupt(reason.Because("the stream ends within a record"))
	}
	plain := out.Bytes()
	d.remember(plain[start:])
	return plain, nil
}

// remember keeps the last windowLen bytes.
func (d *deflate) remember(b []byte) {
	if len(b) > windowLen {
		b = b[len(b)-windowLen:]
	}
	if over := len(d.window) + len(b) - windowLen; over > 0 {
		d.window = d.window[:copy(d.window, d.window[over:])]
	}
	d.window = append(d.window, b...)
}

// zlibHeader strips the two bytes that begin a zlib stream (RFC 1950 §2.2):
// method 8, a check, and no preset dictionary.
func zlibHeader(b []byte) ([]byte, error) {
	if len(b) < 2 || b[0]&0x0f != 8 || b[0]>>4 > 7 || (int(b[0])<<8|int(b[1]))%31 != 0 || b[1]&0x20 != 0 {
		return nil, corrupt(zlib.ErrHeader)
	}
	return b[2:], nil
}

func corrupt(err error) error {
	return &reason.Error{Reason: reason.DecompressionFailure, Ref: "RFC 3749 §2.1", Field: "record.compressed", Off: HeaderLen, Err: err}
}

// joined reads one reader, then the next, byte by byte where flate asks for it:
// so it takes no byte that it does not need.
type joined [2]*bytes.Reader

func (j *joined) ReadByte() (byte, error) {
	if j[0].Len() > 0 {
		return j[0].ReadByte()
	}
	return j[1].ReadByte()
}

func (j *joined) Read(p []byte) (int, error) {
	if j[0].Len() > 0 {
		return j[0].Read(p)
	}
	return j[1].Read(p)
}
