package live

import (
	"bytes"
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/pki/authority"
)

// shown is what a client shows: a certificate and its key in two files, or nothing.
type shown struct{ cert, key string }

// visitor is somebody else's client, which asks for the page; said is all that it prints.
type visitor struct {
	name  string
	alert func(iana.Version, iana.AlertDescription) string // as it prints one
	visit func(t *testing.T, addr, roots string, v iana.Version, s shown) (said string)
}

const pageRequest = "GET / HTTP/1.0\r\n\r\n"

var visitors = []visitor{
	{"openssl", func(_ iana.Version, d iana.AlertDescription) string { return fmt.Sprintf("SSL alert number %d", d) },
		func(t *testing.T, addr, roots string, v iana.Version, s shown) string {
			args := []string{"s_client", "-quiet", "-ign_eof", "-connect", addr, "-CAfile", roots, map[iana.Version]string{iana.TLS12: "-tls1_2", iana.TLS13: "-tls1_3"}[v]}
			if s.cert != "" {
				args = append(args, "-cert", s.cert, "-key", s.key)
			}
			return peerSays(t, "openssl", args...)
		}},
	{"gnutls-cli", func(_ iana.Version, d iana.AlertDescription) string { return fmt.Sprintf("alert [%d]", d) },
		func(t *testing.T, addr, roots string, v iana.Version, s shown) string {
			host, port, _ := net.SplitHostPort(addr)
			args := []string{"--x509cafile", roots, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS" + map[iana.Version]string{iana.TLS12: "1.2", iana.TLS13: "1.3"}[v]}
			if s.cert != "" {
				args = append(args, "--x509certfile", s.cert, "--x509keyfile", s.key)
			}
			return peerSays(t, "gnutls-cli", append(args, "-p", port, host)...)
		}},
	{"curl", func(v iana.Version, d iana.AlertDescription) string {
		if v == iana.TLS12 && d == iana.CertificateExpired {
			return "failed to verify the legitimacy of the server" // it takes the alert for a judgement of its own
		}
		return "alert " + map[iana.AlertDescription]string{iana.HandshakeFailure: "handshake failure", iana.CertificateRequired: "certificate required", iana.UnknownCA: "unknown ca", iana.CertificateExpired: "certificate expired"}[d]
	}, func(t *testing.T, addr, roots string, v iana.Version, s shown) string {
		args := []string{"-sS", "--cacert", roots, "--tls-max", map[iana.Version]string{iana.TLS12: "1.2", iana.TLS13: "1.3"}[v]}
		if v == iana.TLS13 {
			args = append(args, "--tlsv1.3")
		}
		if s.cert != "" {
			args = append(args, "--cert", s.cert, "--key", s.key)
		}
		return peerSays(t, "curl", append(args, "https://"+addr+"/")...)
	}},
	{"crypto/tls", func(_ iana.Version, d iana.AlertDescription) string {
		return "remote error: tls: " + map[iana.AlertDescription]string{iana.HandshakeFailure: "handshake failure", iana.CertificateRequired: "certificate required", iana.UnknownCA: "unknown certificate authority", iana.CertificateExpired: "expired certificate"}[d]
	}, visitOfCryptoTLS},
}

func visitOfCryptoTLS(t *testing.T, addr, roots string, v iana.Version, s shown) string {
	pem, err := os.ReadFile(roots)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &stdtls.Config{RootCAs: x509.NewCertPool(), MinVersion: uint16(v), MaxVersion: uint16(v)}
	cfg.RootCAs.AppendCertsFromPEM(pem)
	if s.cert != "" {
		pair, err := stdtls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			t.Fatal(err)
		}
		cfg.GetClientCertificate = func(asked *stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) {
			if cas := asked.AcceptableCAs; len(cas) != 1 || !bytes.Contains(cas[0], []byte("ours")) {
				t.Errorf("in %v it is asked for a certificate of %q", v, cas)
			}
			return &pair, nil // whatever is asked for
		}
	}
	c, err := stdtls.DialWithDialer(&net.Dialer{Timeout: clitest.Patience}, "tcp", addr, cfg)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_, _ = io.WriteString(c, pageRequest) // it may have been refused by now
	b, err := io.ReadAll(c)
	return fmt.Sprint(string(b), err)
}

