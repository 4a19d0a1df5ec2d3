package handshake

import "tlslab/handshake/message"

// Edit makes endpoints of this Config change every message before it is marshalled:
// their transcript has it as it goes out, so that signatures and Finished agree with it.
func (c *Config) Edit(f func(message.Message)) { c.edit = f }
