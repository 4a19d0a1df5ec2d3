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

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render"
)

// What a server must survive: clients that open connections and say nothing, readers of its
// output that have gone for a coffee, requests without an end.

// dialServer is a client of crypto/tls.
func dialServer(t *testing.T, addr string) *stdtls.Conn {
	t.Helper()
	c, err := stdtls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", addr, &stdtls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestMuteClients: in each mode, more mute clients than a server has descriptors for keep
// nobody out for longer than they may take to shake hands.
func TestMuteClients(t *testing.T) {
	const descriptors, mute = 64, 80
	for _, mode := range []string{"", "--www", "--early-data 1000", "--www --early-data 1000", "--quiet --format json"} {
		t.Run("server "+mode, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-c", fmt.Sprintf(`ulimit -n %d; exec tlslab "$@"`, descriptors), "tlslab",
				"server", "--accept", "127.0.0.1:0", "--handshake-timeout", "1s"}, strings.Fields(mode)...)
			cmd := exec.Command("sh", args...)
			cmd.Env = append(os.Environ(), "LC_ALL=C", "GORACE=atexit_sleep_ms=0")
			server, addr, err := launch(cmd, regexp.MustCompile(`listening on (\S+)`))
			if server != nil {
				t.Cleanup(server.kill)
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
			c := dialServer(t, addr)
			if err := c.Handshake(); err != nil {
				t.Fatalf("the client behind the mute ones: %v\n%s", err, server.printed())
			}
			c.Close()
			if err := server.interrupt(); err != nil {
				t.Error(err)
			}
			if said := server.printed(); !strings.Contains(said, "sent nothing for 1s (--handshake-timeout), and was cut off") {
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
	for _, which := range []string{"stdout", "stderr", "--out", "--out to a descriptor", "--keylogfile", "--pcap"} {
		t.Run(which, func(t *testing.T) {
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
				c := dialServer(t, addr)
				go io.Copy(io.Discard, c) // a line that is typed may go to it
				talkers = append(talkers, c)
			}
			go talkers[0].Write(make([]byte, 200_000)) // ends with the connection
			for range 3 {
				// The line goes to whoever the server has shaken hands with last. It may not
				// have come to that yet when the first is typed, or a talker may have come to
				// it later: then somebody else tries.
				for answered := false; !answered; {
					c := dialServer(t, addr)
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
			if status := <-ended; status != statusFailed { // not all is there of what was asked for
				t.Errorf("status %d", status)
			}
		})
	}
}

// TestPausedList: the list of a proxy, too, may stay unread, and so may its files. With one connection for all, each
// request waits for what is done about the one before.
func TestPausedList(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }))
	defer origin.Close()
	for _, more := range [][]string{{"--format", "text"}, {"--format", "json"}, {"--hardump", fullFIFO(t)}, {"--pcap", fullFIFO(t)}} {
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
			resp, err := (&http.Client{Transport: through, Timeout: patience}).Get(origin.URL + "/x")
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
		if status := <-ended; status != statusFailed { // nobody has the list
			t.Errorf("%v: status %d", more, status)
		}
		if said := <-rest; !strings.Contains(said, "nobody reads standard output: the last of the list is lost") {
			t.Errorf("%v: it is not said:\n%s", more, said)
		}
	}
}

// TestDeafClient: a client that reads nothing keeps what is typed from the others for seconds,
// not for ever.
func TestDeafClient(t *testing.T) {
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
	deaf := dialServer(t, addr)
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
	c := dialServer(t, addr)
	if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
		t.Errorf("the next client gets nothing: %v", err)
	}
	interrupt()
	if status := <-ended; status != 0 {
		t.Errorf("status %d", status)
	}
}

// TestPieceOfATranscript: of data without an end a server's transcript shows the beginning,
// and says how much it has left out.
func TestPieceOfATranscript(t *testing.T) {
	var shown bytes.Buffer
	l := new(liveFlags)
	l.lang, l.format = "en", "text"
	tr := l.newTranscript(&output{w: &shown, options: render.TerminalOptions{Lang: "en", Width: 80}}, "connection 1")
	const records = 100 * maxData
	for i := range records {
		tr.Event(&event.Record{Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1,
			Sequence: uint64(i), Protected: true, Wire: make([]byte, 23), Payload: []byte("x")})
		tr.Event(&event.Data{Dir: event.Receive, Data: []byte("x")})
	}
	if err := tr.close(); err != nil {
		t.Fatal(err)
	}
	if n := shown.Len(); n > 1000*maxData {
		t.Errorf("%d bytes of text for %d records", n, records)
	}
	if want := fmt.Sprintf("(%d more records of data are not shown)", records-maxData); !strings.Contains(shown.String(), want) {
		t.Errorf("it does not say %q", want)
	}
}

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
			c := dialServer(t, addr)
			go io.WriteString(c, test.says) // the server may not want all of it
			got, _ := io.ReadAll(c)         // until the server ends it, in whatever way
			if !strings.HasPrefix(string(got), strings.TrimSpace("HTTP/1.1 "+test.status)) && (test.status != "" || len(got) > 0) {
				t.Errorf("answered %.40q, want %q", got, test.status)
			}
		})
	}
	t.Cleanup(func() { end() })
}
