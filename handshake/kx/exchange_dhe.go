package kx

import (
	"bytes"
	"fmt"
	"math"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// DHE is the signed ephemeral exchange in a finite field (RFC 5246 §7.4.3,
// RFC 7919). The server picks the first of its input's groups that Serves and sends
// p and g; if the client named no finite field, which groups those are is for the
// caller to say.
//
// The client takes p and g by value: a group it offered, or a safe prime that the
// world knows (RFC 7919 and RFC 3526 of 2048, 3072 and 4096 bits). It never tests
// whether an arbitrary p is prime, and refuses all others with reason.WeakKey: the
// insufficient_security of RFC 7919 §3.
var DHE Exchange = dhe{}

type dhe struct{}

func (dhe) Kx() iana.Kx     { return iana.KxDHE }
func (dhe) Ephemeral() bool { return true }

// PreMaster strips the leading zeros of Z (RFC 5246 §8.1.2): if an implementation
// forgets it, one handshake in 256 fails. The length then depends on the secret, and
// the Raccoon attack measures that; TLS 1.3 pads.
func (dhe) PreMaster(secret []byte) []byte { return bytes.TrimLeft(secret, "\x00") }

func (dhe) Offer(in ServerInput) (Offer, Params, error) {
	f, ok := first(iana.KxDHE, in.Groups).(Field)
	if !ok {
		return nil, Params{}, reason.New(reason.NoCommonGroup, "RFC 7919 §4", "client_hello.extensions.supported_groups", reason.Say("a finite field"), nil)
	}
	o, err := f.Offer(in.Rand)
	if err != nil {
		return nil, Params{}, err
	}
	share, err := OwnShare(o, serverShare, math.MaxUint16) // dh_Ys<1..2^16-1>
	if err != nil {
		return nil, Params{}, err
	}
	params := Params{Share: share}
	params.P, params.G = f.Params()
	return paddedOffer{placedOffer{o, "client_key_exchange.dh_Yc", badDHShare}, len(params.P)}, params, nil
}

func (dhe) Answer(in ClientInput) (Answer, error) {
	f, err := knownField(in)
	if err != nil {
		return nil, err
	}
	a, err := f.Answer(in.Rand, resize(in.Params.Share, f.Describe().Offer))
	if err != nil {
		return nil, badDHShare(serverShare, err)
	}
	_, err = OwnShare(a, "client_key_exchange.dh_Yc", math.MaxUint16)
	return a, err
}

// badDHShare is BadShare with the alert of its own that RFC 7919 §3 and §4 want.
func badDHShare(field string, err error) error {
	placed := BadShare(field, err)
	if e, ok := placed.(*reason.Error); ok && e.Reason == reason.BadShare {
		e.Reason = reason.BadDHShare
		if e.Ref != "" { // a field of our making: what TLS 1.2 says of the share's sender
			e.Ref = dhShareRule(field)
		}
	}
	return placed
}

// dhShareRule is where TLS 1.2 bounds the server's share, or the client's.
func dhShareRule(field string) string {
	if field == serverShare {
		return "RFC 7919 §3"
	}
	return "RFC 7919 §4"
}

// serverShare is the field of the server's share.
const serverShare = "server_key_exchange.params.dh_Ys"

// knownField finds the Field behind the server's p and g.
func knownField(in ClientInput) (Field, error) {
	known := []Field{FFDHE2048, FFDHE3072, FFDHE4096, modp2048, modp3072, modp4096}
	for _, g := range in.Groups {
		if Serves(iana.KxDHE, g) {
			known = append(known, g.(Field))
		}
	}
	p, g := natural(in.Params.P), natural(in.Params.G)
	err := reason.New(reason.WeakKey, "RFC 7919 §3", "server_key_exchange.params.dh_p", reason.Say("a prime of RFC 7919 or RFC 3526"), reason.Say("an unknown number of %d bytes", len(p)))
	for _, f := range known {
		fp, fg := f.Params()
		if !bytes.Equal(p, natural(fp)) {
			continue
		}
		if bytes.Equal(g, natural(fg)) {
			return f, nil
		}
		err = reason.New(reason.WeakKey, "RFC 7919 §3", "server_key_exchange.params.dh_g", reason.Say("%x, which goes with this prime", fg), fmt.Sprintf("%x", g))
	}
	return nil, err
}

// paddedOffer takes a TLS 1.2 share, a number of any length, for a Group that wants
// the length of p.
type paddedOffer struct {
	placedOffer
	size int
}

func (o paddedOffer) Finish(share []byte) ([]byte, error) {
	return o.placedOffer.Finish(resize(share, o.size))
}

// resize writes a big-endian number in n bytes. One that needs more is left
// for the Group to refuse, and so is an empty one.
func resize(b []byte, n int) []byte {
	if len(b) == 0 || len(b) == n {
		return b
	}
	return leftPad(natural(b), n)
}
