package kx_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tlslab/handshake/kx"
)

// The private key that an end explains is one that openssl can be given, and openssl
// then derives the same secret. That is what a transcript promises its reader.
func TestOpenSSLDerives(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for _, v := range []struct {
		group   kx.Group
		private func([]byte) []byte // to PKCS #8 DER
		public  func([]byte) []byte // to SubjectPublicKeyInfo DER
	}{
		{kx.X25519, after("302e020100300506032b656e04220420"), after("302a300506032b656e032100")},
		{kx.X448, after("3046020100300506032b656f043a0438"), after("3042300506032b656f033900")},
		{kx.P256, pkcs8(ecdh.P256()), spki(ecdh.P256())},
		{kx.P384, pkcs8(ecdh.P384()), spki(ecdh.P384())},
		{kx.P521, pkcs8(ecdh.P521()), spki(ecdh.P521())},
	} {
		o, err := v.group.Offer(seeded(1))
		if err != nil {
			t.Fatal(err)
		}
		a, err := v.group.Answer(seeded(2), o.Share())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		key, peer := filepath.Join(dir, "b.pem"), filepath.Join(dir, "A.pem")
		write(t, key, "PRIVATE KEY", v.private(values(a)["b"]))
		write(t, peer, "PUBLIC KEY", v.public(values(a)["A"]))
		var stderr bytes.Buffer
		cmd := exec.Command(openssl, "pkeyutl", "-derive", "-inkey", key, "-peerkey", peer)
		cmd.Stderr = &stderr
		got, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", v.group.Name(), err, stderr.Bytes())
		} else if !bytes.Equal(got, a.Secret()) {
			t.Errorf("%s: openssl derives %x, we %x", v.group.Name(), got, a.Secret())
		}
	}
}

func write(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// after puts the DER in front of a raw key of RFC 8410.
func after(prefix string) func([]byte) []byte {
	return func(raw []byte) []byte { return append(unhex(prefix), raw...) }
}

func pkcs8(curve ecdh.Curve) func([]byte) []byte {
	return func(scalar []byte) []byte {
		key, err := curve.NewPrivateKey(scalar)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			panic(err)
		}
		return der
	}
}

func spki(curve ecdh.Curve) func([]byte) []byte {
	return func(point []byte) []byte {
		key, err := curve.NewPublicKey(point)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			panic(err)
		}
		return der
	}
}
