package proxy

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"iter"
	"strings"

	"tlslab/handshake/mitm/relay"
)

// Content codings (RFC 9110 §8.4.1), where --rewrite is to look into a body.

// codingOf is the coding that a message's body is in: "" for none. What no decoder here undoes
// is not open to be looked into.
func codingOf(h *relay.Head) (coding string, open bool) {
	for _, f := range h.Fields {
		if !strings.EqualFold(f.Name, "Content-Encoding") {
			continue
		}
		for c := range strings.SplitSeq(f.Value, ",") {
			switch c = strings.ToLower(strings.Trim(c, " \t")); {
			case c == "" || c == "identity":
			case coding != "": // one in another
				return coding + ", " + c, false
			default:
				coding = c
			}
		}
	}
	return coding, coding == "" || decoders[coding] != nil
}

// decoders undo codings.
var decoders = map[string]func(*bufio.Reader) (io.Reader, error){
	"gzip":   func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"x-gzip": func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"deflate": func(r *bufio.Reader) (io.Reader, error) {
		// It is zlib's format (RFC 9110 §8.4.1.2), and some servers leave out what zlib puts around.
		if b, err := r.Peek(2); err == nil && b[0]&0x0f == 8 && (uint(b[0])<<8|uint(b[1]))%31 == 0 {
			return zlib.NewReader(r)
		}
		return flate.NewReader(r), nil
	},
}

// decoder undoes a coding as the body comes: a relay.Filter. The readers of package compress want
// to be the ones who ask, so it runs as a coroutine that is left and entered at each piece; stop
// ends one whose body does not end.
type decoder struct {
	next func() (struct{}, bool)
	stop func()
	in   []byte // of the piece at hand
	end  bool   // there is no more
	out  []byte
	err  error
	used bool
}

var errStopped = errors.New("the body is not wanted any more")

func newDecoder(coding string) *decoder {
	d := new(decoder)
	d.next, d.stop = iter.Pull(func(yield func(struct{}) bool) {
		d.err = d.decode(decoders[coding], yield)
	})
	return d
}

// decode runs until the body is over, or is none.
func (d *decoder) decode(open func(*bufio.Reader) (io.Reader, error), yield func(struct{}) bool) error {
	src := bufio.NewReader(&pieces{d, yield})
	if _, err := src.Peek(1); err != nil {
		return notEOF(err) // a body of nothing is nothing
	}
	buf := make([]byte, 4096)
	for {
		r, err := open(src)
		if err != nil {
			return err
		}
		zip, many := r.(*gzip.Reader)
		if many {
			zip.Multistream(false)
		}
		for err == nil {
			var n int
			n, err = r.Read(buf)
			d.out = append(d.out, buf[:n]...)
		}
		if err != io.EOF {
			return err
		}
		if b, _ := src.Peek(2); many && string(b) == "\x1f\x8b" {
			continue // another member (RFC 1952 §2.2)
		}
		_, err = io.Copy(io.Discard, src) // what stands behind is no part of it: browsers pass it over
		return err
	}
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// pieces are a body as it comes.
type pieces struct {
	d     *decoder
	yield func(struct{}) bool
}

func (p *pieces) Read(b []byte) (int, error) {
	for len(p.d.in) == 0 {
		if p.d.end {
			return 0, io.EOF
		}
		if !p.yield(struct{}{}) {
			return 0, errStopped
		}
	}
	n := copy(b, p.d.in)
	p.d.in = p.d.in[n:]
	return n, nil
}

// Add is relay.Filter's.
func (d *decoder) Add(dst, p []byte) []byte {
	d.in, d.used = p, true
	return d.run(dst)
}

// End is relay.Filter's.
func (d *decoder) End(dst []byte) []byte {
	d.end = true
	return d.run(dst)
}

// run goes on until all that came has been worked on.
func (d *decoder) run(dst []byte) []byte {
	d.out = dst
	d.next()
	out := d.out
	d.in, d.out = nil, nil
	return out
}

// Err is why the body is none of its coding; nil while it is.
func (d *decoder) Err() error {
	if d.err == errStopped {
		return nil
	}
	return d.err
}

// decoded is what a filter makes of a body that is in a coding.
type decoded struct {
	*decoder
	to    relay.Filter
	plain []byte
}

// Add is relay.Filter's.
func (d *decoded) Add(dst, p []byte) []byte {
	d.plain = d.decoder.Add(d.plain[:0], p)
	return d.to.Add(dst, d.plain)
}

// End is relay.Filter's.
func (d *decoded) End(dst []byte) []byte {
	d.plain = d.decoder.End(d.plain[:0])
	dst = d.to.End(d.to.Add(dst, d.plain))
	d.plain = nil
	return dst
}
