package proxy

import (
	"bytes"
	"container/list"
	"crypto/x509"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"tlslab/handshake/event"
	"tlslab/handshake/observe"
)

// Recording is what was kept of a connection.
type Recording struct {
	Conn               int
	Host               string
	ToClient, ToServer LegRecording

	tls  atomic.Bool
	legs atomic.Pointer[legs]
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
// over as there is room for. The oldest go first.
type kept struct {
	limit int

	mu    sync.Mutex
	all   map[int]*Recording // by connection
	over  list.List          // of *Recording, the oldest first
	bytes int                // of those that are over
}

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
	size := recordingSize(r)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over.PushBack(r)
	k.bytes += size
	for k.bytes > k.limit && k.over.Len() > 1 {
		oldest := k.over.Remove(k.over.Front()).(*Recording)
		delete(k.all, oldest.Conn)
		k.bytes -= recordingSize(oldest)
	}
}

// recordingSize is how much memory a finished recording takes. It no longer changes.
func recordingSize(r *Recording) int { return 256 + r.ToClient.size() + r.ToServer.size() }

func (k *kept) find(conn int) *Recording {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[conn]
}

// Recording returns what was kept of a connection; nil if nothing was, or no longer is.
func (p *Proxy) Recording(conn int) *Recording { return p.kept.find(conn) }

// Parties of the explanation, by where they stand.
const (
	partyClient = "client"
	partyProxy  = "mitm"
	partyServer = "server"
)

// Explain tells listener of the handshakes that were kept, the server's leg first, since
// that one was completed first; each as a flow of a lesson, with what a listener and the proxy made
// of each record. The error is about the kept secrets.
func (r *Recording) Explain(listener event.Listener) error {
	for _, leg := range []struct {
		l           *LegRecording
		name        string
		conn        int
		left, right string
	}{{&r.ToServer, "proxy_to_server", 2, partyProxy, partyServer}, {&r.ToClient, "proxy_to_client", 1, partyClient, partyProxy}} {
		if leg.l.Empty() {
			continue
		}
		if leg.l == &r.ToClient && !leg.l.keyed() {
			leg.name = "proxy_no_keys"
		}
		listener.Event(&event.Flow{Name: leg.name, Parties: []string{leg.left, leg.right}, Host: r.Host})
		both := &arrivals{to: listener, server: leg.right}
		keys := leg.l.secrets()
		panel, err := observe.NewPanel(observe.Line{Conn: leg.conn, Client: leg.left, Server: leg.right}, observe.Options{Conn: leg.conn},
			observe.Onlooker{Party: partyProxy, Has: observe.Options{Conn: leg.conn, KeyLog: bytes.NewReader(keys)}})
		if err != nil {
			return err
		}
		if _, err := leg.l.observe(observe.Options{Listener: observe.Overhear(both, event.Client, panel), ShowSecrets: true, Party: leg.left, Conn: leg.conn}, keys); err != nil {
			return err
		}
	}
	return nil
}

// secrets are what the proxy's end of the leg has logged so far.
func (l *LegRecording) secrets() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.keys.Bytes())
}

// Observe plays the leg to an observer with o's listener and the leg's own secrets.
func (l *LegRecording) Observe(o observe.Options) (observe.Report, error) {
	return l.observe(o, l.secrets())
}

func (l *LegRecording) observe(o observe.Options, keys []byte) (observe.Report, error) {
	l.mu.Lock()
	b, segments := bytes.Clone(l.bytes), slices.Clone(l.segments)
	l.mu.Unlock()
	o.KeyLog = bytes.NewReader(keys)
	ob, err := observe.New(o)
	if err != nil {
		return observe.Report{}, err
	}
	from := 0
	for _, s := range segments {
		if s.toServer {
			ob.ClientBytes(b[from:s.end])
		} else {
			ob.ServerBytes(b[from:s.end])
		}
		from = s.end
	}
	return ob.Report(), nil
}

// keyLog is where the secrets of a leg go besides its recording: to the KeyLog of that
// leg's configuration.
func (p *Proxy) keyLog(side Side) io.Writer {
	if side == SideClient {
		return p.o.ToClient.KeyLog
	}
	return p.o.ToServer.KeyLog
}
