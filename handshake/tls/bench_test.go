package tls_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	stdtls "crypto/tls"
	"crypto/x509"
	"net"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/sig"
	"tlslab/handshake/tls"
)

// BenchmarkHandshake runs both ends of a handshake through memory, and beside it crypto/tls's and
// the floors (see compare).
//
// Where the time goes, TLS 1.3 ECDSA with X25519, as profiled: half in P-256 (a signature made
// and three verified), a fifth in X25519, and what is left in parsing, hashing, keys and
// garbage. crypto/tls pays about 100 µs more for X25519 on one processor, and three times
// the allocations, which are mostly HMACs of HKDF.

type shaker interface{ Handshake() error }

// both runs the two ends of one handshake over a memory pipe.
func both(tb testing.TB, mk func(a, b net.Conn) (shaker, shaker)) {
	a, b := tlstest.Pipe()
	c, s := mk(a, b)
	done := make(chan error, 1)
	go func() { done <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		tb.Fatal("client: ", err)
	}
	if err := <-done; err != nil {
		tb.Fatal("server: ", err)
	}
}

func (w *world) ours(tb testing.TB) {
	both(tb, func(a, b net.Conn) (shaker, shaker) {
		c, err := tls.Client(a, w.client)
		if err != nil {
			tb.Fatal(err)
		}
		s, err := tls.Server(b, w.server)
		if err != nil {
			tb.Fatal(err)
		}
		return c, s
	})
}

func (w *world) std(tb testing.TB) {
	both(tb, func(a, b net.Conn) (shaker, shaker) {
		return stdtls.Client(a, w.stdClient), stdtls.Server(b, w.stdServer)
	})
}

// floor does what no implementation can do without, with the exchange of keys that one has.
func (w *world) floor(tb testing.TB, c benchCase, exchange func() error) {
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	for _, path := range [][]*x509.Certificate{w.path, w.clientPath} {
		for i := 1; i < len(path); i++ {
			must(path[i-1].CheckSignatureFrom(path[i]))
		}
	}
	for range 2 { // ends
		if c.tls13() {
			w.floor13(tb, keyschedule.NewEarlySecret(crypto.SHA256, nil))
		} else {
			w.floor12(tb)
		}
	}
	if c.name == "TLS12-RSA-2048" {
		key := w.lesson.Key.(*rsa.PrivateKey)
		pre := make([]byte, 48)
		//lint:ignore SA1019 RSA key transport is the lesson
		enc, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, pre)
		must(err)
		//lint:ignore SA1019 the same
		must(rsa.DecryptPKCS1v15SessionKey(rand.Reader, key, enc, pre))
		return
	}
	must(exchange())
	id := iana.ECDSAP256SHA256
	if c.alg == "rsa" {
		id = iana.RSAPSSRSAESHA256
	}
	scheme := sig.ByID(id)
	msg := make([]byte, 100)
	s, err := scheme.Sign(rand.Reader, w.lesson.Key, msg)
	must(err)
	must(scheme.Verify(w.path[0].PublicKey, msg, s))
	if c.auth {
		s, err := scheme.Sign(rand.Reader, w.clientKey, msg)
		must(err)
		must(scheme.Verify(w.clientPath[0].PublicKey, msg, s))
	}
}

// ourExchange is a key exchange by the group that our engine uses.
func (c *benchCase) ourExchange() error {
	offer, err := c.kx().Offer(rand.Reader)
	if err != nil {
		return err
	}
	answer, err := c.kx().Answer(rand.Reader, offer.Share())
	if err != nil {
		return err
	}
	_, err = offer.Finish(answer.Share())
	return err
}

// stdExchange is the same by the primitives that crypto/tls uses.
func (c *benchCase) stdExchange() error {
	curve := ecdh.X25519()
	ours, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	theirs, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	for _, end := range []*ecdh.PrivateKey{ours, theirs} {
		peer := ours
		if end == ours {
			peer = theirs
		}
		if _, err := end.ECDH(peer.PublicKey()); err != nil {
			return err
		}
	}
	if c.kx() == kx.X25519 {
		return nil
	}
	d, err := mlkem.GenerateKey768()
	if err != nil {
		return err
	}
	_, ciphertext := d.EncapsulationKey().Encapsulate()
	_, err = d.Decapsulate(ciphertext)
	return err
}

// floor12 is what each end of TLS 1.2 cannot do without beside the asymmetric part: the hash
// of the transcript, the master secret, the key block and two verify_data (RFC 5246 §8.1, §6.3,
// §7.4.9), and two keys, under which a Finished is sealed or opened.
func (w *world) floor12(tb testing.TB) {
	flight := make([]byte, 1024)
	h := sha256.New()
	h.Write(flight)
	h.Write(flight)
	th := h.Sum(nil)
	main := keyschedule.PreMasterSecret(flight[:32]).ExtendedMaster(crypto.SHA256, th)
	w.floorKeys12(tb, &main, th)
}

// floorKeys12 is what a resumed handshake has of it, too.
func (w *world) floorKeys12(tb testing.TB, main *keyschedule.MasterSecret, th []byte) {
	block := main.KeyBlock(crypto.SHA256, th, th, 0, 16, 4)
	main.ClientFinished(crypto.SHA256, th)
	finished := main.ServerFinished(crypto.SHA256, th)
	for _, key := range [][]byte{block.ClientKey, block.ServerKey} {
		var nonce [12]byte
		gcm(tb, key).Seal(nil, nonce[:], finished[:], th[:13])
	}
}

func gcm(tb testing.TB, key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		tb.Fatal(err)
	}
	return aead
}

// floor13 is what each end of TLS 1.3 cannot do without beside the asymmetric part: the
// hash of the transcript, the key schedule (RFC 9846 §7.1) from the early secret on, with the
// verify_data of both ends, and four keys with which the two flights are sealed or opened.
func (w *world) floor13(tb testing.TB, early keyschedule.EarlySecret) {
	flight := make([]byte, 1024, 2048)
	h := sha256.New()
	h.Write(flight)
	h.Write(flight)
	th := h.Sum(nil)
	hs := early.Handshake(th)
	main := hs.Main()
	client, server := hs.ClientTraffic(th), hs.ServerTraffic(th)
	client.VerifyData(th)
	server.VerifyData(th)
	for _, t := range []keyschedule.TrafficSecret{client, server, main.ClientTraffic(th), main.ServerTraffic(th)} {
		var key, nonce [16]byte
		t.Key(key[:])
		t.IV(nonce[:12])
		gcm(tb, key[:]).Seal(flight[:0], nonce[:12], flight, nil)
	}
	main.Exporter(th)
	main.Resumption(th)
}

func BenchmarkHandshake(b *testing.B) {
	for _, c := range benchCases {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, c)
			compare(b, 1, func() { w.ours(b) }, func() { w.std(b) },
				func() { w.floor(b, c, c.ourExchange) }, func() { w.floor(b, c, c.stdExchange) })
		})
	}
}
