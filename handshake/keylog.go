package handshake

import (
	"fmt"
	"sync"
)

// logKey writes a line of the NSS key log (RFC 9850).
func (e *Endpoint) logKey(label string, clientRandom, secret []byte) error {
	if e.cfg.KeyLog == nil {
		return nil
	}
	keyLog.Lock()
	defer keyLog.Unlock()
	if _, err := fmt.Fprintf(e.cfg.KeyLog, "%s %x %x\n", label, clientRandom, secret); err != nil {
		return fmt.Errorf("writing the key log: %w", err)
	}
	return nil
}

// keyLog keeps lines whole: connections share a Config, and an io.Writer has no lock.
var keyLog sync.Mutex
