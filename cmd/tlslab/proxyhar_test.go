package main

import (
	"bytes"
	stdtls "crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
)

// What a proxy has written when it is killed is a HAR that the schema of HAR 1.2 accepts,
// with requests, failures and an upgrade; and of what came before nothing is missing.
func TestProxyHAR(t *testing.T) {
	o := startOrigin(t, "localhost", browsed(), "http/1.1")
	file := filepath.Join(t.TempDir(), "x.har")
	p := startChild(t, o, "--hardump", file)
	c, err := tunnelTo(p.addr, o.host, p.root, "http/1.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.get(o.host, "/page?a=b&c", "Cookie: a=b\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.get(o.host, "/nowhere", ""); err == nil {
		t.Fatal("there is a page at /nowhere")
	}
	if _, err := fmt.Fprintf(c, "POST /page HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b", o.host); err != nil {
		t.Fatal(err)
	}
	if _, err := drain(c); err != nil {
		t.Fatal(err)
	}
	raw, err := connectTo(p.addr, o.host)
	if err != nil {
		t.Fatal(err)
	}
	if err := stdtls.Client(raw, &stdtls.Config{ServerName: "localhost"}).Handshake(); err == nil {
		t.Fatal("a client without the root believed the proxy")
	}
	_ = raw.Close()

	// Each entry leaves a whole document: at any time it can be read, and no part is waited for.
	var b []byte
	if err := eventually(clitest.Patience, func() (err error) {
		if b, err = os.ReadFile(file); err == nil && bytes.Count(b, []byte(`"startedDateTime"`)) < 4 {
			err = fmt.Errorf("the file has %d bytes, and not all entries", len(b))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(clitest.Patience):
		t.Fatal("killed, it does not end")
	}
	if b, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	if err := clitest.InvalidHAR(t, b); err != nil {
		t.Errorf("%v\n%s", err, b)
	}
	for _, want := range []string{"/page?a=b&c", "/nowhere", "a=b", "CONNECT", "client: certificate_refused"} {
		if !strings.Contains(strings.ReplaceAll(string(b), `\u0026`, "&"), want) {
			t.Errorf("it says nothing of %q:\n%s", want, b)
		}
	}
	// The schema does refuse.
	if clitest.InvalidHAR(t, bytes.Replace(b, []byte(`"startedDateTime"`), []byte(`"began"`), 1)) == nil {
		t.Error("the schema accepts an entry without a date")
	}
}
