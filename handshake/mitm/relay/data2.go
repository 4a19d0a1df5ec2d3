package relay

import "golang.org/x/net/http2"

// The frames of DATA, and what else does not have to come whole.

// stepData is the head of a frame of DATA, and the length of its padding: they say whether it goes on.
func (m *H2) stepData(f *flow2, b []byte, length int, flags http2.Flags, id uint32) int {
	f.isData, f.left, f.body, f.padded = true, length, length, flags.Has(http2.FlagDataPadded)
	f.end, f.data = flags.Has(http2.FlagDataEndStream), m.heard(f, id)
	n := length
	if f.padded {
		if length > 0 && len(b) == frameHeader {
			f.left = 0
			return -1
		}
		if length == 0 || 1+int(b[frameHeader]) > length {
			f.left = 0
			m.refuse(f, &Refusal{From: f.from, Rule: RuleFrame, Detail: "padding"})
			return -1
		}
		n -= 1 + int(b[frameHeader])
	}
	if id == 0 || f.data == nil && m.idle(f, id) { // RFC 9113 §5.1, §6.1
		f.left = 0
		m.refuse(f, &Refusal{From: f.from, Rule: RuleFrame, Detail: quote("DATA")})
		return -1
	}
	goesOn := !m.anew && (f.data != nil || m.mayBeLate(id, f.from))
	if f.from == Server {
		if m.stalled = goesOn && f.debt > 0 && int64(length) > m.room; m.stalled {
			f.left = 0
			return -1 // what the relay has said took the client's room
		}
	}
	if st := f.data; st != nil && !(st.x.answered && f.from == Client) {
		r := st.said[index(f)].data(f.from, int64(n), f.end)
		if st.over[index(f)] {
			r = behindEnd(f.from, "DATA")
		}
		if r != nil {
			m.refuseStream(st, r)
			goesOn = false
		}
	}
	if goesOn {
		if f.out.pass(b[:frameHeader]); f.from == Server {
			m.room -= int64(length)
		}
		f.passing = length > 0
	}
	if length == 0 {
		m.dataOver(f)
	}
	return frameHeader
}

// piece is a part of a frame that passes as it comes.
func (m *H2) piece(f *flow2, p []byte) {
	f.left -= len(p)
	data := p
	if f.padded {
		f.padded = false
		f.body -= 1 + int(p[0]) // it was looked at
		data = p[1:]
	}
	data = data[:min(len(data), f.body)]
	f.body -= len(data)
	st := f.data
	if st != nil && len(data) > 0 {
		m.o.tell(Event{Kind: Body, Exchange: st.x, From: f.from, Data: data})
	}
	switch {
	case m.anew && f.isData:
		m.change(f, st, data, len(p))
	case f.passing:
		f.out.pass(p)
	default: // its receiver never sees it
		m.credit(f, &f.credit, 0, -int64(len(p)))
	}
	if f.left == 0 {
		f.passed()
		m.dataOver(f)
	}
}

// dataOver is the end of a frame that passed as it came.
func (m *H2) dataOver(f *flow2) {
	st, end := f.data, f.end
	f.data, f.end = nil, false
	if st == nil {
		return // of a stream that is over, or no DATA
	}
	if m.anew {
		m.endChange(f, st, end, nil)
	}
	if end {
		m.halfOver(f, st)
	}
}
