package kxtest

import (
	"io"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// overParams is an ephemeral exchange as a group: one whose every offer has the same parameters, but
// for its share.
type overParams struct {
	x      kx.Exchange
	groups []kx.Group
	params kx.Params
	rand   io.Reader
}

// ID returns a number that no hello of these checks carries.
func (p overParams) ID() iana.Group { return iana.GroupPrivate }

// Name returns the word of the exchange.
func (p overParams) Name() string { return p.x.Kx().String() }

func (p overParams) server() kx.ServerInput {
	rand := p.rand
	if rand == nil {
		rand = seeded(0)
	}
	return kx.ServerInput{Rand: rand, Groups: p.groups, ClientVersion: clientVersion}
}

// Offer is the server's move.
func (p overParams) Offer(rand io.Reader) (kx.Offer, error) {
	p.rand = rand
	o, params, err := p.x.Offer(p.server())
	if err != nil || isNil(o) {
		return o, err
	}
	if e, ok := o.(kx.Explainer); ok {
		return explainedOffer{sharedOffer{o, params.Share}, e}, nil
	}
	return sharedOffer{o, params.Share}, nil
}

// Answer is the client's.
func (p overParams) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	params := p.params
	params.Share = offered
	return p.x.Answer(kx.ClientInput{Rand: rand, Groups: p.groups, Params: params, ClientVersion: clientVersion})
}

// sharedOffer is an offer whose share is what ServerKeyExchange carries.
type sharedOffer struct {
	kx.Offer
	share []byte
}

func (o sharedOffer) Share() []byte { return o.share }

// explainedOffer is one that explains itself.
type explainedOffer struct {
	sharedOffer
	kx.Explainer
}
