package live

import (
	"io"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/render"
)

// Who is told nothing does not listen: the engine then builds no event, and copies no
// record. What --quiet still says of a session comes from the handshake's Summary.
func TestQuietDoesNotListen(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		for _, sessIn := range []string{"", "file"} {
			for n := range 2 {
				c := &calls{clientFlags: &clientFlags{sessIn: sessIn, reconnect: 1}, cfg: new(handshake.Config),
					out: &cli.Output{Writer: io.Discard, Options: render.TerminalOptions{}}}
				c.quiet, c.Format = quiet, "text"
				cfg, told := c.settings(n, false)
				if listens := cfg.Listener != nil; listens == quiet || listens != (told != nil) {
					t.Errorf("client, quiet %v, --sess-in %q, connection %d: listens %v", quiet, sessIn, n, listens)
				}
			}
		}
		s := new(serverFlags) // a server attaches one to each connection that it admits
		s.quiet, s.Format = quiet, "json"
		cfg, told := new(handshake.Config), s.NewTranscript(&cli.Output{Writer: io.Discard}, "1")
		told.attach(cfg)
		if listens := cfg.Listener != nil; listens == quiet || listens != (told != nil) {
			t.Errorf("server, quiet %v: listens %v", quiet, listens)
		}
	}
}
