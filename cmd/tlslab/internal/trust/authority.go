package trust

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/narrate"
	"tlslab/pki"
)

// LoadAuthority reads a CA from its directory.
func LoadAuthority(dir string) (*pki.Authority, error) {
	a, err := pki.LoadAuthority(dir)
	if _, certErr := os.Lstat(filepath.Join(dir, pki.AuthorityCertFile)); certErr == nil && errors.Is(err, os.ErrNotExist) {
		return nil, cli.Failure("Put it back, or make a new CA with: tlslab ca init --force "+dir, "the CA in %s has lost its key: there is no %s",
			dir, filepath.Join(dir, pki.AuthorityKeyFile))
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, cli.Failure("Make one with: tlslab ca init "+dir, "there is no CA in %s", dir)
	}
	return a, err
}

// WarnExpired says, on w, of the CA in dir that its time is over. It issues all the
// same: to see what becomes of that is a lesson.
func WarnExpired(w io.Writer, l narrate.Lang, dir string, a *pki.Authority) {
	for ; a != nil; a = a.Parent {
		if time.Now().After(a.Cert.NotAfter) {
			fmt.Fprintln(w, cli.Say(l, "ca_expired", "name", a.Cert.Subject.CommonName, "dir", dir, "date", a.Cert.NotAfter.UTC().Format(time.DateTime+" UTC")))
		}
	}
}
