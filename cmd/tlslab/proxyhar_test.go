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

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
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
	if err := invalidHAR(t, b); err != nil {
		t.Errorf("%v\n%s", err, b)
	}
	for _, want := range []string{"/page?a=b&c", "/nowhere", "a=b", "CONNECT", "client: certificate_refused"} {
		if !strings.Contains(strings.ReplaceAll(string(b), `\u0026`, "&"), want) {
			t.Errorf("it says nothing of %q:\n%s", want, b)
		}
	}
	// The schema does refuse.
	if invalidHAR(t, bytes.Replace(b, []byte(`"startedDateTime"`), []byte(`"began"`), 1)) == nil {
		t.Error("the schema accepts an entry without a date")
	}
}

// invalidHAR is what the schema of HAR 1.2 has against a document; nil if nothing.
func invalidHAR(t *testing.T, b []byte) error {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	files, err := filepath.Glob("../../handshake/mitm/har/testdata/har-schema/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema: %v", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.AddResource("https://har.test/"+filepath.Base(name), doc); err != nil { // they know each other by their $id, which is relative
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("https://har.test/har.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// A HAR that has its limit gets no more, which is said once, and in the end how much it
// lacks. It is valid, and nothing has failed.
func TestProxyHARLimit(t *testing.T) {
	for _, l := range narrate.Langs() {
		var log bytes.Buffer
		name := filepath.Join(t.TempDir(), "x.har")
		f := new(proxyFiles)
		if err := f.open(&proxyFlags{View: cli.View{Lang: l}, harDump: name, harLimit: 1}, new(proxy.Options), &log); err != nil {
			t.Fatal(err)
		}
		e := &proxy.Entry{Kind: proxy.Request, Method: "GET", Scheme: "https", Host: "www.lab.test",
			Path: "/" + strings.Repeat("x", 100_000), Status: 200, Proto: "HTTP/1.1", Began: time.Unix(0, 0)}
		for range 20 {
			f.add(e)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
		said := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(said) != 2 || !strings.Contains(said[0], "--hardump-limit") {
			t.Errorf("%s: it said %q", l, said)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := invalidHAR(t, b); err != nil {
			t.Error(err)
		}
		if n := bytes.Count(b, []byte(`"startedDateTime"`)); len(b) > 1<<20 || n < 5 || !strings.HasSuffix(said[len(said)-1], fmt.Sprint(20-n)) {
			t.Errorf("%s: %d bytes, %d entries, and it said %q", l, len(b), n, said)
		}
	}
}
