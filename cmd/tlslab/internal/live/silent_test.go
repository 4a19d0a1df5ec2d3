package live

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
	"tlslab/pki/lesson"
)

// Whoever waits for a peer that is silent sees what has happened by then, at each level: the tickets that
// a client has got, and the line that it has sent. Each is waited for while the connection is open, and
// the peer says nothing until all of it has been seen.
func TestSilentServer(t *testing.T) {
	lab, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	for level, line := range map[string]string{"": "application data    15 bytes", "--full": "line-of-theirs", "--brief": "application data"} {
		t.Run(level, func(t *testing.T) {
			l, err := tls.Listen("tcp", "127.0.0.1:0", &handshake.Config{Certificates: []handshake.Certificate{{Chain: lab.Chain, Key: lab.Key}}, Tickets: session.NewTicketKeys(rand.Reader, 0)})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			seen := make(chan struct{})
			go func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				_, _ = io.ReadFull(c, make([]byte, len("line-of-theirs\n")))
				<-seen
			}()
			args := []string{"client", "--connect", l.Addr().String(), "--insecure", "--lang", "en", "--tls", "1.3"}
			if level != "" {
				args = append(args, level)
			}
			typed, typing, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer typed.Close()
			said, done := newHeard(), make(chan int, 1)
			go func() { done <- command(context.Background(), typed, io.Discard, said, args...) }()
			said.await(t, "NewSessionTicket")
			if _, err := typing.WriteString("line-of-theirs\n"); err != nil {
				t.Error(err)
			}
			said.await(t, line)
			if strings.Contains(said.String(), "close_notify") {
				t.Errorf("the connection is over:\n%s", said)
			}
			close(seen)
			_ = typing.Close()
			if status := <-done; status != 0 {
				t.Errorf("status %d:\n%s", status, said)
			}
			if n := strings.Count(said.String(), "close_notify"); level == "" && n != 1 {
				t.Errorf("the two goodbyes are told %d times:\n%s", n, said)
			}
		})
	}
}

// A server tells of a client that is silent what it has told it, and of new keys, which are no data.
func TestSilentClient(t *testing.T) {
	addr, said, end := heardServer(t, "--tls", "1.3")
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &handshake.Config{ServerName: "localhost", Sessions: new(sessionJar)}
	cfg.Weak.SkipVerify = true
	c, err := tls.Client(raw, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	said.await(t, "NewSessionTicket")
	if err := c.UpdateKeys(false); err != nil {
		t.Fatal(err)
	}
	said.await(t, "KeyUpdate")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	said.await(t, "close_notify")
	end()
	if n := strings.Count(said.String(), "close_notify"); n != 1 {
		t.Errorf("the two goodbyes are told %d times:\n%s", n, said)
	}
}
