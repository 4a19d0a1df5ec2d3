package kx

import (
	"bytes"
	"crypto/rsa"
	"encoding/binary"
	"io"
	"math/big"

	"filippo.io/bigmod"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// RSA is key transport under the certificate's key (RFC 5246 §7.4.7.1): the
// server's offer is that key, the client's answer the premaster secret encrypted
// with PKCS#1 v1.5. Whoever gets the key later reads every recording.
//
// The offer's Finish never fails (but under RevealPadding), and takes no branch on what it decrypted: if the
// padding is bad, the secret is random and the handshake ends at Finished, as it
// does for a client that encrypted nonsense correctly. Keys below 1024 bits are
// refused with reason.WeakKey.
var RSA Exchange = rsaTransport{}

type rsaTransport struct{}

const (
	preMasterLen = 48
	minRSABits   = 1024 // crypto/rsa works with nothing smaller
	maxRSABits   = 8192 // so that no peer can make us compute for seconds

	encryptedField = "client_key_exchange.encrypted_pre_master_secret"
)

func (rsaTransport) Kx() iana.Kx                    { return iana.KxRSA }
func (rsaTransport) Ephemeral() bool                { return false }
func (rsaTransport) PreMaster(secret []byte) []byte { return secret }

func (rsaTransport) Offer(in ServerInput) (Offer, Params, error) {
	key, ok := in.Key.(*rsa.PrivateKey)
	if !ok || key == nil {
		return nil, Params{}, reason.Mistake("", reason.Say("an *rsa.PrivateKey for RSA key exchange"), typeName(in.Key))
	}
	if err := strong(&key.PublicKey); err != nil {
		return nil, Params{}, err
	}
	o := &rsaOffer{key: key, version: in.ClientVersion, reveal: in.RevealPadding}
	// Drawn before there is anything to decrypt, so that neither time nor a failing
	// random source tells whether it was needed.
	if err := fill(in.Rand, o.random[:]); err != nil {
		return nil, Params{}, err
	}
	return o, Params{}, nil
}

// rsaOffer is good for one handshake: a second bad ciphertext would get the same
// random secret.
type rsaOffer struct {
	key            *rsa.PrivateKey
	version        iana.Version
	reveal         bool
	random         [preMasterLen - 2]byte
	answer, secret []byte
}

// Share is empty: the offer went out inside the certificate.
func (o *rsaOffer) Share() []byte { return nil }

// Finish follows the construction that RFC 5246 §7.4.7.1 recommends: the version
// is never compared, it is written. A client that encrypted another version has
// computed with another premaster secret than we do.
func (o *rsaOffer) Finish(answer []byte) ([]byte, error) {
	secret := make([]byte, preMasterLen)
	if o.reveal {
		plain, err := o.open(answer)
		if err != nil {
			return nil, err
		}
		copy(secret, plain)
	} else {
		copy(secret[2:], o.random[:])
		// A ciphertext is as long as the modulus (RFC 8017 §7.2.2); crypto/rsa would take a
		// shorter one whose leading zeros were left out. How long it is, everybody sees.
		if len(answer) == o.key.Size() {
			// Overwrites secret if, and only if, the padding is right and 48 bytes lie
			// behind it, in constant time. Its error tells what the wire tells as well: a
			// ciphertext not below the modulus.
			//lint:ignore SA1019 RSA key transport is what this file is about; TLS 1.3 dropped it
			_ = rsa.DecryptPKCS1v15SessionKey(nil, o.key, answer, secret)
		}
		binary.BigEndian.PutUint16(secret, uint16(o.version))
	}
	o.answer, o.secret = bytes.Clone(answer), secret
	return secret, nil
}

// open is the lesson: the server that Bleichenbacher asked a million times.
func (o *rsaOffer) open(answer []byte) ([]byte, error) {
	//lint:ignore SA1019 this is the mistake, made on purpose
	plain, err := rsa.DecryptPKCS1v15(nil, o.key, answer)
	if err != nil {
		return nil, reason.Wrap(reason.BadShare, "RFC 5246 §7.4.7.1", encryptedField, reason.Because("the PKCS#1 v1.5 padding is wrong"))
	}
	if len(plain) != preMasterLen {
		return nil, reason.New(reason.BadShare, "RFC 5246 §7.4.7.1", encryptedField, reason.Say("a premaster secret of 48 bytes"), len(plain))
	}
	if v := iana.Version(binary.BigEndian.Uint16(plain)); v != o.version {
		return nil, reason.New(reason.BadShare, "RFC 5246 §7.4.7.1", encryptedField, o.version, v)
	}
	return plain, nil
}

// Explain returns n, e, d and, after Finish, the ciphertext and the premaster secret.
func (o *rsaOffer) Explain() []Value {
	v := append(publicValues(&o.key.PublicKey), Value{Name: "d", Bytes: o.key.D.Bytes(), Private: true})
	if o.secret != nil {
		v = append(v,
			Value{Name: "RSA(premaster)", Bytes: o.answer},
			Value{Name: "premaster", Bytes: o.secret, Private: true})
	}
	return v
}

func (rsaTransport) Answer(in ClientInput) (Answer, error) {
	key, ok := in.PublicKey.(*rsa.PublicKey)
	if !ok || key == nil {
		return nil, reason.New(reason.CertificateWrongKey, "RFC 5246 §7.4.2", "certificate.certificate_list", reason.Say("an RSA key, as the suite says"), reason.Say("a key of another kind"))
	}
	if err := strong(key); err != nil {
		return nil, err
	}
	a := &rsaAnswer{key: key, secret: make([]byte, preMasterLen)}
	binary.BigEndian.PutUint16(a.secret, uint16(in.ClientVersion))
	if err := fill(in.Rand, a.secret[2:]); err != nil {
		return nil, err
	}
	var err error
	if a.padded, a.share, err = encrypt(in.Rand, key, a.secret); err != nil {
		return nil, err
	}
	return a, nil
}

type rsaAnswer struct {
	key                   *rsa.PublicKey
	secret, padded, share []byte
}

func (a *rsaAnswer) Share() []byte  { return a.share }
func (a *rsaAnswer) Secret() []byte { return a.secret }

// Explain returns n, e, the premaster secret, the block it is padded to, and that
// block to the power of e.
func (a *rsaAnswer) Explain() []Value {
	return append(publicValues(a.key),
		Value{Name: "premaster", Bytes: a.secret, Private: true},
		Value{Name: "m = 00 02 padding 00 premaster", Bytes: a.padded, Private: true},
		Value{Name: "RSA(premaster) = m^e mod n", Bytes: a.share})
}

// encrypt is RSAES-PKCS1-v1_5 (RFC 8017 §7.2.1). It is here because crypto/rsa's
// own ignores its reader since Go 1.26, and a seeded run must be repeatable.
func encrypt(rand io.Reader, key *rsa.PublicKey, msg []byte) (padded, ciphertext []byte, err error) {
	n, err := bigmod.NewModulus(key.N.Bytes())
	if err != nil || key.N.Bit(0) == 0 || key.E < 2 {
		return nil, nil, reason.New(reason.WeakKey, "RFC 8017 §3.1", "certificate.certificate_list", reason.Say("an odd RSA modulus and an exponent of 2 or more"), nil)
	}
	padded = make([]byte, key.Size())
	padded[1] = 2
	padding := padded[2 : len(padded)-len(msg)-1]
	if err := fillNonzero(rand, padding); err != nil {
		return nil, nil, err
	}
	copy(padded[len(padded)-len(msg):], msg)
	m, err := bigmod.NewNat().SetBytes(padded, n)
	if err != nil { // cannot be: the block begins with a zero byte
		return nil, nil, reason.Fault("", err)
	}
	return padded, bigmod.NewNat().ExpShortVarTime(m, uint(key.E), n).Bytes(n), nil
}

// fillNonzero draws again every byte that is zero, since a zero would end the padding.
func fillNonzero(rand io.Reader, b []byte) error {
	if err := fill(rand, b); err != nil {
		return err
	}
	for i := range b {
		for draws := 0; b[i] == 0; draws++ {
			if draws == maxDraws {
				return errStuck
			}
			if err := fill(rand, b[i:i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func strong(key *rsa.PublicKey) error {
	const field = "certificate.certificate_list"
	switch bits := key.N.BitLen(); {
	case bits < minRSABits:
		return reason.New(reason.WeakKey, "RFC 9325 §4.5", field, reason.Say("an RSA key of 1024 to 8192 bits, which are our limits"), bits)
	case bits > maxRSABits: // a limit of ours alone
		return reason.New(reason.WeakKey, "", field, reason.Say("an RSA key of 1024 to 8192 bits, which are our limits"), bits)
	}
	return nil
}

func publicValues(key *rsa.PublicKey) []Value {
	return []Value{
		{Name: "n", Bytes: key.N.Bytes()},
		{Name: "e", Bytes: big.NewInt(int64(key.E)).Bytes()},
	}
}
