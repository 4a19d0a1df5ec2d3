package handshake

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/sig"
)

// What the values of RFC 8448 say by themselves, before any endpoint plays them: they are
// copied right, and the one value that the RFC does not print, the salt of a PSS
// signature, can be had back from the signature.

// rfc8448Key is the RSA key of section 2.
func rfc8448Key(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	s := readTrace(t, "server_key").steps[0]
	number := func(name string) *big.Int { return new(big.Int).SetBytes(s.get(t, name)) }
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: number("modulus"), E: int(number("public exponent").Int64())},
		D:         number("private exponent"),
		Primes:    []*big.Int{number("prime1"), number("prime2")},
		Precomputed: rsa.PrecomputedValues{
			Dp: number("exponent1"), Dq: number("exponent2"), Qinv: number("coefficient"),
		},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		t.Fatal(err)
	}
	return key
}

// pssSalt recovers the salt of a PSS signature over a SHA-256 digest: it opens the
// signature with the public key, and EMSA-PSS verification (RFC 8017 §9.1.2) ends
// with the salt in its hand.
func pssSalt(pub *rsa.PublicKey, digest, signature []byte) ([]byte, error) {
	const hLen = sha256.Size
	bits := pub.N.BitLen() - 1
	em := new(big.Int).Exp(new(big.Int).SetBytes(signature), big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, (bits+7)/8))
	db, h := slices.Clone(em[:len(em)-hLen-1]), em[len(em)-hLen-1:len(em)-1]
	if em[len(em)-1] != 0xbc {
		return nil, errors.New("no 0xbc at the end")
	}
	for i := 0; i*hLen < len(db); i++ { // MGF1 (RFC 8017 §B.2.1)
		mask := sha256.Sum256(append(slices.Clone(h), 0, 0, 0, byte(i)))
		for j := i * hLen; j < min((i+1)*hLen, len(db)); j++ {
			db[j] ^= mask[j%hLen]
		}
	}
	db[0] &= 0xff >> (8*len(em) - bits)
	zeros, salt, ok := bytes.Cut(db, []byte{1})
	if !ok || len(bytes.Trim(zeros, "\x00")) != 0 {
		return nil, errors.New("no zeros and 0x01 before the salt")
	}
	again := sha256.Sum256(slices.Concat(make([]byte, 8), digest, salt))
	if !bytes.Equal(again[:], h) {
		return nil, errors.New("hash of digest and salt is another")
	}
	return salt, nil
}

// TestRFC8448Salt recovers what the RFC does not print, and signs with it again.
func TestRFC8448Salt(t *testing.T) {
	key := rfc8448Key(t)
	for _, end := range []struct {
		trace, party string
		key          *rsa.PrivateKey // nil: the RFC does not give it
	}{{"simple", "server", key}, {"retry", "server", key}, {"compatibility", "server", key}, {"client_auth", "client", nil}} {
		t.Run(end.trace, func(t *testing.T) {
			tr := readTrace(t, end.trace)
			id, signature := tr.certificateVerify(t, end.party)
			scheme := sig.ByID(id)
			if scheme == nil || scheme.ID != iana.RSAPSSRSAESHA256 {
				t.Fatalf("signed under %v", id)
			}
			signed := tr.signed(t, end.party)
			pub := tr.certificate(t, end.party).PublicKey.(*rsa.PublicKey)
			if err := scheme.Verify(pub, signed, signature); err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256(signed)
			salt, err := pssSalt(pub, digest[:], signature)
			if err != nil || len(salt) != sha256.Size {
				t.Fatalf("salt %x, %v", salt, err)
			}
			if end.key == nil {
				return
			}
			if !pub.Equal(&end.key.PublicKey) {
				t.Fatal("the certificate holds another key than section 2")
			}
			rand := bytes.NewReader(salt)
			again, err := scheme.Sign(rand, end.key, signed)
			if err != nil || !bytes.Equal(again, signature) {
				t.Errorf("signed with salt %x: %x, %v; want %x", salt, again, err, signature)
			}
			if rand.Len() != 0 {
				t.Errorf("%d bytes of the salt were not drawn", rand.Len())
			}
		})
	}
}

// TestRFC8448Files recomputes with the standard library what the files hold, so that
// a value is never wrong for the way it was copied.
func TestRFC8448Files(t *testing.T) {
	for _, name := range handshakeTraces {
		t.Run(name, func(t *testing.T) {
			tr := readTrace(t, name)
			derived := 0
			for _, s := range tr.steps {
				derived += s.checkDerivation(t)
			}
			if derived < 15 {
				t.Errorf("only %d derivations", derived)
			}
			said := map[string][]byte{}
			for _, m := range tr.messages(t) {
				if n := len(m.raw) - messageHeader; n < 0 || messageLen(m.raw) != len(m.raw) {
					t.Errorf("%s of the %s: %d bytes, its header says otherwise", m.name, m.party, len(m.raw))
				}
				said[m.party] = append(said[m.party], m.raw...)
			}
			for _, r := range tr.records(t) {
				if n := int(r.wire[3])<<8 | int(r.wire[4]); n != len(r.wire)-5 {
					t.Errorf("%s: %d bytes, its header says %d", r.at, len(r.wire)-5, n)
				}
				if typ := iana.ContentType(r.wire[0]); typ != iana.ApplicationData && (typ != r.typ || !bytes.Equal(r.payload, r.wire[5:])) {
					t.Errorf("%s: the record does not hold its payload", r.at)
				}
				if r.typ != iana.Handshake {
					continue
				}
				rest, ok := bytes.CutPrefix(said[r.party], r.payload)
				if !ok {
					t.Errorf("%s: the payload is not what the %s constructed", r.at, r.party)
				}
				said[r.party] = rest
			}
			for party, rest := range said {
				if len(rest) > 0 {
					t.Errorf("the %s constructed %x and never sent it", party, rest)
				}
			}
		})
	}
}

// checkDerivation recomputes a step of HKDF or HMAC, and counts its results.
func (s *traceStep) checkDerivation(t *testing.T) (results int) {
	t.Helper()
	same := func(name string, got []byte, err error) {
		results++
		if want := s.get(t, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %s is %x, %v; the file has %x", s.at, name, got, err, want)
		}
	}
	for _, key := range []string{"", "key ", "iv "} {
		info, ok := s.values[key+"info"]
		if !ok {
			continue
		}
		n := int(info[0])<<8 | int(info[1])
		got, err := hkdf.Expand(sha256.New, s.get(t, "PRK"), string(info), n)
		same(key+"expanded", got, err)
		if label, ok := s.label(); ok && string(info[3:3+info[2]]) != label {
			t.Errorf("%s: HkdfLabel has %q", s.at, info[3:3+info[2]])
		}
		if hash := s.values["hash"]; !bytes.HasSuffix(info, append([]byte{byte(len(hash))}, hash...)) {
			t.Errorf("%s: %sinfo does not end in the hash", s.at, key)
		}
	}
	if ikm, ok := s.values["IKM"]; ok {
		got, err := hkdf.Extract(sha256.New, ikm, s.get(t, "salt"))
		same("secret", got, err)
	}
	if binder, ok := s.values["binder hash"]; ok {
		mac := hmac.New(sha256.New, s.get(t, "expanded"))
		mac.Write(binder)
		same("finished", mac.Sum(nil), nil)
	}
	return results
}

// label is what a step's title has in quotes, where it is a derivation.
func (s *traceStep) label() (string, bool) {
	_, rest, _ := strings.Cut(s.title, `"`)
	label, _, ok := strings.Cut(rest, `"`)
	return label, ok
}
