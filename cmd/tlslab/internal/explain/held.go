package explain

import "tlslab/handshake/event"

// held keeps what is told of the connection that is shown, for two faces: a drawing is made of the whole; and in text the
// account of the connection stands in front of its transcript, and is known at its end. It keeps no more than so much: of
// a longer connection only the secrets, and a file can be read once more.
type held struct {
	events  []event.Event
	secrets []*event.Secret // the first of them
	bytes   int
	over    bool // it was too much
}

// maxHeld is how many bytes are kept; and maxSecrets how many secrets, of which a handshake has some twenty.
var maxHeld = 64 << 20

const maxSecrets = 1 << 10

// Event takes the next.
func (h *held) Event(e event.Event) {
	if s, ok := e.(*event.Secret); ok && len(h.secrets) < maxSecrets {
		h.secrets = append(h.secrets, s)
	}
	if h.bytes += weight(e); h.bytes > maxHeld {
		h.over, h.events = true, nil
	}
	if !h.over {
		h.events = append(h.events, e)
	}
}

// weight is about how many bytes an event keeps.
func weight(e event.Event) int {
	const each, field = 512, 160
	switch e := e.(type) {
	case *event.Record:
		return each + len(e.Wire) + len(e.Payload)
	case *event.Message:
		return each + 2*len(e.Raw) + field*len(e.Fields)
	case *event.Data:
		return each + len(e.Data)
	}
	return each
}
