package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/record"
)

// channel is what lies between an endpoint and the wire: bytes in and out, the records that
// protect them, and the pieces of handshake messages on either side of a record's border.
type channel struct {
	in    []byte // from the peer; in[r:] is unread
	r     int
	out   []byte // to the peer
	spare []byte // what Output handed out last
	rd    record.Reader
	wr    record.Writer
	keys  [2]event.Keys // that protect each event.Direction

	hs      []byte // handshake bytes that are not yet a whole message
	hsStore []byte // what hs is a part of
	app     []byte // opened application data, not yet read; may alias in
	flight  []byte // of TLS 1.3: messages that share the next record

	eof, closeSent, closeReceived bool
	broken                        error // why eof, if the transport did not end but broke
}
