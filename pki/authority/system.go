package authority

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tlslab/pki"
)

// systemBundles are the places where operating systems keep their roots as one
// PEM file, those of OpenSSL's own builds last.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7 and later
	"/etc/ssl/cert.pem",                                 // Alpine, macOS, OpenBSD
	"/usr/local/share/certs/ca-root-nss.crt",            // FreeBSD
	"/etc/openssl/certs/ca-certificates.crt",            // NetBSD
}

// SystemStore returns a new store with the roots that this machine trusts.
// SSL_CERT_FILE and SSL_CERT_DIR replace the usual places, as they do for OpenSSL.
//
// x509.SystemCertPool will not do: it does not give its certificates out, and a
// report must name them. Windows and macOS keep their roots in a service rather
// than in a file; macOS also ships a file, on Windows a bundle has to be named.
func SystemStore() (*pki.TrustStore, error) {
	file, dir := os.Getenv("SSL_CERT_FILE"), os.Getenv("SSL_CERT_DIR")
	s := pki.NewTrustStore()
	switch {
	case file != "":
		if err := addFile(s, file); err != nil {
			return nil, fmt.Errorf("SSL_CERT_FILE: %w", err)
		}
	case dir == "":
		for _, path := range systemBundles {
			err := addFile(s, path)
			if err == nil {
				return s, nil
			}
			if !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
		}
	}
	for _, d := range filepath.SplitList(dir) {
		entries, err := os.ReadDir(d)
		if err != nil {
			return nil, fmt.Errorf("SSL_CERT_DIR: %w", err)
		}
		for _, e := range entries {
			// A directory of certificates also holds links to them by hash, some
			// that lead nowhere, and the odd README: what is no PEM is passed over.
			var broken *pki.PEMError
			if err := addFile(s, filepath.Join(d, e.Name())); errors.As(err, &broken) {
				return nil, fmt.Errorf("SSL_CERT_DIR: %w", err)
			}
		}
	}
	if s.Len() == 0 {
		return nil, errors.New("found no trusted roots on this machine; name a PEM bundle with SSL_CERT_FILE or --CAfile")
	}
	return s, nil
}

// addFile adds what the file holds. Unlike TrustStore.AddPEM it passes over a certificate
// that crypto/x509 cannot parse: old roots have oddities, and one of them must not
// cost the user all the others. A block that cannot be read at all is no oddity of a
// root: the file is damaged, and that is said.
func addFile(s *pki.TrustStore, path string) error {
	blocks, err := readPEM(path)
	if err != nil {
		return err
	}
	for i := range blocks {
		if c, err := x509.ParseCertificate(blocks[i].Bytes); err == nil {
			s.Add(c)
		}
	}
	return nil
}
