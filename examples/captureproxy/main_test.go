package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"tlslab/pki"
)

// A client and a server that are not ours, and the example between them: as the printed
// options say, and without the root.
func TestRun(t *testing.T) {
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("the hook was not called")
		}
		_, _ = io.WriteString(w, "hello")
	}))
	defer site.Close()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, in, "127.0.0.1:0", pki.NewTrustStore(site.Certificate()))
		in.CloseWithError(err)
		ended <- err
	}()
	lines := bufio.NewScanner(out)
	next := func() string {
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
		return lines.Text()
	}
	words := strings.Fields(next()) // curl --proxy URL --cacert FILE
	pem, err := os.ReadFile(words[4])
	if err != nil {
		t.Fatal(err)
	}
	through, err := url.Parse(words[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, trusts := range []bool{true, false} {
		roots := x509.NewCertPool()
		if trusts && !roots.AppendCertsFromPEM(pem) {
			t.Fatal("no root")
		}
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(through), DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
		resp, err := client.Get(site.URL + "/page")
		if (err == nil) != trusts {
			t.Fatalf("root trusted %v: %v", trusts, err)
		}
		want := "certificate_refused"
		if trusts {
			_ = resp.Body.Close()
			want = "/page\" 200: client TLS 1.3 X25519MLKEM768, server TLS 1.3 X25519MLKEM768"
		}
		if line := next(); !strings.Contains(line, want) {
			t.Errorf("%q does not say %q", line, want)
		}
	}
	stop()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
