package live

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
)

// A client that does not speak TLS is told of by what it speaks: an address with https:// is advice for HTTP
// alone.
func TestStrangers(t *testing.T) {
	addr, said, _ := heardServer(t, "--quiet", "--www")
	for _, x := range []struct{ sends, came, hint string }{
		{"GET / HTTP/1.0\r\n\r\n", "an HTTP request in clear", "client_in_clear"},
		{"EHLO me\r\n", "an SMTP command in clear", "client_asks_later"},
		{"SSH-2.0-lab\r\n", "an SSH banner", "client_elsewhere"},
		{"\x80\x2e\x01\x03\x01\x00\x15", "an SSL 2.0 ClientHello", "client_ssl2"},
		{"hello there\r\n", "the text", "client_elsewhere"},
		{"\x01\x02\x00\xff\xfe\xfd", "bytes 01 02 00", "client_elsewhere"},
	} {
		c, err := net.DialTimeout("tcp", addr, clitest.Patience)
		if err != nil {
			t.Fatal(err)
		}
		before := len(said.String())
		_, _ = io.WriteString(c, x.sends)
		said.await(t, x.came)
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
		if now := said.String()[before:]; !strings.Contains(now, "\n  "+hintText(narrate.En, x.hint)) {
			t.Errorf("%q: %s", x.sends, now)
		}
	}
}

// A server that agrees to TLS and goes on in the clear is not told of as one that has to be asked, and what
// it says is shown as text.
func TestAgreedAndNoTLS(t *testing.T) {
	addr := serving(t, func(c net.Conn) {
		for _, a := range []string{"220 hi\r\n", "250-m\r\n250 STARTTLS\r\n", "220 go\r\n", "quite plain\r\n"} {
			_, _ = io.WriteString(c, a)
			if _, err := c.Read(make([]byte, 1<<12)); err != nil {
				return
			}
		}
	})
	for lang, says := range map[string]string{"en": "has agreed to TLS in smtp, and then does not speak it", "zh": "在 smtp 里答应了 TLS"} {
		var log bytes.Buffer
		status := command(t.Context(), strings.NewReader(""), io.Discard, &log, "client", "--connect", addr, "--starttls", "smtp", "--insecure", "--quiet", "--lang", lang)
		if status != 1 || !strings.Contains(log.String(), says) || !strings.Contains(log.String(), "quite") || strings.Contains(log.String(), "--starttls") {
			t.Errorf("%s: status %d, %s", lang, status, &log)
		}
	}
}

// A key that is not named, and a certificate in its place, are told of as that.
func TestNoKey(t *testing.T) {
	dir := t.TempDir()
	cert := filepath.Join(dir, "www.pem")
	var out bytes.Buffer
	if command(t.Context(), strings.NewReader(""), &out, &out, "ca", "init", filepath.Join(dir, "ca")) != 0 || command(t.Context(), strings.NewReader(""), &out, &out, "ca", "issue", "localhost", "--quiet", "--cadir", filepath.Join(dir, "ca"), "--prefix", filepath.Join(dir, "www")) != 0 {
		t.Fatal(&out)
	}
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args   []string
		en, zh string
		status int
	}{
		{nil, "--key is missing", "又没有写 --key", 2},
		{[]string{"--key", cert}, "--key " + cert + ": that is a certificate", "这是证书，不是私钥", 2},
		{[]string{"--key", other}, "there is no PRIVATE KEY in it", "其中没有 PRIVATE KEY", 2},
	} {
		for lang, says := range map[string]string{"en": x.en, "zh": x.zh} {
			for _, verb := range [][]string{{"server", "--accept", "127.0.0.1:0"}, {"client", "--connect", "127.0.0.1:1"}} {
				var log bytes.Buffer
				args := append(append(verb, "--lang", lang, "--cert", cert), x.args...)
				if status := command(t.Context(), strings.NewReader(""), &out, &log, args...); status != x.status || !strings.Contains(log.String(), says) {
					t.Errorf("%q: status %d, %s", args, status, &log)
				}
			}
		}
	}
}

// Where the two ends have nothing in common, the refusal comes with what would mend it.
func TestNothingInCommon(t *testing.T) {
	for _, r := range []reason.Reason{reason.UnsupportedVersion, reason.NoCommonSuite, reason.NoCommonGroup, reason.NoCommonScheme, reason.NoCommonProtocol} {
		for _, l := range narrate.Langs() {
			p := &plight{lang: l, role: event.Server, peer: "it", flags: new(LiveFlags)}
			var said *cli.Trouble
			if err := p.trouble(t.Context(), reason.New(r, "", "", nil, nil)); !errors.As(err, &said) || said.Remedy == "" {
				t.Errorf("%v, %s: %v", r, l, err)
			}
		}
	}
}
