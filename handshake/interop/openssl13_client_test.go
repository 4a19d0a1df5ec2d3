package interop_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// TLS 1.3 with openssl s_client: see openssl13_test.go for what both roles need.

func TestOpenSSL13ClientRetry(t *testing.T) {
	for _, cookie := range []bool{false, true} {
		for _, move := range []bool{false, true} {
			if !cookie && !move {
				continue
			}
			t.Run(fmt.Sprintf("cookie %v, another group %v", cookie, move), func(t *testing.T) {
				cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
				cfg.RetryWithCookie = cookie
				if move {
					cfg.Groups = []kx.Group{kx.P384}
				}
				got, w, _ := exchangeLineIn(t, "-tls1_3", cfg, "-groups", "X25519:P-384")
				if !got.Retried || w.Saw(message.KindClientHello) != 2 || move != (got.Group == iana.P384) {
					t.Errorf("settled %v, messages %v", got.Group, w.Kinds)
				}
			})
		}
	}
}

// TestOpenSSL13ClientKeyUpdate is the same, of s_client.
func TestOpenSSL13ClientKeyUpdate(t *testing.T) {
	cfg, w := tlstest.Witnessed(t, tlstest.Serving(tlstest.Servers()["ecdsa"]))
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
	p := sClient(t, port, "-CAfile", rootsFile(), "-tls1_3")
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

// TestOpenSSL13ClientTickets has s_client keep a ticket of ours and offer it, and one offer a
// key of its own. That a PSK is offered must not disturb a server that takes none.
func TestOpenSSL13ClientTickets(t *testing.T) {
	cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
	cfg.Tickets = session.NewTicketKeys(rand.Reader, 0)
	kept := filepath.Join(t.TempDir(), "session")
	_, w, p := exchangeLineIn(t, "-tls1_3", cfg, "-sess_out", kept)
	if n := w.Saw(message.KindNewSessionTicket); n != 2 {
		t.Errorf("%d tickets", n)
	}
	p.waitFor(`Post-Handshake New Session Ticket arrived`)
	<-p.over.Done()
	if _, err := os.Stat(kept); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"a ticket": {"-sess_in", kept}, "a key of its own": {"-psk", "00112233445566778899aabbccddeeff"}} {
		t.Run(name, func(t *testing.T) {
			_, w, _ := exchangeLineIn(t, "-tls1_3", cfg, args...)
			if w.Hellos[0].Extensions.Find(iana.ExtPreSharedKey) == nil {
				t.Error("no pre_shared_key was offered")
			}
		})
	}
}

func TestOpenSSL13ClientExporterStapleALPN(t *testing.T) {
	for _, kind := range tlstest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			cfg, w := tlstest.Witnessed(t, tlstest.Serving(tlstest.Servers()[kind]))
			cfg.ALPN = []string{"lab/2"}
			var got []byte
			port, wait := accept(t, cfg, func(c *tls.Conn) (err error) {
				if err = tlstest.Reply(c); err != nil {
					return err
				}
				if got, err = c.Export(exportLabel, nil, 48); err != nil {
					return err
				}
				if s := c.Summary(); s.Protocol != "lab/2" || s.ServerName != tlstest.Name {
					t.Errorf("protocol %q, name %q", s.Protocol, s.ServerName)
				}
				met(theOpenSSL, event.Server, cfg, c.Summary(), w)
				return tlstest.Goodbye(c)
			})
			p := sClient(t, port, "-CAfile", rootsFile(), "-tls1_3", "-keymatexport", exportLabel, "-keymatexportlen", "48", "-status", "-alpn", "http/1.1,lab/2")
			p.say("hello")
			if err := wait(p); err != nil {
				t.Fatal(err)
			}
			if m := p.waitFor(`Keying material: ([0-9A-F]+)`); fmt.Sprintf("%X", got) != m[1] {
				t.Errorf("%X; openssl has %s", got, m[1])
			}
			p.waitFor(`OCSP Response Status: successful`)
			p.waitFor(`Cert Status: good`)
			p.waitFor(`ALPN protocol: lab/2`)
		})
	}
}
