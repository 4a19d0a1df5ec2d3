package main

import (
	"bytes"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"
	"math/big"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// Transport is RSA key transport (RFC 5246 §7.4.7.1) as a textbook has it, with math/big: the time
// that its powers take tells the key to whoever measures it. kx.RSA's do not.
type Transport struct{}

// In TLS 1.2 a key exchange is named by the cipher suite, TLS_RSA_WITH_AES_128_GCM_SHA256 say.
func (Transport) Kx() iana.Kx                    { return iana.KxRSA }
func (Transport) Ephemeral() bool                { return false } // the offer is the certificate's key
func (Transport) PreMaster(secret []byte) []byte { return secret }

const premasterLen = 48

// Answer is the client's move: it draws the premaster secret and sends it locked.
func (Transport) Answer(in kx.ClientInput) (kx.Answer, error) {
	key, ok := in.PublicKey.(*rsa.PublicKey)
	if !ok || key == nil || key.Size() < premasterLen+11 {
		return nil, errors.New("the certificate has no RSA key with room for a premaster secret")
	}
	a := &answer{key: key, block: make([]byte, key.Size())}
	if _, err := io.ReadFull(in.Rand, a.block); err != nil {
		return nil, err
	}
	// 00 02, padding without a zero, 00, and the premaster secret (RFC 8017 §7.2.1).
	padding, secret := a.block[2:len(a.block)-premasterLen-1], a.block[len(a.block)-premasterLen:]
	for i := range padding {
		for padding[i] == 0 {
			if _, err := io.ReadFull(in.Rand, padding[i:i+1]); err != nil {
				return nil, err
			}
		}
	}
	a.block[0], a.block[1], a.block[2+len(padding)] = 0, 2, 0
	binary.BigEndian.PutUint16(secret, uint16(in.ClientVersion))
	a.secret = bytes.Clone(secret)
	a.ciphertext = power(a.block, big.NewInt(int64(key.E)), key.N)
	return a, nil
}

type answer struct {
	key                       *rsa.PublicKey
	block, secret, ciphertext []byte
}

func (a *answer) Share() []byte  { return a.ciphertext }
func (a *answer) Secret() []byte { return a.secret }

// Explain is optional: with it the transcript shows the numbers.
func (a *answer) Explain() []kx.Value {
	return []kx.Value{{Name: "n", Bytes: a.key.N.Bytes()}, {Name: "e", Bytes: big.NewInt(int64(a.key.E)).Bytes()},
		{Name: "m = 00 02 padding 00 premaster", Bytes: a.block, Private: true}, {Name: "m^e mod n", Bytes: a.ciphertext}}
}

// Offer is the server's move, in which nothing is sent. What Finish takes in place of a bad
// ciphertext is drawn now, when nobody knows yet whether it will be needed.
func (Transport) Offer(in kx.ServerInput) (kx.Offer, kx.Params, error) {
	key, ok := in.Key.(*rsa.PrivateKey)
	if !ok || key == nil {
		return nil, kx.Params{}, errors.New("the server has no RSA key")
	}
	o := &offer{key: key, version: in.ClientVersion, standIn: make([]byte, premasterLen)}
	_, err := io.ReadFull(in.Rand, o.standIn)
	return o, kx.Params{}, err
}

type offer struct {
	key     *rsa.PrivateKey
	version iana.Version
	standIn []byte

	ciphertext, secret []byte
}

func (o *offer) Share() []byte { return nil } // it went out inside the certificate

// Finish opens the ciphertext. Whatever is in it, there is a secret, and no error: with a bad one the
// handshake fails at Finished, as it does for a client that guessed. Whoever can tell a bad padding
// from a good one needs a million questions to decrypt what somebody else has sent (Bleichenbacher,
// 1998). So no branch below depends on what was decrypted.
func (o *offer) Finish(ciphertext []byte) ([]byte, error) {
	o.ciphertext = bytes.Clone(ciphertext)
	size := o.key.Size()
	good := subtle.ConstantTimeEq(int32(len(ciphertext)), int32(size))
	block := power(ciphertext, o.key.D, o.key.N)
	good &= subtle.ConstantTimeByteEq(block[0], 0) & subtle.ConstantTimeByteEq(block[1], 2)
	padding, secret := block[2:size-premasterLen-1], block[size-premasterLen:]
	for _, b := range padding { // one that ends early leaves more than 48 bytes, or fewer than 8 of padding
		good &= 1 ^ subtle.ConstantTimeByteEq(b, 0)
	}
	good &= subtle.ConstantTimeByteEq(block[2+len(padding)], 0)
	o.secret = bytes.Clone(o.standIn)
	subtle.ConstantTimeCopy(good, o.secret, secret)
	// The version is written, and not compared: a client that encrypted another one, because
	// somebody changed its ClientHello, has computed with another secret.
	binary.BigEndian.PutUint16(o.secret, uint16(o.version))
	return o.secret, nil
}

// Explain shows the private key's side of it.
func (o *offer) Explain() []kx.Value {
	v := []kx.Value{{Name: "n", Bytes: o.key.N.Bytes()}, {Name: "d", Bytes: o.key.D.Bytes(), Private: true}}
	if o.secret != nil {
		v = append(v, kx.Value{Name: "c", Bytes: o.ciphertext}, kx.Value{Name: "premaster", Bytes: o.secret, Private: true})
	}
	return v
}

// power is b^e mod n, in as many bytes as n has.
func power(b []byte, e, n *big.Int) []byte {
	x := new(big.Int).SetBytes(b)
	return x.Exp(x, e, n).FillBytes(make([]byte, (n.BitLen()+7)/8))
}
