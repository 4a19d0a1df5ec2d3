package live

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/pki/authority"
)

// verifyFlags are what a server asks of its clients' certificates: by OpenSSL's names, of which
// the small one asks and the large one demands. Whichever it is, a certificate that comes is judged,
// and one that is not believed ends the handshake, as with crypto/tls's VerifyClientCertIfGiven. (For
// s_server without -verify_return_error it does not.)
type verifyFlags struct {
	ask, demand verifyFlag
	caFile      string
}

func (v *verifyFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.VarPF(&v.ask, "verify", "", "ask each client for a certificate, and go on without if it has none;\none that comes must be good").NoOptDefVal = "true"
	f.VarPF(&v.demand, "Verify", "", "demand a certificate of each client, and refuse without").NoOptDefVal = "true"
	f.VarPF(new(goneFlag), "verify-client", "", "").NoOptDefVal = "true"
	_ = f.MarkHidden("verify-client") // its name is written one line above
	f.StringVar(&v.caFile, "CAfile", "", "trust the roots in this `file`, PEM or DER, for clients (default: the CA in --cadir)")
}

// given is the flag by which certificates are asked for; "" for none.
func (v *verifyFlags) given() string {
	return flags.FirstSet(flags.Given("--verify", bool(v.ask)), flags.Given("--Verify", bool(v.demand)))
}

// noWords refuses arguments: a number behind --verify is s_server's depth.
func (v *verifyFlags) noWords(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && v.given() != "" {
		if _, err := strconv.Atoi(args[0]); err == nil {
			return noDepth(args[0])
		}
	}
	return cli.None("accept")(cmd, args)
}

func noDepth(number string) error {
	return cli.Misuse("Leave the number out: how long a chain may be its CAs say (pathLenConstraint).", "%s: --verify and --Verify take no depth here, unlike those of s_server", number)
}

// apply sets what is asked, and whom to believe.
func (v *verifyFlags) apply(cfg *handshake.Config, caDir string, own []*authority.CA) (err error) {
	switch {
	case v.given() == "" && v.caFile != "":
		return cli.Misuse("Add --verify, which asks for one, or --Verify, which demands it.", "--CAfile is about clients' certificates, and none is asked for")
	case v.given() == "":
		return nil
	case bool(v.ask && v.demand):
		return cli.Misuse("Choose one of the two.", "--verify goes on without a certificate, and --Verify does not")
	}
	cfg.ClientAuth = handshake.RequestClientCert
	if v.demand {
		cfg.ClientAuth = handshake.RequireClientCert
	}
	switch {
	case v.caFile != "":
		cfg.Roots, err = flags.RootsFrom(v.caFile)
		return err
	case caDir != "":
		cfg.Roots = rootStore(own)
		return nil
	}
	return cli.Misuse("Name their CA: --CAfile FILE, or --cadir DIR for one made by tlslab ca init.",
		"%s, and nobody to trust clients' certificates of", v.given())
}

// verifyFlag is a flag without a value, of which OpenSSL's users expect that it takes a number.
type verifyFlag bool

// Set takes a truth value by its name, and no number.
func (v *verifyFlag) Set(s string) error {
	if _, err := strconv.Atoi(s); err == nil {
		return noDepth(s)
	}
	on, err := strconv.ParseBool(s)
	*v = verifyFlag(on)
	return err
}

// String is the value's name.
func (v *verifyFlag) String() string { return strconv.FormatBool(bool(*v)) }

// Type says what a value is.
func (v *verifyFlag) Type() string { return "bool" }

// goneFlag is --verify-client, which --Verify replaces.
type goneFlag struct{}

// Set refuses it.
func (*goneFlag) Set(string) error {
	return cli.Misuse("Say --Verify, which demands a certificate of each client; or --verify, which asks for one and goes on without.", "--verify-client is called --Verify now")
}

// String is empty: it has no value.
func (*goneFlag) String() string { return "" }

// Type is that of a flag without a value.
func (*goneFlag) Type() string { return "bool" }

// cameWithout reports whether a client was asked for a certificate in this handshake, and came without.
func cameWithout(s *handshake.Summary) bool { return s.CertificateRequested && len(s.PeerChain) == 0 }

// tellWithout says, of a handshake that is complete, that no certificate came although one was asked for.
func (c *liveConn) tellWithout() {
	if s := c.Summary(); cameWithout(&s) {
		l := c.host.flags.Lang
		fmt.Fprintln(c.host.log, c.title()+cli.ColonOf(l)+cli.Say(l, "no_client_certificate"))
	}
}

// ofClients is what is said of a handshake that this server has refused for its client's
// certificate's sake; nil if it was for another reason.
func (p *plight) ofClients(re *reason.Error) error {
	if p.role != event.Server || !p.summary.CertificateRequested {
		return nil
	}
	fault := narrate.Fault(p.lang, re)
	switch {
	case re.Reason == reason.CertificateRequired, re.Reason == reason.CertificateMissing && p.summary.Version == iana.TLS12:
		return cli.Told(p.lang, re, "client_certificate_demanded", "error", fault)
	case aboutTrust(re):
		why := narrate.Must(p.lang, narrate.Reason, narrate.ReasonKey(re))
		what, remedy := cli.Say(p.lang, "client_not_trusted", "why", why.Title, "error", fault), why.Text
		if re.Reason == reason.CertificateUntrusted { // narrate's speaks of a server's
			remedy = cli.Say(p.lang, "client_ca")
		}
		return p.remedied(re, what, remedy)
	}
	return nil
}
