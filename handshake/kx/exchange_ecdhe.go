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
		return nil, Params{}, reason.New(reason.NoCommonGroup, "RFC 8422 §5.1", "client_hello.extensions.supported_groups", reason.Say("a curve that both ends have"), nil)
	}
	o, err := g.Offer(in.Rand)
	if err != nil {
		return nil, Params{}, err
	}
	share, err := OwnShare(o, "server_key_exchange.params.point", maxPoint)
	if err != nil {
		return nil, Params{}, err
	}
	return placedOffer{o, "client_key_exchange.ecdh_Yc", badECDHShare}, Params{Group: g.ID(), Share: share}, nil
}

func (ecdhe) Answer(in ClientInput) (Answer, error) {
	for _, g := range in.Groups {
		if g.ID() == in.Params.Group && Serves(iana.KxECDHE, g) {
			a, err := g.Answer(in.Rand, in.Params.Share)
			if err != nil {
				return nil, badECDHShare("server_key_exchange.params.point", err)
			}
			_, err = OwnShare(a, "client_key_exchange.ecdh_Yc", maxPoint)
			return a, err
		}
	}
	return nil, reason.New(reason.NotOffered, "RFC 8422 §5.4", "server_key_exchange.params.named_curve", reason.Say("one of the groups offered"), in.Params.Group)
}

// maxPoint is what an ECPoint has room for, in bytes: point<1..2^8-1> (RFC 8422 §5.4).
const maxPoint = 255

// badECDHShare is BadShare in TLS 1.2, whose rules about points stand elsewhere than TLS 1.3's.
func badECDHShare(field string, err error) error {
	placed := BadShare(field, err)
	if e, ok := placed.(*reason.Error); ok && curveRule13(e.Ref) {
		at := *e                                      // a group may keep its errors
		if at.Ref = "RFC 8422 §5.11"; at.Err == nil { // no value that was looked at: the length
			at.Ref = "RFC 8422 §5.4"
		}
		return &at
	}
	return placed
}

// curveRule13 reports whether a rule is one of TLS 1.3's about points and what comes of them.
func curveRule13(ref string) bool { return ref == "RFC 9846 §4.3.8.2" || ref == "RFC 9846 §7.4.2" }

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
