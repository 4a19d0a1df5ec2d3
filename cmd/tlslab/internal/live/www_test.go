package live

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
)

// TestPageLimits: a client of --www that does not go on, or goes on for ever, is let go.
func TestPageLimits(t *testing.T) {
	addr, end := serveCommand(t, "--www", "--quiet", "--idle-timeout", "2s")
	const head = "POST / HTTP/1.1\r\nHost: localhost\r\n"
	for _, test := range []struct{ name, says, status string }{
		{"idle", head + "Content-Length: 0\r\n\r\n", "200"},
		{"half a head", head, ""},
		{"half a body", head + "Content-Length: 10\r\n\r\nhalf", "408"},
		{"a long head", head + "Long: " + strings.Repeat("x", maxHead) + "\r\n\r\n", "431"},
		{"a long body", head + fmt.Sprintf("Content-Length: %d\r\n\r\n", maxBody+1) + strings.Repeat("x", maxBody+1), "413"},
		{"a long body in chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat("x", 0x1000)+"\r\n", maxBody>>12+1), "413"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := clitest.DialServer(t, addr)
			go io.WriteString(c, test.says) // the server may not want all of it
			got, _ := io.ReadAll(c)         // until the server ends it, in whatever way
			if !strings.HasPrefix(string(got), strings.TrimSpace("HTTP/1.1 "+test.status)) && (test.status != "" || len(got) > 0) {
				t.Errorf("answered %.40q, want %q", got, test.status)
			}
		})
	}
	t.Cleanup(func() { end() })
}
