package live

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// An end that asks for a second handshake, and ends the connection when it gets none: what
// happened is said, and nothing of cipher suites.
func TestRenegotiationSaid(t *testing.T) {
	for _, role := range []event.Role{event.Client, event.Server} {
		for _, l := range narrate.Langs() {
			p := &plight{lang: l, role: role, peer: "it", flags: new(LiveFlags), summary: handshake.Summary{Renegotiates: true, FailedIn: event.Connected}}
			var said *cli.Trouble
			err := p.afterwards(reason.New(reason.PeerAlert, "", "", nil, iana.HandshakeFailure))
			if !errors.As(err, &said) || l == narrate.En && !strings.Contains(said.What, "asked for a second handshake") || strings.Contains(said.Remedy, "--cipher") || said.Remedy == "" {
				t.Errorf("%v, %s: %v", role, l, err)
			}
		}
	}
}

// opensslServer starts openssl s_server on a free port, and returns where it listens and what is
// typed to it.
func opensslServer(t *testing.T, args ...string) (addr string, j *clitest.Job, typed io.Writer) {
	t.Helper()
	if there, err := clitest.PeerOnPath("peer:openssl"); err != nil {
		t.Fatal(err)
	} else if !there {
		t.Skip("openssl is not installed")
	}
	l, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	if err := errors.Join(authority.WriteChain(cert, l.Chain, authority.FileOptions{}), authority.WriteKey(key, l.Key, authority.FileOptions{})); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("openssl", append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key, "-cert2", cert, "-key2", key}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	j, port, err := clitest.Launch(cmd, regexp.MustCompile(`ACCEPT .*:(\d+)`))
	if j != nil {
		t.Cleanup(j.Kill)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + port, j, in
}

// OpenSSL at either end asks for one ("R"), as it does for a page that wants a certificate.
func TestRenegotiationOfOpenSSL(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		addr, j, typed := opensslServer(t, "-tls1_2")
		go func() {
			if j.Await(regexp.MustCompile("Secure Renegotiation")) == nil {
				_, _ = io.WriteString(typed, "R\n")
			}
		}()
		if said := called(t, addr, "--lang", "en"); !strings.Contains(said, "asked for a second handshake") || strings.Contains(said, "--cipher") {
			t.Errorf("the client says %q", said)
		}
	})
	t.Run("client", func(t *testing.T) {
		if there, err := clitest.PeerOnPath("peer:openssl"); err != nil {
			t.Fatal(err)
		} else if !there {
			t.Skip("openssl is not installed")
		}
		addr, end := serveCommand(t, "--quiet")
		cmd := exec.Command("openssl", "s_client", "-connect", addr, "-tls1_2")
		cmd.Stdin = strings.NewReader("R\n")
		out, _ := cmd.CombinedOutput() // it ends with an error of its own
		if said := end(); !strings.Contains(said, "the client asked for a second handshake") || strings.Contains(said, "the client refused") {
			t.Errorf("the server says %q, and openssl %s", said, out)
		}
	})
}

// OpenSSL knows one name, and refuses others; with another version, another suite.
func TestHintsOfOpenSSL(t *testing.T) {
	for _, test := range []struct {
		server, client []string
		says, want     string
	}{
		{[]string{"-servername", "other.test", "-servername_fatal"}, []string{"--servername", "www.lab.test"}, "unrecognized_name", `no server called "www.lab.test"`},
		{[]string{"-tls1_3"}, []string{"--tls", "1.2"}, "protocol_version", "--tls left only a part"},
		{[]string{"-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"}, []string{"--cipher", "AES128-SHA"}, "handshake_failure", "--cipher left only a part"},
		{[]string{"-alpn", "h2"}, []string{"--alpn", "imap"}, "no_application_protocol", "(imap)"},
		{[]string{"-nocert", "-psk", "0badcafe", "-psk_identity", "sensor"}, []string{"--psk", "0badcafe", "--psk-identity", "another"}, "handshake_failure", `no key called "another"`},
		{[]string{"-psk", "0badcafe0badcafe", "-psk_identity", "sensor"}, []string{"--psk", "0badcafe", "--psk-identity", "sensor"}, "illegal_parameter", "The key differs"},
	} {
		addr, _, _ := opensslServer(t, test.server...)
		if said := called(t, addr, append(test.client, "--lang", "en")...); !strings.Contains(said, "got "+test.says) || !strings.Contains(said, test.want) {
			t.Errorf("%q with %q: %q names not %q, or is not the hint %q", test.server, test.client, said, test.says, test.want)
		}
	}
}
