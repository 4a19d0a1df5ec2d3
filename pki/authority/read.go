package authority

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"os"

	"tlslab/pki"
)

// What is read from files: package pki reads the texts, and knows no file.

// ReadCerts reads the certificates of a PEM file, in its order.
func ReadCerts(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	certs, err := pki.ParsePEM(text)
	return certs, inFile(path, err)
}

// ReadKey reads a private key: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), not encrypted.
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
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}
