package page

import (
	"strconv"
	"strings"

	"tlslab/handshake/event"
)

// address is where something stands on the page: what follows # in a link. It is made of what
// happened (connection, message, path of the field), never of an event's number, which moves with
// each release. A second of its kind has "~2" behind it.
type address string

// addressOf joins parts with points. A character that an address cannot hold becomes "-"; so
// does all that a peer could put into one.
func addressOf(parts ...string) address {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		for _, r := range p {
			switch {
			case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._~+*/", r):
				b.WriteRune(r)
			default:
				b.WriteByte('-')
			}
		}
	}
	return address(b.String())
}

// at is the address of a part of what is at a.
func (a address) at(parts ...string) address {
	return addressOf(append([]string{string(a)}, parts...)...)
}

// connection is the first part of an address: "c1". What is on no connection has none of its
// own, and is at "c0".
func connection(h *event.Meta) string { return "c" + strconv.Itoa(h.Conn) }

// ordinals hands out addresses: the first of its kind as it is, the second with "~2".
type ordinals map[address]int

func (o ordinals) take(a address) address {
	o[a]++
	if n := o[a]; n > 1 {
		return a + address("~"+strconv.Itoa(n))
	}
	return a
}
