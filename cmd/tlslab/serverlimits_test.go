package main

import (
	"bufio"
	"bytes"
	"context"
	stdtls "crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
)

// What a server must survive: clients that open connections and say nothing, readers of its
// output that have gone for a coffee, requests without an end. In each case it takes a server
// seconds to have had enough, so they run together.

// TestMuteClients: in each mode, more mute clients than a server has descriptors for keep
// nobody out for longer than they may take to shake hands.
func TestMuteClients(t *testing.T) {
	t.Parallel()
	const descriptors, mute = 64, 80
	var all clitest.Together
	defer all.Wait()
	for _, mode := range []string{"", "--www", "--early-data 1000", "--www --early-data 1000", "--quiet --format json"} {
		all.Run(t, "server "+mode, func(t *testing.T) {
			args := append([]string{"-c", fmt.Sprintf(`ulimit -n %d; exec tlslab "$@"`, descriptors), "tlslab",
				"server", "--accept", "127.0.0.1:0", "--handshake-timeout", "1s"}, strings.Fields(mode)...)
			cmd := exec.Command("sh", args...)
			cmd.Env = append(os.Environ(), "LC_ALL=C", "GORACE=atexit_sleep_ms=0")
			server, addr, err := clitest.Launch(cmd, regexp.MustCompile(`listening on (\S+)`))
			if server != nil {
				t.Cleanup(server.Kill)
			}
			if err != nil {
				t.Fatal(err)
			}
			for range mute {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
			}
			c := clitest.DialServer(t, addr)
			if err := c.Handshake(); err != nil {
				t.Fatalf("the client behind the mute ones: %v\n%s", err, server.Printed())
			}
			c.Close()
			if err := server.Interrupt(); err != nil {
				t.Error(err)
			}
			if said := server.Printed(); !strings.Contains(said, "sent nothing for 1s (--handshake-timeout), and was cut off") {
				t.Errorf("nothing is said of the mute clients:\n%s", said)
			}
		})
	}
}

// paused is a reader's end that takes the first line, and then nothing until the test ends.
func paused(t *testing.T) (w io.Writer, first func() string) {
	t.Helper()
	r, pw := io.Pipe()
	t.Cleanup(func() { r.Close() })
	return pw, func() string {
		line, err := bufio.NewReaderSize(r, 16).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
}

// fullFIFO is a FIFO that somebody has open to read, and does not. It is full.
func fullFIFO(t *testing.T) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_NONBLOCK, 0) // or who opens it to write would wait
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	for err == nil {
		_, err = syscall.Write(fd, make([]byte, 4096))
	}
	return name
}

// fullDescriptor is a pipe like that, by the name that a shell's has. A Write to it, unlike one
// to a FIFO, is not ended by closing it.
func fullDescriptor(t *testing.T) (name string) {
	t.Helper()
	fd, err := syscall.Open(fullFIFO(t), syscall.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return fmt.Sprintf("/dev/fd/%d", fd)
}

// TestPausedReader: whoever reads standard output, standard error or a file of the server's
// may stop; clients still come in, and are talked to, and the server ends when it is told to.
func TestPausedReader(t *testing.T) {
	t.Parallel()
	var all clitest.Together
	defer all.Wait()
	for _, which := range []string{"stdout", "stderr", "--out", "--out to a descriptor", "--keylogfile", "--pcap"} {
		all.Run(t, which, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(context.Background())
			defer interrupt()
			in, typed := io.Pipe()
			defer typed.Close()
			var stdout, stderr io.Writer = io.Discard, nil
			stderr, first := paused(t)
			args := []string{"server", "--accept", "127.0.0.1:0", "--lang", "en", "--no-secrets"}
			switch which {
			case "stdout":
				stdout, _ = paused(t)
				r, w := io.Pipe()
				lines := bufio.NewReader(r)
				stderr, first = w, func() string {
					line, err := lines.ReadString('\n')
					if err != nil {
						t.Fatal(err)
					}
					go io.Copy(io.Discard, lines)
					return line
				}
			case "stderr":
			case "--out to a descriptor":
				args = append(args, "--out", fullDescriptor(t))
			default:
				args = append(args, which, fullFIFO(t))
			}
			ended := make(chan int, 1)
			go func() { ended <- command(ctx, in, stdout, stderr, args...) }()
			addr := strings.TrimSpace(strings.TrimPrefix(first(), "listening on "))

			// Enough for any pipe or buffer on the way: 200 kB to print, and transcripts that
			// are as long.
			var talkers []*stdtls.Conn
			for range 10 {
				c := clitest.DialServer(t, addr)
				go io.Copy(io.Discard, c) // a line that is typed may go to it
				talkers = append(talkers, c)
			}
			go talkers[0].Write(make([]byte, 200_000)) // ends with the connection
			for range 3 {
				// The line goes to whoever the server has shaken hands with last. It may not
				// have come to that yet when the first is typed, or a talker may have come to
				// it later: then somebody else tries.
				for answered := false; !answered; {
					c := clitest.DialServer(t, addr)
					if _, err := c.Write([]byte("hello\n")); err != nil {
						t.Fatal(err)
					}
					got := make(chan string, 1)
					go func() {
						line, _ := bufio.NewReader(c).ReadString('\n')
						got <- line
					}()
					for n := 0; n < 1000 && !answered; n++ {
						select {
						case line := <-got:
							if answered = true; line != "typed\n" {
								t.Fatalf("the client got %q", line)
							}
						default:
							if _, err := io.WriteString(typed, "typed\n"); err != nil {
								t.Fatal(err)
							}
						}
					}
				}
			}
			interrupt()
			if status := <-ended; status != cli.StatusFailed { // not all is there of what was asked for
				t.Errorf("status %d", status)
			}
		})
	}
}

