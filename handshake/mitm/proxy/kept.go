package proxy

import (
	"container/list"
	"crypto/x509"
	"io"
	"sync"
	"sync/atomic"
)

// Recording is what was kept of a connection.
type Recording struct {
	Conn               int
	Host               string
	ToClient, ToServer LegRecording

	tls   atomic.Bool
	legs  atomic.Pointer[legs]
	turns atomic.Int64 // counts the runs of bytes on both legs
}

// legs is what both handshakes came to, and the certificate that the client was shown.
type legs struct {
	toClient, toServer *Leg
	forged             *x509.Certificate
}

// Legs is what both handshakes came to, and the leaf that the client was shown; nil before
// a certificate was forged. toClient is nil if the client did not accept it.
func (r *Recording) Legs() (toClient, toServer *Leg, forged *x509.Certificate) {
	if l := r.legs.Load(); l != nil {
		return l.toClient, l.toServer, l.forged
	}
	return nil, nil, nil
}

// TLS reports whether the proxy has read a ClientHello: else the connection was in clear,
// or passed through untouched, and there is nothing to explain.
func (r *Recording) TLS() bool { return r.tls.Load() }

// kept are the recordings: those of connections under way, and as many of those that are
// over as there is room for. Where there is not enough, the oldest first lose what was said behind
// their handshakes, and then go.
type kept struct {
	limit int

	mu    sync.Mutex
	all   map[int]*Recording // by connection
	whole list.List          // of *Recording, that are over, the oldest first
	cut   list.List          // … of which the handshakes are left: all of them older
	bytes int                // of those that are over
}

// handshakeSize is how much of a leg its handshake takes, with a long chain.
const handshakeSize = 16 << 10

func (k *kept) begin(r *Recording) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[int]*Recording{}
	}
	k.all[r.Conn] = r
}

// finished moves a recording to those that are over, and makes room for it.
func (k *kept) finished(r *Recording) {
	r.ToClient.fit(r.ToClient.limit)
	r.ToServer.fit(r.ToServer.limit)
	size := recordingSize(r)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.whole.PushBack(r)
	k.bytes += size
	for k.bytes > k.limit && k.whole.Len()+k.cut.Len() > 1 {
		if k.whole.Len() > 1 { // what is newest stays as it is
			oldest := k.whole.Remove(k.whole.Front()).(*Recording)
			k.bytes -= recordingSize(oldest)
			oldest.ToClient.fit(handshakeSize)
			oldest.ToServer.fit(handshakeSize)
			k.bytes += recordingSize(oldest)
			k.cut.PushBack(oldest)
			continue
		}
		oldest := k.cut.Remove(k.cut.Front()).(*Recording)
		delete(k.all, oldest.Conn)
		k.bytes -= recordingSize(oldest)
	}
}

// recordingSize is how much memory a finished recording takes. It changes where it is cut, and nowhere else.
func recordingSize(r *Recording) int { return 256 + r.ToClient.size() + r.ToServer.size() }

func (k *kept) find(conn int) *Recording {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[conn]
}

// Recording returns what was kept of a connection; nil if nothing was, or no longer is.
func (p *Proxy) Recording(conn int) *Recording { return p.kept.find(conn) }

// keyLog is where the secrets of a leg go besides its recording: to the KeyLog of that
// leg's configuration.
func (p *Proxy) keyLog(side Side) io.Writer {
	if side == SideClient {
		return p.o.ToClient.KeyLog
	}
	return p.o.ToServer.KeyLog
}
