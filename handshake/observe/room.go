package observe

import (
	"sync"

	"tlslab/handshake/record"
)

// roomLen is as long as the longest record is (RFC 5246 §6.2.3).
const roomLen = record.HeaderLen + 1<<14 + 2048

// rooms are where long records are put together, and all are opened. They are used again and again, by all observers: else
// most of the memory that a recording asks for would be of records, and each is needed for a moment.
var rooms = sync.Pool{New: func() any { return new([roomLen]byte) }}

// room is an empty slice for n bytes, which nobody keeps behind leave.
func room(n int) []byte {
	if n > roomLen {
		return make([]byte, 0, n)
	}
	return rooms.Get().(*[roomLen]byte)[:0]
}

// leave gives a room back; of what is none it does nothing.
func leave(b []byte) {
	if cap(b) == roomLen {
		rooms.Put((*[roomLen]byte)(b[:roomLen]))
	}
}
