package lesson

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"tlslab/pki"
	"tlslab/pki/authority"
)

// Lesson is a small world of trust: Root > Intermediate > a leaf for Name, made
// with the public lesson keys, good or broken in one way.
type Lesson struct {
	Kind         Kind
	Name         string
	Root         *authority.CA
	Intermediate *authority.CA // nil in a forgery
	Other        *authority.CA // a root that has nothing to do with the chain; made where a kind needs it

	Leaf   *authority.Issued
	Key    crypto.Signer   // the leaf's
	Chain  [][]byte        // what the server sends, DER
	Staple []byte          // what the server staples, DER; nil for none
	Roots  *pki.TrustStore // what the client trusts

	opts Options
	keys string // the set of lesson keys
}

// Options choose the lesson. The zero value is a good RSA chain for
// www.lab.test, valid now.
type Options struct {
	Kind   Kind      // default Good
	KeyAlg string    // one of KeyAlgs, the whole chain's; default "rsa"
	PSS    bool      // RSA authorities sign with RSASSA-PSS
	Name   string    // DNS name; default www.lab.test
	Time   time.Time // the certificates are valid around it; default now
	Rand   io.Reader // serial numbers and PSS salts; seed it, and the bytes repeat
	Staple string    // "good", "revoked", "stale", "unknown" or "none"; default none, revoked for kind Revoked
}

const year = 365 * 24 * time.Hour

// New makes a chain of the given kind.
func New(o Options) (*Lesson, error) {
	row, err := o.settle()
	if err != nil {
		return nil, err
	}
	l := &Lesson{Kind: o.Kind, Name: o.Name, opts: o, keys: o.KeyAlg}

	if l.Root, err = l.root("root", "Lesson Root", row.root); err != nil {
		return nil, err
	}
	l.Roots = pki.NewTrustStore(l.Root.Cert)
	options := l.describe("intermediate", "Lesson Intermediate", year/2, 5*year)
	if row.intermediate != nil {
		row.intermediate(&options)
	}
	if l.Intermediate, err = l.Root.NewIntermediate(options); err != nil {
		return nil, err
	}
	if err := l.issue(l.Intermediate, "leaf", row); err != nil {
		return nil, err
	}
	if row.after != nil {
		if err := row.after(l); err != nil {
			return nil, err
		}
	}
	if o.Staple != "none" && l.Leaf.Issuer != l.Leaf.Leaf {
		l.Staple, err = l.Intermediate.OCSP(l.Leaf.Leaf, authority.Status(o.Staple), authority.OCSPOptions{Time: o.Time.Add(-time.Hour), Rand: o.Rand})
	}
	return l, err
}

// NewForgery makes what a man in the middle shows: a root of his own that signs a
// leaf for somebody else's name. Roots trusts his root alone; whether the victim
// does is the lesson.
func NewForgery(o Options) (*Lesson, error) {
	o.Kind, o.Staple = Good, "none"
	row, err := o.settle()
	if err != nil {
		return nil, err
	}
	l := &Lesson{Kind: o.Kind, Name: o.Name, opts: o, keys: o.KeyAlg}
	if l.Root, err = l.root("mitm-root", "Capture Tool Root", nil); err != nil {
		return nil, err
	}
	l.Roots = pki.NewTrustStore(l.Root.Cert)
	return l, l.issue(l.Root, "mitm-leaf", row)
}

// Client issues a client certificate, for mutual authentication, and returns it
// with its key. It draws its serial number from the lesson's Rand.
func (l *Lesson) Client(name string) (*authority.Issued, crypto.Signer, error) {
	key := KeyOf(l.keys, "client")
	csr, err := authority.NewRequest(key, authority.Request{CommonName: name, Rand: l.opts.Rand})
	if err != nil {
		return nil, nil, err
	}
	by := l.Intermediate
	if by == nil {
		by = l.Root
	}
	is, err := by.Sign(csr, authority.LeafOptions{NotBefore: l.opts.Time.Add(-24 * time.Hour), Client: true, Rand: l.opts.Rand})
	return is, key, err
}

// settle fills in defaults and finds the kind's row.
func (o *Options) settle() (kindRow, error) {
	if o.Kind == "" {
		o.Kind = Good
	}
	if o.KeyAlg == "" {
		o.KeyAlg = "rsa"
	}
	if o.Name == "" {
		o.Name = "www.lab.test"
	}
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	if o.Staple == "" {
		o.Staple = "none"
		if o.Kind == Revoked {
			o.Staple = string(authority.StatusRevoked)
		}
	}
	if !slices.Contains(KeyAlgs(), o.KeyAlg) {
		return kindRow{}, fmt.Errorf("unknown kind of lesson keys %q; known are %v", o.KeyAlg, KeyAlgs())
	}
	if o.Kind == SHA1 && !hasSHA1(o.KeyAlg) {
		return kindRow{}, errors.New("kind sha1 needs rsa, ecdsa, p384 or p521: EdDSA brings a hash of its own, and RSASSA-PSS here has SHA-2 alone")
	}
	for _, row := range kindRows {
		if row.kind == o.Kind {
			return row, nil
		}
	}
	return kindRow{}, fmt.Errorf("unknown kind of certificate %q; known are %v", o.Kind, Kinds())
}

func (l *Lesson) describe(key, name string, age, length time.Duration) authority.Options {
	return authority.Options{
		CommonName: name, Organization: "tlslab",
		Key:       KeyOf(l.keys, key),
		NotBefore: l.opts.Time.Add(-age), Validity: length,
		Rand: l.opts.Rand, PSS: l.opts.PSS,
	}
}

func (l *Lesson) root(key, name string, change func(*authority.Options)) (*authority.CA, error) {
	o := l.describe(key, name, year, 10*year)
	if change != nil {
		change(&o)
	}
	return authority.NewRoot(o)
}

// issue takes the server's side and the authority's: request and signature.
func (l *Lesson) issue(by *authority.CA, key string, row kindRow) error {
	l.Key = KeyOf(l.keys, key)
	request := authority.Request{DNSNames: []string{l.Name}, Rand: l.opts.Rand}
	options := authority.LeafOptions{NotBefore: l.opts.Time.Add(-24 * time.Hour), Rand: l.opts.Rand}
	if row.leaf != nil {
		row.leaf(&request, &options)
	}
	csr, err := authority.NewRequest(l.Key, request)
	if err != nil {
		return err
	}
	if l.Leaf, err = by.Sign(csr, options); err != nil {
		return fmt.Errorf("%s: %w", l.Kind, err)
	}
	l.Chain = slices.Clone(l.Leaf.Chain)
	return nil
}

// selfSign replaces the leaf by one that its own key signed.
func (l *Lesson) selfSign() error {
	t := *l.Leaf.Leaf
	t.SignatureAlgorithm, t.AuthorityKeyId = 0, nil
	c, err := authority.CreateCertificate(l.opts.Rand, &t, &t, l.Key.Public(), l.Key)
	if err != nil {
		return err
	}
	l.Leaf = &authority.Issued{Leaf: c, Issuer: c, Chain: [][]byte{c.Raw}}
	l.Chain = l.Leaf.Chain
	return nil
}

// breakSignature flips the last bit of the leaf's signature, which is also the last
// bit of the certificate.
func (l *Lesson) breakSignature() error {
	der := bytes.Clone(l.Leaf.Leaf.Raw)
	der[len(der)-1] ^= 1
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	l.Leaf.Leaf, l.Leaf.Chain[0], l.Chain[0] = c, der, der
	return nil
}
