package tls

// How an idle connection waits for its peer's next record: without a buffer. Most connections
// of a busy server say nothing most of the time, and a buffer for a whole record would be four
// fifths of what each of them weighs.

// headerSize is all the room that an idle connection offers to its peer: a record
// header, and then a buffer is lent to it. During the handshake flights are read
// whole.
const headerSize = 5

// awaitHeader waits for the header of the next record, or for a part of it. It needs what fill
// needs. What is behind the header takes a second read of the socket, but any net.Conn can do it.
func (c *Conn) awaitHeader() (int, error) {
	c.mu.Unlock()
	n, err := c.conn.Read(c.idle.first[:])
	c.mu.Lock()
	c.e.Feed(c.idle.first[:n])
	return n, err
}
