package interop_test

import (
	stdtls "crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/tls"
)

// TestKeyUpdate13 has both ends change their keys, and ask the other to, amid the talk. How a
// peer is made to is its own: s_server and s_client are typed at, gnutls-serv has a word for
// it, gnutls-cli a command, and crypto/tls answers alone.
func TestKeyUpdate13(t *testing.T) {
	meetings(t, "key update", iana.TLS13, func(t *testing.T, m meeting) {
		how := map[*peer]map[event.Role]func(*testing.T, meeting){
			openssl: {event.Client: opensslServerUpdates, event.Server: opensslClientUpdates},
			gnutls:  {event.Client: gnutlsServerUpdates, event.Server: gnutlsClientUpdates},
			stdlib:  {event.Client: stdUpdates, event.Server: stdUpdates},
		}
		how[m.peer][m.role](t, m)
	})
}

func stdUpdates(t *testing.T, m meeting) {
	const updates = 5 // three of them ask for the peer's
	for _, s := range m.suites(m.version) {
		t.Run(s.String(), func(t *testing.T) {
			d := deal{suite: s}
			cfg, w := tlstest.Witnessed(t, m.config(d))
			a, b := tlstest.Pipe()
			var c *tls.Conn
			var std *stdtls.Conn
			var cerr, serr error
			if m.role == event.Client {
				c, std = tlstest.Client(t, a, cfg), stdtls.Server(b, stdConfig(m, d))
				cerr, serr = tlstest.Shake(c, std)
			} else {
				c, std = tlstest.Server(t, b, cfg), stdtls.Client(a, stdConfig(m, d))
				cerr, serr = tlstest.Shake(std, c)
			}
			if cerr != nil || serr != nil {
				t.Fatal(cerr, serr)
			}
			deadline := time.Now().Add(tlstest.Patience)
			c.SetDeadline(deadline)
			std.SetDeadline(deadline)
			tlstest.Rekey(t, c, std, c.UpdateKeys, updates)
			if n := w.Saw(message.KindKeyUpdate); n != updates+3 {
				t.Errorf("%d KeyUpdates", n)
			}
			met(m.name, m.role, cfg, c.Summary(), w)
			c.Close()
			std.Close()
		})
	}
}

// opensslServerUpdates types at s_server: k updates its keys, K asks for ours too.
// Then it is our turn.
func opensslServerUpdates(t *testing.T, m meeting) {
	p := m.host(t, deal{typed: true}).(opensslServer)
	cfg, w := tlstest.Witnessed(t, m.config(deal{}))
	updates, lines := tlstest.OnUpdates(cfg), make(chan string, 10)
	c, err := dial(t, p.addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(lines)
		for {
			line, err := tlstest.ReadLine(c)
			if err != nil {
				return // the deadline, or our own Close
			}
			lines <- line
		}
	}()
	read := func(line string) {
		t.Helper()
		p.say(line)
		if got := <-lines; got != line+"\n" {
			t.Fatalf("%q", got)
		}
	}
	write := func(line string) {
		t.Helper()
		if _, err := io.WriteString(c, line+"\n"); err != nil {
			t.Fatal(err)
		}
		p.waitFor(line)
	}
	read("before")
	for i, command := range []string{"k", "K", "K"} {
		p.say(command)
		select { // it drops what is typed meanwhile
		case <-updates:
		case <-time.After(tlstest.Patience):
			t.Fatalf("no KeyUpdate of %q", command)
		}
		read(fmt.Sprintf("theirs %d", i))
		write(fmt.Sprintf("ours %d", i))
	}
	for i, request := range []bool{false, true} {
		if err := c.UpdateKeys(request); err != nil {
			t.Fatal(err)
		}
		write(fmt.Sprintf("our update %d", i))
		read(fmt.Sprintf("their answer %d", i))
	}
	if n := w.Saw(message.KindKeyUpdate); n != 3+2+2+1 { // theirs, our answers, ours, their answer
		t.Errorf("%d KeyUpdates", n)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	met(theOpenSSL, event.Client, cfg, c.Summary(), w)
}

// opensslClientUpdates is the same, of s_client.
func opensslClientUpdates(t *testing.T, m meeting) {
	cfg, w := tlstest.Witnessed(t, m.config(deal{}))
	lines := make(chan string)
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		defer close(lines)
		for {
			line, err := tlstest.ReadLine(c)
			if err != nil {
				return err
			}
			lines <- line
			switch line {
			case "update\n":
				err = c.UpdateKeys(false)
			case "ask\n":
				err = c.UpdateKeys(true)
			case "bye\n":
				met(theOpenSSL, event.Server, cfg, c.Summary(), w)
				return tlstest.Goodbye(c)
			}
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(c, "heard %s", line); err != nil {
				return err
			}
		}
	})
	p := m.client(t, port, m, deal{})
	updates := 0
	for i, line := range []string{"hello", "k", "after k", "K", "after K", "update", "ask", "after ask", "bye"} {
		p.say(line)
		if line == "k" || line == "K" {
			updates++
			p.waitFor(fmt.Sprintf(`(?s)(KEYUPDATE.*){%d}`, updates)) // it drops what is typed meanwhile
			continue
		}
		if got := <-lines; got != line+"\n" {
			t.Fatalf("line %d: %q", i, got)
		}
		if line != "bye" {
			p.waitFor("heard " + line)
		}
	}
	if err := wait(p); err != nil {
		t.Error(err)
	}
	if n := w.Saw(message.KindKeyUpdate); n != 2+1+2+1 { // theirs, our answer, ours, their answer
		t.Errorf("%d KeyUpdates", n)
	}
}

