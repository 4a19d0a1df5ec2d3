package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
	"sync"
)

// message1 passes one message of HTTP/1.1 on: its head, and its body as it comes, never
// held whole.
type message1 struct {
	to      io.Writer
	from    *inbound
	framing framing
	keep    int       // bytes of the body to keep
	rewrite []Rewrite // what to change in it
	http10  bool      // the reader knows no chunks

	n       int64 // bytes of the body so far, chunks' framing not counted
	kept    []byte
	changed bool
	closes  bool // its end is the connection's
	side    Side // whose fault an error is

	out []byte // gathered, and not yet written
	big *[bulk]byte
}

// bulk is how much is moved at a time: two records of the greatest size, as the engine
// reads them.
const bulk = 1 << 15

var bulks = sync.Pool{New: func() any { return new([bulk]byte) }}

// gather is how much is put together before it is written: what fits into a record.
const gather = 1 << 14

// relay writes head and body. The part of the body that has come with the head leaves
// together with it, in one record.
func (b *message1) relay(head []byte) error {
	defer func() {
		if b.big != nil {
			bulks.Put(b.big)
		}
	}()
	if len(b.rewrite) > 0 {
		return b.relayRewritten(head)
	}
	b.out = head
	var err error
	switch {
	case b.framing.chunked:
		err = b.chunks()
	case b.framing.untilClose:
		b.closes = true
		err = b.rest()
	default:
		err = b.bytes(b.framing.length, true)
	}
	if err != nil {
		return err
	}
	err = b.flush()
	b.from.line = b.out // which may have grown
	return err
}

// emit gathers p.
func (b *message1) emit(p []byte) error {
	if len(b.out)+len(p) > gather {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.out = append(b.out, p...)
	return nil
}

// flush writes what was gathered.
func (b *message1) flush() error {
	if len(b.out) == 0 {
		return nil
	}
	_, err := b.to.Write(b.out)
	b.out = b.out[:0]
	return b.writing(err)
}

// reading and writing say whose fault an error is.
func (b *message1) reading(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	b.side = b.readSide()
	return err
}

// wrong is a message that is not what HTTP allows.
func (b *message1) wrong(err error) error {
	b.side = b.readSide()
	cause := CauseBadReply
	if b.side == SideClient {
		cause = CauseBadRequest
	}
	return &Fault{Side: b.side, By: SideProxy, Cause: cause, Err: err}
}

func (b *message1) writing(err error) error {
	if err != nil {
		b.side = SideClient
		if b.readSide() == SideClient {
			b.side = SideServer
		}
	}
	return err
}

// readSide is the side from which the message comes.
func (b *message1) readSide() Side { return b.from.side }

// count notes bytes of the body.
func (b *message1) count(p []byte) {
	b.n += int64(len(p))
	if room := b.keep - len(b.kept); room > 0 {
		b.kept = append(b.kept, p[:min(room, len(p))]...)
	}
}

// bytes moves n bytes; body says that they are the body's.
func (b *message1) bytes(n int64, body bool) error {
	for n > 0 {
		if b.from.Buffered() == 0 {
			// Nothing stays here while we wait.
			if err := b.flush(); err != nil {
				return err
			}
			if n >= bulk/2 {
				k, err := b.straight(n)
				n -= k
				if err != nil {
					return err
				}
				continue
			}
			if err := b.from.wait(); err != nil {
				return b.reading(err)
			}
		}
		p, _ := b.from.Peek(int(min(n, int64(b.from.Buffered())))) // what is buffered is there
		if body {
			b.count(p)
		}
		if err := b.emit(p); err != nil {
			return err
		}
		n -= int64(len(p))
		_, _ = b.from.Discard(len(p))
	}
	return nil
}

// straight moves up to n bytes of the body past the small buffers.
func (b *message1) straight(n int64) (int64, error) {
	if b.big == nil {
		b.big = bulks.Get().(*[bulk]byte)
	}
	k, err := b.from.Read(b.big[:min(n, bulk)])
	if k > 0 {
		b.count(b.big[:k])
		if _, err := b.to.Write(b.big[:k]); err != nil {
			return int64(k), b.writing(err)
		}
		return int64(k), nil
	}
	if err == nil {
		return 0, nil
	}
	return 0, b.reading(err)
}

// rest moves what comes until the stream ends.
func (b *message1) rest() error {
	for {
		err := b.bytes(int64(b.from.Buffered()), true)
		if err == nil {
			err = b.flush()
		}
		if err != nil {
			return err
		}
		if _, err := b.straight(bulk); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return nil
			}
			return err
		}
	}
}

