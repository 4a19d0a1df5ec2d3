package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"regexp"
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

// OpenSSL 3.0, by its s_server and s_client. A server process takes many connections, one
// after the other; with -rev it sends each line back reversed, and ends the connection when
// told CLOSE. A client process makes one connection: it verifies us, sends a line, and must
// get our answer and a clean end.
var openssl = &peer{
	name:  theOpenSSL,
	kinds: tlstest.Kinds,
	suites: func(v iana.Version) []*suite.Suite {
		if v == iana.TLS12 {
			return suite.Of(v)
		}
		return openSuites13()
	},
	groups:    func(v iana.Version) []kx.Group { return classicGroups(v) },
	has:       opensslHas,
	offersOne: func(v iana.Version) bool { return v == iana.TLS13 },
	host:      opensslHost,
	visit:     opensslVisit,
	refused:   opensslRefused,
	client:    opensslClient,
	revisit:   opensslRevisit,
	quirks: []quirk{
		{"padding", []string{"-record_padding", "512"}},
		{"no middlebox compatibility", []string{"-no_middlebox"}},
		{"short records", []string{"-max_send_frag", "512", "-split_send_frag", "512"}},
	},
	lacks: []lack{
		{"kinds", 0, nil, "each signs in each scheme: see TestSchemes"},
		{"retry: no share, any group", 0, weServe, "its client always sends shares"},
		{"retry: no share", 0, weServe, "its client always sends shares"},
		{"record_size_limit", 0, nil, "OpenSSL 3.0 has no RFC 8449"},
		{"compression", 0, nil, "OpenSSL 3.0 has no RFC 8879"},
		{"bulk", 0, weServe, "s_client is fed by lines"},
		{"long chain", 0, nil, "met with crypto/tls alone: fragments are of our own making"},
	},
}

// Roles of ours, for what a peer lacks at one of its ends.
var (
	weAsk   = []event.Role{event.Client}
	weServe = []event.Role{event.Server}
)

// everything is OpenSSL's cipher string for all that it has, NULL included.
const everything = "ALL:eNULL:@SECLEVEL=0"

// allSuites13 are OpenSSL's suites of TLS 1.3: it leaves CCM out unless it is told.
const allSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"

// openSuites13 are our suites of TLS 1.3 that hide something: OpenSSL and GnuTLS have all
// of them, and of RFC 9150's neither has any.
func openSuites13() []*suite.Suite {
	return filter(suite.Of(iana.TLS13), func(s *suite.Suite) bool { return !s.Weak })
}

// classicGroups are what both programs have: curves, and in TLS 1.3 the fields of RFC 7919
// as well. (In TLS 1.2 the server brings its field, and see TestFields.)
func classicGroups(v iana.Version) []kx.Group {
	if v == iana.TLS12 {
		return curves
	}
	return append(curves[:len(curves):len(curves)], fields...)
}

var (
	curves = []kx.Group{kx.X25519, kx.P256, kx.P384, kx.P521, kx.X448}
	fields = []kx.Group{kx.FFDHE2048, kx.FFDHE3072, kx.FFDHE4096}
)

func opensslHas(t testing.TB, s *suite.Suite) bool {
	t.Helper()
	args, name := []string{"ciphers", everything}, s.ID.OpenSSL()
	if s.Version == iana.TLS13 {
		args, name = []string{"ciphers", "-s", "-tls1_3", "-ciphersuites", s.String()}, s.String()
	}
	out, err := exec.Command(tool(t, "openssl"), args...).CombinedOutput()
	return err == nil && strings.Contains(":"+strings.TrimSpace(string(out))+":", ":"+name+":")
}

// opensslGroups names groups as -groups takes them: none twice.
func opensslGroups(gs []kx.Group) string {
	var names []string
	for _, g := range gs {
		name := map[iana.Group]string{iana.X25519: "X25519", iana.P256: "P-256", iana.P384: "P-384", iana.P521: "P-521", iana.X448: "X448"}[g.ID()]
		if name == "" {
			name = g.Name()
		}
		names = append(names, name)
	}
	return strings.Join(names, ":")
}

