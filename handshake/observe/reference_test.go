package observe

import (
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// TestReferences: a message is specified where the engine's client says that it is. Of several
// rows the last is the plain one: those of a resumed session stand before it.
func TestReferences(t *testing.T) {
	rows := handshake.Moves(event.Client)
	tried := 0
	for _, row := range rows {
		for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
			i := len(rows) - 1
			for i >= 0 && (rows[i].Dir != row.Dir || rows[i].Msg != row.Msg || rows[i].Version != 0 && rows[i].Version != v) {
				i--
			}
			if i < 0 {
				continue // no such message in this version
			}
			tried++
			if got := reference(event.Move{Dir: row.Dir, Msg: row.Msg, Version: v}); got != rows[i].Ref {
				t.Errorf("%v %v of version %v: %q, and the engine says %q", row.Dir, row.Msg, v, got, rows[i].Ref)
			}
		}
	}
	if tried < 40 {
		t.Errorf("%d moves were tried: the test looked in the wrong place", tried)
	}
	if !slices.ContainsFunc(rows, func(m event.Move) bool { return m.Version == iana.TLS13 }) {
		t.Error("the engine has no TLS 1.3")
	}
}