// chunks moves chunks as they are (RFC 9112 §7.1).
func (b *message1) chunks() error {
	for {
		line, err := b.chunkLine()
		if err != nil {
			return err
		}
		size, err := chunkSize(line)
		if err != nil {
			return b.wrong(err)
		}
		if err := b.emit(line); err != nil {
			return err
		}
		if size == 0 {
			return b.trailer()
		}
		if err := b.bytes(size, true); err != nil {
			return err
		}
		end, err := b.chunkLine()
		if err != nil {
			return err
		}
		if len(bytes.TrimRight(end, "\r\n")) > 0 {
			return b.wrong(fmt.Errorf("a chunk is followed by %.20q, not by the end of a line", end))
		}
		if err := b.emit(end); err != nil {
			return err
		}
	}
}

// chunkLine reads a line. What was gathered goes out first if it has to be waited for.
func (b *message1) chunkLine() ([]byte, error) {
	if p, _ := b.from.Peek(b.from.Buffered()); bytes.IndexByte(p, '\n') < 0 {
		if err := b.flush(); err != nil {
			return nil, err
		}
	}
	line, err := b.from.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, b.wrong(errors.New("a line between chunks is too long"))
	}
	if err != nil {
		return nil, b.reading(err)
	}
	switch text, ok := bytes.CutSuffix(line, []byte("\r\n")); {
	case !ok || bytes.IndexByte(text, '\r') >= 0:
		return nil, b.wrong(errors.New("a line between chunks does not end in CR LF alone (RFC 9112 §7.1)"))
	}
	return line, nil
}

// chunkSize reads the number that a chunk begins with.
func chunkSize(line []byte) (int64, error) {
	digits, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(";"))
	digits = bytes.TrimRight(digits, " \t")
	if len(digits) == 0 || len(digits) > 15 || digits[0] == '+' || digits[0] == '-' {
		return 0, fmt.Errorf("%.20q is not the size of a chunk", digits)
	}
	n, err := strconv.ParseInt(string(digits), 16, 64)
	if err != nil {
		return 0, fmt.Errorf("%.20q is not the size of a chunk", digits)
	}
	return n, nil
}

// maxTrailer bounds a trailer, which nobody needs long.
const maxTrailer = 1 << 16

// trailer moves the lines behind the last chunk.
func (b *message1) trailer() error {
	for n := 0; n < maxTrailer; {
		line, err := b.chunkLine()
		if err != nil {
			return err
		}
		n += len(line)
		if err := b.emit(line); err != nil {
			return err
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
	return b.wrong(errors.New("the trailer is too long"))
}

// relayRewritten passes the message on with its body rewritten. Since that may change its
// length, the body goes on in chunks, or to the end of the connection where the reader
// knows no chunks.
func (b *message1) relayRewritten(head []byte) error {
	if b.framing.none() {
		_, err := b.to.Write(withoutCoding(head, b.readSide()))
		return b.writing(err)
	}
	var body io.Reader
	switch {
	case b.framing.chunked:
		body = httputil.NewChunkedReader(b.from.Reader)
	case b.framing.untilClose:
		b.closes = true
		body = b.from
	default:
		body = io.LimitReader(&exactly{b.from, b.framing.length}, b.framing.length)
	}
	rewritten := NewRewriter(&counting{body, b}, b.rewrite)
	// To an HTTP/1.0 client: a server of a request of that version must be asked by us in
	// its own, and then its end is that of the connection.
	chunked := !b.http10
	b.closes = b.closes || b.http10
	head = editHead(withoutCoding(head, b.readSide()), chunked)
	if _, err := b.to.Write(head); err != nil {
		return b.writing(err)
	}
	w := io.WriteCloser(nopCloser{b.to})
	if chunked {
		w = httputil.NewChunkedWriter(b.to)
	}
	if err := b.copy(w, rewritten); err != nil {
		return err
	}
	b.changed = rewritten.Replaced > 0
	if err := w.Close(); err != nil {
		return b.writing(err)
	}
	if b.framing.chunked { // NewChunkedReader leaves the trailer
		if !chunked {
			b.to = io.Discard // the reader, who knows no chunks, knows no trailer either
		}
		if err := b.trailer(); err != nil {
			return err
		}
		return b.flush()
	}
	if chunked {
		_, err := io.WriteString(b.to, "\r\n")
		return b.writing(err)
	}
	return nil
}

// copy moves everything from r to w.
func (b *message1) copy(w io.Writer, r io.Reader) error {
	b.big = bulks.Get().(*[bulk]byte)
	for {
		n, err := r.Read(b.big[:])
		if n > 0 {
			if _, err := w.Write(b.big[:n]); err != nil {
				return b.writing(err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return b.reading(err)
		}
	}
}

// counting notes what of the body is read.
type counting struct {
	io.Reader
	b *message1
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.b.count(p[:n])
	return n, err
}

// exactly makes an end before n bytes an error.
type exactly struct {
	r io.Reader
	n int64
}

func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if e.n -= int64(n); err == io.EOF && e.n > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
