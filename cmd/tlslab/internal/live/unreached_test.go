package live

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/narrate"
	"tlslab/handshake/starttls"
)

// A client that does not get there is told what would help: a server of ours helps against a port
// at which nobody listens, and against nothing else.
func TestUnconnected(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	away := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
	unknown := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "nowhere.test", IsNotFound: true}}
	for _, x := range []struct {
		err    error
		asks   starttls.Protocol
		en, zh string
		ours   bool
	}{
		{refused, "", "no connection to", "连不上", true},
		{refused, starttls.Postgres, "server of postgres listening", "postgres 服务器在监听", false},
		{away, "", "No way leads there", "没有通往那里的路", false},
		{unknown, "", "no address is found for nowhere.test: no such host", "找不到 nowhere.test 的地址", false},
		{unknown, starttls.SMTP, "no address is found for nowhere.test: no such host", "找不到 nowhere.test 的地址", false},
	} {
		for _, l := range narrate.Langs() {
			c := &calls{clientFlags: &clientFlags{connect: "nowhere.test:443", startTLS: x.asks}}
			c.Lang = l
			var said *cli.Trouble
			if !errors.As(c.unconnected(t.Context(), x.err), &said) {
				t.Fatal("no trouble")
			}
			text, want := said.What+"\n"+said.Remedy, x.en
			if l == narrate.Zh {
				want = x.zh
			}
			if !strings.Contains(text, want) || strings.Contains(text, "--www") != x.ours || said.Remedy == "" {
				t.Errorf("%v, %s, %s: %s", x.err, x.asks, l, text)
			}
		}
	}
}

// Another port is advised where the port is taken, and nowhere else.
func TestUnheard(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, x := range []struct {
		address, en, zh string
		port            bool
	}{
		{l.Addr().String(), "Choose another port", "换一个端口", true},
		{"192.0.2.1:0", "does not have that address", "没有这个地址", false}, // RFC 5737: nobody has it
		{"nowhere.invalid:0", "No address is found", "找不到这个主机名", false},
	} {
		for lang, want := range map[string]string{"en": x.en, "zh": x.zh} {
			var log bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			status := command(ctx, strings.NewReader(""), io.Discard, &log, "server", "--accept", x.address, "--quiet", "--lang", lang)
			cancel()
			if status != 1 || !strings.Contains(log.String(), want) || (strings.Contains(log.String(), "port 0") || strings.Contains(log.String(), "端口 0")) != x.port {
				t.Errorf("%s, %s: status %d, %s", x.address, lang, status, &log)
			}
		}
	}
}

// Who has agreed on HTTP/2 and sends HTTP/1 is hung up on, and both ends say why.
func TestAgreedOnHTTP2AndDoesNotSpeakIt(t *testing.T) {
	for _, version := range []string{"1.2", "1.3"} {
		addr, said, end := heardServer(t, "--www", "--alpn", "h2,http/1.1", "--quiet")
		for lang, want := range map[string]string{"en": `does not begin as HTTP/2 does: it was "GET / HTTP/1.0"`, "zh": "不以 HTTP/2 的方式开头"} {
			var out, log bytes.Buffer
			command(t.Context(), strings.NewReader("GET / HTTP/1.0\r\n\r\n"), &out, &log, "client", "--connect", addr, "--insecure", "--alpn", "h2", "--quiet", "--tls", version, "--lang", lang)
			if !strings.Contains(log.String(), want) {
				t.Errorf("TLS %s, %s: %s", version, lang, &log)
			}
		}
		end()
		if n := strings.Count(said.String(), `does not begin as HTTP/2 does: it sent "GET / HTTP/1.0"`); n != 2 {
			t.Errorf("TLS %s: the server says it %d times: %s", version, n, said)
		}
		var p preface
		p.note([]byte("PRI * HT"))
		p.note([]byte("TP/2.0\r\n\r\nSM\r\n\r\nand what follows"))
		if began, is := p.other(); is {
			t.Errorf("%q is no preface", began)
		}
	}
}
