package lab_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/internal/browsertest"
)

// The lab is tried as its readers have it: the command serves it, and a browser asks.

func TestMain(m *testing.M) {
	status := browsertest.Main(m)
	endServed()
	os.Exit(status)
}

// served is where the command tlslab web listens, built and started by the first test that asks.
var (
	served    = sync.OnceValues(serve)
	endServed = func() {}
)

func serve() (address string, err error) {
	out, end, err := browsertest.Start(func(c *exec.Cmd) (io.ReadCloser, error) {
		c.Stderr = os.Stderr
		return c.StdoutPipe()
	}, "web", "--listen", "127.0.0.1:0", "--lang", "en")
	endServed = end
	if err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", err
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return strings.TrimSpace(line), nil
}

// visit opens an address of the lab, such as "?tls=1.3&seed=7". Its test fails if a page was not
// quiet.
func visit(t testing.TB, question string) *browsertest.Tab {
	t.Helper()
	return browsertest.OpenAddress(t, lab(t)+question)
}

func lab(t testing.TB) string {
	t.Helper()
	address, err := served()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// is compares the text that an expression comes to.
func is(t testing.TB, tab *browsertest.Tab, expression, want string) {
	t.Helper()
	if got := browsertest.Eval[string](tab, "String("+expression+")"); got != want {
		t.Errorf("%s is %q, want %q", expression, got, want)
	}
}

// do runs a statement of JavaScript on the page.
func do(tab *browsertest.Tab, statement string) { browsertest.Eval[bool](tab, "("+statement+", true)") }
