package tls

import "sync"

// How an idle connection waits for its peer's next record: a socket without a buffer, and any
// other transport with a small one. Most connections of a busy server say nothing most of the
// time, and a buffer for a whole record would be four fifths of what each of them weighs.

// headerSize is a record's header: what Endpoint.Need asks for while nothing of a record has come.
const headerSize = 5

// smallSize is what is lent to whoever waits on a transport that cannot say when there is
// something to read. A record that fits in it takes one read, as with a socket; a header alone
// would make it two. What does not fit is read behind it, straight into the endpoint.
const smallSize = 2 << 10

var smallBuffers = sync.Pool{New: func() any { return new([smallSize]byte) }}

// awaitAny waits for what the peer says next on any net.Conn, and feeds it to the endpoint. It
// needs what fill needs.
func (c *Conn) awaitAny() (int, error) {
	b := smallBuffers.Get().(*[smallSize]byte)
	c.mu.Unlock()
	n, err := c.conn.Read(b[:])
	c.mu.Lock()
	c.e.Feed(b[:n])
	smallBuffers.Put(b)
	return n, err
}
