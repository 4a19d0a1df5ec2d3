package trust

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/handshake/render/page"
	"tlslab/handshake/transcript"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/der"
)

type verifyFlags struct {
	cli.View
	caFile, serverName string
	at, staple         string
	untrusted          []string
	client, mustStaple bool
	format             string

	policies []string
	policy   pki.PolicyInputs
	depth    int
}

// NewVerify is the verb verify.
func NewVerify() *cobra.Command {
	v := new(verifyFlags)
	cmd := &cobra.Command{
		Use:   "verify CHAIN",
		Short: "Verify a certificate chain and show every check",
		Long: `Judge a chain as a peer would send it, leaf first: build the candidate paths to a
trust anchor, and show each check of each, with what it looked at. The status is 0 only
if a path was accepted.

Each file of certificates may be PEM or DER, several one behind the other, or a bundle
(PKCS #7, .p7b). A bundle has no order: its leaf is the certificate that issued none of
the others, and it is said which that is.`,
		Example: `  tlslab verify --CAfile roots.pem --servername www.lab.test chain.pem
  tlslab verify --CAfile roots.pem --servername www.lab.test --time 2030-01-01T00:00:00Z chain.pem
  tlslab verify --servername example.org chain.pem          against the roots of this machine
  tlslab verify --CAfile roots.pem --client alice.pem       as a server judges a client
  tlslab verify --CAfile roots.pem --servername www.lab.test --brief chain.p7b
  tlslab verify --CAfile roots.pem --servername www.lab.test --policy DV --explicit-policy chain.pem
  tlslab verify --CAfile roots.pem --servername www.lab.test --format html --out chain.html chain.pem`,
		Args: cli.Exactly(1, "the chain: tlslab verify … chain.pem"),
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd, args[0]) },
	}
	v.View.Flags(cmd)
	f := cmd.Flags()
	f.Lookup("brief").Usage = "a line a path and certificate, and one for each check that failed"
	f.StringVar(&v.caFile, "CAfile", "", "trust the roots in this `file`, and no others (default: this machine's)")
	f.StringVar(&v.serverName, "servername", "", "the DNS name or IP address that the leaf must carry")
	f.StringVar(&v.at, "time", "", "judge as of this time, 2026-01-02T15:04:05Z (default: now)")
	f.StringVar(&v.staple, "staple", "", "the OCSP response that came with it, a DER or PEM `file`")
	f.BoolVar(&v.mustStaple, "require-staple", false, "refuse without an OCSP response")
	f.StringSliceVar(&v.untrusted, "untrusted", nil, "more certificates to build paths from, in these `files`")
	f.BoolVar(&v.client, "client", false, "the leaf is a client's")
	f.StringSliceVar(&v.policies, "policy", nil, "accept this certificate policy, an `OID` such as 2.23.140.1.2.1, or by name: anyPolicy; EV, DV, OV, IV of the CA/Browser Forum (extended, domain, organization, individual validated); several may be given. It refuses no chain: to demand one of them, add --explicit-policy")
	f.BoolVar(&v.policy.InitialExplicitPolicy, "explicit-policy", false, "demand a policy: refuse a chain that is valid for none, or for none of --policy if there are any")
	f.BoolVar(&v.policy.InitialPolicyMappingInhibit, "inhibit-mapping", false, "no CA may map one policy to another")
	f.BoolVar(&v.policy.InitialAnyPolicyInhibit, "inhibit-any", false, "anyPolicy in a certificate stands for no policy")
	f.IntVar(&v.depth, "depth", 0, "at most `N` certificates between leaf and trust anchor, these two not counted, as OpenSSL's -verify_depth (default: 30, as many as a path has here at most)")
	cli.FormatFlag(cmd, &v.format, formats...)
	cli.Complete(cmd, "policy", policyNames)
	return cmd
}

// demands are what the user asks of the path as a whole.
func (v *verifyFlags) demands(cmd *cobra.Command, o *pki.VerifyOptions) error {
	for _, typed := range v.policies {
		id, err := policyOf(typed)
		if err != nil {
			return cli.Misuse("Write its numbers between dots, such as 2.23.140.1.2.1, or a name: anyPolicy, or EV, DV, OV, IV (CA/Browser Forum).",
				"--policy %s: this is no object identifier, and no name that is known here", typed)
		}
		v.policy.InitialPolicySet = append(v.policy.InitialPolicySet, id)
	}
	o.Policy = v.policy
	if !cmd.Flags().Changed("depth") {
		return nil
	}
	if v.depth < 0 {
		return cli.Misuse("With --depth 0 the trust anchor itself must have issued the leaf.", "--depth %d: a path cannot have less than no certificate between the two", v.depth)
	}
	if v.depth > pki.MaxDepth {
		return cli.Misuse(reason.Usagef("Say a number from 0 to %d, or leave it out.", pki.MaxDepth), "--depth %d: no path has so many certificates here", v.depth)
	}
	o.MaxDepth = &v.depth
	return nil
}

// formats are what verify writes.
var formats = []string{cli.Text, cli.JSON, cli.HTML}

