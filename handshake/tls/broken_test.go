package tls_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// breaking is a transport that is reset: at the Read after so many, or at the Write after so
// many; -1 never. What stands in said can be read all the same, before the reset.
type breaking struct {
	net.Conn
	reads, writes int
	said          []byte
}

func resetOf(op string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Source: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 50001},
		Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 443}, Err: os.NewSyscallError(op, errno)}
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.reads == 0 || b.writes == 0 {
		n := copy(p, b.said)
		if b.said = b.said[n:]; n > 0 {
			return n, nil
		}
		return 0, resetOf("read", syscall.ECONNRESET)
	}
	b.reads--
	return b.Conn.Read(p)
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.writes == 0 {
		return 0, resetOf("write", syscall.EPIPE)
	}
	b.writes--
	return b.Conn.Write(p)
}

// TestReset breaks the transport at each Read of a handshake: the error says which state was
// reached and which message was waited for, holds the system's error, and has no addresses.
func TestReset(t *testing.T) {
	for _, test := range []struct {
		role    string
		version iana.Version
		reads   int
		state   event.State
		want    string
	}{
		{"client", iana.TLS12, 0, event.WaitServerHello, "expected server_hello, got"},
		{"client", iana.TLS13, 0, event.WaitServerHello, "expected hello_retry_request or server_hello, got"},
		{"client", iana.TLS12, 1, event.WaitChangeCipherSpec, "expected change_cipher_spec, got"},
		{"server", iana.TLS12, 0, event.Start, "expected client_hello, got"},
		{"server", iana.TLS12, 1, event.WaitClientKeyExchange, "expected client_key_exchange, got"},
		{"server", iana.TLS13, 1, event.WaitFinished, "expected finished, got"},
	} {
		a, b := tlstest.Pipe()
		broken := &breaking{Conn: a, reads: test.reads, writes: -1}
		var end, peer *tls.Conn
		cc, sc := tlstest.Verifying(), tlstest.Serving(tlstest.Servers()["ecdsa"])
		cc.MinVersion, cc.MaxVersion = test.version, test.version
		sc.MinVersion, sc.MaxVersion = test.version, test.version
		if test.role == "client" {
			end, peer = tlstest.Client(t, broken, cc), tlstest.Server(t, b, sc)
		} else {
			end, peer = tlstest.Server(t, broken, sc), tlstest.Client(t, b, cc)
		}
		ended := make(chan error, 1)
		go func() { ended <- peer.Handshake() }()
		err := end.Handshake()
		b.Close()
		<-ended
		if reason.Of(err) != reason.TruncatedStream || !errors.Is(err, syscall.ECONNRESET) || end.Summary().FailedIn != test.state {
			t.Errorf("%+v: %v in %v", test, err, end.Summary().FailedIn)
		}
		text := err.Error()
		for _, want := range []string{test.want, "in state " + test.state.String(), "connection reset by peer"} {
			if !strings.Contains(text, want) {
				t.Errorf("%+v: %q does not say %q", test, text, want)
			}
		}
		if strings.Contains(text, "192.0.2") || strings.Contains(text, "read tcp") {
			t.Errorf("%+v: %q is about sockets", test, text)
		}
		if again := end.Handshake(); !errors.Is(again, syscall.ECONNRESET) {
			t.Errorf("%+v: asked again: %v", test, again)
		}
	}
}

// TestLastWords has a peer refuse and go while we write: its alert is the answer, not that
// the pipe is broken.
func TestLastWords(t *testing.T) {
	for _, test := range []struct {
		said []byte
		want string
	}{
		{[]byte{21, 3, 3, 0, 2, 2, 112}, "peer_alert: got unrecognized_name"},
		{nil, "truncated_stream: expected hello_retry_request or server_hello, got a broken connection in state WAIT_SH: broken pipe (RFC 9846 §6.1)"},
	} {
		end := tlstest.Client(t, &breaking{reads: -1, writes: 0, said: test.said}, tlstest.Verifying())
		if err := end.Handshake(); err == nil || err.Error() != test.want {
			t.Errorf("after %x: %v, not %q", test.said, err, test.want)
		}
	}
}

// unread is a transport whose other end takes nothing, and can still talk, as a Unix socket's can.
// It says the same again and again, or nothing.
type unread struct {
	net.Conn
	begins, goesOn []byte
	read           int
	closed         chan struct{}
}

func (u *unread) Write([]byte) (int, error) { return 0, resetOf("write", syscall.EPIPE) }

func (u *unread) Close() error { close(u.closed); return nil }

func (u *unread) Read(p []byte) (int, error) {
	if u.goesOn == nil {
		<-u.closed
		return 0, net.ErrClosed
	}
	n := copy(p, u.begins)
	u.begins = u.begins[n:]
	for n < len(p) {
		m := copy(p[n:], u.goesOn)
		u.begins, n = u.goesOn[m:], n+m
	}
	u.read += n
	return n, nil
}

// TestLastWordsEnd: who takes nothing of what we write does not hold us, neither by silence nor
// by a message of 256 KiB.
func TestLastWordsEnd(t *testing.T) {
	piece := append([]byte{22, 3, 3, 0x40, 0}, make([]byte, 1<<14)...)
	first := append(append([]byte{22, 3, 3, 0x40, 0}, 2, 0x03, 0xff, 0x00), make([]byte, 1<<14-4)...) // of a ServerHello
	for name, u := range map[string]*unread{"silence": {}, "talk": {begins: first, goesOn: piece}} {
		synctest.Test(t, func(t *testing.T) {
			u.closed = make(chan struct{})
			end := tlstest.Client(t, u, tlstest.Verifying())
			if err := end.Handshake(); reason.Of(err) != reason.TruncatedStream || !errors.Is(err, syscall.EPIPE) {
				t.Errorf("%s: %v", name, err)
			}
			if u.read > 1<<17 {
				t.Errorf("%s: %d bytes were read of a peer that had refused", name, u.read)
			}
		})
	}
}

// TestWarningsAreKept: an alert of the level warning ends nothing, and may be all that a peer
// says before it hangs up.
func TestWarningsAreKept(t *testing.T) {
	const warning = "\x15\x03\x03\x00\x02\x01"
	for _, test := range []struct {
		said string
		want []iana.AlertDescription
	}{
		{"", nil},
		{warning + "\x70", []iana.AlertDescription{iana.UnrecognizedName}},
		{warning + "\x70" + warning + "\x5a", []iana.AlertDescription{iana.UnrecognizedName, iana.UserCanceled}},
	} {
		end := tlstest.Client(t, &breaking{writes: 1, Conn: sink{}, said: []byte(test.said)}, tlstest.Verifying())
		if err := end.Handshake(); reason.Of(err) != reason.TruncatedStream || !slices.Equal(end.Summary().Warnings, test.want) {
			t.Errorf("%x: %v, and of warnings %v", test.said, err, end.Summary().Warnings)
		}
	}
}

// sink takes what is written.
type sink struct{ net.Conn }

func (sink) Write(p []byte) (int, error) { return len(p), nil }

// Another error of the transport is the transport's, as it came: a deadline may be set anew.
func TestOtherTransportErrors(t *testing.T) {
	a, _ := tlstest.Pipe()
	c := tlstest.Client(t, a, tlstest.Verifying())
	a.Close()
	if err := c.Handshake(); err == nil || reason.Of(err) != reason.Internal || !isClosed(err) {
		t.Errorf("over a closed pipe: %v", err)
	}
}

func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "closed")
}
