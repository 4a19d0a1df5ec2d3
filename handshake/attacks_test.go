package handshake_test

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// The attacks that made TLS what it is, one test each: what was done, and how this
// engine refuses. Attacks on the key exchange and on secrets are here; those on
// what the two ends agree on are in attacks_negotiation_test.go, those on the
// record layer and on the state machine's patience in attacks_records_test.go.

const (
	client = event.Client
	server = event.Server
)

var ccs = clearRecord(iana.ChangeCipherSpec, []byte{1})

// Early ChangeCipherSpec (CVE-2014-0224): OpenSSL took one before there was a
// master secret, and both ends derived their keys from nothing, which the man in
// the middle could do as well.
func TestEarlyChangeCipherSpec(t *testing.T) {
	for _, test := range []struct {
		to     event.Role
		before message.Kind
		in     event.State
	}{
		{client, message.KindServerHello, event.WaitServerHello},
		{client, message.KindCertificate, event.WaitCertificate},
		{client, message.KindServerKeyExchange, event.WaitServerKeyExchange},
		{client, message.KindServerHelloDone, event.WaitCertificateRequest},
		{server, message.KindClientHello, event.Start},
		{server, message.KindClientKeyExchange, event.WaitClientKeyExchange},
	} {
		cc, sc := pairFor(ecdheECDSA)
		connect(t, cc, sc).run(before(other(test.to), test.before, ccs)).
			refuses(test.to, want{reason.UnexpectedMessage, "change_cipher_spec", 0, iana.UnexpectedMessage, test.in})
	}
}

// SMACK, "state machine attacks" (2015): implementations let the peer leave out
// messages, and with them what they prove. SKIP-TLS left out all that
// authenticates.
func TestSkippedMessages(t *testing.T) {
	for _, test := range []struct {
		from event.Role
		drop message.Kind
		id   iana.CipherSuite
		next string
		in   event.State
	}{
		{client, message.KindCertificate, ecdheECDSA, "client_key_exchange", event.WaitCertificate},
		{client, message.KindClientKeyExchange, ecdheECDSA, "certificate_verify", event.WaitClientKeyExchange},
		{client, message.KindCertificateVerify, ecdheECDSA, "change_cipher_spec", event.WaitCertificateVerify},
		{server, message.KindServerHello, ecdheECDSA, "certificate", event.WaitServerHello},
		{server, message.KindCertificate, ecdheECDSA, "server_key_exchange", event.WaitCertificate},
		{server, message.KindCertificate, rsaRSA, "certificate_request", event.WaitCertificate},
		{server, message.KindServerKeyExchange, ecdheECDSA, "certificate_request", event.WaitServerKeyExchange},
		{server, message.KindServerKeyExchange, dheRSA, "certificate_request", event.WaitServerKeyExchange},
	} {
		cc, sc := pairFor(test.id)
		l := world("ecdsa")
		cc.Certificates = []handshake.Certificate{alice(t, l)}
		sc.ClientAuth, sc.Roots = handshake.RequireClientCert, l.Roots
		connect(t, cc, sc).run(dropped(test.from, test.drop)).
			refuses(other(test.from), want{reason.UnexpectedMessage, test.next, 0, iana.UnexpectedMessage, test.in})
	}

	// SKIP-TLS itself: the server goes from its Certificate straight to Finished,
	// in clear, and hopes that the client checks nothing.
	cc, sc := pairFor(ecdheECDSA)
	finished := clearRecord(iana.Handshake, marshalled(t, &message.Finished{VerifyData: make([]byte, 12)}))
	connect(t, cc, sc).run(before(server, message.KindServerKeyExchange, finished)).
		refuses(client, want{reason.UnexpectedMessage, "finished", 0, iana.UnexpectedMessage, event.WaitServerKeyExchange})

	// A protected Finished where ChangeCipherSpec was left out is, in clear, no message that
	// may come. It begins with GCM's explicit nonce, 0: to a server a HelloRequest, to a
	// client two of them, which it passes over, and then what the ciphertext happens to be.
	for _, from := range []event.Role{client, server} {
		cc, sc := pairFor(ecdheECDSA)
		cc.Rand, sc.Rand = seeded("a client without ChangeCipherSpec"), seeded("a server without ChangeCipherSpec")
		var first message.Kind
		c := connect(t, cc, sc).run(func(p packet) []byte {
			if p.is(from, message.KindChangeCipherSpec) {
				return nil
			}
			if p.from == from && p.sealed && p.typ == iana.Handshake {
				first = message.Kind(p.body[0])
				if from == server {
					first = message.Kind(p.body[8])
				}
			}
			return p.wire
		})
		c.refuses(other(from), want{reason.UnexpectedMessage, first.String(), 0, iana.UnexpectedMessage, event.WaitChangeCipherSpec})
	}
}

