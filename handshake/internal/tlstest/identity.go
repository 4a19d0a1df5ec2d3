package tlstest

import (
	"crypto"
	stdtls "crypto/tls"
	"crypto/x509"
	"strings"
	"sync"

	"tlslab/handshake/iana"
	"tlslab/handshake/sig"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

// Name is whom every server's certificate here is for.
const Name = "www.lab.test"

// Identity is a certificate with all that goes with it.
type Identity struct {
	Kind   string   // one of Kinds
	Chain  [][]byte // DER, the leaf first
	Key    crypto.Signer
	Staple []byte // an OCSP response in DER, a server's only
}

// Ours is the identity as our ends take it.
func (id *Identity) Ours() []tls.Certificate {
	return []tls.Certificate{{Chain: id.Chain, Key: id.Key, Staple: id.Staple}}
}

// Std is the identity as crypto/tls takes it.
func (id *Identity) Std() []stdtls.Certificate {
	return []stdtls.Certificate{{Certificate: id.Chain, PrivateKey: id.Key, OCSPStaple: id.Staple}}
}

// Auth is the kind of suite that an identity serves in TLS 1.2.
func (id *Identity) Auth() iana.Auth {
	if strings.HasPrefix(id.Kind, "rsa") {
		return iana.AuthRSA
	}
	return iana.AuthECDSA
}

// Schemes lists those that an identity's key can sign with in a version.
func (id *Identity) Schemes(v iana.Version) (fit []*sig.Scheme) {
	for _, s := range sig.Defaults() {
		if s.FitsKey(id.Key.Public(), v) {
			fit = append(fit, s)
		}
	}
	return fit
}

// Kinds are those of certificate, by the key of leaf and CAs.
var Kinds = pki.LessonKeyAlgs()

// estate is everything that tests are issued: made once, by one CA per kind of key, for
// the chain's signatures are part of what is tested.
type estate struct {
	servers, clients map[string]*Identity
	roots            *pki.TrustStore
	pool             *x509.CertPool
}

var made = sync.OnceValue(func() *estate {
	e, err := makeEstate()
	if err != nil {
		panic(err) // no test can run without
	}
	return e
})

// Issue has everything issued now: a test whose clock is not the world's calls it before
// its clock begins.
func Issue() { made() }

// Servers are the servers' identities by kind.
func Servers() map[string]*Identity { return made().servers }

// Clients are the clients' identities by kind.
func Clients() map[string]*Identity { return made().clients }

// Roots are the CAs that issued all of them.
func Roots() *pki.TrustStore { return made().roots }

// Pool is Roots as crypto/tls takes them.
func Pool() *x509.CertPool { return made().pool }

func makeEstate() (*estate, error) {
	e := &estate{servers: map[string]*Identity{}, clients: map[string]*Identity{}, roots: pki.NewTrustStore(), pool: x509.NewCertPool()}
	for _, alg := range Kinds {
		l, err := pki.NewLesson(pki.LessonOptions{KeyAlg: alg, Name: Name, Staple: "good"})
		if err != nil {
			return nil, err
		}
		e.roots.Add(l.Root.Cert)
		e.pool.AddCert(l.Root.Cert)
		e.servers[alg] = &Identity{Kind: alg, Chain: l.Chain, Key: l.Key, Staple: l.Staple}
		student, key, err := l.Client("student")
		if err != nil {
			return nil, err
		}
		e.clients[alg] = &Identity{Kind: alg, Chain: student.Chain, Key: key}
	}
	return e, nil
}
