package proxy

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tlslab/handshake/mitm"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/reason"
	"tlslab/pki/authority"
)

// The files of a proxy's CA in its directory.
const (
	CAFile    = "tlslab-ca.pem"     // the root, for clients to trust
	CAKeyFile = "tlslab-ca-key.pem" // its key: whoever has it can be any server to those clients
)

// caValidity is how long a fresh root is good for. Long enough for a course, short enough
// that a root which somebody forgot to remove ends by itself.
const caValidity = 2 * 365 * 24 * time.Hour

// LoadCA reads the proxy's CA from dir. If dir has no CA yet, it makes one there, and made
// is true. Each has a key and a name of its own, so that to trust one is to trust no other.
// One that has expired is an error: clients would refuse whatever it signs. A key without
// its root is unfinished, and no client can trust it: it is set aside, and a CA made.
func LoadCA(dir string) (ca *authority.CA, made bool, err error) {
	cert, key := filepath.Join(dir, CAFile), filepath.Join(dir, CAKeyFile)
	certs, signer, err := authority.LoadPair(cert, key)
	if _, there := os.Lstat(cert); err != nil && errors.Is(there, os.ErrNotExist) {
		ca, err = makeCA(dir)
		if err == nil || !errors.Is(err, os.ErrExist) {
			return ca, err == nil, err
		}
		certs, signer, err = authority.LoadPair(cert, key) // another proxy has made it at this moment
	}
	if err != nil {
		return nil, false, err
	}
	if end := certs[0].NotAfter; time.Now().After(end) {
		return nil, false, reason.Because("the root in %s expired on %s", cert, end.UTC().Format(time.DateOnly))
	}
	return &authority.CA{Cert: certs[0], Key: signer}, false, nil
}

func makeCA(dir string) (*authority.CA, error) {
	var mark [4]byte
	if _, err := rand.Read(mark[:]); err != nil {
		return nil, err
	}
	ca, err := authority.NewRoot(authority.Options{
		CommonName: fmt.Sprintf("tlslab proxy %x", mark), Organization: "tlslab capture proxy", KeyKind: authority.P256,
		NotBefore: time.Now().Add(-24 * time.Hour).Truncate(time.Second), // for clients whose clocks are behind
		Validity:  caValidity, MaxPathLenZero: true,
	})
	if err != nil {
		return nil, err
	}
	remove, err := ondisk.MakeDir(dir)
	if err != nil {
		return nil, err
	}
	if _, err = authority.SavePair(filepath.Join(dir, CAFile), filepath.Join(dir, CAKeyFile), [][]byte{ca.Cert.Raw}, ca.Key, authority.FileOptions{}); err != nil {
		remove()
	}
	return ca, err
}

// NewForger makes a forger of a CA, with one fresh P-256 key for all its leaves; and, once a client
// comes that takes only RSA, an RSA one for those.
func NewForger(ca *authority.CA) (*mitm.Forger, error) {
	key, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		return nil, err
	}
	f, err := mitm.NewForger(ca, nil, key)
	if err != nil {
		return nil, err
	}
	f.Spare(func() (crypto.Signer, error) { return authority.GenerateKey(authority.RSA2048, nil) })
	return f, nil
}
