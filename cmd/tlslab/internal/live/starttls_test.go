package live

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/starttls"
	"tlslab/handshake/starttls/starttlstest"
	document "tlslab/handshake/transcript"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// starter is a server of a protocol that goes over to TLS, and there says hello. It returns where it
// listens, and the file of its root.
func starter(t *testing.T, p starttls.Protocol) (addr, roots string) {
	t.Helper()
	lab, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	roots = filepath.Join(t.TempDir(), "root.pem")
	if err := authority.WriteCerts(roots, lab.Roots.All(), authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	cfg := &stdtls.Config{Certificates: []stdtls.Certificate{{Certificate: lab.Chain, PrivateKey: lab.Key}}}
	return serving(t, func(c net.Conn) {
		if err := starttlstest.Serve(c, p); err != nil {
			t.Error(err)
			return
		}
		over := stdtls.Server(c, cfg)
		_, _ = over.Write([]byte("hello under TLS\r\n"))
		_ = over.Close()
	}), roots
}

// serving accepts until the test ends, and returns where.
func serving(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// inOrder reports which of these is missing behind those before it; "" if none is.
func inOrder(text string, want ...string) string {
	for _, w := range want {
		_, after, found := strings.Cut(text, w)
		if !found {
			return w
		}
		text = after
	}
	return ""
}

// What was said before TLS stands in the transcript before the handshake: who said what, in each
// format and language, with the sentence that says what it is worth. Each of our small servers is
// held by OpenSSL's client.
func TestStartTLS(t *testing.T) {
	openssl, err := clitest.PeerOnPath("peer:openssl")
	if err != nil {
		t.Fatal(err)
	}
	if !openssl {
		t.Log("openssl is not installed: our small servers are not held by its client")
	}
	spoken := map[starttls.Protocol][]string{
		starttls.SMTP:     {"220 at your service", "EHLO [127.0.0.1]", "250-STARTTLS", "STARTTLS", "220 2.0.0 Ready to start TLS"},
		starttls.IMAP:     {"lab ready", "a1 CAPABILITY", "LOGINDISABLED", "a2 STARTTLS", "a2 OK begin TLS now"},
		starttls.POP3:     {"+OK lab ready", "CAPA", "UIDL", "STLS", "+OK begin TLS"},
		starttls.LDAP:     {"ExtendedRequest 1.3.6.1.4.1.1466.20037 (StartTLS)", "ExtendedResponse: success (0)"},
		starttls.Postgres: {"SSLRequest", "S"},
		starttls.MySQL:    {"server 8.0.36-lab", "CLIENT_SSL", "SSLRequest", "CLIENT_SSL"},
		starttls.XMPP:     {"jabber:client", "to='localhost'", "xmpp-tls", "proceed"},
	}
	spoken[starttls.XMPPServer] = append([]string{"jabber:server"}, spoken[starttls.XMPP][1:]...)
	octets := []starttls.Protocol{starttls.LDAP, starttls.Postgres, starttls.MySQL}
	for _, p := range starttls.Protocols() {
		addr, roots := starter(t, p)
		addr = strings.Replace(addr, "127.0.0.1", "localhost", 1)
		call := func(args ...string) (stdout, stderr string) {
			t.Helper()
			var out, log bytes.Buffer
			args = append([]string{"client", "--connect", addr, "--starttls", string(p), "--CAfile", roots, "--close-write"}, args...)
			if status := command(t.Context(), strings.NewReader(""), &out, &log, args...); status != 0 || out.String() != "hello under TLS\r\n" {
				t.Errorf("%s, %q: status %d, %q, %s", p, args, status, &out, &log)
			}
			return out.String(), log.String()
		}
		for _, l := range narrate.Langs() {
			scene := narrate.Must(l, narrate.Scene, string(starttls.SceneDialogue))
			for _, args := range [][]string{nil, {"--full"}, {"--bytes"}} {
				_, said := call(append(slices.Clone(args), "--lang", string(l), "--width", "100")...)
				unwrapped := strings.Join(strings.Fields(said), " ")
				want := append(append([]string{scene.Title}, spoken[p]...), "ClientHello")
				if l == narrate.En {
					want = slices.Insert(want, 1, "Anybody on the way could read this part")
				}
				if missing := inOrder(unwrapped, want...); missing != "" {
					t.Errorf("%s, %s, %q: no %q in its place: %s", p, l, args, missing, said)
				}
			}
			for _, args := range [][]string{{"--brief"}, {"--checks"}, {"--secrets"}, {"--message", "1"}} { // a line, so that nobody thinks it began with TLS
				_, said := call(append(slices.Clone(args), "--lang", string(l), "--width", "100")...)
				if n := strings.Count(said, scene.Title); n != 1 || !strings.Contains(said, string(p)) || strings.Contains(strings.ReplaceAll(said, "\n", " "), "Anybody on the way") {
					t.Errorf("%s, %s, %q: the dialogue is named %d times: %s", p, l, args, n, said)
				}
			}
			_, page := call("--format", "html", "--lang", string(l))
			if missing := inOrder(page, scene.Title, "ClientHello"); missing != "" || !strings.HasPrefix(page, "<!DOCTYPE html>") {
				t.Errorf("%s: the page has no %q", p, missing)
			}
		}
		_, doc := call("--format", "json")
		read, err := document.Decode(strings.NewReader(doc))
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		events := read.Flows[0].Events
		first := events[0]
		var said []string
		for _, v := range first.Values[1:] {
			said = append(said, v.Value.String())
		}
		if first.Name != string(starttls.SceneDialogue) || first.Seq != 1 || events[1].Seq != 2 || first.Values[0].Value.String() != string(p) || inOrder(strings.Join(said, "\n"), spoken[p]...) != "" {
			t.Errorf("%s: the document begins with %+v", p, first)
		}
		if has := slices.ContainsFunc(first.Values, func(v document.Named) bool { return v.Name == "octets" }); has != slices.Contains(octets, p) {
			t.Errorf("%s: octets: %v", p, has)
		}
		if !openssl {
			continue
		}
		out, err := exec.CommandContext(t.Context(), "openssl", "s_client", "-starttls", string(p), "-connect", addr, "-CAfile", roots, "-verify_return_error", "-quiet", "-ign_eof").CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("hello under TLS")) {
			t.Errorf("openssl s_client -starttls %s: %v, %s", p, err, out)
		}
	}
}

// Each connection of --reconnect asks anew, and a recording has what was said in the clear too.
func TestStartTLSEachTime(t *testing.T) {
	addr, roots := starter(t, starttls.SMTP)
	file := filepath.Join(t.TempDir(), "c.pcapng")
	var out, log bytes.Buffer
	if status := command(t.Context(), strings.NewReader(""), &out, &log, "client", "--connect", addr, "--servername", "localhost", "--starttls", "smtp", "--CAfile", roots, "--reconnect", "1", "--close-write", "--pcap", file, "--lang", "en"); status != 0 {
		t.Fatal(&log)
	}
	if n := strings.Count(log.String(), "EHLO [127.0.0.1]"); n != 2 {
		t.Errorf("it asked %d times", n)
	}
	b, err := os.ReadFile(file)
	if err != nil || bytes.Count(b, []byte("EHLO [127.0.0.1]\r\n")) != 2 || bytes.Count(b, []byte("220 2.0.0 Ready to start TLS\r\n")) != 2 {
		t.Errorf("the capture: %v, %d octets", err, len(b))
	}
}

// A server that does not come to TLS: what it said, what that may be, and what to do; the dialogue
// stands in the transcript all the same, and nothing follows it.
func TestStartTLSInVain(t *testing.T) {
	for _, x := range []struct {
		p        starttls.Protocol
		answers  []string // behind what the client says; the first at once where greets
		greets   bool
		says, do string
	}{
		{starttls.SMTP, []string{"220 hi\r\n", "250-mail\r\n250 SIZE\r\n"}, true, "offers no TLS in smtp", "stripping attack"},
		{starttls.SMTP, []string{"220 hi\r\n", "502 what\r\n"}, true, `it said "502 what"`, "stripping attack"},
		{starttls.SMTP, []string{"220 hi\r\n", "250-m\r\n250 STARTTLS\r\n", "454 not now\r\n"}, true, `does not begin TLS in smtp; it said "454 not now"`, "log"},
		{starttls.SMTP, []string{"220 hi\r\n", "250-m\r\n250 STARTTLS\r\n", "220 go\r\n250 AUTH PLAIN\r\n"}, true, `sent more in the clear: "250 AUTH PLAIN"`, "CVE-2011-0411"},
		{starttls.SMTP, []string{"554 go away\r\n"}, true, `it said "554 go away"`, ""},
		{starttls.SMTP, []string{"* OK hi\r\n"}, true, `does not speak smtp; it said "* OK hi"`, "right port"},
		{starttls.SMTP, []string{strings.Repeat("220-x\r\n", 5000)}, true, "says more before TLS", "right port"},
		{starttls.SMTP, []string{"220 hi\r\n"}, true, "ended the connection before TLS; under way: waiting for what it can do", ""},
		{starttls.SMTP, nil, true, "under way: waiting for its greeting", "leave --starttls out"},
		{starttls.Postgres, []string{"N"}, false, `has no TLS in postgres; it said "N"`, "stripping attack"},
		{starttls.IMAP, []string{"* PREAUTH hi\r\n"}, true, `logged in already`, "RFC 9051 §7.1.4"},
		{starttls.Postgres, []string{"E\x00\x00\x00\x2cSFATAL\x00C53300\x00Mtoo many clients\x00\x00"}, false, `answers with an error in postgres, and not with a word about TLS: "FATAL: too many clients"`, "no room"},
		{starttls.IMAP, []string{"* OK \x1b[2J\xe2\x80\xae\r\n", "* BYE \x1b]0;x\x07\r\n"}, true, "before TLS", ""},
	} {
		addr := serving(t, func(c net.Conn) {
			for i, a := range x.answers {
				if i > 0 || !x.greets {
					if _, err := c.Read(make([]byte, 1<<12)); err != nil {
						return
					}
				}
				_, _ = io.WriteString(c, a)
			}
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		})
		for _, l := range narrate.Langs() {
			for _, format := range []string{"text", "json", "html"} {
				var out, log bytes.Buffer
				shown := filepath.Join(t.TempDir(), "out")
				status := command(t.Context(), strings.NewReader(""), &out, &log, "client", "--connect", addr, "--starttls", string(x.p), "--insecure", "--lang", string(l), "--format", format, "--out", shown)
				if status != 1 || l == narrate.En && (!strings.Contains(log.String(), x.says) || !strings.Contains(log.String(), x.do)) {
					t.Errorf("%s, %.40q: status %d, %s, want %q and %q", x.p, x.answers, status, &log, x.says, x.do)
				}
				if strings.ContainsAny(log.String(), "\x1b\x07\u202e") {
					t.Errorf("%.40q: not quoted: %q", x.answers, &log)
				}
				b, err := os.ReadFile(shown)
				title := narrate.Must(l, narrate.Scene, string(starttls.SceneDialogue.Variant("broken"))).Title
				if format == "json" {
					title = `"starttls"`
				}
				if err != nil || !bytes.Contains(b, []byte(title)) || format != "html" && bytes.Contains(b, []byte("ClientHello")) || bytes.ContainsAny(b, "\x1b\x07\u202e") {
					t.Errorf("%s, %.40q, %s: %v, %s", x.p, x.answers, format, err, b)
				}
			}
		}
	}
	if starttls.SceneKeys()[1] != starttls.SceneDialogue.Variant("broken") {
		t.Error(errors.New("another variant"))
	}
}