// gnutlsServerUpdates updates our keys, then has gnutls-serv update its own: its
// word for a new handshake does that in TLS 1.3.
func gnutlsServerUpdates(t *testing.T, m meeting) {
	cfg, w := tlstest.Witnessed(t, m.config(deal{}))
	c, err := dial(t, m.host(t, deal{}).(gnutlsEcho).addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	echo := func(line string) {
		t.Helper()
		if _, err := io.WriteString(c, line); err != nil {
			t.Fatal(err)
		}
		if got, err := tlstest.ReadLine(c); err != nil || got != line {
			t.Fatalf("sent %q, got %q, %v", line, got, err)
		}
	}
	echo("before\n")
	for _, request := range []bool{false, true, true} {
		if err := c.UpdateKeys(request); err != nil {
			t.Fatal(err)
		}
		echo("under new keys\n")
	}
	if n := w.Saw(message.KindKeyUpdate); n != 3+2 {
		t.Errorf("%d KeyUpdates", n)
	}
	if _, err := io.WriteString(c, "**REHANDSHAKE**\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := tlstest.ReadLine(c); err != nil || !strings.HasPrefix(got, "Successfully executed") {
		t.Fatalf("%q, %v", got, err)
	}
	echo("under its new keys\n")
	if n := w.Saw(message.KindKeyUpdate); n != 3+2+2 {
		t.Errorf("%d KeyUpdates", n)
	}
	if err := tlstest.Goodbye(c); err != nil {
		t.Fatal(err)
	}
	met(theGnuTLS, event.Client, cfg, c.Summary(), w)
}

// gnutlsClientUpdates has both ends update; gnutls-cli is told to by a command
// between the lines.
func gnutlsClientUpdates(t *testing.T, m meeting) {
	cfg, w := tlstest.Witnessed(t, m.config(deal{}))
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		for i := range 3 {
			line, err := tlstest.ReadLine(c)
			if err != nil {
				return err
			}
			// Before the reply: who has read that has the KeyUpdate too, and answers it with the next
			// line. Behind it, the answer may be put off until the rekeying, and the two be one.
			if err := c.UpdateKeys(i%2 == 0); err != nil {
				return err
			}
			if _, err := fmt.Fprintf(c, "you said %d bytes: %s", len(line), line); err != nil {
				return err
			}
		}
		if err := answerFirst(c); err != nil {
			return err
		}
		met(theGnuTLS, event.Server, cfg, c.Summary(), w)
		return nil
	})
	p := m.client(t, port, m, deal{words: []string{"--inline-commands"}})
	for i := range 4 {
		if i == 2 {
			p.say("^rekey^")
			p.waitFor("(?i)rekey|key update")
		}
		line := fmt.Sprintf("line %d", i)
		p.say(line)
		p.waitFor("you said 7 bytes: " + line)
	}
	p.stdin.Close()
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	if n := w.Saw(message.KindKeyUpdate); n != 3+2+2 {
		t.Errorf("%d KeyUpdates", n)
	}
}
