package mitm

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"strings"
	"time"

	"tlslab/handshake"
	"tlslab/pki/authority"
)

// Where there is no genuine certificate to copy.

// standIn is the subject of what ForNames issues: whoever looks at it shall see that it is not
// the server's, and copies nothing of the server's.
var standIn = pkix.Name{Organization: []string{"In place of a server that could not be reached or believed"}}

// standInValidity is how long such a certificate is good for: it is for one answer.
const standInValidity = 48 * time.Hour

// ForNames returns a certificate for these hosts, names or IP addresses, that copies nothing: for
// an answer in the place of a server that there is not. Its dates are today's. The same names get
// the same one, until half of its time is over.
func (f *Forger) ForNames(hosts ...string) (*handshake.Certificate, error) {
	req := authority.Request{}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			req.IPAddresses = append(req.IPAddresses, ip)
			continue
		}
		h = strings.TrimSuffix(h, ".")
		if !isHostName(h) {
			return nil, errNoHost
		}
		req.DNSNames = append(req.DNSNames, strings.ToLower(h))
	}
	if len(hosts) == 0 {
		return nil, errNoHost
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := sha256.Sum256([]byte("stands in for " + strings.Join(hosts, " ")))
	now := time.Now()
	if c, ok := f.forged.Get(id); ok && now.Before(c.Leaf.NotAfter.Add(-standInValidity/2)) {
		return c, nil
	}
	// Clients' clocks may be behind; a day is what the root allows for too.
	begins := now.Add(-24 * time.Hour).Truncate(time.Second)
	return f.issue(id, f.keys[0], req, authority.LeafOptions{NotBefore: begins, NotAfter: now.Add(standInValidity).Truncate(time.Second),
		Mutate: func(c *x509.Certificate) { c.Subject = standIn }})
}

var errNoHost = errors.New("that is no host's name")

// isHostName reports whether a certificate may name h: letters, digits, hyphens and underscores
// between dots, and no wildcard, for the name is the client's own wish.
func isHostName(h string) bool {
	if h == "" || len(h) > 253 {
		return false
	}
	for label := range strings.SplitSeq(h, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
