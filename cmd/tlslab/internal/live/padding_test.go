package live

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

// watched is a server's transport that knows how much of the transcript is there.
type watched struct {
	net.Conn
	transcript *transcript

	mu       sync.Mutex
	atRead   int // bytes when bytes of the peer were waited for last
	rendered []int
}

func (w *watched) size() int {
	w.transcript.mu.Lock()
	defer w.transcript.mu.Unlock()
	return w.transcript.held.Len()
}

func (w *watched) Read(p []byte) (int, error) {
	w.mu.Lock()
	w.atRead = w.size()
	w.mu.Unlock()
	return w.Conn.Read(p)
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.rendered = append(w.rendered, w.size()-w.atRead)
	w.mu.Unlock()
	return w.Conn.Write(p)
}

func (w *watched) CloseWrite() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rendered = append(w.rendered, w.size()-w.atRead)
	return nil // a pipe has no halves
}

// TestNothingIsRenderedBeforeTheAlert counts the bytes of text that a server makes between
// what it reads and what it writes, whatever the padding is.
func TestNothingIsRenderedBeforeTheAlert(t *testing.T) {
	lesson, err := pki.NewLesson(pki.LessonOptions{Name: "localhost", KeyAlg: "rsa"})
	if err != nil {
		t.Fatal(err)
	}
	for _, padded := range []bool{false, true} {
		s := new(serverFlags)
		s.Lang, s.Format, s.handshakeTimeout = "en", "text", clitest.Patience
		var shown bytes.Buffer
		out := &cli.Output{Writer: &shown, Options: render.TerminalOptions{Lang: "en", Width: 80}}
		h := &host{flags: s, cfg: &handshake.Config{ShowSecrets: true, Certificates: []handshake.Certificate{{Chain: lesson.Chain, Key: lesson.Key}}},
			log: io.Discard, out: out, stdout: io.Discard, conns: map[*liveConn]bool{}}
		h.arrived = sync.NewCond(&h.mu)
		near, far := net.Pipe()
		w := &watched{Conn: far}
		live, err := h.admit(w)
		if err != nil {
			t.Fatal(err)
		}
		w.transcript = live.transcript
		h.handlers.Go(func() { h.converse(live) })
		c, err := tls.Client(near, clitest.Guessing(t, padded))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Handshake(); reason.Of(err) != reason.PeerAlert {
			t.Fatal(err)
		}
		c.Close()
		h.handlers.Wait()
		if !slices.Equal(w.rendered, []int{0, 0, 0}) {
			t.Errorf("padded %v: before the flight, the alert and the end of the stream %d bytes are rendered", padded, w.rendered)
		}
		if !bytes.Contains(shown.Bytes(), []byte("premaster")) || !bytes.Contains(shown.Bytes(), []byte("bad_record_mac")) {
			t.Errorf("padded %v: the transcript tells nothing of it:\n%s", padded, &shown)
		}
	}
}
