//go:build unix

package live

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/starttls"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// Servers that others wrote, each an instance of its own in a directory of its own. What Debian has
// of them: exim4-daemon-light, dovecot-imapd, dovecot-pop3d, postgresql.

// program is where a server's program is, or the end of the test.
func program(t *testing.T, places ...string) string {
	t.Helper()
	for _, p := range places {
		if found, err := filepath.Glob(p); err == nil && len(found) > 0 {
			return found[len(found)-1]
		}
		if found, err := exec.LookPath(p); err == nil {
			return found
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI is true, and %s is not installed", places[0])
	}
	t.Skipf("%s is not installed: STARTTLS with it is not tested here", places[0])
	return ""
}

// identity is a directory that everybody may enter, with a certificate of localhost and its key.
func identity(t *testing.T) (dir, chain, key, roots string) {
	t.Helper()
	dir = t.TempDir()
	for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		_ = os.Chmod(d, 0o755) // TMPDIR may be a directory of somebody's own: then the server says so
	}
	lab, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	chain, key, roots = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "root.pem")
	for _, err := range []error{authority.WriteChain(chain, lab.Chain, authority.FileOptions{}), authority.WriteKey(key, lab.Key, authority.FileOptions{}),
		authority.WriteCerts(roots, lab.Roots.All(), authority.FileOptions{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir, chain, key, roots
}

// freePort is one that nobody listens at, for a program that must be told.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// talks has our client speak with a server, and wants what was said before TLS, and what came under it.
func talks(t *testing.T, addr string, p starttls.Protocol, roots, request, answer string, before ...string) {
	t.Helper()
	for _, version := range []string{"1.2", "1.3"} {
		var out, log bytes.Buffer
		status := command(t.Context(), strings.NewReader(request), &out, &log, "client", "--connect", strings.Replace(addr, "127.0.0.1", "localhost", 1), "--starttls", string(p),
			"--CAfile", roots, "--tls", version, "--lang", "en", "--width", "120")
		if !strings.Contains(out.String(), answer) || status != 0 && answer != "" {
			t.Errorf("TLS %s: status %d, %q, %s", version, status, &out, &log)
		}
		if missing := inOrder(strings.Join(strings.Fields(log.String()), " "), append(before, "ClientHello", "Finished")...); missing != "" {
			t.Errorf("TLS %s: no %q in its place: %s", version, missing, &log)
		}
	}
}

// runs starts a server, and waits until it says that it takes connections.
func runs(t *testing.T, cmd *exec.Cmd, ready string) {
	t.Helper()
	j, _, err := clitest.Launch(cmd, regexp.MustCompile(ready))
	if j != nil {
		t.Cleanup(func() { _ = j.Interrupt() })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A mail server: Exim, which gets each connection handed as inetd would.
func TestStartTLSOfExim(t *testing.T) {
	exim := program(t, "exim4", "/usr/sbin/exim4")
	if os.Getuid() != 0 {
		t.Skip("exim takes a connection that is handed to it from root alone")
	}
	owner, err := user.Lookup("Debian-exim")
	if err != nil {
		t.Skip(err)
	}
	dir, chain, key, roots := identity(t)
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	for _, d := range []string{"spool", "log"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(dir, d), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(key, uid, gid); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "exim.conf")
	if err := os.WriteFile(conf, []byte("primary_hostname = mail.lab.test\nkeep_environment =\nspool_directory = "+dir+"/spool\nlog_file_path = "+dir+"/log/%slog\n"+
		"tls_advertise_hosts = *\ntls_certificate = "+chain+"\ntls_privatekey = "+key+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := serving(t, func(c net.Conn) {
		f, err := c.(*net.TCPConn).File()
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		cmd := exec.Command(exim, "-C", conf, "-bs")
		cmd.Stdin, cmd.Stdout = f, f
		if err := cmd.Run(); err != nil {
			logged, _ := os.ReadFile(filepath.Join(dir, "log", "mainlog"))
			t.Errorf("exim: %v, %s", err, logged)
		}
	})
	talks(t, addr, starttls.SMTP, roots, "QUIT\r\n", "221 mail.lab.test closing connection", "220 mail.lab.test ESMTP Exim", "client EHLO [127.0.0.1]", "250-STARTTLS", "client STARTTLS", "220 TLS go ahead")
}

// A server of mailboxes: Dovecot.
func TestStartTLSOfDovecot(t *testing.T) {
	dovecot := program(t, "dovecot", "/usr/sbin/dovecot")
	if os.Getuid() != 0 {
		t.Skip("dovecot parts its processes by their users, which root alone can do")
	}
	for _, p := range []struct {
		protocol starttls.Protocol
		request  string
		answer   string
		before   []string
	}{
		{starttls.IMAP, "a9 LOGOUT\r\n", "a9 OK", []string{"server * OK", "client a1 CAPABILITY", "STARTTLS", "a1 OK", "client a2 STARTTLS", "a2 OK"}},
		{starttls.POP3, "QUIT\r\n", "+OK Logging out", []string{"server +OK", "client CAPA", "server STLS", "client STLS", "+OK Begin TLS"}},
	} {
		dir, chain, key, roots := identity(t)
		port := freePort(t)
		name := string(p.protocol)
		conf := filepath.Join(dir, "dovecot.conf")
		if err := os.WriteFile(conf, []byte("base_dir = "+dir+"/run\nstate_dir = "+dir+"/state\nlog_path = /dev/stderr\nprotocols = "+name+"\nlisten = 127.0.0.1\n"+
			"ssl = yes\nssl_cert = <"+chain+"\nssl_key = <"+key+"\npassdb {\n  driver = static\n  args = nopassword=y\n}\nuserdb {\n  driver = static\n  args = uid=65534 gid=65534 home="+dir+"\n}\n"+
			"service "+name+"-login {\n  inet_listener "+name+" {\n    port = "+port+"\n  }\n  inet_listener "+name+"s {\n    port = 0\n  }\n}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		runs(t, exec.Command(dovecot, "-F", "-c", conf), "starting up for")
		talks(t, net.JoinHostPort("127.0.0.1", port), p.protocol, roots, p.request, p.answer, p.before...)
	}
}

// A database: PostgreSQL, with TLS and without.
func TestStartTLSOfPostgreSQL(t *testing.T) {
	initdb := program(t, "/usr/lib/postgresql/*/bin/initdb", "initdb")
	postgres := filepath.Join(filepath.Dir(initdb), "postgres")
	dir, chain, key, roots := identity(t)
	data := filepath.Join(dir, "data")
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 { // PostgreSQL does not run as root
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Skip(err)
		}
		uid, _ := strconv.Atoi(nobody.Uid)
		gid, _ := strconv.Atoi(nobody.Gid)
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		for _, f := range []string{dir, chain, key} {
			if err := os.Chown(f, uid, gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		return cmd
	}
	if out, err := run(initdb, "-D", data, "-U", "lab", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v, %s", err, out)
	}
	serve := func(port string, more ...string) *exec.Cmd {
		return run(postgres, append([]string{"-D", data, "-p", port, "-h", "127.0.0.1", "-k", dir, "-F"}, more...)...)
	}
	port := freePort(t)
	t.Run("with TLS", func(t *testing.T) {
		runs(t, serve(port, "-c", "ssl=on", "-c", "ssl_cert_file="+chain, "-c", "ssl_key_file="+key), "ready to accept connections")
		// A StartupMessage for a user who is not there: what comes back names him.
		startup := "\x00\x00\x00" + string([]byte{byte(8 + len("user\x00nobodyhere\x00\x00"))}) + "\x00\x03\x00\x00user\x00nobodyhere\x00\x00"
		talks(t, net.JoinHostPort("127.0.0.1", port), starttls.Postgres, roots, startup, "nobodyhere", "client SSLRequest", "server S")
	})
	t.Run("without", func(t *testing.T) {
		port := freePort(t)
		runs(t, serve(port), "ready to accept connections")
		var out, log bytes.Buffer
		status := command(t.Context(), strings.NewReader(""), &out, &log, "client", "--connect", net.JoinHostPort("127.0.0.1", port), "--starttls", "postgres", "--insecure", "--lang", "en")
		if status != 1 || !strings.Contains(log.String(), `has no TLS in postgres; it said "N"`) || strings.Contains(log.String(), "ClientHello") {
			t.Errorf("status %d, %s", status, &log)
		}
	})
}
