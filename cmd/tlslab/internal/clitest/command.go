package clitest

import (
	"bufio"
	"context"
	stdtls "crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
)

// Command runs a command line in this process; status is what the shell would see.
func Command(root *cobra.Command, ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args ...string) (status int) {
	cli.Arguments(root, args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return cli.Explain(stderr, cmd, err)
}

// StartServer runs tlslab server until the test ends, and returns its address and,
// once it has ended, what it said.
func StartServer(t *testing.T, root *cobra.Command, args ...string) (addr string, end func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- Command(root, ctx, strings.NewReader(""), io.Discard, w,
			append([]string{"server", "--accept", "127.0.0.1:0", "--lang", "en"}, args...)...)
		_ = w.Close()
	}()
	lines := bufio.NewReader(r)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	rest := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(lines) // a pipe of this process ends in nothing but EOF
		rest <- string(b)
	}()
	return strings.TrimSpace(strings.TrimPrefix(first, "listening on ")), func() string {
		cancel()
		if s := <-done; s != 0 {
			t.Errorf("the server ended with status %d", s)
		}
		return <-rest
	}
}

// DialServer is a client of crypto/tls.
func DialServer(t *testing.T, addr string) *stdtls.Conn {
	t.Helper()
	c, err := stdtls.DialWithDialer(&net.Dialer{Timeout: Patience}, "tcp", addr, &stdtls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
