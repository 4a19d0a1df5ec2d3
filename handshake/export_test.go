package handshake

import "tlslab/handshake/message"

// Edit makes endpoints of this Config change every message before it is marshalled:
// their transcript has it as it goes out, so that signatures and Finished agree with it.
func (c *Config) Edit(f func(message.Message)) { c.edit = f }

// Awaits lists the kinds of message that an error would say are waited for.
func (e *Endpoint) Awaits() []message.Kind { return e.machine.awaits(e.version(), e.state) }

// HoldsInput reports whether an endpoint holds a buffer for what comes.
func (e *Endpoint) HoldsInput() bool { return e.ch.in != nil }
