package interop_test

import (
	"bytes"
	stdtls "crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// crypto/tls, in this process, over a pipe through memory.
var stdlib = &peer{
	name: theStdlib,
	// crypto/x509 knows neither Ed448 nor id-RSASSA-PSS.
	kinds: []string{"rsa", "ecdsa", "p384", "p521", "ed25519"},
	suites: func(v iana.Version) []*suite.Suite {
		return filter(suite.Of(v), func(s *suite.Suite) bool { return stdlibHas(nil, s) })
	},
	groups: func(v iana.Version) []kx.Group {
		if v == iana.TLS12 {
			return curves[:4]
		}
		return append([]kx.Group{kx.X25519MLKEM768, kx.SecP256r1MLKEM768, kx.SecP384r1MLKEM1024}, curves[:4]...)
	},
	has:       stdlibHas,
	offersOne: func(iana.Version) bool { return false }, // not in TLS 1.3
	host:      func(_ testing.TB, m meeting, _ deal) host { return stdServer{m} },
	visit:     stdVisit,
	refused:   stdRefused,
	revisit:   stdRevisit,
	lacks: []lack{
		{"kinds", 0, nil, "each signs in each scheme: see TestSchemes"},
		{"external PSK", 0, nil, "crypto/tls has none in its public interface"},
		{"psk_ke", 0, nil, "crypto/tls speaks psk_dhe_ke alone"},
		{"resumption by session ID", 0, nil, "crypto/tls keeps no sessions"},
		{"exporter", 0, nil, "it prints nothing: see TestStdlibExporter"},
		{"retry: no share, any group", 0, weServe, "its client always sends shares"},
		{"retry: no share", 0, weServe, "its client always sends shares"},
		{"retry: a cookie", 0, weAsk, "its server sends no cookies"},
		{"retry: a cookie and another group", 0, weAsk, "its server sends no cookies"},
		{"max_fragment_length", 0, nil, "crypto/tls has none (RFC 6066 §4)"},
		{"record_size_limit", 0, nil, "crypto/tls has no RFC 8449"},
		{"compression", 0, nil, "crypto/tls has no RFC 8879"},
		{"encrypt-then-MAC", 0, nil, "crypto/tls has no RFC 7366"},
		{"fields", 0, nil, "crypto/tls has no finite fields"},
	},
}

func stdlibHas(_ testing.TB, s *suite.Suite) bool {
	for _, c := range append(stdtls.CipherSuites(), stdtls.InsecureCipherSuites()...) {
		if c.ID == uint16(s.ID) {
			return true
		}
	}
	return false
}

// stdEnd is what crypto/tls says of a connection.
type stdEnd struct{ stdtls.ConnectionState }

// stdConfig is its part of a deal.
func stdConfig(m meeting, d deal) *stdtls.Config {
	c := &stdtls.Config{RootCAs: tlstest.Pool(), ClientCAs: tlstest.Pool(), ServerName: tlstest.Name,
		MinVersion: uint16(m.version), MaxVersion: uint16(m.version)}
	if d.suite != nil {
		c.CipherSuites = []uint16{uint16(d.suite.ID)} // TLS 1.3 has its own
	}
	if d.distrusts {
		c.RootCAs = x509.NewCertPool()
	}
	groups := d.takes
	if m.role == event.Server { // it is the client
		groups, c.NextProtos, c.ClientSessionCache = d.offers, d.clientProtocols, d.stdCache
		if d.client != "" {
			c.Certificates = tlstest.Clients()[d.client].Std()
		}
	} else {
		c.NextProtos = d.serverProtocols
		c.ClientAuth = map[handshake.ClientAuth]stdtls.ClientAuthType{
			handshake.RequireClientCert: stdtls.RequireAndVerifyClientCert, handshake.RequestClientCert: stdtls.VerifyClientCertIfGiven}[d.auth]
		for _, id := range d.identities(m) {
			c.Certificates = append(c.Certificates, id.Std()...)
		}
		if d.stdTickets != [32]byte{} {
			c.SetSessionTicketKeys([][32]byte{d.stdTickets}) // each connection has a Config of its own
		}
	}
	for _, g := range groups {
		c.CurvePreferences = append(c.CurvePreferences, stdtls.CurveID(g.ID()))
	}
	if d.std != nil {
		d.std(c)
	}
	return c
}

type stdServer struct{ meeting }

func (s stdServer) meet(t testing.TB, d deal, cfg *tls.Config) outcome {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	a, b := tlstest.Pipe()
	c, srv := tlstest.Client(t, a, cfg), stdtls.Server(b, stdConfig(s.meeting, d))
	return stdConverse(t, s.meeting, d, cfg, w, c, srv)
}

func stdVisit(t testing.TB, m meeting, d deal, cfg *tls.Config) outcome {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	a, b := tlstest.Pipe()
	c, srv := stdtls.Client(a, stdConfig(m, d)), tlstest.Server(t, b, cfg)
	return stdConverse(t, m, d, cfg, w, srv, c)
}

func stdConverse(t testing.TB, m meeting, d deal, cfg *tls.Config, w *tlstest.Witness, ours *tls.Conn, theirs *stdtls.Conn) outcome {
	t.Helper()
	client, server := tlstest.Conn(ours), tlstest.Conn(theirs)
	if m.role == event.Server {
		client, server = server, client
	}
	tlstest.Converse(t, client, server, max(d.bytes, 3000))
	o := outcome{Summary: ours.Summary(), w: w, conn: ours, std: &stdEnd{theirs.ConnectionState()}}
	met(theStdlib, m.role, cfg, o.Summary, w)
	stdAgrees(t, m, o, d)
	return o
}

// stdAgrees holds what crypto/tls says to what our end says.
func stdAgrees(t testing.TB, m meeting, o outcome, d deal) {
	t.Helper()
	if o.std.Version != uint16(o.Version) || o.std.CipherSuite != uint16(o.Suite.ID) {
		t.Errorf("settled %v %v, and %#x %#x by crypto/tls", o.Version, o.Suite, o.std.Version, o.std.CipherSuite)
	}
	if o.std.CurveID != stdtls.CurveID(o.Group) && !(o.Version == iana.TLS12 && o.Resumed) {
		t.Errorf("settled %v, and %v by crypto/tls", o.Group, o.std.CurveID)
	}
	if o.std.DidResume != o.Resumed || o.std.HelloRetryRequest != o.Retried {
		t.Errorf("resumed %v and retried %v, and by crypto/tls %v and %v", o.Resumed, o.Retried, o.std.DidResume, o.std.HelloRetryRequest)
	}
	if o.std.NegotiatedProtocol != o.Protocol || o.std.ServerName != o.ServerName || o.ServerName != tlstest.Name {
		t.Errorf("protocol %q and name %q, and by crypto/tls %q and %q", o.Protocol, o.ServerName, o.std.NegotiatedProtocol, o.std.ServerName)
	}
	shown := d.client != "" && d.auth != 0
	if m.role == event.Client && len(o.std.PeerCertificates) > 0 != shown {
		t.Errorf("crypto/tls has a chain of the client's: %v", !shown)
	}
	if d.staple && m.role == event.Server && !bytes.Equal(o.std.OCSPResponse, d.identities(m)[0].Staple) {
		t.Errorf("crypto/tls got a staple of %d bytes, of %d sent", len(o.std.OCSPResponse), len(d.identities(m)[0].Staple))
	}
}

func (s stdServer) refused(t testing.TB, d deal, cfg *tls.Config, alert iana.AlertDescription) error {
	t.Helper()
	a, b := tlstest.Pipe()
	c, srv := tlstest.Client(t, a, cfg), stdtls.Server(b, stdConfig(s.meeting, d))
	err, serr := tlstest.Shake(c, srv)
	if err == nil {
		if serr == nil {
			t.Error("crypto/tls has no objection")
		}
		_, err = c.Read(make([]byte, 1))
	}
	heardOf(t, serr, alert)
	return err
}

func stdRefused(t testing.TB, m meeting, d deal, cfg *tls.Config, alert iana.AlertDescription) error {
	t.Helper()
	a, b := tlstest.Pipe()
	c := stdtls.Client(a, stdConfig(m, d))
	cerr, err := tlstest.Shake(c, tlstest.Server(t, b, cfg))
	if cerr == nil {
		_, cerr = c.Read(make([]byte, 1))
	}
	heardOf(t, cerr, alert)
	return err
}

// heardOf demands that crypto/tls was told by an alert, if there was to be one.
func heardOf(t testing.TB, err error, alert iana.AlertDescription) {
	t.Helper()
	if alert != noAlert && (err == nil || !strings.HasSuffix(err.Error(), stdtls.AlertError(alert).Error())) {
		t.Errorf("crypto/tls heard %v, want %v", err, stdtls.AlertError(alert))
	}
}
