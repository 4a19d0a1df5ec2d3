package handshake

import (
	"bytes"
	"crypto/sha256"
)

// What a client has shown of itself, and whether it would still show the same. A client that
// resumes goes on under its old identity. So it must not resume if it would now show another
// certificate, or would now show one and had shown none.

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

// noneShown stands behind the last certificate if none of them was taken. No certificate
// begins with this byte.
var noneShown = []byte{0}

// wouldShow reports whether the CertificateRequest that shown is from would have the same
// outcome today: the same certificates stand before the one that was taken. They are all
// that can be compared, for the request itself is gone.
func (c *client) wouldShow(shown []byte) bool {
	if len(shown) == 0 { // no certificate was requested
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