// FREAK (CVE-2015-0204): a client that asked for RSA key transport took the 512-bit
// "export" key that came in a ServerKeyExchange it had not asked for.
func TestFREAK(t *testing.T) {
	cc, sc := pairFor(rsaRSA)
	exported := &message.ServerKeyExchangeDHE{P: make([]byte, 64), G: []byte{1, 0, 1}, Y: make([]byte, 64),
		Signature: message.Signature{Scheme: iana.RSAPKCS1SHA256, Bytes: make([]byte, 256)}}
	connect(t, cc, sc).run(before(server, message.KindServerHelloDone, clearRecord(iana.Handshake, marshalled(t, exported)))).
		refuses(client, want{reason.UnexpectedMessage, "server_key_exchange", 0, iana.UnexpectedMessage, event.WaitCertificateRequest})
}

// Logjam (CVE-2015-4000): a Diffie–Hellman prime of 512 bits, for which discrete
// logarithms are done in minutes, or one of 1024 that a state can afford; or a
// good prime with a generator of a small group. The signature over it is right.
func TestLogjam(t *testing.T) {
	ones := func(n int) []byte { return bytes.Repeat([]byte{0xff}, n) }
	for _, test := range []struct {
		name  string
		field string
		offer func(*kx.Params)
	}{
		{"512 bits", "dh_p", func(p *kx.Params) { p.P, p.Share = ones(64), ones(63) }},
		{"1024 bits", "dh_p", func(p *kx.Params) { p.P, p.Share = ones(128), ones(127) }},
		{"an unknown number of 2048 bits", "dh_p", func(p *kx.Params) { p.P = append(ones(255), 0xfd) }},
		{"the generator 1", "dh_g", func(p *kx.Params) { p.G = []byte{1} }},
		{"the generator p-1", "dh_g", func(p *kx.Params) { p.G = minusOne(p.P) }},
	} {
		cc, sc := pairFor(dheRSA)
		sc.Exchanges = []kx.Exchange{evil{Exchange: kx.DHE, offer: test.offer}}
		c := connect(t, cc, sc).run(nil)
		c.refuses(client, want{reason.WeakKey, "server_key_exchange.params." + test.field, -1, iana.InsufficientSecurity, event.SendClientKeyExchange})
		if e := c.ends[server].Err(); reason.Of(e) != reason.PeerAlert {
			t.Errorf("%s: the server is told %v", test.name, e)
		}
	}
}

func minusOne(p []byte) []byte {
	n := new(big.Int).SetBytes(p)
	return n.Sub(n, big.NewInt(1)).Bytes()
}

