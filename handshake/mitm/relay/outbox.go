package relay

import "bytes"

func indexLF(b []byte) int { return bytes.IndexByte(b, '\n') }

// outbox gathers what is to be sent. A run of the input goes out as it lies in the input,
// without being copied: most of what a relay does is that.
type outbox struct {
	lent []byte // a part of the input that is being worked on
	own  []byte // if not empty, instead of lent
	lend bool   // the input may be lent
	shut bool   // nobody takes it
}

// pass adds a part of the input.
func (o *outbox) pass(p []byte) {
	switch {
	case o.shut || len(p) == 0:
	case !o.lend || len(o.own) > 0:
		o.add(p)
	case len(o.lent) == 0:
		o.lent = p
	case cap(o.lent) > len(o.lent) && &o.lent[:len(o.lent)+1][len(o.lent)] == &p[0]: // it lies right behind
		o.lent = o.lent[:len(o.lent)+len(p)]
	default:
		o.add(p)
	}
}

// add adds what was made for it.
func (o *outbox) add(p []byte) {
	if o.shut {
		return
	}
	if len(o.lent) > 0 {
		o.own, o.lent = append(o.own, o.lent...), nil
	}
	o.own = append(o.own, p...)
}

func (o *outbox) take() []byte {
	b := o.own
	if len(b) == 0 {
		b = o.lent
	}
	o.own, o.lent = nil, nil
	return b
}
