package handshake

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// traceEnd is one end of a trace: an endpoint that draws the trace's random values and
// shapes its messages as the trace's. All else it finds by itself.
type traceEnd struct {
	*Endpoint
	rand    *draws
	secrets *traceSecrets
	sent    []string // every record sent so far, opened
}

// Event collects what the test compares, and what a failing one shows.
func (e *traceEnd) Event(ev event.Event) {
	switch ev := ev.(type) {
	case *event.Secret:
		e.secrets.heard[ev.Label] = append(e.secrets.heard[ev.Label], ev)
	case *event.Record:
		if ev.Dir == event.Send {
			e.sent = append(e.sent, fmt.Sprintf("%v %x", ev.Type, ev.Payload))
		}
	}
}

// opened tells what was sent, one record a line, for the message of a failure.
func (e *traceEnd) opened() string { return "\n" + strings.Join(e.sent, "\n") }

// end makes the endpoint of a role.
func (tr *trace) end(t *testing.T, role event.Role) *traceEnd {
	t.Helper()
	e := &traceEnd{rand: &draws{}, secrets: &traceSecrets{heard: map[event.SecretLabel][]*event.Secret{}}}
	cfg := &Config{
		Rand: e.rand, Listener: e, ShowSecrets: true,
		MinVersion: iana.TLS13, MaxVersion: iana.TLS13,
		Suites:          []*suite.Suite{suite.ByID(0x1301), suite.ByID(0x1303), suite.ByID(0x1302)},
		Groups:          tr.groups(t, role.String()),
		RecordSizeLimit: 1<<14 + 1,
		// The certificates name nobody and vouch for themselves.
		VerifyChain: func(ChainInput) (*pki.Report, error) { return nil, nil },
		edit:        tr.shape(t, role),
	}
	var err error
	if role == event.Client {
		tr.client(t, cfg, e.rand)
		e.Endpoint, err = NewClient(cfg)
	} else {
		tr.server(t, cfg, e.rand)
		e.Endpoint, err = NewServer(cfg)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// client gives a client what its trace has: the random, the session ID of
// compatibility mode, and a certificate where the server asks for one.
func (tr *trace) client(t *testing.T, cfg *Config, rand *draws) {
	t.Helper()
	hello := parseTraced[*message.ClientHello](t, tr.message(t, "client", "ClientHello", 0), event.Client)
	rand.values = append(rand.values, hello.Random[:])
	if cfg.NoCompatibilityMode = len(hello.SessionID) == 0; !cfg.NoCompatibilityMode {
		rand.values = append(rand.values, hello.SessionID)
	}
	cfg.ServerName = "server"
	cfg.KeyShares = []iana.Group{iana.X25519}
	cfg.Sessions = session.NewMemory(1)
	if tr.resumes() {
		tr.keepTicket(t, cfg)
	}
	if len(tr.find("client", "construct a CertificateVerify handshake message")) > 0 {
		cfg.Certificates = tr.replayed(t, "client")
	}
}

// server gives a server what its trace has: the random, the salt of its signature, a
// certificate, and the wish for the client's.
func (tr *trace) server(t *testing.T, cfg *Config, rand *draws) {
	t.Helper()
	hellos := len(tr.find("server", "construct a ServerHello handshake message"))
	hello := parseTraced[*message.ServerHello](t, tr.message(t, "server", "ServerHello", hellos-1), event.Server)
	rand.values = append(rand.values, hello.Random[:])
	if tr.resumes() { // by a ticket that is not ours
		cfg.Certificates = []Certificate{{Chain: [][]byte{readTrace(t, "simple").certificate(t, "server").Raw}}} // never shown
		cfg.openTicket = func([]byte) (*session.Session, error) { return tr.resumed(t, cfg), nil }
		cfg.MaxEarlyData = 1
		return
	}
	cfg.Certificates = tr.replayed(t, "server")
	if key := rfc8448Key(t); tr.certificate(t, "server").PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
		cfg.Certificates[0].Key = key
		_, signature := tr.certificateVerify(t, "server")
		digest := sha256.Sum256(tr.signed(t, "server"))
		salt, err := pssSalt(&key.PublicKey, digest[:], signature)
		if err != nil {
			t.Fatal(err)
		}
		rand.values = append(rand.values, salt)
	}
	if len(tr.find("server", "construct a CertificateRequest handshake message")) > 0 {
		cfg.ClientAuth = RequireClientCert
	}
	if len(tr.find("server", "construct a NewSessionTicket handshake message")) > 0 {
		cfg.Tickets, cfg.SessionTickets = session.NewTicketKeys(zeros{}, 0), 1
		rand.freely = true // ticket_age_add and the seal: shape puts the trace's ticket in their place
	}
}

// replayed is a party's certificate with a key that can sign what the trace signs.
func (tr *trace) replayed(t *testing.T, party string) []Certificate {
	t.Helper()
	cert := tr.certificate(t, party)
	_, signature := tr.certificateVerify(t, party)
	digest := sha256.Sum256(tr.signed(t, party))
	key := &replayedKey{cert.PublicKey, digest[:], signature}
	return []Certificate{{Chain: [][]byte{cert.Raw}, Leaf: cert, Key: key}}
}

// groups are those for which a party creates key pairs.
func (tr *trace) groups(t *testing.T, party string) []kx.Group {
	t.Helper()
	var out []kx.Group
	for _, g := range []struct {
		name string
		kx.Group
	}{{"x25519", kx.X25519}, {"P-256", kx.P256}} {
		for _, s := range tr.find(party, "create an ephemeral "+g.name+" key pair") {
			out = append(out, &tracedGroup{g.Group, s.get(t, "private key")})
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s: the %s creates no key pair", tr.name, party)
	}
	return out
}

// shape makes an endpoint's messages those of the trace in all that is a matter of
// choice: which extensions, in which order, and what the client's lists have in them.
// What an endpoint computes, draws or takes over from its peer stays its own.
func (tr *trace) shape(t *testing.T, role event.Role) func(message.Message) {
	sent := map[string]int{}
	resumes := false
	return func(m message.Message) {
		name := map[message.Kind]string{
			message.KindClientHello: "ClientHello", message.KindServerHello: "ServerHello", message.KindHelloRetryRequest: "ServerHello",
			message.KindEncryptedExtensions: "EncryptedExtensions", message.KindCertificateRequest: "CertificateRequest",
			message.KindNewSessionTicket: "NewSessionTicket",
		}[m.Kind()]
		if name == "" { // nothing in it is a choice
			return
		}
		raw := tr.message(t, role.String(), name, sent[name])
		sent[name]++
		switch m := m.(type) {
		case *message.ClientHello:
			like := parseTraced[*message.ClientHello](t, raw, role)
			m.CipherSuites = like.CipherSuites
			adopt(t, &m.Extensions, like.Extensions, iana.ExtServerName, iana.ExtSupportedVersions, iana.ExtKeyShare, iana.ExtCookie, iana.ExtRecordSizeLimit,
				iana.ExtEarlyData, iana.ExtPreSharedKey)
		case *message.ServerHello:
			like := parseTraced[*message.ServerHello](t, raw, role)
			adopt(t, &m.Extensions, like.Extensions, iana.ExtSupportedVersions, iana.ExtKeyShare, iana.ExtPreSharedKey)
			resumes = m.Extensions.Find(iana.ExtPreSharedKey) != nil
		case *message.EncryptedExtensions:
			like := parseTraced[*message.EncryptedExtensions](t, raw, role)
			own := []iana.ExtensionType{iana.ExtRecordSizeLimit, iana.ExtEarlyData}
			if !resumes { // the server of the trace says so then, too, which RFC 6066 §3 forbids
				own = append(own, iana.ExtServerName)
			}
			adopt(t, &m.Extensions, like.Extensions, own...)
		case *message.CertificateRequest13:
			like := parseTraced[*message.CertificateRequest13](t, raw, role)
			adopt(t, &m.Extensions, like.Extensions)
		case *message.NewSessionTicket13:
			*m = *parseTraced[*message.NewSessionTicket13](t, raw, role)
		}
	}
}

// adopt puts the trace's extensions in the place of ours, except those of the types
// own, which must be there: they are ours, in the trace's order.
func adopt(t *testing.T, ours *message.Extensions, theirs message.Extensions, own ...iana.ExtensionType) {
	t.Helper()
	for i, x := range theirs.List {
		if !slices.Contains(own, x.Type()) {
			continue
		}
		if theirs.List[i] = ours.Find(x.Type()); theirs.List[i] == nil {
			t.Fatalf("the endpoint sends no %v by itself", x.Type())
		}
	}
	*ours = theirs
}

// parseTraced reads a message of the trace's.
func parseTraced[T message.Message](t *testing.T, raw []byte, from event.Role) T {
	t.Helper()
	m, err := message.Parse(message.Context{Version: iana.TLS13, FromServer: from == event.Server}, raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.(T)
}

// tracedGroup is a group whose only private key is the trace's.
type tracedGroup struct {
	kx.Group
	private []byte
}

// Offer makes the trace's key pair.
func (g *tracedGroup) Offer(io.Reader) (kx.Offer, error) {
	return g.Group.Offer(bytes.NewReader(g.private))
}

// Answer answers with it.
func (g *tracedGroup) Answer(_ io.Reader, offered []byte) (kx.Answer, error) {
	return g.Group.Answer(bytes.NewReader(g.private), offered)
}

// zeros is a Rand for what no trace tells and no test looks at.
type zeros struct{}

// Read fills p with zeros.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// draws is a Rand that hands out the trace's own values, one whole value per Read,
// in the order in which an endpoint asks.
type draws struct {
	values [][]byte
	// freely lets further draws have zeros: for what the trace does not tell and the
	// edit hook replaces.
	freely bool
}

// Read fills p with the next value.
func (d *draws) Read(p []byte) (int, error) {
	switch {
	case len(d.values) == 0 && d.freely:
		clear(p)
		return len(p), nil
	case len(d.values) == 0:
		return 0, fmt.Errorf("%d bytes drawn, and the trace draws no more", len(p))
	case len(d.values[0]) != len(p):
		return 0, fmt.Errorf("%d bytes drawn, where the trace draws %d", len(p), len(d.values[0]))
	}
	copy(p, d.values[0])
	d.values = d.values[1:]
	return len(p), nil
}

// replayedKey is a key whose private half the RFC keeps to itself: it can sign the one
// thing that the trace shows it sign, and nothing else.
type replayedKey struct {
	public            crypto.PublicKey
	digest, signature []byte
}

// Public returns the public key.
func (k *replayedKey) Public() crypto.PublicKey { return k.public }

// Sign returns the trace's signature if it is asked for.
func (k *replayedKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if !bytes.Equal(digest, k.digest) {
		return nil, fmt.Errorf("asked to sign digest %x; the trace signed %x", digest, k.digest)
	}
	return k.signature, nil
}
