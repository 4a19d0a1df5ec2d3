package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// TLS 1.3 with openssl s_server and s_client.

func revServer13(t testing.TB, id *tlstest.Identity, args ...string) (addr string) {
	t.Helper()
	_, addr = sServer(t, append(append(show(id), "-rev", "-tls1_3", "-ciphersuites", allSuites13), args...)...)
	return addr
}

// TestOpenSSL13ServerRetry has s_server want the group that no share came of, and with
// -stateless a cookie too.
func TestOpenSSL13ServerRetry(t *testing.T) {
	for _, k := range []struct {
		name   string
		args   []string
		shares []iana.Group
		cookie bool
	}{
		{"another group", []string{"-groups", "P-384"}, []iana.Group{iana.X25519}, false},
		{"no share", nil, []iana.Group{}, false},
		{"a cookie", []string{"-stateless"}, nil, true},
		{"a cookie and another group", []string{"-stateless", "-groups", "P-384"}, []iana.Group{iana.X25519}, true},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := tlstest.Verifying()
			cfg.KeyShares = k.shares
			// A stateless s_server trips over the ChangeCipherSpec of any client, s_client's
			// too (openssl/openssl#18453).
			cfg.NoCompatibilityMode = k.cookie
			p, addr := typedServer13(t, tlstest.Servers()["ecdsa"], k.args...) // with -rev there is no -stateless
			c, w := typed(t, p, addr, cfg)
			if !c.Summary().Retried || w.Saw(message.KindClientHello) != 2 {
				t.Fatalf("messages %v", w.Kinds)
			}
			if w.Hellos[1].Extensions.Find(iana.ExtCookie) != nil != k.cookie {
				t.Errorf("the second ClientHello has a cookie: %v", !k.cookie)
			}
		})
	}
}

// TestOpenSSL13ServerKeyUpdate types at s_server: k updates its keys, K asks for ours too.
// Then it is our turn.
func TestOpenSSL13ServerKeyUpdate(t *testing.T) {
	p, addr := typedServer13(t, tlstest.Servers()["ecdsa"])
	cfg, w := tlstest.Witnessed(t, tlstest.Verifying())
	updates, lines := tlstest.OnUpdates(cfg), make(chan string, 10)
	c, err := dial(t, addr, cfg)
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

// TestOpenSSL13ServerTickets gets two tickets, and comes back.
func TestOpenSSL13ServerTickets(t *testing.T) {
	addr := revServer13(t, tlstest.Servers()["ecdsa"])
	store := session.NewMemory(0)
	for range 2 {
		cfg := tlstest.Verifying()
		cfg.Sessions = store
		if _, w := reversed(t, addr, cfg); w.Saw(message.KindNewSessionTicket) == 0 {
			t.Errorf("messages %v", w.Kinds)
		}
	}
}

const exportLabel = "EXPORTER-lab"

func TestOpenSSL13ServerExporterStapleALPN(t *testing.T) {
	id := tlstest.Servers()["ecdsa"]
	p, addr := typedServer13(t, id, "-keymatexport", exportLabel, "-keymatexportlen", "48",
		"-status_file", filesOf(id).ocsp, "-alpn", "lab/2,http/1.1")
	cfg := tlstest.Verifying()
	cfg.Stapling, cfg.ALPN = true, []string{"http/1.1"}
	c, _ := typed(t, p, addr, cfg)
	got, err := c.Export(exportLabel, nil, 48)
	if m := p.waitFor(`Keying material: ([0-9A-F]+)`); err != nil || fmt.Sprintf("%X", got) != m[1] {
		t.Errorf("%X, %v; openssl has %s", got, err, m[1])
	}
	if s := c.Summary(); !bytes.Equal(s.Staple, id.Staple) || s.Protocol != "http/1.1" {
		t.Errorf("a staple of %d bytes, of %d sent; protocol %q", len(s.Staple), len(id.Staple), s.Protocol)
	}
}

func typedServer13(t testing.TB, id *tlstest.Identity, args ...string) (p *program, addr string) {
	t.Helper()
	return sServer(t, append(append(show(id), "-tls1_3"), args...)...)
}

func typed(t testing.TB, p *program, addr string, cfg *tls.Config) (*tls.Conn, *tlstest.Witness) {
	o := opensslServer{program: p, addr: addr}.typed(t, cfg)
	return o.conn, o.w
}
