package scenario

import (
	"fmt"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
)

// terms are what the connections of a flow are made under.
type terms struct {
	version iana.Version
	kx      iana.Kx // in TLS 1.2, where the suite names it
}

// in13 are those of TLS 1.3, whose suites name no key exchange.
var in13 = terms{version: iana.TLS13}

func (t terms) String() string {
	if t.version != iana.TLS12 {
		return t.version.String()
	}
	return t.kx.String() + " key exchange"
}

// flow is the name of a flow of which nothing else is to be said.
func (t terms) flow() string {
	switch {
	case t == in13:
		return "tls13"
	case t.kx == iana.KxRSA:
		return "rsa"
	case t.kx == iana.KxDHE:
		return "dhe"
	case t.kx == iana.KxECDHE:
		return "ecdhe"
	}
	return fmt.Sprintf("kx_%02x", uint8(t.kx))
}

// served reports whether a suite can be chosen under the terms.
func (t terms) served(s *suite.Suite) bool { return termsOf(s) == t }

// termsOf are those under which a suite can be chosen.
func termsOf(s *suite.Suite) terms {
	if s.Version == iana.TLS13 {
		return in13
	}
	return terms{iana.TLS12, s.Kx} // a student's own row may leave its version out
}

// version is the one that is asked for; 0 if nothing asks for one.
func (o *Options) version() iana.Version {
	switch {
	case o.Version != 0:
		return o.Version
	case len(o.Kx) > 0:
		return iana.TLS12
	case o.only13() != "":
		return iana.TLS13
	case o.only12() != "":
		return iana.TLS12
	}
	return 0
}

// terms are those of the flows between client and server, in the order of playing.
func (o *Options) terms() (out []terms) {
	v := o.version()
	switch {
	case v == iana.TLS13:
		return []terms{in13}
	case len(o.Kx) > 0:
		for _, x := range o.Kx {
			out = append(out, terms{iana.TLS12, x})
		}
		return out
	case o.Suites != nil:
		for _, s := range o.Suites {
			if t := termsOf(s); (v == 0 || v == t.version) && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
		return out
	}
	ecdhe := terms{iana.TLS12, iana.KxECDHE}
	if o.MITM || o.Resume != NoResume || o.keyAlg() != "rsa" {
		return []terms{ecdhe}
	}
	if !o.http2() { // which takes no RSA key exchange
		out = append(out, terms{iana.TLS12, iana.KxRSA})
	}
	if out = append(out, ecdhe); v == 0 {
		out = append(out, in13)
	}
	return out
}

// suites are those of the options that go with t, or the one with which the flows differ in
// nothing but the key exchange; to encrypt and then MAC takes one with a MAC.
func (o *Options) suites(t terms) []*suite.Suite {
	if o.Suites != nil {
		return slices.DeleteFunc(slices.Clone(o.Suites), func(s *suite.Suite) bool { return !t.served(s) })
	}
	if o.EncryptThenMAC {
		i := slices.IndexFunc(suite.All(), func(s *suite.Suite) bool {
			return t.served(s) && s.Cipher.Kind == suite.CBC && s.Auth == iana.AuthRSA
		})
		return suite.All()[max(i, 0) : i+1] // empty for a student's own exchange: none of our suites goes with it
	}
	ids := map[terms]iana.CipherSuite{{iana.TLS12, iana.KxRSA}: 0x009c, {iana.TLS12, iana.KxDHE}: 0x009e, {iana.TLS12, iana.KxECDHE}: 0xc02f, in13: 0x1301}
	if !o.rsaKey() {
		ids[terms{iana.TLS12, iana.KxECDHE}] = 0xc02b
	}
	if s := suite.ByID(ids[t]); s != nil {
		return []*suite.Suite{s}
	}
	return nil
}

// only13 names an option set that has no meaning before TLS 1.3; "" if there is none.
func (o *Options) only13() string {
	return firstSet(option{"HelloRetry", o.HelloRetry}, option{"Resume", o.Resume.tls13()}, option{"PSK", o.PSK != nil}, option{"PSKOnly", o.PSKOnly},
		option{"AllowNoDHE", o.AllowNoDHE}, option{"Padding", o.Padding != 0}, option{"CertificateCompression", o.CertificateCompression != nil},
		option{"NoCompatibility", o.NoCompatibility}, option{"KeyUpdate", o.KeyUpdate}, option{"Cookie", o.Cookie})
}

// only12 names an option set that has no meaning after TLS 1.2; "" if there is none.
func (o *Options) only12() string {
	return firstSet(option{"Compress", o.Compress}, option{"NoEMS", o.NoEMS}, option{"EncryptThenMAC", o.EncryptThenMAC},
		option{"Resume", o.Resume == ResumeByID || o.Resume == ResumeByTicket})
}

// option is one that is set, or is not.
type option struct {
	name string
	set  bool
}

// firstSet is the name of the first that is set, or "".
func firstSet(options ...option) string {
	for _, o := range options {
		if o.set {
			return o.name
		}
	}
	return ""
}
