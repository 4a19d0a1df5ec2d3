package main

import (
	"bufio"
	"bytes"
	"context"
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/pki"
)

// command runs a command line in this process; status is what the shell would see.
func command(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args ...string) (status int) {
	return clitest.Command(newRoot(), ctx, stdin, stdout, stderr, args...)
}

// serveCommand runs tlslab server until the test ends, and returns its address and,
// once it has ended, what it said.
func serveCommand(t *testing.T, args ...string) (addr string, end func() string) {
	t.Helper()
	return clitest.StartServer(t, newRoot(), args...)
}

// crypto/tls as the server, which lets its client find out what it does with a
// clean end and with a stream that is cut off.
func TestClientOfCryptoTLS(t *testing.T) {
	l, err := pki.NewLesson(pki.LessonOptions{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := pki.WriteCerts(roots, l.Roots.All(), pki.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	cutOff := func(c *stdtls.Conn) error { return c.NetConn().Close() }
	for _, test := range []struct {
		name    string
		version uint16
		end     func(*stdtls.Conn) error
		status  int
		says    string
	}{
		{"TLS 1.2 closed", stdtls.VersionTLS12, (*stdtls.Conn).Close, 0, ""},
		{"TLS 1.2 cut off", stdtls.VersionTLS12, cutOff, 1, "cut short"},
		{"TLS 1.3 closed", stdtls.VersionTLS13, (*stdtls.Conn).Close, 0, ""},
		{"TLS 1.3 cut off", stdtls.VersionTLS13, cutOff, 1, "cut short"},
	} {
		t.Run(test.name, func(t *testing.T) {
			listener, err := stdtls.Listen("tcp", "127.0.0.1:0", &stdtls.Config{MinVersion: test.version, MaxVersion: test.version,
				Certificates: []stdtls.Certificate{{Certificate: l.Chain, PrivateKey: l.Key}}})
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() {
				c, err := listener.Accept()
				if err != nil {
					served <- err
					return
				}
				line, err := bufio.NewReader(c).ReadString('\n')
				if err == nil {
					_, err = io.WriteString(c, "you said "+line)
				}
				served <- errors.Join(err, test.end(c.(*stdtls.Conn)))
			}()
			var stdout, stderr bytes.Buffer
			status := command(context.Background(), strings.NewReader("hello\n"), &stdout, &stderr,
				"client", "--connect", listener.Addr().String(), "--servername", "localhost", "--CAfile", roots, "--quiet", "--lang", "en")
			if err := errors.Join(<-served, listener.Close()); err != nil {
				t.Fatal(err)
			}
			if status != test.status || stdout.String() != "you said hello\n" || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("status %d, printed %q and %q", status, &stdout, &stderr)
			}
		})
	}
}

// A Go server as most are, with HTTP and everything that it offers by default.
func TestClientOfNetHTTP(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "served over", stdtls.CipherSuiteName(r.TLS.CipherSuite), r.TLS.CurveID)
	}))
	defer srv.Close()
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{nil, "TLS_AES_128_GCM_SHA256 X25519MLKEM768"},
		{[]string{"--group", "SecP384r1MLKEM1024"}, "TLS_AES_128_GCM_SHA256 SecP384r1MLKEM1024"},
		{[]string{"--group", "P-521", "--key-share", "none", "--cipher", "TLS_AES_256_GCM_SHA384"}, "TLS_AES_256_GCM_SHA384 CurveP521"},
		{[]string{"--tls", "1.2"}, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 X25519"},
	} {
		var stdout, stderr bytes.Buffer
		status := command(t.Context(), strings.NewReader("GET / HTTP/1.0\r\n\r\n"), &stdout, &stderr,
			append([]string{"client", "--connect", srv.Listener.Addr().String(), "--insecure", "--brief"}, test.flags...)...)
		if status != 0 || !strings.Contains(stdout.String(), "served over "+test.want+"\n") {
			t.Errorf("%q: status %d, printed %q and %q", test.flags, status, &stdout, &stderr)
		}
	}
}

