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
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
	"tlslab/pki"
	"tlslab/pki/der"
)

func newCAShow() *cobra.Command {
	c := new(caFlags)
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Say what a file of certificates, requests, revocation lists or keys holds",
		Long: `Say what each block of a PEM file holds, or a file in DER: a certificate, a request, a
revocation list, an OCSP response, a bundle of PKCS #7. --bytes takes them apart down to each byte. Private keys are
named, and not shown.`,
		Example: "  tlslab ca show www.lab.test.pem\n  tlslab ca show --bytes root.der\n  tlslab ca show -                 reads standard input",
		Args:    cli.Exactly(1, "the file: tlslab ca show FILE"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			out, err := c.Open(cmd.OutOrStdout(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer func() { err = cli.FirstError(err, out.Close()) }()
			w := &cli.Results{Writer: foreign.NewWriter(out, out.Options.Color)} // printed to line by line
			return cli.FirstError(c.show(w, newDump(w, out.Options), args[0]), w.Err())
		},
	}
	c.LangFlag(cmd)
	c.ColorFlag(cmd)
	c.WidthFlag(cmd)
	c.BytesFlag(cmd)
	return cmd
}

// show tells of each PEM block, or of the one document in DER, in order.
func (c *caFlags) show(w io.Writer, d *dump, file string) error {
	blocks, text, err := cli.PEMBlocks(file)
	if err != nil {
		return err
	}
	c.pem = len(blocks) > 0
	for n := range blocks {
		if err := c.showBlock(w, d, file, n, &blocks[n]); err != nil {
			const says = "%s, block %d (%s): %w"
			if n == 0 {
				return cli.Unusable("", says, file, n, foreign.Quote(blocks[n].Type), err)
			}
			return cli.Failure("", says, file, n, foreign.Quote(blocks[n].Type), err) // those before it have been told
		}
	}
	if len(blocks) > 0 {
		return nil
	}
	return c.showDER(w, d, file, text)
}

// showDER tells of a file that is one document in DER.
func (c *caFlags) showDER(w io.Writer, d *dump, file string, text []byte) error {
	if _, err := der.WalkContentInfo(text); err == nil {
		return c.showBlock(w, d, file, 0, &pki.PEMBlock{Type: "PKCS7", Bytes: text})
	}
	bag, err := pki.ReadCertificates(text)
	if err == nil {
		return c.showCertificates(w, d, "", bag)
	}
	for _, kind := range []struct {
		label string
		walk  func([]byte) ([]wire.Field, error)
	}{{"CERTIFICATE REQUEST", der.WalkRequest}, {revocationList, der.WalkCRL}, {ocspResponse, der.WalkOCSPResponse}} {
		if _, err := kind.walk(text); err == nil {
			return c.showBlock(w, d, file, 0, &pki.PEMBlock{Type: kind.label, Bytes: text})
		}
	}
	if c := new(pki.CertificateError); errors.As(err, &c) {
		if pki.Cause(c.Err) == pki.CauseIsKey {
			fmt.Fprintf(w, "0 PRIVATE KEY\n")
			return nil
		}
		c.File = file
		return c
	}
	if p := new(pki.PEMError); errors.As(err, &p) && p.Fault == pki.PEMBlank {
		p.File = file
		return p
	}
	return cli.Unusable("It should be PEM, with lines -----BEGIN …-----, or one document in DER.", "%s holds nothing that tlslab knows", file)
}

// revocationList is the label of a CRL (RFC 7468 §6).
const revocationList = "X509 CRL"

// ocspResponse is how openssl labels one in PEM; there is no RFC about it.
const ocspResponse = "OCSP RESPONSE"

func (c *caFlags) showBlock(w io.Writer, d *dump, file string, n int, b *pki.PEMBlock) error {
	if b.Type == "CERTIFICATE" {
		cert, err := pki.ParseCertificate(b.Bytes)
		if re := new(reason.Error); errors.As(err, &re) {
			return &pki.CertificateError{File: file, N: n + 1, Line: b.Line, Err: re}
		}
		c.showCertificate(w, strconv.Itoa(n), cert)
		return c.everyByte(d, der.WalkCertificate, b.Bytes)
	}
	switch {
	case b.IsBundle():
		return c.showBundle(w, d, file, n, b)
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
		return c.everyByte(d, der.WalkRequest, b.Bytes)
	case b.Type == revocationList:
		if err := c.showList(w, strconv.Itoa(n), b.Bytes); err != nil {
			return err
		}
		return c.everyByte(d, der.WalkCRL, b.Bytes)
	}
	fmt.Fprintf(w, "%d %s\n", n, foreign.Quote(b.Type))
	if b.Type == ocspResponse {
		c.showStatuses(w, b.Bytes)
		return c.everyByte(d, der.WalkOCSPResponse, b.Bytes)
	}
	return nil
}

// showBundle tells of the certificates in a message of PKCS #7, and of its revocation lists.
func (c *caFlags) showBundle(w io.Writer, d *dump, file string, n int, b *pki.PEMBlock) error {
	lists := revocationLists(b.Bytes)
	bag, err := pki.ReadCertificates(b.Bytes)
	if bad := new(pki.CertificateError); errors.As(err, &bad) {
		if len(lists) == 0 || pki.Cause(bad.Err) != pki.CauseEmptyBundle {
			bad.File, bad.Line = file, b.Line
			return bad
		}
	} else if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d %s\n", n, b.Type)
	if c.Bytes {
		if err := cli.FirstError(c.sayPEM(d), d.bundle(b.Bytes)); err != nil {
			return err
		}
	}
	if err := c.showCertificates(w, d, strconv.Itoa(n)+".", bag); err != nil {
		return err
	}
	for i, list := range lists {
		if err := c.showList(w, fmt.Sprintf("%d.%d", n, len(bag.Certs)+i), list); err != nil {
			return err
		}
		if err := c.everyByte(d, der.WalkCRL, list); err != nil {
			return err
		}
	}
	return nil
}

// revocationLists are those in a message of PKCS #7.
func revocationLists(b []byte) (lists [][]byte) {
	fields, _ := der.WalkContentInfo(b)
	for _, f := range fields {
		if strings.HasSuffix(f.Name, der.FieldBundledList) {
			lists = append(lists, b[f.Off:f.Off+f.Len])
		}
	}
	return lists
}

func (c *caFlags) showList(w io.Writer, n string, b []byte) error {
	crl, err := x509.ParseRevocationList(b)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s %s\n", n, revocationList)
	c.line(w, pki.InIssuer, crl.Issuer.String())
	c.line(w, pki.InThisUpdate, instant(crl.ThisUpdate))
	c.line(w, pki.InNextUpdate, instant(crl.NextUpdate))
	c.line(w, pki.InSignatureAlgorithm, crl.SignatureAlgorithm.String())
	return nil
}

// showStatuses tells what an OCSP response says of which certificates.
func (c *caFlags) showStatuses(w io.Writer, b []byte) {
	said, err := pki.ParseStatusResponse(b)
	if err != nil { // it may be one that says why it has none
		c.line(w, pki.InStatus, narrate.Fault(c.Lang, err))
		return
	}
	c.line(w, pki.InProducedAt, instant(said.ProducedAt))
	c.line(w, pki.InSignatureAlgorithm, said.SignatureAlgorithm)
	for _, a := range said.Answers {
		c.line(w, pki.InSerial, hex.EncodeToString(a.Serial))
		c.line(w, pki.InStatus, a.Status)
		c.line(w, pki.InThisUpdate, instant(a.ThisUpdate))
		c.line(w, pki.InNextUpdate, instant(a.NextUpdate))
		c.line(w, pki.InRevokedAt, instant(a.RevokedAt))
		c.line(w, pki.InRevokedFor, a.RevokedFor)
	}
}

// sayPEM says it once of a file.
func (c *caFlags) sayPEM(d *dump) error {
	is := c.pem
	c.pem = false
	return d.pem(c.Lang, is)
}

// everyByte is --bytes.
func (c *caFlags) everyByte(d *dump, walk func([]byte) ([]wire.Field, error), b []byte) error {
	if !c.Bytes {
		return nil
	}
	if err := c.sayPEM(d); err != nil {
		return err
	}
	return d.write(walk, b)
}

// instant is a time as it is shown; "" if there is none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// showCertificates tells of each, numbered behind what is before the number.
func (c *caFlags) showCertificates(w io.Writer, d *dump, before string, bag pki.Bag) error {
	for i, cert := range bag.Certs {
		c.showCertificate(w, before+strconv.Itoa(i), cert)
		if err := c.everyByte(d, der.WalkCertificate, cert.Raw); err != nil {
			return err
		}
	}
	return nil
}

func (c *caFlags) showCertificate(w io.Writer, n string, cert *x509.Certificate) {
	fmt.Fprintf(w, "%s CERTIFICATE\n", n)
	c.line(w, pki.InSubject, cert.Subject.String())
	c.line(w, pki.InIssuer, cert.Issuer.String())
	c.line(w, pki.InSerial, hex.EncodeToString(cert.SerialNumber.Bytes()))
	c.line(w, pki.InNotBefore, instant(cert.NotBefore))
	c.line(w, pki.InNotAfter, instant(cert.NotAfter))
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