// peerSays runs a client with the request on its standard input, which does not end: it is the
// server that hangs up.
func peerSays(t *testing.T, name string, args ...string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	if _, err := io.WriteString(w, pageRequest); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = r
	out, _ := cmd.CombinedOutput() // refused, it ends with a status of its own
	return string(out)
}

// clientCerts makes a CA for both ends, and what clients show.
func clientCerts(t *testing.T) (caDir, roots string, certs map[string]shown) {
	t.Helper()
	dir := t.TempDir()
	make := func(name string) *authority.CA {
		ca, err := authority.NewRoot(authority.Options{CommonName: name})
		if err != nil {
			t.Fatal(err)
		}
		return ca
	}
	ours, others := make("ours"), make("another")
	caDir = filepath.Join(dir, "ca")
	if _, err := authority.Save(caDir, ours, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	certs = map[string]shown{"none": {}}
	for name, ca := range map[string]*authority.CA{"right": ours, "wrong": others, "expired": ours} {
		key, err := authority.GenerateKey(authority.P256, nil)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := authority.NewRequest(key, authority.Request{CommonName: name})
		if err != nil {
			t.Fatal(err)
		}
		o := authority.LeafOptions{Client: true}
		if name == "expired" {
			o.NotBefore, o.Validity = time.Now().AddDate(0, 0, -9), 24*time.Hour
		}
		issued, err := ca.Sign(csr, o)
		if err != nil {
			t.Fatal(err)
		}
		s := shown{filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem")}
		if err := authority.WriteChain(s.cert, issued.Chain, authority.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := authority.WriteKey(s.key, key, authority.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		certs[name] = s
	}
	return caDir, filepath.Join(caDir, authority.CertFile), certs
}

// Four clients of others, with a certificate, without one, with one of another CA and with one that
// has expired, meet a server that asks and one that demands, in both versions: the page says what
// came, the client the alert, and the server what was wrong.
func TestVerifyMeetsPeers(t *testing.T) {
	caDir, roots, certs := clientCerts(t)
	for _, flag := range []string{"--verify", "--Verify"} {
		addr, said, end := heardServer(t, "--www", "--quiet", "--cadir", caDir, flag)
		type met struct{ name, want string } // what the server says of a connection; "" nothing
		var all []met
		for _, p := range visitors {
			if p.name != "crypto/tls" {
				if there, err := clitest.PeerOnPath("peer:" + p.name); err != nil {
					t.Fatal(err)
				} else if !there {
					t.Logf("%s is not installed", p.name)
					continue
				}
			}
			for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
				for _, what := range []string{"right", "none", "wrong", "expired"} {
					m := met{name: fmt.Sprint(flag, ", ", p.name, ", ", v, ", ", what)}
					client := "" // what it says
					switch {
					case what == "right":
						client = "the peer showed: CN=right"
					case what == "none" && flag == "--verify":
						client, m.want = "client certificate: asked for, and none came", "asked for (--verify), and none came: the connection goes on"
					case what == "none" && v == iana.TLS12:
						client, m.want = p.alert(v, iana.HandshakeFailure), "demanded of the client (--Verify), and none came: certificate_missing"
					case what == "none":
						client, m.want = p.alert(v, iana.CertificateRequired), "demanded of the client (--Verify), and none came: certificate_required"
					case what == "wrong":
						client, m.want = p.alert(v, iana.UnknownCA), "is not trusted: the leaf has no trusted issuer (certificate_untrusted"
					case what == "expired":
						client, m.want = p.alert(v, iana.CertificateExpired), "is not trusted: the certificate is past its date (certificate_expired"
					}
					if said := p.visit(t, addr, roots, v, certs[what]); !strings.Contains(said, client) {
						t.Errorf("%s: the client says %q, want %q", m.name, said, client)
					}
					if all = append(all, m); m.want != "" {
						said.await(t, "connection "+strconv.Itoa(len(all))+" from ")
					}
				}
			}
		}
		end()
		for i, m := range all {
			_, mine, told := strings.Cut(said.String(), "connection "+strconv.Itoa(i+1)+" from ")
			mine, _, _ = strings.Cut(mine, "\nconnection ")
			if told != (m.want != "") || !strings.Contains(mine, m.want) {
				t.Errorf("%s: the server says %q, want %q", m.name, mine, m.want)
			}
		}
		t.Logf("%s: %d handshakes", flag, len(all))
	}
}

// Our own client says that it was asked, before HTTP does in words of its own.
func TestClientSaysThatItWasAsked(t *testing.T) {
	caDir, roots, certs := clientCerts(t)
	addr, end := serveCommand(t, "--www", "--quiet", "--cadir", caDir, "--verify")
	for what, want := range map[string]string{"none": "(--cert and --key give one)", "wrong": "does not fit what it asked for", "right": ""} {
		for _, v := range []string{"1.2", "1.3"} {
			args := []string{"client", "--connect", addr, "--CAfile", roots, "--quiet", "--lang", "en", "--tls", v}
			if s := certs[what]; s.cert != "" {
				args = append(args, "--cert", s.cert, "--key", s.key)
			}
			var stdout, stderr bytes.Buffer
			status := command(t.Context(), strings.NewReader(pageRequest), &stdout, &stderr, args...)
			if said := stderr.String(); status != 0 || !strings.Contains(said, want) || (want == "") != (said == "") || !strings.Contains(stdout.String(), "200 OK") {
				t.Errorf("%s, %s: status %d, it says %q", what, v, status, said)
			}
		}
	}
	end()
}

// In a resumption nobody is asked: the page says what the session had. And a session without a certificate
// is none for a server that demands one.
func TestVerifyAndResumption(t *testing.T) {
	caDir, roots, certs := clientCerts(t)
	for _, flag := range []string{"--verify", "--Verify"} {
		addr, end := serveCommand(t, "--www", "--quiet", "--cadir", caDir, flag)
		for what, want := range map[string]string{"none": "client certificate: none in the session that was resumed", "right": "the peer showed: CN=right"} {
			for _, v := range []string{"1.2", "1.3"} {
				args := []string{"client", "--connect", addr, "--CAfile", roots, "--quiet", "--lang", "en", "--tls", v, "--reconnect", "1"}
				if s := certs[what]; s.cert != "" {
					args = append(args, "--cert", s.cert, "--key", s.key)
				}
				var stdout, stderr bytes.Buffer
				status := command(t.Context(), strings.NewReader(pageRequest), &stdout, &stderr, args...)
				if refused := flag == "--Verify" && what == "none"; refused {
					if status == 0 || strings.Contains(stdout.String(), "200 OK") {
						t.Errorf("%s, %s, TLS %s: it is let in: %s", flag, what, v, &stdout)
					}
				} else if page := stdout.String(); status != 0 || !strings.Contains(page, "handshake: session resumed") || !strings.Contains(page, want) {
					t.Errorf("%s, %s, TLS %s: status %d, %s, %s", flag, what, v, status, &stderr, page)
				}
			}
		}
		end()
	}
}

// A client that leaves when it is asked for a certificate may be a browser, which asks its user.
func TestLeavesWhenAsked(t *testing.T) {
	caDir, _, _ := clientCerts(t)
	for flag, want := range map[string]string{"--verify": "cut_when_asked", "": "cut_after_certificate"} {
		args := []string{"--www", "--quiet", "--cadir", caDir}
		if flag != "" {
			args = append(args, flag)
		}
		addr, said, end := heardServer(t, args...)
		for n, v := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
			raw, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			leaves := func(*stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) {
				return nil, errors.Join(raw.Close(), errors.New("the user is asked"))
			}
			_ = stdtls.Client(raw, &stdtls.Config{InsecureSkipVerify: true, MinVersion: v, MaxVersion: v, GetClientCertificate: leaves,
				VerifyConnection: func(stdtls.ConnectionState) error {
					if flag == "" {
						return errors.Join(raw.Close(), errors.New("it left"))
					}
					return nil
				}}).Handshake()
			said.await(t, "connection "+strconv.Itoa(n+1)+" from ")
		}
		end()
		if got := strings.Count(said.String(), hintText(narrate.En, want)); got != 2 {
			t.Errorf("%q: it says %s", flag, said)
		}
	}
}
