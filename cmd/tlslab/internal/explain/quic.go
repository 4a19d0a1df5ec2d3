package explain

import (
	"strconv"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/quic"
)

// quic says what the client offers, and how a connection of QUIC came about.
func (l *list) quic(c *explain.Connection) {
	q := c.QUIC
	if len(c.Offered) > 0 {
		var names []string
		for _, name := range c.Offered {
			names = append(names, foreign.Quote(name))
		}
		said, _ := l.words("quic/alpn", "name", strings.Join(names, ", "))
		l.line(said, 0)
	}
	if q.Retried {
		said, text := l.words("quic/retried")
		l.line(said, 0)
		l.once(text)
	}
	if q.Version != q.First {
		said, _ := l.words("quic/switched", "old", q.First.String(), "new", q.Version.String())
		l.line(said, 0)
	}
}

// closing is what the words for an end of QUIC are filled with.
func (l *list) closing(c *explain.Connection) (pairs []string) {
	q := c.QUIC
	if q == nil {
		return nil
	}
	if q.Close != nil {
		pairs = append(pairs, "code", quic.ErrorName(q.Close.Code), "reason", foreign.Quote(q.Close.Reason))
	}
	var list []string
	for _, v := range q.Versions {
		name := v.String()
		if v.Reserved() {
			reserved, _ := l.words("quic/reserved")
			if name += " (" + reserved + ")"; l.lang == narrate.Zh {
				name = v.String() + "（" + reserved + "）"
			}
		}
		list = append(list, name)
	}
	return append(pairs, "versions", cli.Enumerated(l.lang, list), "version", q.First.String())
}

// sealed says which packets stay closed, and what would open them.
func (l *list) sealed(c *explain.Connection) {
	both := func(t quic.Type) int { return c.QUIC.Packets[0][t] + c.QUIC.Packets[1][t] }
	initial := both(quic.Initial) - c.QUIC.Opened[0] - c.QUIC.Opened[1]
	var parts []string
	for _, k := range []struct {
		n    int
		name string
	}{{initial, "Initial"}, {both(quic.ZeroRTT), "0-RTT"}, {both(quic.Handshake), "Handshake"}, {both(quic.OneRTT), "1-RTT"}} {
		if k.n > 0 {
			parts = append(parts, strconv.Itoa(k.n)+" "+k.name)
		}
	}
	said, _ := l.words("quic/sealed", "n", strings.Join(parts, ", "))
	l.line(said, 0)
	why, _ := l.words("why/" + string(c.Read.Closed))
	l.once(why)
	end, _ := l.words("need/" + string(explain.NeedEnd)) // that a beginning is missing has been said
	l.once(end)
}
