package observe_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"tlslab/handshake/observe"
)

// A ticket may have 64 KB, and what is remembered of a session is its secret.
func TestSessionsAreSmall(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	s := new(observe.Sessions)
	before := heap()
	for i := range 500 {
		s.Add(observe.Master{Ticket: binary.BigEndian.AppendUint64(bytes.Repeat([]byte{7}, 60_000), uint64(i))})
	}
	if live := heap() - before; live > 1<<20 {
		t.Errorf("500 sessions take %d KiB", live>>10)
	}
	runtime.KeepAlive(s)
}
