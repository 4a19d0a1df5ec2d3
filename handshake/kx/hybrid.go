package kx

import (
	"io"
	"slices"

	"tlslab/handshake/iana"
)

// The hybrids of draft-ietf-tls-ecdhe-mlkem. In X25519MLKEM768 the ML-KEM part
// comes first, against its name; the draft gives history and FIPS as the reasons.
var (
	X25519MLKEM768     = ecdheMLKEM(iana.X25519MLKEM768, "X25519MLKEM768", MLKEM768, X25519)
	SecP256r1MLKEM768  = ecdheMLKEM(iana.SecP256r1MLKEM768, "SecP256r1MLKEM768", P256, MLKEM768)
	SecP384r1MLKEM1024 = ecdheMLKEM(iana.SecP384r1MLKEM1024, "SecP384r1MLKEM1024", P384, MLKEM1024)
)

// Hybrid makes one Group of two: shares and secrets are the first's followed by the
// second's, with no lengths between, since each part has a fixed one. The secret
// stays secret while either part's does, given that TLS 1.3 binds it to the
// transcript.
func Hybrid(id iana.Group, name string, first, second Described) Described {
	return &hybrid{id: id, name: name, first: first, second: second}
}

// ecdheMLKEM is Hybrid of two that the draft has put together.
func ecdheMLKEM(id iana.Group, name string, first, second Described) Described {
	return &hybrid{id: id, name: name, first: first, second: second,
		offerRule: "draft-ietf-tls-ecdhe-mlkem §4.1", answerRule: "draft-ietf-tls-ecdhe-mlkem §4.2"}
}

type hybrid struct {
	id            iana.Group
	name          string
	first, second Described

	offerRule, answerRule string // what the joined shares must be; "" where somebody else has joined them
}

func (h *hybrid) ID() iana.Group { return h.id }
func (h *hybrid) Name() string   { return h.name }
func (h *hybrid) Describe() Description {
	a, b := h.first.Describe(), h.second.Describe()
	return Description{
		Kind:  KindHybrid,
		Offer: a.Offer + b.Offer, Answer: a.Answer + b.Answer, Secret: a.Secret + b.Secret,
		QuantumSafe: a.QuantumSafe || b.QuantumSafe,
	}
}

func (h *hybrid) Offer(rand io.Reader) (Offer, error) {
	first, err := h.first.Offer(rand)
	if err != nil {
		return nil, err
	}
	second, err := h.second.Offer(rand)
	if err != nil {
		return nil, err
	}
	return &hybridOffer{group: h, first: first, second: second, share: slices.Concat(first.Share(), second.Share())}, nil
}

func (h *hybrid) Answer(rand io.Reader, offered []byte) (Answer, error) {
	if want := h.Describe().Offer; len(offered) != want {
		return nil, wrongLength(h.offerRule, want, len(offered))
	}
	cut := h.first.Describe().Offer
	first, err := h.first.Answer(rand, offered[:cut])
	if err != nil {
		return nil, err
	}
	second, err := h.second.Answer(rand, offered[cut:])
	if err != nil {
		return nil, err
	}
	return &hybridAnswer{
		group: h, first: first, second: second,
		share:  slices.Concat(first.Share(), second.Share()),
		secret: slices.Concat(first.Secret(), second.Secret()),
	}, nil
}

type hybridOffer struct {
	group         *hybrid
	first, second Offer
	share, secret []byte
}

func (o *hybridOffer) Share() []byte { return o.share }

func (o *hybridOffer) Finish(answer []byte) ([]byte, error) {
	if want := o.group.Describe().Answer; len(answer) != want {
		return nil, wrongLength(o.group.answerRule, want, len(answer))
	}
	cut := o.group.first.Describe().Answer
	first, err := o.first.Finish(answer[:cut])
	if err != nil {
		return nil, err
	}
	second, err := o.second.Finish(answer[cut:])
	if err != nil {
		return nil, err
	}
	o.secret = slices.Concat(first, second)
	return o.secret, nil
}

func (o *hybridOffer) Explain() []Value {
	return o.group.explain(o.first, o.second, o.share, o.secret)
}

type hybridAnswer struct {
	group         *hybrid
	first, second Answer
	share, secret []byte
}

func (a *hybridAnswer) Share() []byte  { return a.share }
func (a *hybridAnswer) Secret() []byte { return a.secret }
func (a *hybridAnswer) Explain() []Value {
	return a.group.explain(a.first, a.second, a.share, a.secret)
}

// explain tells each part's values under the part's name, "x25519: a", and then the
// two joined: "share", and "secret" once there is one.
func (h *hybrid) explain(first, second any, share, secret []byte) []Value {
	var out []Value
	for _, part := range []struct {
		name string
		of   any
	}{{h.first.Name(), first}, {h.second.Name(), second}} {
		if e, ok := part.of.(Explainer); ok {
			for _, v := range e.Explain() {
				v.Name = part.name + ": " + v.Name
				out = append(out, v)
			}
		}
	}
	out = append(out, Value{Name: "share", Bytes: share})
	if secret != nil {
		out = append(out, Value{Name: "secret", Bytes: secret, Private: true})
	}
	return out
}
