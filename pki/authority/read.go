package authority

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"os"

	"tlslab/pki"
)

// What is read from files: package pki reads the texts, and knows no file.

// ReadCerts reads the certificates of a file in the order in which they stand there: PEM or DER, and bundles of
// PKCS #7 in both (pki.ReadCertificates).
func ReadCerts(path string) ([]*x509.Certificate, error) {
	bag, err := readBag(path)
	return bag.Certs, err
}

func readBag(path string) (pki.Bag, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return pki.Bag{}, err
	}
	bag, err := pki.ReadCertificates(text)
	return bag, inFile(path, err)
}

// Chain is the certificates of a file, the leaf first.
type Chain struct {
	Certs []*x509.Certificate
	// Picked is the number of the leaf in a bundle, from 1, where it had to be looked for: a bundle
	// has no order. 0 if the file's order is the chain's.
	Picked  int
	Bundles [][]byte // as in pki.Bag
	PEM     bool
}

// ReadChain is ReadCerts for a file that has a leaf. In a bundle the leaf is the one that issued none
// of the others (pki.LeafOf); the error is a *pki.LeafError if several may be.
func ReadChain(path string) (Chain, error) {
	bag, err := readBag(path)
	if err != nil || !bag.Unordered {
		return chainOf(bag), err
	}
	leaf, err := pki.LeafOf(bag.Certs)
	if err != nil {
		return Chain{}, inFile(path, err)
	}
	return picked(bag, leaf), nil
}

// chainOf is a chain in the file's order.
func chainOf(bag pki.Bag) Chain { return Chain{Certs: bag.Certs, Bundles: bag.Bundles, PEM: bag.PEM} }

// picked is a bundle's chain with this leaf. Of one certificate nothing had to be looked for.
func picked(bag pki.Bag, leaf int) Chain {
	c := chainOf(bag)
	if len(c.Certs) > 1 {
		c.Certs, c.Picked = pki.LeafFirst(c.Certs, leaf), leaf+1
	}
	return c
}

// ReadChainAndKey reads a chain and the key of its leaf. In a bundle the leaf is the one whose key it
// is. If it is nobody's, the order stays as it is: whether the first certificate fits the key is the
// caller's to ask.
func ReadChainAndKey(certFile, keyFile string) (Chain, crypto.Signer, error) {
	bag, err := readBag(certFile)
	if err != nil {
		return Chain{}, nil, err
	}
	key, err := ReadKey(keyFile)
	if err != nil {
		return Chain{}, nil, err
	}
	if bag.Unordered {
		for i, c := range bag.Certs {
			if keyFits(c, key) {
				return picked(bag, i), key, nil
			}
		}
	}
	return chainOf(bag), key, nil
}

// ReadKey reads a private key, PEM or DER: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), not encrypted.
func ReadKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := pki.ParseKeyPEM(text)
	return key, inFile(path, err)
}

// readPEM is pki.ReadPEM of a file. A *pki.PEMError names it.
func readPEM(path string) ([]pki.PEMBlock, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	blocks, err := pki.ReadPEM(text)
	return blocks, inFile(path, err)
}

// inFile names the file in an error of one of its texts.
func inFile(path string, err error) error {
	switch e := err.(type) {
	case nil:
		return nil
	case *pki.PEMError:
		e.File = path
	case *pki.CertificateError:
		e.File = path
	case *pki.LeafError:
		e.File = path
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}
