package relay

import (
	"encoding/binary"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// The frames of a block of fields, until it is whole.

// prefixOf is the length of what stands before the fields in a frame that begins a block: the length of
// the padding, a priority, or the stream that is promised.
func prefixOf(kind http2.FrameType, flags http2.Flags) (n int) {
	if flags.Has(http2.FlagHeadersPadded) { // the same bit in PUSH_PROMISE
		n++
	}
	switch {
	case kind == http2.FramePushPromise:
		n += 4
	case flags.Has(http2.FlagHeadersPriority):
		n += 5
	}
	return n
}

// fragmentOf is the block's fragment in a frame, without padding and what stands before it.
func fragmentOf(kind http2.FrameType, flags http2.Flags, p []byte) ([]byte, bool) {
	at, pad := prefixOf(kind, flags), 0
	if flags.Has(http2.FlagHeadersPadded) && len(p) > 0 {
		pad = int(p[0])
	}
	if at+pad > len(p) {
		return nil, false
	}
	return p[at : len(p)-pad], true
}

// beginFields is the frame that begins a block. p begins with what it has before the fields.
func (m *H2) beginFields(f *flow2, kind http2.FrameType, flags http2.Flags, id uint32, p []byte) *Refusal {
	f.priority = ""
	if kind == http2.FrameHeaders {
		f.priority = priorityOf(flags, p)
	}
	f.blockOf, f.blockEnd, f.promised = id, kind == http2.FrameHeaders && flags.Has(http2.FlagHeadersEndStream), 0
	if kind == http2.FramePushPromise {
		at := prefixOf(kind, flags)
		f.promised = binary.BigEndian.Uint32(p[at-4:]) & (1<<31 - 1)
		if f.from == Client || f.promised%2 == 1 || f.promised <= m.pushed { // it would pass for another's (RFC 9113 §5.1.1, §8.4)
			return &Refusal{From: f.from, Rule: RuleFrame, Detail: quote(kind.String())}
		}
		if len(m.streams) >= maxStreams {
			return &Refusal{From: Server, Rule: RuleStreams, Limit: maxStreams}
		}
		m.pushed = f.promised
	}
	return nil
}

// fragment takes a part of a block, and looks into the block once it is whole. whole is the frame: what
// is not written anew goes on so, if it may.
func (m *H2) fragment(f *flow2, fragment, whole []byte, last bool) *Refusal {
	switch {
	case f.anew:
	case last && len(f.wire) == 0:
		f.wire = whole
	default:
		f.wire = append(f.wire, whole...)
	}
	if r := f.add(fragment, len(whole)); r != nil || !last {
		return r
	}
	return m.blockOver(f)
}

// blockOver is the end of a block.
func (m *H2) blockOver(f *flow2) *Refusal {
	id := f.blockOf
	r := f.decode()
	if r == nil {
		r = m.fieldsCame(f, id, headOf(f.fields), f.blockEnd)
	}
	f.wire, f.promised = nil, 0
	return r
}

// headOf is what a block says.
func headOf(fields []hpack.HeaderField) *Head {
	h := &Head{Proto: "HTTP/2.0", length: -1, Fields: make([]Field, len(fields))}
	for i, x := range fields {
		h.Fields[i] = Field{x.Name, x.Value}
		switch x.Name {
		case ":method":
			h.Method = x.Value
		case ":path":
			h.Target = x.Value
		case ":authority":
			h.host = x.Value
		case "host":
			if h.host == "" {
				h.host = x.Value
			}
		case ":status":
			if n, ok := parseLength(x.Value); ok {
				h.Status = int(min(n, 999))
			}
		case ":protocol":
			h.upgrade = x.Value
		}
	}
	h.absoluteForm() // some clients have it in :path
	return h
}