// opensslArgs are the arguments that both its ends have.
func opensslArgs(m meeting, d deal) (args []string) {
	switch m.version {
	case iana.TLS12:
		args = append(args, "-tls1_2")
	case iana.TLS13:
		args = append(args, "-tls1_3")
	}
	suites := allSuites13
	if d.suite != nil && d.suite.Version == iana.TLS13 && m.role == event.Server {
		suites = d.suite.String()
	}
	args = append(args, "-ciphersuites", suites)
	groups, protocols := d.takes, d.serverProtocols
	if m.role == event.Server { // it is the client
		groups, protocols = d.offers, d.clientProtocols
	}
	if groups != nil {
		args = append(args, "-groups", opensslGroups(groups))
	}
	if protocols != nil {
		args = append(args, "-alpn", strings.Join(protocols, ","))
	}
	if d.noETM {
		args = append(args, "-no_etm")
	}
	if d.noTickets {
		args = append(args, "-no_ticket")
	}
	return append(args, d.words...)
}

// show is the arguments that give s_server or s_client a certificate.
func show(id *tlstest.Identity) []string {
	return []string{"-cert", filesOf(id).cert, "-key", filesOf(id).key, "-cert_chain", filesOf(id).chain}
}

type opensslServer struct {
	*program
	meeting
	addr string
}

// opensslHost starts an s_server, in -rev unless it is to be typed at.
func opensslHost(t testing.TB, m meeting, d deal) host {
	t.Helper()
	args := opensslServerArgs(m, d)
	if !d.typed {
		args = append(args, "-rev")
	}
	p, addr := sServer(t, args...)
	return opensslServer{p, m, addr}
}

func opensslServerArgs(m meeting, d deal) []string {
	args := opensslArgs(m, d)
	ids := d.identities(m)
	args = append(args, show(ids[0])...)
	if len(ids) > 1 {
		f := filesOf(ids[1])
		args = append(args, "-dcert", f.cert, "-dkey", f.key, "-dcert_chain", f.chain)
	}
	switch d.auth {
	case handshake.RequireClientCert:
		args = append(args, "-Verify", "3", "-CAfile", rootsFile(), "-verify_return_error")
	case handshake.RequestClientCert:
		args = append(args, "-verify", "3", "-CAfile", rootsFile())
	}
	if d.staple {
		args = append(args, "-status_file", filesOf(ids[0]).ocsp)
	}
	return args
}

// sServer starts one and returns its address.
func sServer(t testing.TB, args ...string) (p *program, addr string) {
	t.Helper()
	p = start(t, "openssl", append([]string{"s_server", "-accept", "127.0.0.1:0", "-cipher", everything}, args...)...)
	return p, p.waitFor(`ACCEPT (127\.0\.0\.1:\d+)`)[1]
}

