package live

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/trust"
	"tlslab/handshake"
	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/switches"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// certify gives the server its certificates, and returns the authorities that issued
// them, none for --cert.
func (s *serverFlags) certify(cfg *handshake.Config) ([]*authority.CA, error) {
	if !slices.Contains(switches.StapleKinds(), s.staple) {
		return nil, cli.Misuse("", "--staple %s: no such response", s.staple)
	}
	if cfg.Certificates != nil {
		for flag, set := range map[string]bool{"--cadir": s.caDir != "", "--write-root": s.writeRoot != "",
			"--servername": s.serverName != "", "--staple": s.staple != "none"} {
			if set {
				return nil, cli.Misuse("Leave --cert out, and a certificate is issued for you.", "%s needs the CA that --cert replaces", flag)
			}
		}
		return nil, nil
	}
	issuers, err := s.authorities()
	if err != nil {
		return nil, err
	}
	// An RSA key serves RSA and *_RSA suites, an ECDSA key *_ECDSA ones.
	for i, kind := range []authority.KeyKind{authority.RSA2048, authority.P256} {
		c, err := s.issue(issuers[i%len(issuers)], kind)
		if err != nil {
			return nil, err
		}
		cfg.Certificates = append(cfg.Certificates, c)
	}
	return issuers, nil
}

// authorities are the one in --cadir, or two made on the spot.
func (s *serverFlags) authorities() ([]*authority.CA, error) {
	if s.caDir != "" {
		a, err := trust.LoadAuthority(s.caDir)
		return []*authority.CA{a}, err
	}
	rsa, err := freshAuthority(authority.RSA2048, "RSA")
	if err != nil {
		return nil, err
	}
	ecdsa, err := freshAuthority(authority.P256, "ECDSA")
	return []*authority.CA{rsa, ecdsa}, err
}

// freshAuthority makes a root and an intermediate below it. An RSA root costs some
// 100 ms: the price of keys that nobody else has.
func freshAuthority(kind authority.KeyKind, name string) (*authority.CA, error) {
	root, err := authority.NewRoot(authority.Options{CommonName: "tlslab server " + name + " root", KeyKind: kind})
	if err != nil {
		return nil, err
	}
	return root.NewIntermediate(authority.Options{CommonName: "tlslab server " + name + " intermediate", KeyKind: kind})
}

// issue makes a key and gets a certificate for it, and a status to staple.
func (s *serverFlags) issue(a *authority.CA, kind authority.KeyKind) (handshake.Certificate, error) {
	none := handshake.Certificate{}
	key, err := authority.GenerateKey(kind, nil)
	if err != nil {
		return none, err
	}
	request := s.names()
	csr, err := authority.NewRequest(key, request)
	if err != nil {
		return none, err
	}
	issued, err := a.Sign(csr, authority.LeafOptions{})
	if err != nil {
		return none, err
	}
	c := handshake.Certificate{Chain: issued.Chain, Key: crypto.PrivateKey(key), Leaf: issued.Leaf}
	if s.staple != "none" {
		c.Staple, err = a.OCSP(issued.Leaf, authority.Status(s.staple), authority.OCSPOptions{})
	}
	return c, err
}

// names are those under which clients on this machine and its neighbours call us.
func (s *serverFlags) names() authority.Request {
	r := authority.Request{DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}}
	add := func(name string) {
		ip := net.ParseIP(name)
		switch {
		case name == "" || ip != nil && ip.IsUnspecified():
		case ip != nil && !slices.ContainsFunc(r.IPAddresses, ip.Equal):
			r.IPAddresses = append(r.IPAddresses, ip)
		case ip == nil && !slices.Contains(r.DNSNames, name):
			r.DNSNames = append(r.DNSNames, name)
		}
	}
	add(s.serverName)
	if host, err := os.Hostname(); err == nil {
		if host, err = idn.ToASCII(host); err == nil { // else nobody can call us by it
			add(host)
		}
	}
	if host, _, err := net.SplitHostPort(s.accept); err == nil {
		add(host)
	}
	if s.serverName != "" && len(s.serverName) <= authority.MaxCommonName {
		r.CommonName = s.serverName
	}
	return r
}

// warnDates says, on w, of each certificate of --cert that is out of its dates. It is served all
// the same: to see what becomes of that is a lesson.
func (s *serverFlags) warnDates(w io.Writer, now time.Time) {
	for _, c := range s.Identity.Chain {
		name := idn.BothForms(foreign.Quote(c.Subject.CommonName))
		switch {
		case now.After(c.NotAfter):
			fmt.Fprintln(w, cli.Say(s.Lang, "cert_expired", "file", s.Cert, "name", name, "date", c.NotAfter.UTC().Format(time.DateTime+" UTC")))
		case now.Before(c.NotBefore):
			fmt.Fprintln(w, cli.Say(s.Lang, "cert_not_yet", "file", s.Cert, "name", name, "date", c.NotBefore.UTC().Format(time.DateTime+" UTC")))
		}
	}
}

func rootsOf(issuers []*authority.CA) []*x509.Certificate {
	var out []*x509.Certificate
	for _, a := range issuers {
		out = append(out, a.Root().Cert)
	}
	return out
}

func rootStore(issuers []*authority.CA) *pki.TrustStore {
	return pki.NewTrustStore(rootsOf(issuers)...)
}

// rootFile is where clients find the root; "" if it is nowhere.
func (s *serverFlags) rootFile() string {
	if s.writeRoot != "" || s.caDir == "" {
		return s.writeRoot
	}
	for _, name := range []string{authority.IssuersFile, authority.CertFile} {
		file := filepath.Join(s.caDir, name)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}
