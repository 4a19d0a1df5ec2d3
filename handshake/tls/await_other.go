//go:build !unix

package tls

// idle is what waiting needs.
type idle struct{}

// await waits for what the peer says next, and feeds it to the endpoint. It needs what fill
// needs.
func (c *Conn) await() (int, error) { return c.awaitAny() }
