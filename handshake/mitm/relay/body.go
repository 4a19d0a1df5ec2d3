package relay

import (
	"bytes"
	"strconv"
)

// longestChunkLine is that of a size with its extensions, which nobody uses: 4 KiB is a page.
const longestChunkLine = 4096

// stepBody moves what b has of a body, or of bytes.
func (m *H1) stepBody(f *flow, b []byte) int {
	if f.stalls() {
		return -1
	}
	switch f.state {
	case atLength, inChunk:
		n := int(min(int64(len(b)), f.left))
		if n == 0 {
			return -1
		}
		if f.left -= int64(n); !m.piece(f, b[:n]) || f.left > 0 {
			return n
		}
		if f.state == inChunk {
			f.state = behindChunk
			return n
		}
		m.bodyOver(f, nil)
		return n
	case untilClose, asBytes:
		if len(b) > 0 {
			m.piece(f, b)
		}
		return taken(len(b))
	case atTrailer:
		return m.stepTrailer(f, b)
	}
	i := indexLF(b[f.look:])
	if i < 0 {
		if f.look = len(b); f.look > longestChunkLine {
			m.refuseChunk(f, RuleChunk, b[:40])
		}
		return -1
	}
	line := b[:f.look+i+1]
	f.look = 0
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || bytes.IndexByte(text, '\r') >= 0 || len(line) > longestChunkLine {
		m.refuseChunk(f, RuleChunk, line)
		return -1
	}
	if f.state == behindChunk {
		if len(text) > 0 && (f.from == Client || len(bytes.Trim(text, " \t")) > 0) {
			m.refuseChunk(f, RuleChunk, line)
			return -1
		}
		f.state = atChunk
	} else {
		size, ok := chunkSize(text)
		if !ok {
			m.refuseChunk(f, RuleChunk, line)
			return -1
		}
		if f.state, f.left = inChunk, size; size == 0 {
			f.state = atTrailer
		}
	}
	n := len(line)
	if f.body == nil && !f.hold.streamed {
		f.out.pass(line)
	}
	return n
}

