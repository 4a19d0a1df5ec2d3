package observe

import (
	"sync"

	"tlslab/handshake/record"
)

// roomLen is as long as the longest record is (RFC 5246 §6.2.3); most are shorter than a fourth of it.
const (
	roomLen  = record.HeaderLen + 1<<14 + 2048
	shortLen = roomLen / 4
)

// rooms are where records are put together that come in pieces, and where all are opened. They are used again and
// again, by all observers: each is needed for a moment, and else most of the memory that a recording asks for would go
// there.
var (
	rooms      = sync.Pool{New: func() any { return new([roomLen]byte) }}
	shortRooms = sync.Pool{New: func() any { return new([shortLen]byte) }}
)

// room is an empty slice for n bytes, which nobody keeps behind leave.
func room(n int) []byte {
	switch {
	case n > roomLen:
		return make([]byte, 0, n)
	case n > shortLen:
		return rooms.Get().(*[roomLen]byte)[:0]
	}
	return shortRooms.Get().(*[shortLen]byte)[:0]
}

// leave gives a room back; of what is none it does nothing.
func leave(b []byte) {
	switch cap(b) {
	case roomLen:
		rooms.Put((*[roomLen]byte)(b[:roomLen]))
	case shortLen:
		shortRooms.Put((*[shortLen]byte)(b[:shortLen]))
	}
}
