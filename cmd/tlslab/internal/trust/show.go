package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

func newCAShow() *cobra.Command {
	c := new(caFlags)
	cmd := &cobra.Command{
		Use:     "show FILE",
		Short:   "Say what a file of certificates, requests or keys holds",
		Example: "  tlslab ca show www.lab.test.pem\n  tlslab ca show -                 reads standard input",
		Args:    cli.Exactly(1, "the file: tlslab ca show FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.CheckLang(); err != nil {
				return err
			}
			return c.show(cmd.OutOrStdout(), args[0])
		},
	}
	c.LangFlag(cmd)
	return cmd
}

// show tells of each PEM block, or of the one DER certificate, in order. Private keys
// are named, not shown.
func (c *caFlags) show(w io.Writer, file string) error {
	blocks, text, err := cli.PEMBlocks(file)
	if err != nil {
		return err
	}
	for n := range blocks {
		if err := c.showBlock(w, file, n, &blocks[n]); err != nil {
			return cli.Failure("", "%s, block %d (%s): %w", file, n, foreign.Quote(blocks[n].Type), err)
		}
	}
	if len(blocks) > 0 {
		return nil
	}
	cert, err := pki.ParseCertificate(text)
	if re := new(reason.Error); len(text) > 0 && text[0] == 0x30 && errors.As(err, &re) {
		return &pki.CertificateError{File: file, N: 1, Err: re}
	}
	if err != nil {
		return cli.Failure("It should be PEM, with lines -----BEGIN …-----, or one DER certificate.", "%s holds nothing that tlslab knows", file)
	}
	c.showCertificate(w, 0, cert)
	return nil
}

func (c *caFlags) showBlock(w io.Writer, file string, n int, b *pki.PEMBlock) error {
	switch {
	case b.Type == "CERTIFICATE":
		cert, err := pki.ParseCertificate(b.Bytes)
		if re := new(reason.Error); errors.As(err, &re) {
			return &pki.CertificateError{File: file, N: n + 1, Line: b.Line, Err: re}
		}
		c.showCertificate(w, n, cert)
	case b.IsRequest():
		csr, err := x509.ParseCertificateRequest(b.Bytes)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%d %s\n", n, foreign.Quote(b.Type))
		c.line(w, pki.InSubject, csr.Subject.String())
		c.line(w, pki.InNames, strings.Join(namesOf(csr.DNSNames, csr.IPAddresses), ", "))
		c.line(w, pki.InPublicKey, pki.RequestKeyName(csr))
		c.line(w, pki.InSignatureAlgorithm, csr.SignatureAlgorithm.String())
	default:
		fmt.Fprintf(w, "%d %s\n", n, foreign.Quote(b.Type))
	}
	return nil
}

func (c *caFlags) showCertificate(w io.Writer, n int, cert *x509.Certificate) {
	fmt.Fprintf(w, "%d CERTIFICATE\n", n)
	const date = "2006-01-02 15:04:05 UTC"
	c.line(w, pki.InSubject, cert.Subject.String())
	c.line(w, pki.InIssuer, cert.Issuer.String())
	c.line(w, pki.InSerial, hex.EncodeToString(cert.SerialNumber.Bytes()))
	c.line(w, pki.InNotBefore, cert.NotBefore.UTC().Format(date))
	c.line(w, pki.InNotAfter, cert.NotAfter.UTC().Format(date))
	c.line(w, pki.InNames, strings.Join(namesOf(cert.DNSNames, cert.IPAddresses), ", "))
	c.line(w, pki.InCA, narrate.Must(c.Lang, narrate.UI, "word."+strconv.FormatBool(cert.IsCA)).Title)
	c.features(w, cert)
	c.line(w, pki.InPublicKey, pki.CertKeyName(cert))
	c.line(w, pki.InSignatureAlgorithm, cert.SignatureAlgorithm.String())
	sum := sha256.Sum256(cert.Raw)
	c.line(w, pki.InFingerprint, hex.EncodeToString(sum[:]))
}

// features tells what the certificate promises, if it promises anything (RFC 7633).
func (c *caFlags) features(w io.Writer, cert *x509.Certificate) {
	promised, err := pki.TLSFeatures(cert)
	if err != nil {
		c.line(w, pki.InTLSFeatures, cli.Say(c.Lang, "ca_feature_unreadable"))
		return
	}
	names := make([]string, len(promised))
	for i, f := range promised {
		if names[i] = f.String(); f == iana.ExtStatusRequest {
			if c.Lang != narrate.Zh { // its brackets bring their own space
				names[i] += " "
			}
			names[i] += cli.Say(c.Lang, "ca_must_staple")
		}
	}
	c.line(w, pki.InTLSFeatures, strings.Join(names, ", "))
}

// line is a value under its name in the reader's language.
func (c *caFlags) line(w io.Writer, input, value string) {
	if value == "" {
		return
	}
	label := input
	if e, ok := narrate.Get(c.Lang, narrate.Input, input); ok {
		label = e.Title
	}
	fmt.Fprintf(w, "  %s%s%s\n", label, cli.ColonOf(c.Lang), idn.BothForms(foreign.Line(value)))
}

func namesOf(dns []string, ips []net.IP) []string {
	var out []string
	for _, n := range dns {
		out = append(out, "DNS:"+foreign.Quote(n))
	}
	for _, ip := range ips {
		octets, _ := netip.AddrFromSlice(ip) // net.IP would write ::ffff:192.0.2.1 as 192.0.2.1
		out = append(out, "IP:"+octets.String())
	}
	return out
}
