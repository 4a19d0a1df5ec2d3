package trust

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/reason"
	"tlslab/handshake/switches"
	"tlslab/pki"
	"tlslab/pki/authority"
)

func newCAOCSP() *cobra.Command {
	c := new(caFlags)
	var status, out string
	cmd := &cobra.Command{
		Use:   "ocsp FILE",
		Short: "Sign an OCSP response: whether a certificate is revoked",
		Long: `The CA says whether the leaf in the file is revoked, and signs that. A server
staples it to its handshake (RFC 6066 §8): openssl s_server -status_file. tlslab verify
--staple judges it, and tlslab ca show says what is in it.`,
		Example: `  tlslab ca ocsp www.lab.test.pem --cadir inter
  tlslab ca ocsp www.lab.test.pem --cadir inter --status revoked --respout revoked.der
  tlslab verify --CAfile ca/ca.pem --servername www.lab.test --staple revoked.der www.lab.test.pem`,
		Args: cli.Exactly(1, "the file with the certificate: tlslab ca ocsp www.pem"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.ocsp(cmd, args[0], status, out) },
	}
	c.LangFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&c.dir, "cadir", "ca", "the `directory` of the CA")
	f.StringVar(&status, "status", string(authority.StatusGood), "what it says: "+strings.Join(switches.OCSPStatuses(), ", "))
	f.IntVar(&c.days, "days", 7, "valid for so many days")
	f.StringVar(&out, "respout", "", "write it to this `file`, DER (default: the certificate's name with .ocsp)")
	f.BoolVar(&c.force, "force", false, "replace files that are there already")
	cli.Complete(cmd, "status", switches.OCSPStatuses)
	return cmd
}

func (c *caFlags) ocsp(cmd *cobra.Command, file, status, out string) error {
	if err := c.CheckLang(); err != nil {
		return err
	}
	if !slices.Contains(switches.OCSPStatuses(), status) {
		return cli.Misuse(reason.Usagef("There are %v.", reason.Names(switches.OCSPStatuses())), "--status %s: no such answer", status)
	}
	if c.days < 1 || c.days > maxDays {
		return cli.Misuse(reason.Usagef("Give 1 to %d. One that is past is made by: --status stale", maxDays), "--days %d: a response is of no use for that long", c.days)
	}
	chain, err := authority.ReadChain(file)
	if err != nil {
		return err
	}
	a, err := LoadAuthority(c.dir)
	if err != nil {
		return err
	}
	leaf := chain.Certs[0]
	if authority.Status(status) != authority.StatusUnknown && !issuedBy(leaf, a.Cert) {
		return cli.Unusable("Name the CA that has, with --cadir; or say --status unknown.", "the CA in %s has not issued the certificate in %s, and can say nothing of it", c.dir, file)
	}
	if out == "" {
		out = strings.TrimSuffix(file, filepath.Ext(file)) + ".ocsp"
	}
	if err := cli.Try("--respout", out); err != nil {
		return err
	}
	WarnExpired(cmd.ErrOrStderr(), c.Lang, c.dir, a)
	response, err := a.OCSP(leaf, authority.Status(status), authority.OCSPOptions{Validity: c.validity()})
	if err != nil {
		return err
	}
	if err := ondisk.Write(out, response, 0o644, ondisk.Existing(c.force)); errors.Is(err, os.ErrExist) {
		return kept(os.ErrExist, out, "Move it away, name another file with --respout, or say --force.")
	} else if err != nil {
		return cli.Unwritten("--respout", out, err)
	}
	c.say(cmd, "wrote", "file", out)
	return nil
}

// issuedBy reports whether it was the issuer that signed a certificate.
func issuedBy(c, issuer *x509.Certificate) bool {
	return pki.SameName(c.RawIssuer, issuer.RawSubject) && pki.VerifySignature(c, pki.PublicKey(issuer)) == nil
}