// meet sends a server in -rev lines, wants them back, and ends cleanly.
func (s opensslServer) meet(t testing.TB, d deal, cfg *tls.Config) outcome {
	t.Helper()
	switch {
	case d.typed:
		return s.typed(t, cfg)
	case d.bytes >= 1<<20:
		sendBulk(t, s.addr, cfg)
	}
	cfg, w := tlstest.Witnessed(t, cfg)
	c, err := dial(t, s.addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var sent, want strings.Builder
	for i := range 40 {
		line := fmt.Appendf(nil, "%03d %s", i, strings.Repeat("ab", i*4))
		fmt.Fprintf(&sent, "%s\n", line)
		for j := range line {
			want.WriteByte(line[len(line)-1-j])
		}
		want.WriteByte('\n')
	}
	if _, err := io.WriteString(c, sent.String()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want.String() {
		t.Fatalf("%v; came %q", err, got)
	}
	if _, err := io.WriteString(c, "CLOSE\n"); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Fatalf("instead of a clean end: %q, %v", rest, err)
	}
	met(theOpenSSL, event.Client, cfg, c.Summary(), w)
	return outcome{Summary: c.Summary(), w: w, conn: c, prog: s.program}
}

// typed has one talk with a server that is typed at.
func (s opensslServer) typed(t testing.TB, cfg *tls.Config) outcome {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	c, err := dial(t, s.addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	s.waitFor("hello")
	s.say("and good bye")
	if got, err := tlstest.ReadLine(c); err != nil || got != "and good bye\n" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	met(theOpenSSL, event.Client, cfg, c.Summary(), w)
	return outcome{Summary: c.Summary(), w: w, conn: c, prog: s.program}
}

// sendBulk sends a MiB and gets it back.
func sendBulk(t testing.TB, addr string, cfg *tls.Config) {
	t.Helper()
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	line := append(bytes.Repeat([]byte("x"), 1023), '\n') // its own reverse
	data := bytes.Repeat(line, 1024)
	wrote := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		wrote <- err
	}()
	got := make([]byte, len(data))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%v after %d bytes", err, n)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

func (s opensslServer) refused(t testing.TB, _ deal, cfg *tls.Config, _ iana.AlertDescription) error {
	t.Helper()
	return refusedAt(t, s.addr, cfg)
}

// sClient starts one.
func sClient(t testing.TB, port string, args ...string) *program {
	t.Helper()
	return start(t, "openssl", append([]string{"s_client", "-connect", "127.0.0.1:" + port, "-servername", tlstest.Name,
		"-verify_hostname", tlstest.Name, "-verify_return_error", "-cipher", everything}, args...)...)
}

func opensslClient(t testing.TB, port string, m meeting, d deal) *program {
	t.Helper()
	args := opensslArgs(m, d)
	if d.distrusts {
		args = append(args, "-no-CAfile", "-no-CApath")
	} else {
		args = append(args, "-CAfile", rootsFile())
	}
	if d.client != "" {
		args = append(args, show(tlstest.Clients()[d.client])...)
	}
	if d.staple {
		args = append(args, "-status")
	}
	return sClient(t, port, args...)
}

func opensslVisit(t testing.TB, m meeting, d deal, cfg *tls.Config) outcome {
	t.Helper()
	o := textLine(t, m, cfg, tlstest.Answer, func(port string) *program { return opensslClient(t, port, m, d) })
	opensslAgrees(t, o, d)
	return o
}

// opensslAgrees holds what s_client prints to what our end says.
func opensslAgrees(t testing.TB, o outcome, d deal) {
	t.Helper()
	kind, cipher := "New", o.Suite.ID.OpenSSL()
	if o.Resumed || o.PSK {
		kind = "Reused"
	}
	if o.Version == iana.TLS13 {
		cipher = o.Suite.String()
	}
	o.prog.waitFor(kind + `, .*, Cipher is ` + regexp.QuoteMeta(cipher) + `\n`)
	if o.Protocol != "" {
		o.prog.waitFor(`ALPN protocol: ` + regexp.QuoteMeta(o.Protocol) + `\n`)
	} else {
		o.prog.waitFor(`No ALPN negotiated`)
	}
	if o.Version == iana.TLS12 {
		o.prog.waitFor(`Extended master secret: ` + map[bool]string{true: "yes", false: "no"}[o.ExtendedMasterSecret])
	}
	if bits, field := strings.CutPrefix(o.Group.String(), "ffdhe"); field && !o.Resumed {
		o.prog.waitFor(`Server Temp Key: DH, ` + bits + ` bits`)
	}
	if d.staple {
		o.prog.waitFor(`OCSP Response Status: successful`)
		o.prog.waitFor(`Cert Status: good`)
	}
}

func opensslRefused(t testing.TB, m meeting, d deal, cfg *tls.Config, alert iana.AlertDescription) error {
	t.Helper()
	port, wait := accept(t, cfg, (*tls.Conn).Handshake)
	p := opensslClient(t, port, m, d)
	err := wait(p)
	if alert != noAlert {
		p.waitFor(`alert ` + strings.ReplaceAll(alert.String(), "_", " "))
	}
	return err
}
