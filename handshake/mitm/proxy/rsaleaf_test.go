package proxy_test

import (
	"crypto/rsa"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// TestRSALeaves: whom P-256 suits gets it, whatever the server has; a client that takes only RSA
// gets that, in both versions and with RSA key transport too, also where there is no server.
func TestRSALeaves(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u, down := start(t, o, nil), noServer(t, nil)
	for _, x := range []struct {
		name   string
		change func(*tls.Config)
		rsa    bool
	}{
		{"all", func(*tls.Config) {}, false},
		{"all of TLS 1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, false},
		{"RSA first", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		}, false},
		{"ECDHE with RSA", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
		}, true},
		{"RSA key transport", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		}, true},
		{"suites of TLS 1.2, and TLS 1.3", func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256} }, false},
		{"no P-256", func(c *tls.Config) { c.MaxVersion, c.CurvePreferences = tls.VersionTLS12, []tls.CurveID{tls.X25519} }, true},
	} {
		for _, p := range []*underTest{u, down} {
			cfg := &tls.Config{RootCAs: p.pool, ServerName: wwwName, NextProtos: []string{"http/1.1"}}
			x.change(cfg)
			c := p.dial(t, wwwName+":443", cfg)
			if _, is := c.ConnectionState().PeerCertificates[0].PublicKey.(*rsa.PublicKey); is != x.rsa {
				t.Errorf("%s: an RSA key: %t", x.name, is)
			}
			want := 200
			if p == down {
				want = 502
			}
			if status, body := asks(t, c, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n"); status != want {
				t.Errorf("%s: %d %q", x.name, status, body)
			}
		}
	}
}

// TestRSAForeign: the same for OpenSSL and GnuTLS, told to take nothing but RSA.
func TestRSAForeign(t *testing.T) {
	o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = nil })
	u := start(t, o, nil)
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: u.Root().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(u.addr, ":")
	rev := start(t, o, func(p *proxy.Options) { p.Mode = proxy.Reverse(wwwName, "443") })
	revRoot := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(revRoot, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rev.Root().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	_, revPort, _ := strings.Cut(rev.addr, ":")
	for _, line := range []string{
		"openssl s_client -quiet -proxy 127.0.0.1:" + port + " -connect " + wwwName + ":443 -verify_return_error -CAfile " + root + " -tls1_2 -cipher AES128-SHA256",
		"openssl s_client -quiet -proxy 127.0.0.1:" + port + " -connect " + wwwName + ":443 -verify_return_error -CAfile " + root + " -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
		"openssl s_client -quiet -proxy 127.0.0.1:" + port + " -connect " + wwwName + ":443 -verify_return_error -CAfile " + root + " -tls1_3 -sigalgs rsa_pss_rsae_sha256",
		"gnutls-cli --x509cafile=" + revRoot + " --verify-hostname=" + wwwName + " --logfile=/dev/null -p " + revPort + " --sni-hostname=" + wwwName + " --priority=NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA 127.0.0.1",
		"gnutls-cli --x509cafile=" + revRoot + " --verify-hostname=" + wwwName + " --logfile=/dev/null -p " + revPort + " --sni-hostname=" + wwwName + " --priority=NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA 127.0.0.1",
		"gnutls-cli --x509cafile=" + revRoot + " --verify-hostname=" + wwwName + " --logfile=/dev/null -p " + revPort + " --sni-hostname=" + wwwName + " --priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-ECDSA-SHA384 127.0.0.1",
	} {
		args := strings.Fields(line)
		t.Run(strings.Join(args[len(args)-3:], " "), func(t *testing.T) {
			program, err := exec.LookPath(args[0])
			if err != nil {
				t.Skip(args[0] + " is not on PATH")
			}
			cmd := exec.CommandContext(t.Context(), program, args[1:]...)
			cmd.Stdin = strings.NewReader(fmt.Sprintf("GET /rsa HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", wwwName))
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			if !strings.Contains(string(out), "GET /rsa") {
				t.Errorf("%v: %s\n%s", err, out, &said)
			}
		})
	}
}
