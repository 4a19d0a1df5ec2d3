package pki

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Certificates and keys on disk, as PEM (RFC 7468). A key is written with mode 0600
// and no file is overwritten unless the caller says so: a CA's key cannot be had
// again. (On Windows the mode means nothing; the directory's rights count.)

// The files of an authority in its directory.
const (
	AuthorityCertFile    = "ca.pem"         // its own certificate; for a root this is what others install
	AuthorityKeyFile     = "ca-key.pem"     // its private key, PKCS #8
	AuthorityIssuersFile = "ca-issuers.pem" // those above it, the next one first; a root has none
)

// FileOptions say how to write.
type FileOptions struct {
	Overwrite bool // replace what is there
}

// SaveAuthority writes certificate, key and issuers into dir, which it makes if
// need be (mode 0700). If any of the files exists and Overwrite is not set, none is
// written.
func SaveAuthority(dir string, a *Authority, o FileOptions) error {
	if a.Key == nil {
		return a.canSign()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	names := []string{AuthorityCertFile, AuthorityKeyFile}
	if a.Parent != nil {
		names = append(names, AuthorityIssuersFile)
	}
	if !o.Overwrite {
		for _, name := range names {
			if _, err := os.Lstat(in(name)); err == nil {
				return exists(in(name))
			}
		}
	}
	// The key first: without it the rest is of no use, and it is the one whose
	// exclusive creation settles a race between two who write.
	if err := WriteKey(in(AuthorityKeyFile), a.Key, o); err != nil {
		return err
	}
	if err := WriteCerts(in(AuthorityCertFile), []*x509.Certificate{a.Cert}, o); err != nil {
		return err
	}
	if a.Parent != nil {
		return WriteCerts(in(AuthorityIssuersFile), a.Parent.Chain(), o)
	}
	return nil
}

// LoadAuthority reads what SaveAuthority wrote. Of the issuers it has only the
// certificates: their keys are elsewhere, as they should be.
func LoadAuthority(dir string) (*Authority, error) {
	in := func(name string) string { return filepath.Join(dir, name) }
	certs, err := ReadCerts(in(AuthorityCertFile))
	if err != nil {
		return nil, err
	}
	key, err := ReadKey(in(AuthorityKeyFile))
	if err != nil {
		return nil, err
	}
	a := &Authority{Cert: certs[0], Key: key}
	if !keyFits(a.Cert, key) {
		return nil, fmt.Errorf("%s does not belong to %s: one of the two files is from another authority", in(AuthorityKeyFile), in(AuthorityCertFile))
	}
	issuers, err := ReadCerts(in(AuthorityIssuersFile))
	if errors.Is(err, os.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(issuers) {
		a.Parent = &Authority{Cert: c, Parent: a.Parent}
	}
	return a, nil
}

// keyFits reports whether key is the private half of c's key.
func keyFits(c *x509.Certificate, key crypto.Signer) bool {
	pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(PublicKey(c))
}

// WriteChain writes DER certificates, in the order given, as PEM with mode 0644.
func WriteChain(path string, chain [][]byte, o FileOptions) error {
	var text []byte
	for _, der := range chain {
		text = append(text, EncodeCert(der)...)
	}
	return write(path, text, 0o644, o)
}

// WriteCerts is WriteChain of parsed certificates.
func WriteCerts(path string, certs []*x509.Certificate, o FileOptions) error {
	chain := make([][]byte, len(certs))
	for i, c := range certs {
		chain[i] = c.Raw
	}
	return WriteChain(path, chain, o)
}

// WriteKey writes a private key as PKCS #8 PEM with mode 0600.
func WriteKey(path string, key crypto.Signer, o FileOptions) error {
	der, err := marshalPKCS8(key)
	if err != nil {
		return err
	}
	return write(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600, o)
}

// ReadCerts reads the certificates of a PEM file, in its order.
func ReadCerts(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	certs, err := ParsePEM(text)
	return certs, inFile(path, err)
}

// ReadKey reads a private key: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), not encrypted.
func ReadKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := ParseKeyPEM(text)
	return key, inFile(path, err)
}

func exists(path string) error {
	return fmt.Errorf("%s is left as it is (choose another name, move it away, or ask to overwrite it): %w", path, os.ErrExist)
}

// write creates path exclusively. To overwrite, a new file takes the old one's
// place: writing into it would keep its mode, and leave half a key if it fails.
func write(path string, text []byte, mode os.FileMode, o FileOptions) error {
	if !o.Overwrite {
		err := writeNew(path, text, mode)
		if errors.Is(err, os.ErrExist) {
			return exists(path)
		}
		return err
	}
	// CreateTemp makes the file with mode 0600, before anything is in it.
	f, err := os.CreateTemp(filepath.Dir(path), ".tlslab-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if all went well
	if _, err = f.Write(text); err == nil {
		err = f.Chmod(mode)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func writeNew(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path) // half a file is worse than none
	}
	return err
}
