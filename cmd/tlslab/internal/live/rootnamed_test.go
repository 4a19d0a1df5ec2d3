package live

import (
	stdtls "crypto/tls"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// A client that does not know our root is to be told of the file in which it is; --write-root is the advice
// where nothing has been written.
func TestRootIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "root.pem")
	for _, args := range [][]string{nil, {"--write-root", file}} {
		addr, end := serveCommand(t, append(args, "--quiet")...)
		raw, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c := stdtls.Client(raw, &stdtls.Config{ServerName: "localhost"})
		if err := c.Handshake(); err == nil {
			t.Fatal("it believes")
		}
		_, _ = io.Copy(io.Discard, raw) // the server hangs up once it has the alert
		raw.Close()
		said := end()
		if named := strings.Contains(said, file); named != (args != nil) || strings.Contains(said, "--write-root FILE") == named {
			t.Errorf("%v: %s", args, said)
		}
	}
}
