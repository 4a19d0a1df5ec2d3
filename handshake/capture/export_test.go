package capture

import (
	"net/netip"
	"time"
)

// OpenAt is Open with the initial sequence numbers given.
func (w *Writer) OpenAt(iface int, client, server netip.AddrPort, t time.Time, clientSeq, serverSeq uint32) (*Stream, error) {
	return w.open(iface, client, server, t, clientSeq, serverSeq)
}