// Degenerate shares: 0, 1 and p-1 make a Diffie–Hellman secret that everybody
// knows (RFC 7919 §5.1), a point that is not on the curve leaks the other end's
// private key piece by piece (Biehl, Meyer, Müller 2000), and a point of small
// order makes X25519's result zero (RFC 7748 §6.1). Either end may be the victim.
func TestDegenerateShares(t *testing.T) {
	p, _ := kx.FFDHE2048.Params()
	offCurve := append([]byte{4}, bytes.Repeat([]byte{1}, 64)...)
	highOrderOff := append([]byte{4}, make([]byte, 64)...)
	smallOrder := slices.Clone(zero32)
	smallOrder[0] = 1
	for _, test := range []struct {
		name  string
		id    iana.CipherSuite
		group kx.Group
		share []byte
	}{
		{"y = 0", dheRSA, kx.FFDHE2048, []byte{0}},
		{"y = 1", dheRSA, kx.FFDHE2048, []byte{1}},
		{"y = p-1", dheRSA, kx.FFDHE2048, minusOne(p)},
		{"y = p", dheRSA, kx.FFDHE2048, p},
		{"y longer than p", dheRSA, kx.FFDHE2048, append([]byte{1}, p...)},
		{"off the curve", ecdheECDSA, kx.P256, offCurve},
		{"the origin", ecdheECDSA, kx.P256, highOrderOff},
		{"infinity", ecdheECDSA, kx.P256, []byte{0}},
		{"compressed", ecdheECDSA, kx.P256, append([]byte{2}, bytes.Repeat([]byte{1}, 32)...)},
		{"a byte short", ecdheECDSA, kx.P384, make([]byte, 96)},
		{"all zero", ecdheECDSA, kx.X25519, zero32},
		{"small order", ecdheECDSA, kx.X25519, smallOrder},
		{"too long", ecdheECDSA, kx.X25519, make([]byte, 33)},
		{"all zero", ecdheECDSA, kx.X448, make([]byte, 56)},
	} {
		t.Run(test.group.Name()+" "+test.name, func(t *testing.T) {
			cc, sc := pairFor(test.id)
			x, toClient, toServer := kx.ECDHE, "server_key_exchange.params.point", "client_key_exchange.ecdh_Yc"
			if test.id == dheRSA {
				x, toClient, toServer = kx.DHE, "server_key_exchange.params.dh_Ys", "client_key_exchange.dh_Yc"
			}
			cc.Groups, sc.Groups = []kx.Group{test.group, kx.P256}, []kx.Group{test.group} // P-256 for the certificate
			w := want{reason.BadShare, toClient, anywhere, iana.IllegalParameter, event.SendClientKeyExchange}
			if test.id == dheRSA {
				w.reason, w.alert = reason.BadDHShare, iana.HandshakeFailure // RFC 7919 §3, §4
			}

			sc.Exchanges = []kx.Exchange{evil{Exchange: x, offer: func(p *kx.Params) { p.Share = test.share }}}
			connect(t, cc, sc).run(nil).
				refuses(client, w)

			w.field, w.state = toServer, event.WaitClientKeyExchange
			sc.Exchanges = nil
			cc.Exchanges = []kx.Exchange{evil{Exchange: x, answer: func([]byte) []byte { return test.share }}}
			connect(t, cc, sc).run(nil).
				refuses(server, w)
		})
	}
}

