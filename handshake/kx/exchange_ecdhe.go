package kx

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// ECDHE is the signed ephemeral exchange over a named group (RFC 8422 §5.4, §5.7).
// The server picks the first of its input's groups that Serves; the client checks
// that the pick was offered.
var ECDHE Exchange = ecdhe{}

type ecdhe struct{}

func (ecdhe) Kx() iana.Kx                    { return iana.KxECDHE }
func (ecdhe) Ephemeral() bool                { return true }
func (ecdhe) PreMaster(secret []byte) []byte { return secret } // leading zeros stay (RFC 8422 §5.10)

func (ecdhe) Offer(in ServerInput) (Offer, Params, error) {
	g := first(iana.KxECDHE, in.Groups)
	if g == nil {
		return nil, Params{}, reason.New(reason.NoCommonGroup, "", "client_hello.extensions.supported_groups", "a curve that both ends have", nil)
	}
	o, err := g.Offer(in.Rand)
	if err != nil {
		return nil, Params{}, err
	}
	return placedOffer{o, "client_key_exchange.ecdh_Yc", BadShare}, Params{Group: g.ID(), Share: o.Share()}, nil
}

func (ecdhe) Answer(in ClientInput) (Answer, error) {
	for _, g := range in.Groups {
		if g.ID() == in.Params.Group && Serves(iana.KxECDHE, g) {
			a, err := g.Answer(in.Rand, in.Params.Share)
			if err != nil {
				return nil, BadShare("server_key_exchange.params.point", err)
			}
			return a, nil
		}
	}
	return nil, reason.New(reason.NotOffered, "", "server_key_exchange.params.named_curve", "one of the groups offered", in.Params.Group)
}

// placedOffer says which field a refused share came in.
type placedOffer struct {
	Offer
	field  string
	refuse func(field string, err error) error
}

func (o placedOffer) Finish(share []byte) ([]byte, error) {
	secret, err := o.Offer.Finish(share)
	if err != nil {
		return nil, o.refuse(o.field, err)
	}
	return secret, nil
}

// Explain passes the question on: embedding an interface hides what else is there.
func (o placedOffer) Explain() []Value {
	if e, ok := o.Offer.(Explainer); ok {
		return e.Explain()
	}
	return nil
}
