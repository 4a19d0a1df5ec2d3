package relay

// translator is what H1toH2 and H2toH1 have in common: an end that has HTTP/2, an H1 for the one
// that has HTTP/1.1, and what is between them.
type translator struct {
	o    Options
	two  *conn2 // with the side that has HTTP/2, two.from
	one  *H1    // with the other
	wire []byte // for the other
	now  *stream2
	over bool
}

// Output takes what is to be sent to a side. It is good until the next call of a method; what goes
// to the side of HTTP/1.1 is the caller's. What is taken is about to be sent: the side of HTTP/2 may
// send as much more.
func (m *translator) Output(to Side) []byte {
	if to == m.two.from {
		m.two.repay(nil)
		return m.two.out.take()
	}
	m.two.repay(m.now)
	b := m.wire
	m.wire = nil
	return b
}

// Wants reports whether more can be taken from a side now: of the side of HTTP/1.1 no more than the
// other takes; of that bodies are bounded by flow control, but not what the relay itself says to it.
func (m *translator) Wants(from Side) bool {
	switch {
	case m.over:
		return true
	case from == m.two.from:
		return len(m.two.out.own) < maxHeld
	}
	return m.one.Wants(from) && (m.now == nil || len(m.now.waiting) < maxHeld)
}

// Over reports whether both streams are at their end.
func (m *translator) Over() bool { return m.over }
