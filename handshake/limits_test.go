package handshake_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/reason"
)

// Whoever is refused for too much must not read that exactly so much was expected: no error
// of the engine, of pki or of the command names a bound without saying that it is one.
func TestLimitsSayAtMost(t *testing.T) {
	seen := 0
	eachFile(t, func(dir string, file *ast.File) {
		bare := func(x ast.Expr) {
			if b, ok := x.(*ast.BinaryExpr); ok && b.Op != token.EQL {
				x = b.X
			}
			if id, ok := x.(*ast.Ident); ok && strings.HasPrefix(id.Name, "max") {
				t.Errorf("%s: an error expects %s, and does not say that it is a limit", dir, id.Name)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if len(n.Args) > 0 && isReason(n.Args[0]) {
					seen++
					for _, arg := range n.Args[1:] {
						bare(arg)
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Want" {
					bare(n.Value)
				}
			}
			return true
		})
	})
	if seen < 100 {
		t.Errorf("only %d errors were seen: the test looked in the wrong place", seen)
	}
}

// isReason reports whether x is one of package reason's constants, by its look.
func isReason(x ast.Expr) bool {
	s, ok := x.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := s.X.(*ast.Ident)
	return ok && pkg.Name == "reason"
}

// The number at fault is the one on the wire: a message's length does not count its header.
func TestLengthsAreThoseOnTheWire(t *testing.T) {
	for _, kind := range []byte{2, 1} { // a ServerHello to the client, a ClientHello to the server
		role := event.Client
		if kind == 1 {
			role = event.Server
		}
		rec := recordedAs(t, "dhe")
		s := rec.replay(t, role, 0)
		s.feed(clearRecord(22, []byte{kind, 0xff, 0xff, 0xff}))
		e := s.refused(t)
		if text := e.Error(); e.Reason != reason.MessageTooLong || !strings.Contains(text, "expected at most 262140 bytes, which is our limit, got 16777215") {
			t.Errorf("%v: %v", role, text)
		}
	}
}

// A bound on what may come in a row says that it is one.
func TestFloodsSayAtMost(t *testing.T) {
	s := recordedAs(t, "dhe").replay(t, event.Client, 0)
	for range 5 {
		s.feed(clearRecord(21, []byte{1, 112}))
	}
	if e := s.refused(t); e.Reason != reason.WarningFlood || !strings.Contains(e.Error(), "expected at most 4 in a row, which is our limit, got more") {
		t.Error(e)
	}
}
