package explain

import (
	"encoding/hex"
	"strconv"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/explain"
)

func opensKey(c *explain.Connection) string {
	r := c.Read
	opened := r.Handshake || r.Data
	switch {
	case r.Initial && !r.Hello:
		return "opens/no_hello"
	case r.Initial:
		return "opens/initial"
	case r.Cut && opened:
		return "opens/part"
	case r.Cut:
		return "opens/none"
	case r.Sealed == 0 && !opened:
		return "opens/clear"
	case r.Sealed == 0 && r.Session > 0:
		return "opens/all+session"
	case r.Sealed == 0 && r.Computed:
		return "opens/all+computed"
	case r.Sealed == 0:
		return "opens/all"
	case opened:
		return "opens/part"
	}
	return "opens/none"
}

// opens says why something stays closed, and what would open it.
func (l *list) opens(c *explain.Connection, key string) {
	r := c.Read
	if r.Sealed == 0 && r.Closed == "" {
		_, text := l.words(key)
		l.once(text)
		return
	}
	if c.QUIC != nil {
		_, text := l.words(key)
		l.once(text)
		l.sealed(c)
		return
	}
	said, _ := l.words("why/"+string(r.Closed), "labels", cli.Enumerated(l.lang, r.Lacks.Names()), "session", strconv.Itoa(c.Session))
	l.once(said)
	for i, need := range r.Needs {
		if need == explain.NeedKeyLog && i > 0 && r.Needs[i-1] != explain.NeedWhole {
			break // what stands before it says so
		}
		what, _ := l.words(needKey(need, c), "random", short(randomOf(c)), "session", strconv.Itoa(c.Session))
		switch {
		case need == explain.NeedWhole && i+1 < len(r.Needs) && c.QUIC == nil:
			continue // the next is needed with it
		case i > 0 && r.Needs[i-1] == explain.NeedWhole && c.QUIC == nil:
			what, _ = l.words("need/whole+with", "what", what)
		}
		l.line(cli.Say(l.lang, "explain_needs", "what", what), 0)
	}
}

// needKey is the key of what would open the rest; whose client random it is may not be known, and a session may have
// begun in this very file.
func needKey(need explain.Need, c *explain.Connection) string {
	if need == explain.NeedSession && c.Session > 0 {
		return "need/session+here"
	}
	if need == explain.NeedKeyLog && randomOf(c) == nil {
		return "need/key_log+unknown"
	}
	return "need/" + string(need)
}

// randomOf is the client random of the key log lines that are missing.
func randomOf(c *explain.Connection) []byte {
	if l := c.Read.Lacks; l != nil {
		return l.Random
	}
	return c.Random
}

// short is as much of a random as tells it from others.
func short(random []byte) string {
	return hex.EncodeToString(random[:min(len(random), 8)]) + "…"
}
