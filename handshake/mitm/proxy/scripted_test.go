package proxy_test

import (
	"io"
	"net"
	"testing"
)

// line is one line of a play between a client and a server with the proxy between them:
// who speaks, and what. The other must hear it, byte for byte, before the play goes on.
type line struct {
	who  side
	say  string
	hear string // if it is not what was said; "" is that, silence is nothing
}

type side byte

const (
	client side = 'c'
	server side = 's'
)

// bye is said by closing, and heard as an end.
const bye = "bye"

// silence is what is heard of what does not get through.
const silence = "silence"

// play plays lines between the two ends of one connection.
func play(t testing.TB, c, s net.Conn, lines []line) {
	t.Helper()
	for i, l := range lines {
		from, to := c, s
		if l.who == server {
			from, to = s, c
		}
		if l.say == bye {
			if err := from.Close(); err != nil {
				t.Fatalf("line %d: %v", i, err)
			}
			if l.hear == silence {
				continue
			}
			if b, err := io.ReadAll(to); err != nil || len(b) > 0 {
				t.Fatalf("line %d: instead of an end came %q, %v", i, b, err)
			}
			continue
		}
		if _, err := io.WriteString(from, l.say); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		want := l.say
		switch l.hear {
		case "":
		case silence:
			continue
		default:
			want = l.hear
		}
		if err := hears(to, want); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
	}
}