func (v *verifyFlags) run(cmd *cobra.Command, file string) (err error) {
	if err := cli.FirstError(cli.CheckFormat(v.format, formats...), cli.TextOnly(cmd, v.format)); err != nil {
		return err
	}
	o := pki.VerifyOptions{RequireStaple: v.mustStaple, Explain: true}
	if v.client {
		o.Usage = pki.ClientAuth
	} else if v.serverName == "" {
		return cli.Misuse("Say whom it should speak for: --servername NAME. For a client's chain say --client.",
			"a server's certificate is worth nothing unless its name is checked")
	}
	if v.serverName != "" {
		if o.ServerName, err = cli.HostName("--servername", v.serverName); err != nil {
			return err
		}
	}
	if err := v.demands(cmd, &o); err != nil {
		return err
	}
	o.Time = time.Now().Truncate(time.Second) // a certificate's dates know no parts of one (RFC 5280 §4.1.2.5)
	if v.at != "" {
		if o.Time, err = time.Parse(time.RFC3339, v.at); err != nil {
			return cli.Misuse("Write it like 2026-01-02T15:04:05Z.", "--time %s: not a time of RFC 3339", v.at)
		}
	}
	out, err := v.View.Open(cmd.OutOrStdout(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, out.Close()) }()
	if err := v.read(&o); err != nil {
		return err
	}
	read, err := authority.ReadChain(file)
	if err != nil {
		return err
	}
	chain := read.Certs
	if read.Picked > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), cli.Say(v.Lang, "bundle_leaf", "file", file, "leaf", foreign.Line(chain[0].Subject.String()),
			"n", strconv.Itoa(read.Picked), "all", strconv.Itoa(len(chain))))
	}
	report, verdict := pki.Verify(chain, o)
	document := func() transcript.Verification { return transcript.VerificationOf(chain, o.Staple, report) }
	if err := v.write(out, document, report, o.Staple, read); err != nil {
		return err
	}
	if verdict != nil {
		return v.refused(file, report, verdict)
	}
	fmt.Fprintln(cmd.ErrOrStderr(), cli.Say(v.Lang, "accepted", "file", file))
	return nil
}

// write writes what came of it in the form asked for. The document, in which every byte of every certificate
// has its name, is made for the forms that show it.
func (v *verifyFlags) write(out *cli.Output, document func() transcript.Verification, report *pki.Report, staple []byte, read authority.Chain) error {
	switch v.format {
	case cli.JSON:
		return document().Encode(out)
	case cli.HTML:
		o := v.PageOptions()
		o.Staple = staple
		return page.WriteReport(out, report, o)
	}
	whole := foreign.NewLines(out) // few calls of the system for the report, in the place of one a line
	err := render.WriteReport(whole, report, out.Options)
	if err == nil && v.Bytes {
		err = v.dump(newDump(whole, out.Options), document(), read)
	}
	return cli.FirstError(err, whole.Flush())
}

// dump writes the bundle around the chain, each certificate, and the OCSP response, byte by byte.
func (v *verifyFlags) dump(d *dump, doc transcript.Verification, read authority.Chain) error {
	if err := d.pem(v.Lang, read.PEM); err != nil {
		return err
	}
	for _, b := range read.Bundles {
		if err := d.say(cli.Say(v.Lang, "der_bundle")); err != nil {
			return err
		}
		if err := d.bundle(b); err != nil {
			return err
		}
		for _, list := range revocationLists(b) {
			if err := d.write(der.WalkCRL, list); err != nil {
				return err
			}
		}
	}
	for _, c := range doc.Certificates {
		if err := d.headed(cli.Say(v.Lang, "der_certificate", "name", c.Subject), der.WalkCertificate, c.Bytes); err != nil {
			return err
		}
	}
	if doc.Staple != nil {
		return d.headed(cli.Say(v.Lang, "der_staple"), der.WalkOCSPResponse, doc.Staple.Bytes)
	}
	return nil
}

// read takes in the files that the flags name.
func (v *verifyFlags) read(o *pki.VerifyOptions) (err error) {
	if v.caFile == "" {
		o.Roots, err = authority.SystemStore()
	} else {
		o.Roots, err = flags.RootsFrom(v.caFile)
	}
	if err != nil {
		return err
	}
	for _, file := range v.untrusted {
		certs, err := authority.ReadCerts(file)
		if err != nil {
			return err
		}
		o.Intermediates = append(o.Intermediates, certs...)
	}
	if v.staple == "" {
		return nil
	}
	blocks, text, err := cli.PEMBlocks(v.staple)
	if err != nil {
		return err
	}
	if o.Staple = text; len(blocks) > 0 {
		o.Staple = blocks[0].Bytes
	}
	if len(bytes.TrimSpace(o.Staple)) == 0 {
		return &pki.PEMError{Fault: pki.PEMBlank, File: v.staple}
	}
	return nil
}

// refused is the end of a refusal. What to do about it stands on top of the report; if
// that went into a file, or says only what was wrong, it is said here. So are the flags that would mend it.
func (v *verifyFlags) refused(file string, r *pki.Report, verdict error) error {
	what := cli.Say(v.Lang, "refused", "file", file, "error", narrate.Fault(v.Lang, verdict))
	if v.Brief && v.Out == "" { // the error is its first line
		what = cli.Say(v.Lang, "refused_above", "file", file)
	}
	t := &cli.Trouble{Status: cli.StatusFailed, What: what, Cause: verdict}
	if e, ok := narrate.Get(v.Lang, narrate.Reason, narrate.VerdictKey(r)); ok && (v.Out != "" || v.Brief) {
		t.Remedy = e.Text
	}
	var re *reason.Error
	if errors.As(verdict, &re) && re.Reason == reason.CertificateUntrusted && slices.Contains([]string{"", pki.CauseLeafAlone, pki.CauseIssuer}, pki.Cause(re)) {
		t.Remedy = strings.TrimPrefix(t.Remedy+"\n"+cli.Say(v.Lang, "name_issuers"), "\n")
	}
	return t
}
