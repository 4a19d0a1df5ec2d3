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
// other. One that has expired is an error: clients would refuse whatever it signs.
func LoadCA(dir string) (ca *pki.Authority, made bool, err error) {
	cert, key := filepath.Join(dir, CAFile), filepath.Join(dir, CAKeyFile)
	for patience := 100; ; patience-- {
		_, certErr := os.Lstat(cert)
		_, keyErr := os.Lstat(key)
		if errors.Is(certErr, os.ErrNotExist) && errors.Is(keyErr, os.ErrNotExist) {
			ca, err = makeCA(dir)
			if err == nil || !errors.Is(err, os.ErrExist) {
				return ca, err == nil, err
			}
			continue // another proxy is making it at this moment
		}
		if certErr != nil && keyErr == nil && patience > 0 {
			time.Sleep(10 * time.Millisecond) // it has its key, and is about to have its certificate
			continue
		}
		break
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
	if end := certs[0].NotAfter; time.Now().After(end) {
		return nil, false, fmt.Errorf("the root in %s expired on %s", cert, end.UTC().Format(time.DateOnly))
	}
	return &pki.Authority{Cert: certs[0], Key: signer}, false, nil
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
	// Both are written elsewhere first: what stands under their names is whole. The key is
	// the first to be there, and can be there once: that settles a race.
	tmp, err := os.MkdirTemp(dir, ".new-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	for _, f := range []struct {
		name  string
		write func(path string) error
		place func(from, to string) error
	}{
		{CAKeyFile, func(path string) error { return pki.WriteKey(path, ca.Key, pki.FileOptions{}) }, placeOnce},
		{CAFile, func(path string) error { return pki.WriteCerts(path, []*x509.Certificate{ca.Cert}, pki.FileOptions{}) }, os.Rename},
	} {
		if err := f.write(filepath.Join(tmp, f.name)); err != nil {
			return nil, err
		}
		if err := f.place(filepath.Join(tmp, f.name), filepath.Join(dir, f.name)); err != nil {
			return nil, err
		}
	}
	return ca, nil
}

// placeOnce gives a file its name, unless another has it. Where the file system knows no
// links the last one wins.
func placeOnce(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	return os.Rename(from, to)
}

// NewForger makes a forger of a CA, with one fresh P-256 key for all its leaves.
func NewForger(ca *pki.Authority) (*mitm.Forger, error) {
	key, err := pki.GenerateKey(pki.P256, nil)
	if err != nil {
		return nil, err
	}
	return mitm.NewForger(ca, nil, key)
}