// Bleichenbacher (1998), ROBOT (2017): a server that tells a bad PKCS#1 padding
// from other failures decrypts any recorded premaster secret for whoever asks it a
// million times. Here each of his questions, a rolled-back version among them, is
// answered like the honest ciphertext of a client that derived other keys: by
// Finished that does not open, with the same error, alert and states on the way.
func TestBleichenbacher(t *testing.T) {
	type answer struct {
		err    error
		alerts string
		states []event.State
		wire   int
	}
	ask := func(x kx.Exchange) answer {
		cc, sc := pairFor(rsaRSA)
		cc.Exchanges = []kx.Exchange{x}
		said := 0
		c := connect(t, cc, sc).run(func(p packet) []byte {
			if p.from == server {
				said += len(p.wire)
			}
			return p.wire
		})
		c.refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, event.WaitFinished})
		a := answer{err: c.ends[server].Err(), states: c.states(server), wire: said}
		for _, e := range all[*event.Alert](c.heard[server]) {
			a.alerts += fmt.Sprint(e.Dir, e.Level, e.Description, e.State)
		}
		return a
	}
	honest := ask(evil{Exchange: kx.RSA, pre: func(b []byte) []byte { b = slices.Clone(b); b[47] ^= 1; return b }})

	key := world("rsa").Leaf.Leaf.PublicKey
	size := 256
	block := func(b ...byte) func([]byte) []byte {
		full := bytes.Repeat([]byte{0xa5}, size)
		copy(full, b)
		return func([]byte) []byte { return rawRSA(t, key, full) }
	}
	for name, x := range map[string]evil{
		"first byte not 0":     {Exchange: kx.RSA, answer: block(1, 2)},
		"block type not 2":     {Exchange: kx.RSA, answer: block(0, 1)},
		"no zero byte":         {Exchange: kx.RSA, answer: block(0, 2)},
		"a zero in padding":    {Exchange: kx.RSA, answer: block(0, 2, 1, 2, 3, 0)},
		"zero":                 {Exchange: kx.RSA, answer: func([]byte) []byte { return make([]byte, size) }},
		"above the modulus":    {Exchange: kx.RSA, answer: func([]byte) []byte { return bytes.Repeat([]byte{0xff}, size) }},
		"a byte short":         {Exchange: kx.RSA, answer: func(b []byte) []byte { return b[1:] }},
		"a byte long":          {Exchange: kx.RSA, answer: func(b []byte) []byte { return append([]byte{0}, b...) }},
		"empty":                {Exchange: kx.RSA, answer: func(b []byte) []byte { return nil }},
		"rolled back to 1.0":   {Exchange: kx.RSA, input: func(in *kx.ClientInput) { in.ClientVersion = iana.TLS10 }},
		"rolled back to SSL 3": {Exchange: kx.RSA, input: func(in *kx.ClientInput) { in.ClientVersion = 0x0300 }},
		"a version of 0":       {Exchange: kx.RSA, input: func(in *kx.ClientInput) { in.ClientVersion = 0 }},
	} {
		got := ask(x)
		if !sameError(got.err, honest.err) || got.alerts != honest.alerts || !slices.Equal(got.states, honest.states) || got.wire != honest.wire {
			t.Errorf("%s can be told apart:\n%+v\n%+v", name, got, honest)
		}
	}
}

// Lucky Thirteen, POODLE, Vaudenay (2002): a record whose padding is bad and one
// whose MAC is bad must not be told apart. That the time does not tell either is
// tested in package suite, by counting.
func TestPaddingOracle(t *testing.T) {
	for _, etm := range []bool{false, true} {
		cc, sc := pairFor(ecdheCBC)
		cc.EncryptThenMAC, sc.EncryptThenMAC = etm, etm
		var first error
		for _, at := range []int{-1, -17, -33, 6, 22, 40} { // in the MAC or padding, the blocks before, the IV, the data
			c := connect(t, cc, sc).run(nil).completes()
			b := put(t, c.as(client, 1), iana.ApplicationData, []byte("attack at dawn, attack at dawn, attack at dawn"))
			b[(at+len(b))%len(b)] ^= 1
			c.inject(server, b)
			c.refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, event.Connected})
			if first == nil {
				first = c.ends[server].Err()
			} else if !sameError(first, c.ends[server].Err()) {
				t.Errorf("etm %v: byte %d is told apart: %v, %v", etm, at, c.ends[server].Err(), first)
			}
		}
	}
}

