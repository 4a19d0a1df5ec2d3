package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// TLS 1.3 with openssl s_server and s_client.

// opensslGroups are the groups of TLS 1.3 that OpenSSL 3.0 has too, by its names.
var opensslGroups = append(curves[:len(curves):len(curves)], []struct {
	group kx.Group
	name  string
}{{kx.FFDHE2048, "ffdhe2048"}, {kx.FFDHE3072, "ffdhe3072"}, {kx.FFDHE4096, "ffdhe4096"}}...)

// allSuites13 are OpenSSL's suites of TLS 1.3: it leaves CCM out unless it is told.
const allSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"

// openSuites13 are our suites of TLS 1.3 that hide something: OpenSSL and GnuTLS have all
// of them, and of RFC 9150's neither has any.
func openSuites13() (s []*suite.Suite) {
	for _, su := range suite.Of(iana.TLS13) {
		if !su.Weak {
			s = append(s, su)
		}
	}
	return s
}

// TestOpenSSLHasOurSuites13 keeps the matrices honest: those are all that it shares with us.
func TestOpenSSLHasOurSuites13(t *testing.T) {
	for _, s := range suite.Of(iana.TLS13) {
		out, err := exec.Command(tool(t, "openssl"), "ciphers", "-s", "-tls1_3", "-ciphersuites", s.String()).CombinedOutput()
		if has := err == nil && strings.Contains(string(out), s.String()); has == s.Weak {
			t.Errorf("openssl has %v: %v; %s", s, has, out)
		}
	}
}

func revServer13(t testing.TB, id *tlstest.Identity, args ...string) (addr string) {
	t.Helper()
	_, addr = sServer(t, append(append(show(id), "-rev", "-tls1_3", "-ciphersuites", allSuites13), args...)...)
	return addr
}

// allGroups is OpenSSL's list of everything that it shares with us.
func allGroups() string {
	var names []string
	for _, g := range opensslGroups {
		names = append(names, g.name)
	}
	return strings.Join(names, ":")
}

// typedServer13 is an s_server that prints what it gets, and sends what it is told.
func typedServer13(t testing.TB, id *tlstest.Identity, args ...string) (p *peer, addr string) {
	t.Helper()
	return sServer(t, append(append(show(id), "-tls1_3"), args...)...)
}

// typed has one talk with such a server.
func typed(t testing.TB, p *peer, addr string, cfg *tls.Config) (*tls.Conn, *tlstest.Witness) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	p.waitFor("hello")
	p.say("and good bye")
	if got, err := tlstest.ReadLine(c); err != nil || got != "and good bye\n" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	met(theOpenSSL, event.Client, cfg, c.Summary(), w)
	return c, w
}

func TestOpenSSL13ServerMatrix(t *testing.T) {
	for _, kind := range tlstest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			id := tlstest.Servers()[kind]
			addr := revServer13(t, id, "-groups", allGroups())
			for _, s := range openSuites13() {
				for _, g := range opensslGroups {
					t.Run(tlstest.CaseName(s, g.group), func(t *testing.T) {
						cfg := tlstest.Verifying13()
						cfg.Suites, cfg.Groups = []*suite.Suite{s}, []kx.Group{g.group}
						c, _ := reversed(t, addr, cfg)
						tlstest.CheckMatrix(t, c.Summary(), s, g.group, id)
					})
				}
			}
		})
	}
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

func TestOpenSSL13ServerClientAuth(t *testing.T) {
	addr := revServer13(t, tlstest.Servers()["ecdsa"], "-Verify", "3", "-CAfile", rootsFile(), "-verify_return_error")
	for _, kind := range tlstest.Kinds {
		t.Run(kind, func(t *testing.T) {
			cfg := tlstest.Verifying()
			cfg.Certificates = tlstest.Clients()[kind].Ours()
			if _, w := reversed(t, addr, cfg); w.Saw(message.KindCertificateVerify) != 2 {
				t.Errorf("messages %v", w.Kinds)
			}
		})
	}
	t.Run("absent", func(t *testing.T) {
		c, err := dial(t, addr, tlstest.Verifying())
		if err != nil {
			t.Fatal(err) // the server has not seen it yet
		}
		if _, err := c.Read(make([]byte, 1)); tlstest.PeerAlert(err) != iana.CertificateRequired {
			t.Errorf("read: %v", err)
		}
	})
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

// opensslExtras are what OpenSSL's end can do that ours must bear.
var opensslExtras = []struct {
	name string
	args []string
}{
	{"as it is", nil},
	{"padding", []string{"-record_padding", "512"}},
	{"no middlebox compatibility", []string{"-no_middlebox"}},
	{"short records", []string{"-max_send_frag", "512", "-split_send_frag", "512"}},
}

func TestOpenSSL13ServerExtras(t *testing.T) {
	for _, o := range opensslExtras {
		addr := revServer13(t, tlstest.Servers()["rsa"], o.args...)
		for i, x := range tlstest.Extras {
			t.Run(o.name+"; "+x.Name, func(t *testing.T) { reversed(t, addr, tlstest.WithExtra(tlstest.Verifying(), i)) })
		}
	}
	t.Run("max_fragment_length", func(t *testing.T) {
		cfg := tlstest.Verifying()
		cfg.MaxFragmentLength = 1
		c, _ := reversed(t, revServer13(t, tlstest.Servers()["rsa"]), cfg)
		if got := c.Summary().MaxFragmentLength; got != 1 {
			t.Errorf("settled %v", got)
		}
	})
}

// TestOpenSSL13ServerBulk sends a MiB and gets it back, under each cipher.
func TestOpenSSL13ServerBulk(t *testing.T) {
	addr := revServer13(t, tlstest.Servers()["rsa"])
	for _, s := range openSuites13() {
		t.Run(s.String(), func(t *testing.T) {
			cfg := tlstest.Verifying13()
			cfg.Suites = []*suite.Suite{s}
			sendBulk(t, addr, cfg)
		})
	}
}
