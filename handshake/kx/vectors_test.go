package kx_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"slices"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
)

// The private key is what the random source says, so a known answer is one Offer.
func TestKnownAnswers(t *testing.T) {
	for _, v := range []struct {
		from                          string
		group                         kx.Group
		private, public, peer, secret string
	}{
		{"RFC 7748 §6.1", kx.X25519,
			"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
			"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
			"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
			"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
		{"RFC 7748 §5.2", kx.X25519,
			"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"RFC 7748 §5.2, a peer with bit 255 set", kx.X25519,
			"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
		{"RFC 7748 §6.2", kx.X448,
			"9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
			"9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
			"3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
			"07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a449a5037514a879d"},
		{"RFC 7748 §5.2", kx.X448,
			"3d262fddf9ec8e88495266fea19a34d28882acef045104d0d1aae121700a779c984c24f8cdd78fbff44943eba368f54b29259a4f1c600ad3", "",
			"06fce640fa3487bfda5f6cf2d5263f8aad88334cbd07437f020f08f9814dc031ddbdc38c19c6da2583fa5429db94ada18aa7a7fb4ef8a086",
			"ce3e4ff95a60dc6697da1db1d85e6afbdf79b50a2412d7546d5f239fe14fbaadeb445fc66a01b0779d98223961111e21766282f73dd96b6f"},
		{"NIST CAVS 14.1, ECC CDH P-256, count 0", kx.P256,
			"7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
			"04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b23028af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141",
			"04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
			"46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"},
		{"NIST CAVS 14.1, ECC CDH P-384, count 0", kx.P384,
			"3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
			"049803807f2f6d2fd966cdd0290bd410c0190352fbec7ff6247de1302df86f25d34fe4a97bef60cff548355c015dbb3e5fba26ca69ec2f5b5d9dad20cc9da711383a9dbe34ea3fa5a2af75b46502629ad54dd8b7d73a8abb06a3a3be47d650cc99",
			"04a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a",
			"5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1"},
		{"NIST CAVS 14.1, ECC CDH P-521, count 0", kx.P521,
			"017eecc07ab4b329068fba65e56a1f8890aa935e57134ae0ffcce802735151f4eac6564f6ee9974c5e6887a1fefee5743ae2241bfeb95d5ce31ddcb6f9edb4d6fc47",
			"0400602f9d0cf9e526b29e22381c203c48a886c2b0673033366314f1ffbcba240ba42f4ef38a76174635f91e6b4ed34275eb01c8467d05ca80315bf1a7bbd945f550a501b7c85f26f5d4b2d7355cf6b02117659943762b6d1db5ab4f1dbc44ce7b2946eb6c7de342962893fd387d1b73d7a8672d1f236961170b7eb3579953ee5cdc88cd2d",
			"0400685a48e86c79f0f0875f7bc18d25eb5fc8c0b07e5da4f4370f3a9490340854334b1e1b87fa395464c60626124a4e70d0f785601d37c09870ebf176666877a2046d01ba52c56fc8776d9e8f5db4f0cc27636d0b741bbe05400697942e80b739884a83bde99e0f6716939e632bc8986fa18dccd443a348b6c3e522497955a4f3c302f676",
			"005fc70477c3e63bc3954bd0df3ea0d1f41ee21746ed95fc5e1fdf90930d5e136672d72cc770742d1711c3c3a4c334a0ad9759436a4d3c5bf6e74b9578fac148c831"},
	} {
		o, err := v.group.Offer(bytes.NewReader(unhex(v.private)))
		if err != nil {
			t.Errorf("%s: %v", v.from, err)
			continue
		}
		if v.public != "" && !bytes.Equal(o.Share(), unhex(v.public)) {
			t.Errorf("%s: public key %x", v.from, o.Share())
		}
		secret, err := o.Finish(unhex(v.peer))
		if err != nil || !bytes.Equal(secret, unhex(v.secret)) {
			t.Errorf("%s: secret %x, %v", v.from, secret, err)
		}
	}
}

// circl's X25519 and the standard library's compute the same.
func TestX25519CrossCheck(t *testing.T) {
	std := kx.FromECDH(iana.X25519, ecdh.X25519())
	for seed := range byte(50) {
		a, err1 := kx.X25519.Offer(seeded(seed))
		b, err2 := std.Answer(seeded(seed+100), a.Share())
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		secret, err := a.Finish(b.Share())
		if err != nil || !bytes.Equal(secret, b.Secret()) {
			t.Fatalf("seed %d: %x and %x, %v", seed, secret, b.Secret(), err)
		}
	}
}

// A scalar out of range is drawn again; a source that gives nothing else is an error
// rather than a loop.
func TestScalarRejection(t *testing.T) {
	for _, g := range []kx.Group{kx.P256, kx.P384, kx.P521} {
		size := g.(kx.Described).Describe().Secret
		good := bytes.Repeat([]byte{0x01}, size)
		o, err := g.Offer(bytes.NewReader(slices.Concat(make([]byte, size), bytes.Repeat([]byte{0xff}, size), good)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := g.Offer(bytes.NewReader(good))
		if err != nil || !bytes.Equal(o.Share(), want.Share()) {
			t.Errorf("%s: 0 and 2^n-1 were not both drawn again: %v", g.Name(), err)
		}
		if _, err := g.Offer(zeros{}); reason.Of(err) != reason.Internal {
			t.Errorf("%s: a source of zeros: %v", g.Name(), err)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// crypto/mlkem is the foreign peer of circl's: as answerer, and from the same seed.
func TestMLKEMCrossCheck(t *testing.T) {
	o, err := kx.MLKEM768.Offer(seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	ek, err := mlkem.NewEncapsulationKey768(o.Share())
	if err != nil {
		t.Fatal(err)
	}
	want, ciphertext := ek.Encapsulate()
	if got, err := o.Finish(ciphertext); err != nil || !bytes.Equal(got, want) {
		t.Errorf("ML-KEM-768: %x, want %x, %v", got, want, err)
	}

	seed := bytes.Repeat([]byte{5}, mlkem.SeedSize)
	dk, err := mlkem.NewDecapsulationKey1024(seed)
	if err != nil {
		t.Fatal(err)
	}
	o, err = kx.MLKEM1024.Offer(bytes.NewReader(seed))
	if err != nil || !bytes.Equal(o.Share(), dk.EncapsulationKey().Bytes()) {
		t.Errorf("ML-KEM-1024: another encapsulation key from the same seed, %v", err)
	}
	a, err := kx.MLKEM1024.Answer(seeded(2), dk.EncapsulationKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dk.Decapsulate(a.Share()); err != nil || !bytes.Equal(got, a.Secret()) {
		t.Errorf("ML-KEM-1024: %x, want %x, %v", got, a.Secret(), err)
	}
}

// A hybrid's peer made of the standard library alone fixes the order of the parts:
// ML-KEM first with X25519, second with the NIST curves.
func TestHybridCrossCheck(t *testing.T) {
	for _, v := range []struct {
		group     kx.Group
		curve     ecdh.Curve
		kemSize   int
		kemFirst  bool
		encapsule func(ek []byte) (secret, ciphertext []byte, err error)
	}{
		{kx.X25519MLKEM768, ecdh.X25519(), 1184, true, encapsulate768},
		{kx.SecP256r1MLKEM768, ecdh.P256(), 1184, false, encapsulate768},
		{kx.SecP384r1MLKEM1024, ecdh.P384(), 1568, false, encapsulate1024},
	} {
		o, err := v.group.Offer(seeded(1))
		if err != nil {
			t.Fatal(err)
		}
		order := func(kem, curve []byte) []byte {
			if v.kemFirst {
				return slices.Concat(kem, curve)
			}
			return slices.Concat(curve, kem)
		}
		ek, point := o.Share()[:v.kemSize], o.Share()[v.kemSize:]
		if !v.kemFirst {
			cut := len(o.Share()) - v.kemSize
			point, ek = o.Share()[:cut], o.Share()[cut:]
		}
		kemSecret, ciphertext, err := v.encapsule(ek)
		if err != nil {
			t.Fatalf("%s: %v", v.group.Name(), err)
		}
		public, err := v.curve.NewPublicKey(point)
		if err != nil {
			t.Fatalf("%s: %v", v.group.Name(), err)
		}
		own, err := v.curve.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		curveSecret, err := own.ECDH(public)
		if err != nil {
			t.Fatal(err)
		}
		got, err := o.Finish(order(ciphertext, own.PublicKey().Bytes()))
		if err != nil || !bytes.Equal(got, order(kemSecret, curveSecret)) {
			t.Errorf("%s: another secret than the standard library's, %v", v.group.Name(), err)
		}
	}
}

func encapsulate768(b []byte) (secret, ciphertext []byte, err error) {
	ek, err := mlkem.NewEncapsulationKey768(b)
	if err != nil {
		return nil, nil, err
	}
	secret, ciphertext = ek.Encapsulate()
	return secret, ciphertext, nil
}

func encapsulate1024(b []byte) (secret, ciphertext []byte, err error) {
	ek, err := mlkem.NewEncapsulationKey1024(b)
	if err != nil {
		return nil, nil, err
	}
	secret, ciphertext = ek.Encapsulate()
	return secret, ciphertext, nil
}