// Somebody who cannot sign: SSL stacks have skipped a signature's check (Apple's
// "goto fail", CVE-2014-1266), or believed a scheme that they had not offered.
func TestSignatures(t *testing.T) {
	wrong := world("ecdsa").Intermediate // its key is of the right kind, and not the leaf's
	mutual := func() (*handshake.Config, *handshake.Config) {
		cc, sc := pairFor(ecdheECDSA)
		l := world("ecdsa")
		cc.Certificates = []handshake.Certificate{alice(t, l)}
		sc.ClientAuth, sc.Roots = handshake.RequireClientCert, l.Roots
		return cc, sc
	}
	ctx := message.Context{Version: iana.TLS12, Kx: iana.KxECDHE}

	cc, sc := pairFor(ecdheECDSA)
	sc.Certificates[0].Key = wrong.Key
	connect(t, cc, sc).run(nil).
		refuses(client, want{reason.BadSignature, "server_key_exchange.signature", -1, iana.DecryptError, event.WaitServerKeyExchange})

	cc, sc = mutual()
	cc.Certificates[0].Key = wrong.Key
	connect(t, cc, sc).run(nil).
		refuses(server, want{reason.BadSignature, "certificate_verify.signature", -1, iana.DecryptError, event.WaitCertificateVerify})

	for _, test := range []struct {
		scheme iana.SignatureScheme
		want   reason.Reason
		alert  iana.AlertDescription
	}{
		{iana.ECDSASHA1, reason.NotOffered, iana.IllegalParameter},
		{0x0101, reason.NotOffered, iana.IllegalParameter}, // RSA with MD5: SLOTH, CVE-2015-7575
		{iana.RSAPSSRSAESHA256, reason.CertificateWrongKey, iana.IllegalParameter},
		{iana.ECDSAP256SHA256, reason.BadSignature, iana.DecryptError}, // right, but over other bytes
	} {
		field := ".signature.algorithm"
		if test.want == reason.BadSignature {
			field = ".signature"
		}
		cc, sc = pairFor(ecdheECDSA)
		connect(t, cc, sc).run(edited(t, ctx, server, message.KindServerKeyExchange, func(m message.Message) {
			s := m.(message.ServerKeyExchange).Signed()
			s.Scheme = test.scheme
			s.Bytes = slices.Clone(s.Bytes)
			s.Bytes[len(s.Bytes)-1] ^= 1
		})).refuses(client, want{test.want, "server_key_exchange" + field, -1, test.alert, event.WaitServerKeyExchange})

		cc, sc = mutual()
		connect(t, cc, sc).run(edited(t, ctx, client, message.KindCertificateVerify, func(m message.Message) {
			s := &m.(*message.CertificateVerify).Signature
			s.Scheme = test.scheme
			s.Bytes = slices.Clone(s.Bytes)
			s.Bytes[len(s.Bytes)-1] ^= 1
		})).refuses(server, want{test.want, "certificate_verify" + field, -1, test.alert, event.WaitCertificateVerify})
	}

	// Parameters that were signed for another handshake: the signature covers both
	// randoms.
	cc, sc = pairFor(ecdheECDSA)
	connect(t, cc, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) { clientHello(m).Random[7] ^= 1 })).
		refuses(client, want{reason.BadSignature, "server_key_exchange.signature", -1, iana.DecryptError, event.WaitServerKeyExchange})
}

// A certificate whose key cannot do what the suite says: KCI and cross-protocol
// attacks live on keys used for what they were not made for.
func TestWrongKeyForSuite(t *testing.T) {
	swap := func(chain [][]byte) hand {
		return edited(t, helloCtx, server, message.KindCertificate, func(m message.Message) { m.(*message.Certificate12).Certificates = chain })
	}
	for _, test := range []struct {
		id    iana.CipherSuite
		chain [][]byte
	}{
		{ecdheRSA, world("ecdsa").Chain}, {ecdheECDSA, world("rsa").Chain}, {dheRSA, world("ed25519").Chain}, {rsaRSA, world("ecdsa").Chain},
	} {
		cc, sc := pairFor(test.id)
		connect(t, cc, sc).run(swap(test.chain)).
			refuses(client, want{reason.CertificateWrongKey, "certificate.certificate_list", 7, iana.IllegalParameter, event.WaitCertificate})
	}
	cc, sc := pairFor(ecdheECDSA)
	connect(t, cc, sc).run(swap(nil)).
		refuses(client, want{reason.CertificateMissing, "certificate.certificate_list", 4, iana.HandshakeFailure, event.WaitCertificate})
	cc, sc = pairFor(ecdheECDSA)
	connect(t, cc, sc).run(swap([][]byte{[]byte("no certificate")})).
		refuses(client, want{reason.CertificateMalformed, "certificate.certificate_list[0].not_der", -1, iana.BadCertificate, event.WaitCertificate})
}

