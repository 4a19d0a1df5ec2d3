package interop_test

import (
	"net"
	"testing"
	"time"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/session"
)

// Resumption in TLS 1.3 with crypto/tls, in this process: by ticket, each way. (In TLS 1.2
// see TestStdlibResumption.) crypto/tls speaks psk_dhe_ke alone, and early data over QUIC
// alone.

// connectTo is a socket to a peer's server, with a deadline.
func connectTo(t testing.TB, addr string) net.Conn {
	t.Helper()
	raw, err := net.DialTimeout("tcp", addr, tlstest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(tlstest.Patience))
	return raw
}

// keeper is a client's store that lets no ticket be used up, and takes no new ones once
// it is closed: each connection offers the same.
type keeper struct {
	session.Store
	closed bool
}

func (k *keeper) Put(key string, value []byte, expires time.Time) error {
	if k.closed {
		return nil
	}
	return k.Store.Put(key, value, expires)
}

func (k *keeper) Take(key string, now time.Time) ([]byte, error) { return k.Store.Get(key, now) }
