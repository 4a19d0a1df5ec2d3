package authority

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tlslab/handshake/ondisk"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// Certificates and keys on disk, as PEM (RFC 7468). A key is written with mode 0600
// and no file is overwritten unless the caller says so: a CA's key cannot be had
// again. Files are whole, and on the disk, when they have their names; a key and its
// certificate are both there or neither: package ondisk says how. (On Windows the mode
// means nothing; the directory's rights count.)

// The files of an authority in its directory.
const (
	CertFile    = "ca.pem"         // its own certificate; for a root this is what others install
	KeyFile     = "ca-key.pem"     // its private key, PKCS #8
	IssuersFile = "ca-issuers.pem" // those above it, the next one first; a root has no such file
)

// FileOptions say how to write.
type FileOptions struct {
	Overwrite bool // replace what is there
}

func (o FileOptions) existing() ondisk.Existing { return ondisk.Existing(o.Overwrite) }

// Save writes certificate, key and issuers into dir, which it makes if
// need be (mode 0700): all of them or, if it fails, none. An authority that is there is
// left as it is, unless Overwrite is set; one without its certificate is unfinished, and
// is replaced. What is replaced is kept beside the new files: aside are its paths, which
// end in ".old", or, where such are there from an earlier time, in ".old2" and so on. If it
// is killed, Load finds what was there before or all that is new.
func Save(dir string, a *CA, o FileOptions) (aside []string, err error) {
	if a.Key == nil {
		return nil, a.canSign()
	}
	key, err := pki.EncodeKey(a.Key)
	if err != nil {
		return nil, err
	}
	remove, err := ondisk.MakeDir(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	var issuers []byte // nil for a root, which must not find those of an intermediate before it
	if a.Parent != nil {
		issuers = encodeCerts(a.Parent.Chain())
	}
	return saveSet(dir, []ondisk.Part{
		{Name: KeyFile, Text: key, Mode: keyMode},
		{Name: IssuersFile, Text: issuers, Mode: certMode},
		{Name: CertFile, Text: encodeCerts([]*x509.Certificate{a.Cert}), Mode: certMode},
	}, o)
}

// SavePair is Save for a key and its certificate chain, DER and leaf first, in two
// files of one directory, which must exist.
func SavePair(certFile, keyFile string, chain [][]byte, key crypto.Signer, o FileOptions) (aside []string, err error) {
	dir := filepath.Dir(certFile)
	if filepath.Dir(keyFile) != dir || certFile == keyFile {
		return nil, fmt.Errorf("%s and %s: a pair is two files in one directory", certFile, keyFile)
	}
	text, err := pki.EncodeKey(key)
	if err != nil {
		return nil, err
	}
	return saveSet(dir, []ondisk.Part{
		{Name: filepath.Base(keyFile), Text: text, Mode: keyMode},
		{Name: filepath.Base(certFile), Text: encodeChain(chain), Mode: certMode},
	}, o)
}

func saveSet(dir string, parts []ondisk.Part, o FileOptions) (aside []string, err error) {
	aside, err = ondisk.WriteSet(dir, parts, o.existing())
	for i := range aside {
		aside[i] = filepath.Join(dir, aside[i])
	}
	return aside, kept(err)
}

// LoadPair reads what SavePair wrote. It completes what a killed SavePair left undone, and
// waits for a SavePair that is at work.
func LoadPair(certFile, keyFile string) (certs []*x509.Certificate, key crypto.Signer, err error) {
	err = ondisk.Settle(filepath.Dir(certFile), filepath.Base(certFile), func() (err error) {
		certs, key, err = readPair(certFile, keyFile)
		return err
	})
	return certs, key, err
}

func readPair(certFile, keyFile string) ([]*x509.Certificate, crypto.Signer, error) {
	chain, key, err := ReadChainAndKey(certFile, keyFile)
	if err != nil {
		return nil, nil, err
	}
	if !keyFits(chain.Certs[0], key) {
		return nil, nil, reason.Because("%s does not belong to %s: one of the two files is from another authority", keyFile, certFile)
	}
	return chain.Certs, key, nil
}

// Load is LoadPair for what Save wrote. Of the issuers it has only the
// certificates: their keys are elsewhere, as they should be.
func Load(dir string) (a *CA, err error) {
	err = ondisk.Settle(dir, CertFile, func() (err error) {
		a, err = readAuthority(dir)
		return err
	})
	return a, err
}

func readAuthority(dir string) (*CA, error) {
	in := func(name string) string { return filepath.Join(dir, name) }
	certs, key, err := readPair(in(CertFile), in(KeyFile))
	if err != nil {
		return nil, err
	}
	a := &CA{Cert: certs[0], Key: key}
	issuers, err := ReadCerts(in(IssuersFile))
	if errors.Is(err, os.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(issuers) {
		a.Parent = &CA{Cert: c, Parent: a.Parent}
	}
	return a, nil
}

// keyFits reports whether key is the private half of c's key.
func keyFits(c *x509.Certificate, key crypto.Signer) bool {
	pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(pki.PublicKey(c))
}

// WriteChain writes DER certificates, in the order given, as PEM with mode 0644. A device
// or a FIFO is written to, as it is by WriteKey.
func WriteChain(path string, chain [][]byte, o FileOptions) error {
	return kept(ondisk.Write(path, encodeChain(chain), certMode, o.existing()))
}

// WriteCerts is WriteChain of parsed certificates.
func WriteCerts(path string, certs []*x509.Certificate, o FileOptions) error {
	return kept(ondisk.Write(path, encodeCerts(certs), certMode, o.existing()))
}

// WriteKey writes a private key as PKCS #8 PEM with mode 0600. With its certificate it is
// written by SavePair.
func WriteKey(path string, key crypto.Signer, o FileOptions) error {
	text, err := pki.EncodeKey(key)
	if err != nil {
		return err
	}
	return kept(ondisk.Write(path, text, keyMode, o.existing()))
}

const (
	certMode = 0o644
	keyMode  = 0o600
)

func encodeChain(chain [][]byte) (text []byte) {
	for _, der := range chain {
		text = append(text, pki.EncodeCert(der)...)
	}
	return text
}

func encodeCerts(certs []*x509.Certificate) (text []byte) {
	for _, c := range certs {
		text = append(text, pki.EncodeCert(c.Raw)...)
	}
	return text
}

// kept says what to do where err is that a file was not to be overwritten.
func kept(err error) error {
	var p *fs.PathError
	if !errors.Is(err, fs.ErrExist) || !errors.As(err, &p) {
		return err
	}
	return fmt.Errorf("%s is left as it is (choose another name, move it away, or ask to overwrite it): %w", p.Path, fs.ErrExist)
}