// An ECDSA key on a curve that the client did not offer, by a server that was made to believe
// it had (RFC 8422 §5.3). Whoever offers the curve takes it, and EdDSA's keys are on none of
// those that supported_groups is about.
func TestCertificateOnCurveNotOffered(t *testing.T) {
	for _, test := range []struct {
		alg    string
		offers []kx.Group
		taken  bool
	}{
		{"ecdsa", []kx.Group{kx.X25519, kx.P384}, false}, {"p384", []kx.Group{kx.X25519, kx.P256}, false}, {"p521", []kx.Group{kx.P256}, false},
		{"ecdsa", []kx.Group{kx.X25519, kx.P256}, true}, {"p384", []kx.Group{kx.P384}, true}, {"p521", []kx.Group{kx.P256, kx.P521}, true}, {"ed25519", []kx.Group{kx.X25519}, true},
	} {
		cc, sc := ends(world(test.alg))
		cc.Suites, sc.Suites, cc.Groups = only(ecdheECDSA), only(ecdheECDSA), test.offers
		c := connect(t, cc, sc)
		if test.taken {
			c.run(nil).completes()
			continue
		}
		c.run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
			g := edit[*message.SupportedGroups](clientHello(m))
			g.Groups = append(slices.Clone(g.Groups), iana.P256, iana.P384, iana.P521)
		})).refuses(client, want{reason.CertificateWrongKey, "certificate.certificate_list", 7, iana.IllegalParameter, event.WaitCertificate})
	}
}

// A client that shows no certificate where one is required, and one that the
// server does not trust.
func TestClientCertificateRefused(t *testing.T) {
	l := world("ecdsa")
	cc, sc := pairFor(ecdheECDSA)
	sc.ClientAuth, sc.Roots = handshake.RequireClientCert, l.Roots
	connect(t, cc, sc).run(nil).
		refuses(server, want{reason.CertificateMissing, "certificate.certificate_list", 4, iana.HandshakeFailure, event.WaitCertificate})

	cc, sc = pairFor(ecdheECDSA)
	cc.Certificates = []handshake.Certificate{{Chain: l.Chain, Key: l.Key}} // for servers only
	sc.ClientAuth, sc.Roots = handshake.RequestClientCert, l.Roots
	c := connect(t, cc, sc).run(nil)
	c.refuses(server, want{reason.CertificateUsage, "certificate[0].extended_key_usage", -1, iana.UnsupportedCertificate, event.WaitCertificate})
}

// Somebody changed a message on the way. Without extended master secret that is
// found by Finished alone, by whichever end reads the other's first.
func TestFinishedFindsEveryChange(t *testing.T) {
	pad := edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
		clientHello(m).Extensions.Add(&message.Padding{Data: make([]byte, 3)})
	})
	w := want{reason.BadFinished, "finished.verify_data", 4, iana.DecryptError, event.WaitFinished}

	cc, sc := pairFor(rsaRSA)
	cc.Weak.NoExtendedMasterSecret = true
	connect(t, cc, sc).run(pad).refuses(server, w)

	cc, sc = pairFor(rsaRSA)
	cc.Weak.NoExtendedMasterSecret = true
	cc.Sessions, sc.Sessions, cc.NoTickets = growing{frozen{}}, growing{frozen{}}, true
	connect(t, cc, sc).run(nil).completes()
	c := connect(t, cc, sc).run(pad)
	c.refuses(client, w)
	if !c.ends[client].Summary().Resumed {
		t.Error("the second handshake was not resumed, so nothing was shown")
	}

	// With it the two ends have other keys already (RFC 7627 §4).
	cc, sc = pairFor(rsaRSA)
	connect(t, cc, sc).run(pad).
		refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, event.WaitFinished})
}
