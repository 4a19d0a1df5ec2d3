package tls_test

import (
	"crypto"
	stdtls "crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"tlslab/handshake/iana"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

// name is whom every certificate here is for.
const name = "www.lab.test"

// identity is a certificate with all that goes with it, in each form that a peer
// may want: ours, crypto/tls's, PEM files.
type identity struct {
	kind   string // one of kinds
	chain  [][]byte
	key    crypto.Signer
	staple []byte // a server's only

	certFile, chainFile, keyFile, stapleFile string // chainFile is certFile without the leaf
}

func (id *identity) ours() []tls.Certificate {
	return []tls.Certificate{{Chain: id.chain, Key: id.key, Staple: id.staple}}
}

func (id *identity) std() []stdtls.Certificate {
	return []stdtls.Certificate{{Certificate: id.chain, PrivateKey: id.key, OCSPStaple: id.staple}}
}

// auth is the kind of suite that an identity serves.
func (id *identity) auth() iana.Auth {
	if strings.HasPrefix(id.kind, "rsa") {
		return iana.AuthRSA
	}
	return iana.AuthECDSA
}

// serverFor picks an identity that a suite can use.
func serverFor(s *suite.Suite) *identity {
	if s.Auth == iana.AuthRSA {
		return servers()["rsa"]
	}
	return servers()["ecdsa"]
}

// schemesFor lists the schemes that an identity's key can sign with in TLS 1.2.
func schemesFor(id *identity) []*sig.Scheme { return schemesIn(iana.TLS12, id) }

func schemesIn(v iana.Version, id *identity) (fit []*sig.Scheme) {
	for _, s := range sig.Defaults() {
		if s.FitsKey(id.key.Public(), v) {
			fit = append(fit, s)
		}
	}
	return fit
}

// kinds are those of certificate, by the key of leaf and CAs.
var kinds = pki.LessonKeyAlgs()

// stdKinds are those that crypto/tls has: crypto/x509 knows neither Ed448 nor
// id-RSASSA-PSS.
var stdKinds = []string{"rsa", "ecdsa", "p384", "p521", "ed25519"}

// estate is everything that tests of this package are issued: made once, by one CA
// per kind of key, for the chain's signatures are part of what is tested.
type estate struct {
	servers, clients map[string]*identity
	roots            *pki.TrustStore
	rootsFile        string
	pool             *x509.CertPool
}

var theEstate = sync.OnceValues(makeEstate)

func made() *estate {
	e, err := theEstate()
	if err != nil {
		panic(err) // no test of this package can run without
	}
	return e
}

func servers() map[string]*identity { return made().servers }
func clients() map[string]*identity { return made().clients }
func roots() *pki.TrustStore        { return made().roots }

func makeEstate() (*estate, error) {
	e := &estate{servers: map[string]*identity{}, clients: map[string]*identity{}, roots: pki.NewTrustStore(), pool: x509.NewCertPool()}
	var bundle []byte
	for _, alg := range kinds {
		l, err := pki.NewLesson(pki.LessonOptions{KeyAlg: alg, Name: name, Staple: "good"})
		if err != nil {
			return nil, err
		}
		e.roots.Add(l.Root.Cert)
		e.pool.AddCert(l.Root.Cert)
		bundle = append(bundle, pki.EncodeCert(l.Root.Cert.Raw)...)
		e.servers[alg] = &identity{kind: alg, chain: l.Chain, key: l.Key, staple: l.Staple}
		student, key, err := l.Client("student")
		if err != nil {
			return nil, err
		}
		e.clients[alg] = &identity{kind: alg, chain: student.Chain, key: key}
	}
	for role, ids := range map[string]map[string]*identity{"server": e.servers, "client": e.clients} {
		for kind, id := range ids {
			if err := id.write(filepath.Join(workDir, role+"-"+kind)); err != nil {
				return nil, err
			}
		}
	}
	e.rootsFile = filepath.Join(workDir, "roots.pem")
	return e, os.WriteFile(e.rootsFile, bundle, 0o600)
}

// write puts the PEM files beside each other.
func (id *identity) write(prefix string) error {
	leaf, issuers := pki.EncodeCert(id.chain[0]), []byte(nil)
	for _, der := range id.chain[1:] {
		issuers = append(issuers, pki.EncodeCert(der)...)
	}
	id.certFile, id.chainFile, id.keyFile, id.stapleFile = prefix+".pem", prefix+".chain", prefix+".key", prefix+".ocsp"
	for _, f := range []struct {
		path string
		data []byte
	}{{id.certFile, append(leaf, issuers...)}, {id.chainFile, issuers}, {id.stapleFile, id.staple}} {
		if err := os.WriteFile(f.path, f.data, 0o600); err != nil {
			return err
		}
	}
	return pki.WriteKey(id.keyFile, id.key, pki.FileOptions{})
}

// sharedWith lists our suites of TLS 1.2 that a peer with these numbers has too.
func sharedWith(ids []uint16) (common []*suite.Suite) {
	for _, s := range suite.Of(iana.TLS12) {
		if slices.Contains(ids, uint16(s.ID)) {
			common = append(common, s)
		}
	}
	return common
}
