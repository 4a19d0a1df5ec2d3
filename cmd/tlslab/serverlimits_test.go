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
	document "tlslab/handshake/transcript"
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

// TestHeldTranscript: a connection of which there is always more to tell does not have all of
// it held until it ends, whatever it is and whoever reads. A text goes out meanwhile; a
// document in JSON is one, and the end of it waits in a file.
func TestHeldTranscript(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, format := range []string{"text", "json"} {
		var shown bytes.Buffer
		l := &liveFlags{format: format}
		l.lang = "en"
		tr := l.newTranscript(&output{w: &shown, options: render.TerminalOptions{Lang: "en"}}, "1")
		most, told := 0, 0
		for i := 0; told < 4*maxHeld; i++ {
			if format == "json" { // a text has enough of data before that: TestPieceOfATranscript
				tr.Event(&event.Record{Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1,
					Sequence: uint64(i), Protected: true, Wire: make([]byte, 1000), Payload: make([]byte, 900)})
				tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
				most, told = max(most, tr.show.(*liveDocument).waits.held.Len()), told+2000
			} else {
				tr.Event(&event.Record{Dir: event.Receive, Type: iana.Handshake, Version: iana.TLS12, Epoch: 1,
					Sequence: uint64(i), Protected: true, Wire: make([]byte, 26), Payload: []byte{24, 0, 0, 1, 1}})
				tr.Event(&event.KeyChange{Dir: event.Receive, Epoch: 1})
				told = tr.held.Len() + shown.Len()
			}
			if most = max(most, tr.held.Len()); i > 50_000 {
				t.Fatalf("%s: %d bytes of all that", format, told)
			}
		}
		if most == 0 || most > maxHeld+maxHeld/8 {
			t.Errorf("%s: %d bytes held", format, most)
		}
		if err := tr.close(); err != nil {
			t.Fatal(err)
		}
		if format == "json" {
			doc, err := document.Decode(&shown) // a whole one
			if err != nil || len(doc.Flows) != 1 || len(doc.Flows[0].Events) != 2*(4*maxHeld/2000+1) {
				t.Errorf("%v: %d flows", err, len(doc.Flows))
			}
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDocumentLost: a document that cannot be kept until its connection ends is not there at
// all, and that is said; those of other connections are.
func TestDocumentLost(t *testing.T) {
	var shown, log bytes.Buffer
	l := &liveFlags{format: "json"}
	l.lang = "en"
	out := &output{w: &shown, log: &log}
	for _, long := range []bool{false, true, false} {
		tr := l.newTranscript(out, "1")
		tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
		if long {
			t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
			for range 2 * maxHeld / 1800 {
				tr.Event(&event.Data{Dir: event.Receive, Data: make([]byte, 900)})
			}
		}
		if err := tr.close(); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for d, err := range document.Documents(&shown) {
		if n++; err != nil || len(d.Flows[0].Events) != 1 {
			t.Errorf("document %d: %v", n, err)
		}
	}
	if n != 2 || !strings.Contains(log.String(), "--format json: ") {
		t.Errorf("%d documents, and said is %q", n, &log)
	}
}

// fileOf is a piece in a file.
func fileOf(t *testing.T, text string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "piece"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSpoolFiles: what waits in a file comes in its place, whole, and no more of them wait
// than there is room for.
func TestSpoolFiles(t *testing.T) {
	r, w := io.Pipe()
	s := newSpool(w, func(n int) string { return fmt.Sprintf("(%d missing)\n", n) })
	long := strings.Repeat("a long line\n", spoolPiece)
	var want strings.Builder
	for i := range 3 {
		line := fmt.Sprintf("line %d\n", i)
		if _, err := s.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if err := s.file(fileOf(t, long)); err != nil {
			t.Fatal(err)
		}
		want.WriteString(line + long)
	}
	files := 3
	for ; s.lostSoFar() == 0; files++ {
		if files > 2*spoolFiles {
			t.Fatal("there is always room")
		}
		if err := s.file(fileOf(t, "x\n")); err != nil {
			t.Fatal(err)
		}
	}
	for range files - 4 {
		want.WriteString("x\n")
	}
	want.WriteString("(1 missing)\n")
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want.String() {
		t.Errorf("%v: not in order, or not whole: ends in %q", err, got[len(got)-100:])
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func (s *spool) lostSoFar() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// TestSpool: pieces come out whole and in order; what has no room is counted, and told where
// it is missing.
func TestSpool(t *testing.T) {
	r, w := io.Pipe()
	s := newSpool(w, func(n int) string { return fmt.Sprintf("(%d missing)\n", n) })
	piece := append(bytes.Repeat([]byte("x"), spoolSize/4-1), '\n')
	for range 20 {
		if n, err := s.Write(piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	lines := bufio.NewReader(r)
	whole := 0
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var missing int
		if _, err := fmt.Sscanf(line, "(%d missing)", &missing); err == nil {
			if whole < 4 || whole+missing != 20 {
				t.Errorf("%d pieces and %d missing, of 20", whole, missing)
			}
			break
		}
		if whole++; line != string(piece) {
			t.Fatal("a piece in pieces")
		}
	}
	go s.Write([]byte("last\n"))
	if line, err := lines.ReadString('\n'); line != "last\n" {
		t.Errorf("behind the gap %q, %v", line, err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

// TestSpoolSlowly: who is slow, and has not stopped, gets all of it when the program ends,
// however long that takes.
func TestSpoolSlowly(t *testing.T) {
	r, w := io.Pipe()
	s := newSpool(w, nil)
	text := bytes.Repeat([]byte("a line\n"), spoolSize/7)
	if _, err := s.Write(text); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(text); err != errUnread { // the one that is being carried off has made room
		_, err = s.Write(text)
		if err != errUnread {
			t.Errorf("two times as much as there is room for: %v", err)
		}
	}
	ended := make(chan error)
	go func() { ended <- s.close() }()
	pieces := 0
	for got := 0; got < len(text); {
		n, err := r.Read(make([]byte, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		if got += n; n > spoolPiece {
			t.Fatalf("%d bytes at one go: nobody could tell a slow reader from none", n)
		}
		pieces++
	}
	go io.Copy(io.Discard, r)
	if err := <-ended; err != nil || pieces < spoolSize/spoolPiece {
		t.Errorf("%d pieces, %v", pieces, err)
	}
}

// TestSpoolLeft: what is in a pipe that nobody reads on ends behind a line, and it is an error.
func TestSpoolLeft(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := newSpool(w, func(n int) string { return fmt.Sprintf("(%d missing)\n", n) })
	const pieces, lines = 100, 300
	line := strings.Repeat("x", 76) + "\n" // divides neither a pipe nor what it takes whole
	for range pieces {
		if _, err := s.Write([]byte(strings.Repeat(line, lines))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != errUnread {
		t.Fatal(err)
	}
	got := make([]byte, pieces*lines*len(line))
	n, err := r.Read(got) // all that there is
	if err != nil {
		t.Fatal(err)
	}
	if taken := strings.Count(string(got[:n]), line); taken == 0 || taken*len(line) != n {
		t.Errorf("%d bytes are %d lines and a part of one: %q", n, taken, got[n-n%len(line):n])
	}
	w.Close() // or the spool would write on
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
