package trust

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/pki/authority"
)

// LoadAuthority reads a CA from its directory.
func LoadAuthority(dir string) (*authority.CA, error) {
	a, err := authority.Load(dir)
	if _, certErr := os.Lstat(filepath.Join(dir, authority.CertFile)); certErr == nil && errors.Is(err, os.ErrNotExist) {
		return nil, cli.Unusable(reason.Usagef("Put it back, or make a new CA with: tlslab ca init --force %s", dir), "the CA in %s has lost its key: there is no %s",
			dir, filepath.Join(dir, authority.KeyFile))
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, cli.Unusable(reason.Usagef("Make one with: tlslab ca init %s", dir), "there is no CA in %s", dir)
	}
	if err != nil && !errors.As(err, new(*fs.PathError)) {
		return nil, cli.Unusable("", "%w", err)
	}
	return a, err
}

// WarnExpired says, on w, of the CA in dir that its time is over. It issues all the
// same: to see what becomes of that is a lesson.
func WarnExpired(w io.Writer, l narrate.Lang, dir string, a *authority.CA) {
	for ; a != nil; a = a.Parent {
		if time.Now().After(a.Cert.NotAfter) {
			fmt.Fprintln(w, cli.Say(l, "ca_expired", "name", a.Cert.Subject.CommonName, "dir", dir, "date", a.Cert.NotAfter.UTC().Format(time.DateTime+" UTC")))
		}
	}
}
