package live

import (
	"context"
	"io"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/cmd/tlslab/internal/trust"
)

// root is a command of the verbs of this room, and of ca, which makes their certificates.
func root() *cobra.Command {
	return cli.Root(&cobra.Command{Use: "tlslab"}, NewClient(), NewServer(), trust.NewCA())
}

// command runs a command line in this process; status is what the shell would see.
func command(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args ...string) (status int) {
	return clitest.Command(root(), ctx, stdin, stdout, stderr, args...)
}

// serveCommand runs tlslab server until the test ends, and returns its address and,
// once it has ended, what it said.
func serveCommand(t *testing.T, args ...string) (addr string, end func() string) {
	t.Helper()
	return clitest.StartServer(t, root(), args...)
}
