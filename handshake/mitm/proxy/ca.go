package proxy

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tlslab/handshake/mitm"
	"tlslab/pki"
)

// The files of a proxy's CA in its directory.
const (
	CAFile    = "tlslab-ca.pem"     // the root, for clients to trust
	CAKeyFile = "tlslab-ca-key.pem" // its key: whoever has it can be any server to those clients
)

// caValidity is how long a fresh root is good for. Long enough for a course, short enough
// that a root which somebody forgot to remove ends by itself.
const caValidity = 2 * 365 * 24 * time.Hour

// LoadCA reads the proxy's CA from dir, and makes it there if there is none yet: made says
// that it did. Each has a key and a name of its own, so that to trust one is to trust no
// other.
func LoadCA(dir string) (ca *pki.Authority, made bool, err error) {
	cert, key := filepath.Join(dir, CAFile), filepath.Join(dir, CAKeyFile)
	if !exists(cert) && !exists(key) {
		ca, err = makeCA(dir)
		if err == nil || !errors.Is(err, os.ErrExist) {
			return ca, err == nil, err
		}
	}
	for !exists(cert) && young(key) { // another proxy is making it
		time.Sleep(time.Millisecond)
	}
	certs, err := pki.ReadCerts(cert)
	if err != nil {
		return nil, false, err
	}
	signer, err := pki.ReadKey(key)
	if err != nil {
		return nil, false, err
	}
	if pub, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(pki.PublicKey(certs[0])) {
		return nil, false, fmt.Errorf("%s is not the key of %s: one of the two is from another proxy", key, cert)
	}
	return &pki.Authority{Cert: certs[0], Key: signer}, false, nil
}

func exists(file string) bool {
	_, err := os.Lstat(file)
	return !errors.Is(err, os.ErrNotExist)
}

// young reports whether a file was made just now: a key's certificate follows within
// milliseconds.
func young(file string) bool {
	info, err := os.Lstat(file)
	return err == nil && time.Since(info.ModTime()).Abs() < time.Second/2
}

func makeCA(dir string) (*pki.Authority, error) {
	var mark [4]byte
	if _, err := rand.Read(mark[:]); err != nil {
		return nil, err
	}
	ca, err := pki.NewRoot(pki.Options{
		CommonName: fmt.Sprintf("tlslab proxy %x", mark), Organization: "tlslab capture proxy", KeyKind: pki.P256,
		NotBefore: time.Now().Add(-24 * time.Hour).Truncate(time.Second), // for clients whose clocks are behind
		Validity:  caValidity, MaxPathLenZero: true,
	})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// The key first: its exclusive creation settles a race.
	if err := pki.WriteKey(filepath.Join(dir, CAKeyFile), ca.Key, pki.FileOptions{}); err != nil {
		return nil, err
	}
	// The certificate last, and at once: where it is, both are whole.
	cert := filepath.Join(dir, CAFile)
	part := fmt.Sprintf("%s.%x", cert, mark)
	if err := pki.WriteCerts(part, []*x509.Certificate{ca.Cert}, pki.FileOptions{}); err != nil {
		return nil, err
	}
	return ca, os.Rename(part, cert)
}

// NewForger makes a forger of a CA, with one fresh P-256 key for all its leaves.
func NewForger(ca *pki.Authority) (*mitm.Forger, error) {
	key, err := pki.GenerateKey(pki.P256, nil)
	if err != nil {
		return nil, err
	}
	return mitm.NewForger(ca, nil, key)
}
