package handshake

import (
	"bytes"
	"crypto/sha256"
)

// What a client has shown of itself, and whether it still would. Resuming, it goes on as
// whom it was; so it must not when it has become somebody else since, or somebody at all.

// noteShown remembers what became of a CertificateRequest, for the sessions that come of
// this connection.
func (c *client) noteShown() {
	c.summary.CertificateShown = c.certificate != nil
	h := sha256.New()
	for i := range c.cfg.Certificates {
		h.Write(c.cfg.Certificates[i].Chain[0])
		if &c.cfg.Certificates[i] == c.certificate {
			c.shown = h.Sum(nil)
			return
		}
	}
	h.Write(noneShown)
	c.shown = h.Sum(nil)
}

// noneShown stands behind the last certificate where none of them was taken. None begins
// like this.
var noneShown = []byte{0}

// wouldShow reports whether the CertificateRequest that shown is from would have the same
// outcome today: the same certificates stand before the one that was taken. They are all
// that can be compared, for the request itself is gone.
func (c *client) wouldShow(shown []byte) bool {
	if len(shown) == 0 { // nobody has asked
		return true
	}
	h := sha256.New()
	for i := range c.cfg.Certificates {
		h.Write(c.cfg.Certificates[i].Chain[0])
		if bytes.Equal(h.Sum(nil), shown) {
			return true
		}
	}
	h.Write(noneShown)
	return bytes.Equal(h.Sum(nil), shown)
}