// chunkSize reads the number that a chunk begins with (RFC 9112 §7.1).
func chunkSize(text []byte) (int64, bool) {
	digits, _, _ := bytes.Cut(text, []byte(";"))
	digits = bytes.TrimRight(digits, " \t")
	if len(digits) == 0 || len(digits) > 15 {
		return 0, false
	}
	n := int64(0)
	for _, c := range digits {
		v := int64(0)
		switch {
		case c >= '0' && c <= '9':
			v = int64(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = int64(c|0x20-'a') + 10
		default:
			return 0, false
		}
		n = n<<4 | v
	}
	return n, true
}

// stepTrailer takes the lines behind the last chunk, once all have come.
func (m *H1) stepTrailer(f *flow, b []byte) int {
	n, ok := f.headEnd(b)
	switch {
	case n > m.o.Header, !ok && len(b) > m.o.Header:
		m.refuseChunk(f, RuleHeadTooLong, nil)
		return -1
	case !ok:
		return -1
	}
	h := &Head{Raw: string(b[:n]), length: -1}
	fields, r := parseFields(h, h.Raw, f.from)
	if r == nil {
		r = checkTrailer(fields, f.from)
	}
	if r != nil {
		m.refused(f, r)
		return -1
	}
	if owner := f.head(); owner != nil { // what Connection names is of this connection wherever it stands
		h.connection = owner.connection
		for _, n := range h.Notes {
			owner.note(n)
		}
		for _, x := range fields {
			if h.drops(x.Name) {
				h.changed = true
				owner.note(NoteHopByHop)
			}
		}
	}
	wire := b[:n]
	if h.changed {
		wire = h.editedFields(nil, h.Raw, &edits{})
	}
	m.tellTrailers(f, fields)
	switch {
	case f.body != nil || f.hold.streamed:
		m.bodyOver(f, wire)
		return n
	case h.changed:
		f.out.add(wire)
	default:
		f.out.pass(wire)
	}
	m.bodyOver(f, nil)
	return n
}

func (m *H1) tellTrailers(f *flow, fields []Field) {
	if len(fields) > 0 {
		m.o.tell(Event{Kind: Trailers, Exchange: f.x, From: f.from, Fields: fields})
	}
}

// head is that of the message whose body is coming.
func (f *flow) head() *Head {
	if f.x == nil {
		return nil
	}
	if f.from == Client {
		return f.x.Request
	}
	return f.x.Reply
}

// checkTrailer refuses what would change where a message ends, or whom it is for, if somebody
// merged it into the head.
func checkTrailer(fields []Field, from Side) *Refusal {
	for _, f := range fields {
		switch lower(f.Name) {
		case "content-length", "transfer-encoding", "host", "connection", "trailer", "upgrade":
			return &Refusal{From: from, Rule: RuleTrailer, Detail: quote(f.Name)}
		}
	}
	return nil
}

func (m *H1) refuseChunk(f *flow, rule Rule, what []byte) {
	r := &Refusal{From: f.from, Rule: rule}
	if rule == RuleHeadTooLong {
		r.Limit = m.o.Header
	}
	if what != nil {
		r.Detail = quote(string(what[:min(len(what), 40)]))
	}
	m.refused(f, r)
}

// refused is a message that is found to be none after its head has gone on.
func (m *H1) refused(f *flow, r *Refusal) {
	if f.from == Client {
		m.refuseBody(f.x, r)
		return
	}
	m.refuseReply(r)
}

// piece moves a piece of a body. It reports whether the body goes on.
func (m *H1) piece(f *flow, p []byte) bool {
	x := f.x
	m.o.tell(Event{Kind: Body, Exchange: x, From: f.from, Data: p})
	switch {
	case f.hold.given:
	case f.hold.streamed:
		f.hold.queue = append(f.hold.queue, p...)
	case f.body != nil:
		m.pool = f.body.Add(m.pool[:0], p)
		if r := failure(f.body, f.from); r != nil {
			m.refused(f, r)
			return false
		}
		m.chunk(f, m.pool)
	default:
		f.out.pass(p)
	}
	return true
}

// chunk sends what a filter made: as a chunk, where its reader knows chunks.
func (m *H1) chunk(f *flow, p []byte) {
	f.out.chunk(p, m.chunks(f))
}

// chunk adds a piece of a body, as a chunk if chunked.
func (o *outbox) chunk(p []byte, chunked bool) {
	switch {
	case len(p) == 0: // which as a chunk would be the last
	case !chunked:
		o.add(p)
	default:
		o.add(append(strconv.AppendInt(nil, int64(len(p)), 16), "\r\n"...))
		o.add(p)
		o.add([]byte("\r\n"))
	}
}

// chunks reports whether what a filter made goes on in chunks.
func (m *H1) chunks(f *flow) bool {
	return f.from == Client || !f.x.Request.old() && !f.x.Reply.old()
}

// endFilter sends what a filter still had. It reports whether the body was whole.
func (m *H1) endFilter(f *flow) bool {
	m.pool = f.body.End(m.pool[:0])
	if r := failure(f.body, f.from); r != nil {
		m.refused(f, r)
		return false
	}
	m.chunk(f, m.pool)
	m.pool = nil
	return true
}

// bodyOver is the end of a body; trailer is what stands behind its last chunk, if that is still
// to go on.
func (m *H1) bodyOver(f *flow, trailer []byte) {
	if h := &f.hold; h.streamed && !h.given {
		if f.state != untilClose {
			f.state = withHolder
		}
		h.queueOver, h.trailer = true, bytes.Clone(trailer)
		return
	}
	f.hold.streamed = false
	if f.body != nil && !m.endBody(f, trailer) {
		return
	}
	if f.from == Client {
		m.requestOver(f.x)
		return
	}
	m.replyOver(f.x)
}

// endBody sends what a filter still had, and says that it was the last. It reports whether the
// body was whole.
func (m *H1) endBody(f *flow, trailer []byte) bool {
	if !m.endFilter(f) {
		return false
	}
	f.body = nil
	if !m.chunks(f) {
		return true
	}
	if trailer == nil {
		trailer = []byte("\r\n")
	}
	f.out.add([]byte("0\r\n"))
	f.out.add(trailer)
	return true
}
