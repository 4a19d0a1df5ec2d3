package live

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

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

// heard is what a command says, for those who wait for it.
type heard struct {
	mu   sync.Mutex
	more *sync.Cond
	text strings.Builder
	late bool
}

func newHeard() *heard {
	h := new(heard)
	h.more = sync.NewCond(&h.mu)
	return h
}

// Write takes more of it.
func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.more.Broadcast()
	return h.text.Write(p)
}

// String is what was said so far.
func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// await waits until text has been said, with the whole of its line.
func (h *heard) await(t *testing.T, text string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	defer time.AfterFunc(clitest.Patience, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.late = true
		h.more.Broadcast()
	}).Stop()
	for {
		if _, rest, ok := strings.Cut(h.text.String(), text); ok && strings.Contains(rest, "\n") {
			return
		}
		if h.late {
			t.Fatalf("it has not said %q:\n%s", text, h.text.String())
		}
		h.more.Wait()
	}
}

// heardServer is a server whose words can be waited for; end ends it.
func heardServer(t *testing.T, args ...string) (addr string, said *heard, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	said = newHeard()
	done := make(chan int, 1)
	go func() {
		done <- command(ctx, strings.NewReader(""), io.Discard, said, append([]string{"server", "--accept", "127.0.0.1:0", "--lang", "en"}, args...)...)
	}()
	end = sync.OnceFunc(func() {
		cancel()
		if status := <-done; status != 0 {
			t.Errorf("the server ended with status %d: %s", status, said)
		}
	})
	t.Cleanup(end)
	const listening = "listening on "
	said.await(t, listening)
	_, rest, _ := strings.Cut(said.String(), listening)
	addr, _, _ = strings.Cut(rest, "\n")
	return addr, said, end
}