// A peer that connects and leaves, or speaks something else, is told of, and the
// server goes on.
func TestServerReports(t *testing.T) {
	addr, end := serveCommand(t, "--www", "--quiet")
	for _, say := range []string{"", "GET / HTTP/1.0\r\n\r\n"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, say); err != nil {
			t.Fatal(err)
		}
		if say != "" {
			// The server's alert, then the end.
			if b, err := io.ReadAll(c); err != nil || len(b) == 0 {
				t.Errorf("read %x, %v", b, err)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	if s := command(context.Background(), strings.NewReader("GET / HTTP/1.0\r\n\r\n"), &stdout, &stderr,
		"client", "--connect", addr, "--insecure", "--quiet"); s != 0 {
		t.Errorf("status %d: %s", s, &stderr)
	}
	said := end()
	for _, want := range []string{"connection 1 from .*: connected, sent nothing and closed the connection", "connection 2 from .*: the client does not speak TLS"} {
		before, after, _ := strings.Cut(want, ".*")
		if i := strings.Index(said, before); i < 0 || !strings.Contains(said[i:], after) {
			t.Errorf("the server did not say %q:\n%s", want, said)
		}
	}
}

// A CA whose time is over issues, and says what that is worth.
func TestExpiredCA(t *testing.T) {
	dir := t.TempDir()
	root, err := pki.NewRoot(pki.Options{CommonName: "Old Root", NotBefore: time.Now().Add(-48 * time.Hour), Validity: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.SaveAuthority(filepath.Join(dir, "old"), root, pki.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	status := command(t.Context(), strings.NewReader(""), io.Discard, &said, "ca", "issue", "www.lab.test", "--lang", "en",
		"--cadir", filepath.Join(dir, "old"), "--prefix", filepath.Join(dir, "www"), "--kind", "p256", "--quiet")
	if status != 0 || !strings.Contains(said.String(), "past its date: Old Root") {
		t.Errorf("status %d, and it said\n%s", status, &said)
	}
}

// A server that is given a certificate out of its dates says so before anybody connects.
func TestServerOfOldCertificate(t *testing.T) {
	root, err := pki.NewRoot(pki.Options{CommonName: "A Root"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.GenerateKey(pki.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		begins time.Duration
		says   string
	}{{-48 * time.Hour, "past its date: old.lab.test"}, {48 * time.Hour, "not yet valid: old.lab.test"}, {-time.Minute, ""}} {
		request, err := pki.NewRequest(key, pki.Request{CommonName: "old.lab.test", DNSNames: []string{"old.lab.test"}})
		if err != nil {
			t.Fatal(err)
		}
		issued, err := root.Sign(request, pki.LeafOptions{NotBefore: time.Now().Add(test.begins), Validity: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		cert, keyFile := filepath.Join(t.TempDir(), "c.pem"), filepath.Join(t.TempDir(), "k.pem")
		if err := errors.Join(pki.WriteChain(cert, issued.Chain, pki.FileOptions{}), pki.WriteKey(keyFile, key, pki.FileOptions{})); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var said bytes.Buffer
		r, w := io.Pipe()
		ended := make(chan int, 1)
		go func() {
			ended <- command(ctx, strings.NewReader(""), io.Discard, w, "server", "--accept", "127.0.0.1:0", "--cert", cert, "--key", keyFile, "--quiet", "--lang", "en")
			_ = w.Close()
		}()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			fmt.Fprintln(&said, lines.Text())
			if strings.HasPrefix(lines.Text(), "listening on") {
				cancel()
			}
		}
		if status := <-ended; status != 0 || test.says == "" && strings.Contains(said.String(), "old.lab.test") || !strings.Contains(said.String(), test.says) {
			t.Errorf("from %v on: status %d, and it said\n%s", test.begins, status, &said)
		}
		cancel()
	}
}
