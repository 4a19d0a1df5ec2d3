package live

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/narrate"
	"tlslab/handshake/starttls"
	"tlslab/pki/lesson"
)

// dialled is what a client's call to a server at the other end of a pipe comes to, by a clock that
// nobody waits for.
func dialled(ctx context.Context, t *testing.T, by starttls.Protocol, l narrate.Lang, dialer func(ctx context.Context, network, address string) (net.Conn, error)) (took time.Duration, err error) {
	t.Helper()
	c := &clientFlags{connect: "lab.test:443", address: "lab.test:443", startTLS: by, timeout: 30 * time.Second}
	c.Lang, c.Format, c.quiet = l, cli.Text, true
	cfg := &handshake.Config{ServerName: "lab.test"}
	cfg.Weak.SkipVerify = true
	call := &calls{clientFlags: c, cfg: cfg, jar: new(sessionJar), out: &cli.Output{Writer: io.Discard}, log: io.Discard, dialer: dialer}
	began := time.Now()
	conn, _, err := call.dial(ctx, 0, nil)
	if err == nil {
		_ = conn.NetConn().Close()
	}
	return time.Since(began), err
}

// talker is a server that says something, and then no more, but takes all that comes.
func talker(said []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		if len(said) > 0 {
			go func() { _, _ = theirs.Write(said) }()
		}
		return ours, nil
	}
}

// A client waits for all of it together as long as --handshake-timeout says, and then says what was
// under way: the connection, the dialogue before TLS, the ServerHello, the rest of the handshake.
func TestClientIsLate(t *testing.T) {
	lab, err := lesson.New(lesson.Options{Name: "lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	halfSpoken := func(context.Context, string, string) (net.Conn, error) { // a server that stops behind its ServerHello
		ours, theirs := net.Pipe()
		go func() {
			server, err := handshake.NewServer(&handshake.Config{Certificates: []handshake.Certificate{{Chain: lab.Chain, Key: lab.Key}}})
			if err != nil {
				return
			}
			b := make([]byte, 1<<14)
			for len(server.Output()) == 0 {
				n, err := theirs.Read(b)
				if err != nil {
					return
				}
				server.Feed(b[:n])
				for progress := true; progress; {
					progress, _ = server.Step()
				}
				if out := server.Output(); len(out) > 5 {
					_, _ = theirs.Write(out[:5+int(out[3])<<8+int(out[4])])
					break
				}
			}
			_, _ = io.Copy(io.Discard, theirs)
		}()
		return ours, nil
	}
	unreachable := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	}
	slow := func(ctx context.Context, network, address string) (net.Conn, error) { // it takes its share of the time
		time.Sleep(20 * time.Second)
		return talker(nil)(ctx, network, address)
	}
	for _, x := range []struct {
		name   string
		by     starttls.Protocol
		dialer func(context.Context, string, string) (net.Conn, error)
		en, zh string
		remedy string
	}{
		{"unreachable", "", unreachable, "no connection to lab.test:443 within 30s", "30s 内没有连上 lab.test:443", "firewall"},
		{"unreachable, by the socket's clock", "", func(ctx context.Context, _, _ string) (net.Conn, error) {
			time.Sleep(30*time.Second - time.Nanosecond)
			return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
		}, "no connection to lab.test:443 within 30s", "30s 内没有连上 lab.test:443", "firewall"},
		{"mute", "", talker(nil), "lab.test:443 said nothing to our ClientHello within 30s (--handshake-timeout)", "对 ClientHello 没有任何回应", "--starttls"},
		{"slow, then mute", "", slow, "said nothing to our ClientHello within 30s", "对 ClientHello 没有任何回应", "--starttls"},
		{"half a record", "", talker([]byte{22, 3, 3, 0}), "WAIT_SH", "WAIT_SH", "more"},
		{"half-spoken", "", halfSpoken, "WAIT_EE", "WAIT_EE", "more"},
		{"no greeting", starttls.SMTP, talker(nil), "waiting for its greeting", "等它的问候", "465"},
		{"no greeting, and no other port", starttls.MySQL, talker(nil), "waiting for its greeting", "等它的问候", "port"},
		{"no capabilities", starttls.SMTP, talker([]byte("220 hi\r\n")), "waiting for what it can do", "等它说明自己支持什么", "more"},
		{"no answer", starttls.Postgres, talker(nil), "whether TLS may begin", "能否开始 TLS", "more"},
		{"mute behind the dialogue", starttls.Postgres, talker([]byte("S")), "WAIT_SH", "WAIT_SH", "more"},
	} {
		for l, want := range map[narrate.Lang]string{narrate.En: x.en, narrate.Zh: x.zh} {
			synctest.Test(t, func(t *testing.T) {
				took, err := dialled(t.Context(), t, x.by, l, x.dialer)
				var said *cli.Trouble
				switch {
				case !errors.As(err, &said) || !strings.Contains(said.What, want) || !strings.Contains(said.What, "30s") || said.Status != cli.StatusFailed:
					t.Errorf("%s, %s: %v, want %q", x.name, l, err, want)
				case l == narrate.En && !strings.Contains(said.Remedy, x.remedy):
					t.Errorf("%s: the remedy is %q", x.name, said.Remedy)
				case took.Round(time.Second) != 30*time.Second:
					t.Errorf("%s: it took %v", x.name, took)
				}
			})
		}
	}
}

// TestClientInterrupted: whoever interrupts is told of a handshake only where one had begun.
func TestClientInterrupted(t *testing.T) {
	unreachable := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	}
	const before, during = "interrupted before the handshake with lab.test:443 began", "interrupted during the handshake"
	for _, x := range []struct {
		name   string
		by     starttls.Protocol
		dialer func(context.Context, string, string) (net.Conn, error)
		want   string
	}{
		{"unreachable", "", unreachable, before},
		{"no greeting", starttls.SMTP, talker(nil), before},
		{"no answer", starttls.Postgres, talker(nil), before},
		{"mute behind the dialogue", starttls.Postgres, talker([]byte("S")), during},
		{"mute", "", talker(nil), during},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, interrupt)
			var said *cli.Trouble
			if _, err := dialled(ctx, t, x.by, narrate.En, x.dialer); !errors.As(err, &said) || said.What != x.want {
				t.Errorf("%s: %v, want %q", x.name, err, x.want)
			}
		})
	}
}
