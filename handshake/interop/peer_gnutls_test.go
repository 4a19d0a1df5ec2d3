package interop_test

import (
	"fmt"
	"io"
	"os/exec"
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

// GnuTLS 3.7, by its gnutls-serv, which echoes what it reads, and gnutls-cli. What they are
// to do is said in a priority string: of a deal's words those that begin with a colon go
// to its end, the others are arguments.
var gnutls = &peer{
	name:  theGnuTLS,
	kinds: tlstest.Kinds,
	suites: func(v iana.Version) []*suite.Suite {
		if v == iana.TLS12 {
			return suite.Of(v)
		}
		return openSuites13()
	},
	groups:    func(v iana.Version) []kx.Group { return append(curves[:len(curves):len(curves)], fields...) }, // in TLS 1.2 too
	has:       gnutlsHas,
	offersOne: func(iana.Version) bool { return true },
	leaves:    true,
	host:      gnutlsHost,
	visit:     gnutlsVisit,
	refused:   gnutlsRefused,
	client:    gnutlsCli,
	revisit:   gnutlsRevisit,
	lacks: []lack{
		{"psk_ke", 0, nil, "it resumes with a key exchange alone"},
		{"resumption retried", 0, weServe, "its client refuses a cookie without a group: see TestRetry13"},
		{"exporter", 0, weAsk, "gnutls-serv has no word for it"},
		{"retry: no share, any group", 0, weServe, "its client always sends shares"},
		{"retry: no share", 0, weServe, "its client always sends shares"},
		{"retry: a cookie", 0, nil, "its server sends no cookies; its client refuses a cookie without a group, RFC 9846 §4.2.4 or not"},
		{"retry: a cookie and another group", 0, weAsk, "its server sends no cookies"},
		{"max_fragment_length", 0, nil, "it speaks of record_size_limit instead"},
		{"client certificate missing", iana.TLS12, weAsk, "it answers decode_error, to a list that may be empty (RFC 5246 §7.4.6)"},
		{"bulk", 0, nil, "its programs are fed by lines"},
		{"fields", 0, nil, "in GnuTLS the client's groups decide, as in ours: see TestSuites and TestGroups"},
		{"long chain", 0, nil, "met with crypto/tls alone: fragments are of our own making"},
	},
	quirks: []quirk{
		{"no middlebox compatibility", []string{":%DISABLE_TLS13_COMPAT_MODE"}},
	},
}

// gnutlsAll and gnutlsAll13 are the priority strings for all that GnuTLS has of a version, NULL
// and the CBC suites with SHA-2 included.
const (
	gnutlsAll   = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+RSA:+DHE-RSA:+AES-128-CBC:+AES-256-CBC:+AES-128-CCM-8:+AES-256-CCM-8:+NULL:+SHA256:+SHA384:+SIGN-RSA-SHA1"
	gnutlsAll13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+AES-128-CCM-8"
)

// gnutlsCiphers are GnuTLS's words for what our rows call by their parts.
var gnutlsCiphers = map[string]string{
	"AES-128-GCM": "+AES-128-GCM:+AEAD", "AES-256-GCM": "+AES-256-GCM:+AEAD", "ChaCha20-Poly1305": "+CHACHA20-POLY1305:+AEAD",
	"AES-128-CCM": "+AES-128-CCM:+AEAD", "AES-256-CCM": "+AES-256-CCM:+AEAD", "AES-128-CCM-8": "+AES-128-CCM-8:+AEAD", "AES-256-CCM-8": "+AES-256-CCM-8:+AEAD",
	"AES-128-CBC HMAC-SHA-1": "+AES-128-CBC:+SHA1", "AES-256-CBC HMAC-SHA-1": "+AES-256-CBC:+SHA1",
	"AES-128-CBC HMAC-SHA-256": "+AES-128-CBC:+SHA256", "AES-256-CBC HMAC-SHA-256": "+AES-256-CBC:+SHA256",
	"AES-256-CBC HMAC-SHA-384": "+AES-256-CBC:+SHA384", "NULL HMAC-SHA-1": "+NULL:+SHA1", "NULL HMAC-SHA-256": "+NULL:+SHA256",
}

// gnutlsGroups are its words for our groups.
var gnutlsGroups = map[iana.Group]string{
	iana.X25519: "X25519", iana.X448: "X448", iana.P256: "SECP256R1", iana.P384: "SECP384R1", iana.P521: "SECP521R1",
	iana.FFDHE2048: "FFDHE2048", iana.FFDHE3072: "FFDHE3072", iana.FFDHE4096: "FFDHE4096",
}

// gnutlsHas looks for the number in its list.
func gnutlsHas(t testing.TB, s *suite.Suite) bool {
	t.Helper()
	out, err := exec.Command(tool(t, "gnutls-cli"), "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(out), fmt.Sprintf("0x%02x, 0x%02x", uint16(s.ID)>>8, uint16(s.ID)&0xff))
}

// gnutlsPriority is the priority string of its end.
func gnutlsPriority(m meeting, d deal) string {
	p := map[iana.Version]string{0: "NORMAL", iana.TLS12: gnutlsAll, iana.TLS13: gnutlsAll13}[m.version]
	groups := d.takes
	if m.role == event.Server { // it is the client
		groups = d.offers
		if s := d.suite; s != nil {
			p = gnutlsOnly(s)
		}
	}
	if groups != nil {
		p += ":-GROUP-ALL"
		for _, g := range groups {
			p += ":+GROUP-" + gnutlsGroups[g.ID()]
		}
	}
	if d.noETM {
		p += ":%NO_ETM"
	}
	return p + strings.Join(filter(d.words, isPriority), "")
}

func isPriority(word string) bool { return strings.HasPrefix(word, ":") }
func isArgument(word string) bool { return !isPriority(word) }

// gnutlsOnly is the priority string for one suite, and all groups.
func gnutlsOnly(s *suite.Suite) string {
	if s.Version == iana.TLS13 {
		return "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:" + gnutlsCiphers[s.Cipher.Name]
	}
	exchange := fmt.Sprintf("%v-%v", s.Kx, s.Auth)
	if s.Kx == iana.KxRSA {
		exchange = "RSA"
	}
	exchange = strings.TrimSuffix(strings.ReplaceAll(exchange, "_", "-"), "-RSA-RSA")
	return "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+" + exchange + ":-CIPHER-ALL:-MAC-ALL:" + gnutlsCiphers[s.Cipher.Name]
}

func gnutlsArgs(m meeting, d deal) []string {
	args := []string{"--priority", gnutlsPriority(m, d)}
	if !d.distrusts {
		args = append(args, "--x509cafile", rootsFile())
	}
	protocols := d.serverProtocols
	if m.role == event.Server {
		protocols = d.clientProtocols
	}
	for _, p := range protocols {
		args = append(args, "--alpn", p)
	}
	if d.noTickets {
		args = append(args, "--noticket")
	}
	return append(args, filter(d.words, isArgument)...)
}

type gnutlsEcho struct {
	*program
	addr string
}

func gnutlsHost(t testing.TB, m meeting, d deal) host {
	t.Helper()
	args := append(gnutlsArgs(m, d), "--echo")
	ids := d.identities(m)
	for _, id := range ids {
		args = append(args, "--x509certfile", filesOf(id).cert, "--x509keyfile", filesOf(id).key)
	}
	switch d.auth {
	case handshake.RequireClientCert:
		args = append(args, "--require-client-cert", "--verify-client-cert")
	case handshake.RequestClientCert:
		args = append(args, "--verify-client-cert")
	default:
		args = append(args, "--disable-client-cert")
	}
	if d.staple {
		args = append(args, "--ocsp-response", filesOf(ids[0]).ocsp, "--ignore-ocsp-response-errors")
	}
	for {
		port := freePort(t)
		p := start(t, "gnutls-serv", append(args, "--port", port)...)
		if p.waitFor(`IPv4 0\.0\.0\.0 port \d+\.\.\.(done|.*bind)`)[1] == "done" {
			return gnutlsEcho{p, "127.0.0.1:" + port}
		} // somebody took the port in between: another one
	}
}

// meet gets lines back, and ends cleanly.
func (s gnutlsEcho) meet(t testing.TB, _ deal, cfg *tls.Config) outcome {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	c, err := dial(t, s.addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 5 {
		line := fmt.Sprintf("line %d, %s\n", i, strings.Repeat("hello gnutls ", 20*i))
		if _, err := io.WriteString(c, line); err != nil {
			t.Fatal(err)
		}
		if got, err := tlstest.ReadLine(c); err != nil || got != line {
			t.Fatalf("sent %q, got %q, %v", line, got, err)
		}
	}
	if err := tlstest.Goodbye(c); err != nil {
		t.Fatal(err)
	}
	met(theGnuTLS, event.Client, cfg, c.Summary(), w)
	return outcome{Summary: c.Summary(), w: w, conn: c, prog: s.program}
}

func (s gnutlsEcho) refused(t testing.TB, _ deal, cfg *tls.Config, _ iana.AlertDescription) error {
	t.Helper()
	return refusedAt(t, s.addr, cfg)
}

func gnutlsCli(t testing.TB, port string, m meeting, d deal) *program {
	t.Helper()
	args := append([]string{"--port", port, "--verify-hostname", tlstest.Name, "--sni-hostname", tlstest.Name, "127.0.0.1"}, gnutlsArgs(m, d)...)
	if d.client != "" {
		f := filesOf(tlstest.Clients()[d.client])
		args = append(args, "--x509certfile", f.cert, "--x509keyfile", f.key)
	}
	return start(t, "gnutls-cli", args...)
}

func gnutlsVisit(t testing.TB, m meeting, d deal, cfg *tls.Config) outcome {
	t.Helper()
	o := textLine(t, m, cfg, answerFirst, func(port string) *program { return gnutlsCli(t, port, m, d) })
	o.prog.waitFor(map[iana.Version]string{iana.TLS12: `Description: \(TLS1\.2`, iana.TLS13: `Description: \(TLS1\.3`}[o.Version])
	if sent := !o.PSK && cfg.Certificates[0].Staple != nil; m.version == iana.TLS13 {
		// It says so before it takes a line.
		if got := strings.Contains(o.prog.said.String(), "OCSP status request"); got != sent {
			t.Errorf("gnutls-cli got a staple: %v", got)
		}
	}
	return o
}

// answerFirst is an answer for gnutls-cli, which leaves without a word once we have said
// goodbye: it goes first.
func answerFirst(c *tls.Conn) error {
	if err := tlstest.Reply(c); err != nil {
		return err
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		return fmt.Errorf("instead of a goodbye came %q, %w", rest, err)
	}
	return c.CloseWrite()
}

func gnutlsRefused(t testing.TB, m meeting, d deal, cfg *tls.Config, _ iana.AlertDescription) error {
	t.Helper()
	port, wait := accept(t, cfg, (*tls.Conn).Handshake)
	return wait(gnutlsCli(t, port, m, d))
}
