package kx

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"tlslab/handshake/iana"
)

// A Diffie–Hellman group, on a curve or in a field, is the same for both ends:
// a private number, its public image, and the image of both. dhGroup is that once;
// what differs is how a private key is made, and its arithmetic.
type dhGroup struct {
	id       iana.Group
	name     string
	about    Description
	generate func(rand io.Reader) (dhKey, error)
	offerer  dhNames
	answerer dhNames
	public   func() []Value // what all the world knows, for Explain: p and g; nil of a curve
}

// dhKey is a private key and its arithmetic.
type dhKey interface {
	private() []byte
	public() []byte
	// agree checks the peer's share, its length included, and returns the secret.
	agree(peer []byte) ([]byte, error)
}

// dhNames are the textbook's names, as seen from one end.
type dhNames struct{ private, share, peer, secret string }

var (
	curveOfferer  = dhNames{"a", "A = aG", "B", "abG"}
	curveAnswerer = dhNames{"b", "B = bG", "A", "abG"}
	fieldOfferer  = dhNames{"a", "A = g^a mod p", "B", "g^ab mod p"}
	fieldAnswerer = dhNames{"b", "B = g^b mod p", "A", "g^ab mod p"}
)

// ServerFirst gives values that an Offer or an Answer explains the names that they have
// where the client makes the offer, as in TLS 1.3: a and A stay the server's, b and B the
// client's, in both versions. Values of other names keep them. The slice is a new one.
func ServerFirst(values []Value) []Value {
	out := slices.Clone(values)
	for i, v := range out {
		part, name, hybrid := strings.Cut(v.Name, ": ") // "x25519: a"
		if !hybrid {
			part, name = "", v.Name
		} else {
			part += ": "
		}
		out[i].Name = part + otherEnd(name)
	}
	return out
}

// otherEnd is what the other end calls the value that this one calls a, and so on; name itself for a value
// that both call the same.
func otherEnd(name string) string {
	for _, ends := range [...][2]dhNames{{curveOfferer, curveAnswerer}, {fieldOfferer, fieldAnswerer}} {
		for i, n := range ends {
			switch other := ends[1-i]; name {
			case n.private:
				return other.private
			case n.share:
				return other.share
			case n.peer:
				return other.peer
			}
		}
	}
	return name
}

func (g *dhGroup) ID() iana.Group        { return g.id }
func (g *dhGroup) Name() string          { return g.name }
func (g *dhGroup) Describe() Description { return g.about }

// rule is where TLS 1.3 says what a share of this kind is.
func (g *dhGroup) rule() string {
	if g.about.Kind == KindFFDH {
		return "RFC 9846 §4.3.8.1"
	}
	return "RFC 9846 §4.3.8.2"
}

func (g *dhGroup) Offer(rand io.Reader) (Offer, error) {
	key, err := g.generate(rand)
	if err != nil {
		return nil, err
	}
	return &dhEnd{group: g, names: &g.offerer, key: key, share: key.public()}, nil
}

func (g *dhGroup) Answer(rand io.Reader, offered []byte) (Answer, error) {
	if len(offered) != g.about.Offer { // before any work is done for it
		return nil, wrongLength(g.rule(), g.about.Offer, len(offered))
	}
	key, err := g.generate(rand)
	if err != nil {
		return nil, err
	}
	end := &dhEnd{group: g, names: &g.answerer, key: key, share: key.public()}
	if _, err := end.Finish(offered); err != nil {
		return nil, err
	}
	return end, nil
}

// dhEnd is one end: an Offer until Finish, and an Answer after it.
type dhEnd struct {
	group        *dhGroup
	names        *dhNames
	key          dhKey
	share        []byte
	peer, secret []byte
}

func (e *dhEnd) Share() []byte  { return e.share }
func (e *dhEnd) Secret() []byte { return e.secret }

func (e *dhEnd) Finish(peer []byte) ([]byte, error) {
	secret, err := e.key.agree(peer)
	if err != nil {
		return nil, err
	}
	e.peer, e.secret = bytes.Clone(peer), secret
	return secret, nil
}

// Explain returns (p, g,) a, A and, once the peer's share is known, B and the
// secret. A private key on a curve is in the form `openssl pkeyutl -derive` can be
// given; the secret on a NIST curve is the x coordinate of abG, as RFC 8422 §5.10
// and RFC 9846 §7.4.2 have it.
func (e *dhEnd) Explain() []Value {
	var v []Value
	if e.group.public != nil {
		for _, known := range e.group.public() { // a copy, so that no caller can change the group's own bytes
			known.Bytes = bytes.Clone(known.Bytes)
			v = append(v, known)
		}
	}
	v = append(v,
		Value{Name: e.names.private, Bytes: e.key.private(), Private: true},
		Value{Name: e.names.share, Bytes: e.share})
	if e.secret != nil {
		v = append(v,
			Value{Name: e.names.peer, Bytes: e.peer},
			Value{Name: e.names.secret, Bytes: e.secret, Private: true})
	}
	return v
}