// TestPausedList: the list of a proxy, too, may stay unread, and so may its files. With one connection for all, each
// request waits for what is done about the one before.
func TestPausedList(t *testing.T) {
	t.Parallel()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }))
	defer origin.Close()
	var all clitest.Together
	defer all.Wait()
	for _, more := range [][]string{{"--format", "text"}, {"--format", "json"}, {"--hardump", fullFIFO(t)}, {"--pcap", fullFIFO(t)}} {
		all.Run(t, more[0]+" "+filepath.Base(more[1]), func(t *testing.T) {
			ctx, interrupt := context.WithCancel(context.Background())
			defer interrupt()
			stdout, _ := paused(t)
			said, tell := io.Pipe()
			lines := bufio.NewReader(said)
			ended := make(chan int, 1)
			go func() {
				args := []string{"proxy", "--listen", "127.0.0.1:0", "--lang", "en", "--confdir", t.TempDir()}
				ended <- command(ctx, strings.NewReader(""), stdout, tell, append(args, more...)...)
				tell.Close()
			}()
			var addr string
			for addr == "" {
				line, err := lines.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				if m := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line); m != "" {
					addr = m
				}
			}
			rest := make(chan string, 1)
			go func() {
				b, _ := io.ReadAll(lines)
				rest <- string(b)
			}()
			through := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: addr})}
			for range 10 {
				resp, err := (&http.Client{Transport: through, Timeout: clitest.Patience}).Get(origin.URL + "/x")
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "/x" {
					t.Fatalf("%q, %v", body, err)
				}
				resp.Body.Close()
			}
			through.CloseIdleConnections()
			interrupt()
			if status := <-ended; status != cli.StatusFailed { // nobody has the list
				t.Errorf("%v: status %d", more, status)
			}
			if said := <-rest; !strings.Contains(said, "nobody reads standard output: the last of the list is lost") {
				t.Errorf("%v: it is not said:\n%s", more, said)
			}
		})
	}
}

// TestDeafClient: a client that reads nothing keeps what is typed from the others for seconds,
// not for ever.
func TestDeafClient(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	in, typed := io.Pipe()
	defer typed.Close()
	said, tell := io.Pipe()
	lines := bufio.NewReader(said)
	ended := make(chan int, 1)
	go func() {
		ended <- command(ctx, in, io.Discard, tell, "server", "--accept", "127.0.0.1:0", "--lang", "en", "--quiet")
		tell.Close()
	}()
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimSpace(strings.TrimPrefix(first, "listening on "))
	deaf := clitest.DialServer(t, addr)
	if _, err := deaf.Write([]byte("here I am")); err != nil {
		t.Fatal(err)
	}
	go func() { // more than sockets hold; in the end the next client's
		for {
			if _, err := typed.Write(append(bytes.Repeat([]byte("x"), 32<<20), '\n')); err != nil {
				return
			}
		}
	}()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "did not read what was typed here") {
			break
		}
	}
	go io.Copy(io.Discard, lines)
	c := clitest.DialServer(t, addr)
	if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
		t.Errorf("the next client gets nothing: %v", err)
	}
	interrupt()
	if status := <-ended; status != 0 {
		t.Errorf("status %d", status)
	}
}
