package tls

// How an idle connection waits for its peer's next record: a socket without a buffer, and any
// other transport with a small one. Most connections of a busy server say nothing most of the
// time, and a buffer for a whole record would be four fifths of what each of them weighs.

// headerSize is a record's header: what Endpoint.Need asks for while nothing of a record has come.
const headerSize = 5

// awaitAny waits for what the peer says next on any net.Conn, and feeds it to the endpoint. It
// needs what fill needs. A record that fits in the little room takes one read, as with a socket; a
// header alone would make it two. What does not fit is read behind it.
func (c *Conn) awaitAny() (int, error) {
	space := c.e.SmallSpace()
	c.mu.Unlock()
	n, err := c.conn.Read(space)
	c.mu.Lock()
	c.e.Fed(n)
	return n, err
}
