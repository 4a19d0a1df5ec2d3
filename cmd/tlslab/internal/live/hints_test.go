package live

import (
	"bytes"
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/pki/lesson"
)

// eachAlert calls do with every alert that the registry has.
func eachAlert(do func(iana.AlertDescription)) {
	for n := range 256 {
		if d := iana.AlertDescription(n); !strings.HasPrefix(d.String(), "0x") {
			do(d)
		}
	}
}

// Every alert has its hint for either end, or its row that says that there is none; a row always
// applies; each hint is there in every language, names no flag that the verb does not have, has no
// placeholder that stays empty, and belongs to a row.
func TestHintTables(t *testing.T) {
	var all []string
	for role, table := range map[event.Role]map[iana.AlertDescription][]hint{event.Client: clientHints(), event.Server: serverHints()} {
		eachAlert(func(d iana.AlertDescription) {
			if rows := table[d]; len(rows) == 0 || rows[len(rows)-1].when != nil || slices.ContainsFunc(rows[:len(rows)-1], func(h hint) bool { return h.when == nil }) {
				t.Errorf("%v of %v: of its rows the last, and no other, must hold always", d, role)
			}
		})
		verb := NewClient()
		if role == event.Server {
			verb = NewServer()
		}
		for _, key := range hintKeys(role) {
			all = append(all, key)
			for _, l := range narrate.Langs() {
				e, ok := narrate.Get(l, narrate.Hint, key)
				if !ok {
					t.Errorf("%s has no hint %q", l, key)
					continue
				}
				if e.Text != "" {
					t.Errorf("%s, %q: a hint is one line", l, key)
				}
				if !slices.Equal(clitest.FlagsIn(e.Title), clitest.FlagsIn(narrate.Must(narrate.En, narrate.Hint, key).Title)) {
					t.Errorf("%s, %q: names other flags than the English hint does", l, key)
				}
				clitest.KnowsFlags(t, verb, key, e.Title)
				p := &plight{lang: l, role: role, flags: new(LiveFlags)}
				if filled := p.words(key); strings.ContainsAny(filled, "{}") {
					t.Errorf("%s, %q: a placeholder stays: %s", l, key, filled)
				}
			}
		}
	}
	for _, key := range narrate.Keys(narrate.Hint) {
		if !slices.Contains(all, key) {
			t.Errorf("hint %q is an orphan: no row has it", key)
		}
	}
}

// Nobody is told to do what is done already.
func TestHintOfStaple(t *testing.T) {
	for staple, want := range map[string]string{"none": "", "good": "", "stale": "staple_bad", "revoked": "staple_bad", "unknown": "staple_bad"} {
		p := &plight{lang: narrate.En, role: event.Server, staple: staple, flags: new(LiveFlags)}
		if got := p.hint(iana.BadCertificateStatusResponse); got != p.words(want) {
			t.Errorf("--staple %s: %q, want that of %q", staple, got, want)
		}
	}
}

// alertOf is an alert record, in clear.
func alertOf(level iana.AlertLevel, d iana.AlertDescription) []byte {
	return []byte{byte(iana.Alert), 3, 3, 0, 2, byte(level), byte(d)}
}

// answering listens, and answers each connection's first bytes with said, and hangs up.
func answering(t *testing.T, said []byte) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 1<<16)
			_, _ = c.Read(buf)
			_, _ = c.Write(said)
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c) // else what is unread makes it a reset
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// called runs tlslab client and returns what it says on standard error.
func called(t *testing.T, addr string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	command(t.Context(), strings.NewReader(""), io.Discard, &stderr, append([]string{"client", "--connect", addr, "--quiet", "--insecure"}, args...)...)
	return stderr.String()
}

func hintText(l narrate.Lang, key string) string {
	title, _, _ := strings.Cut(narrate.Must(l, narrate.Hint, key).Title, "{")
	return title
}

// A server answers our ClientHello with each alert that there is: the client names it, and says
// the hint that the table has for this moment, or nothing.
func TestClientToldEachAlert(t *testing.T) {
	eachAlert(func(d iana.AlertDescription) {
		addr := answering(t, alertOf(iana.Fatal, d))
		for _, l := range narrate.Langs() {
			said := called(t, addr, "--lang", string(l))
			p := &plight{lang: l, summary: handshake.Summary{FailedIn: event.WaitServerHello}, flags: new(LiveFlags)}
			want := p.hint(d)
			lines := strings.Split(strings.TrimSpace(said), "\n")
			if !strings.Contains(lines[0], narrate.Fault(l, reason.New(reason.PeerAlert, "", "", nil, d))) || want == "" && len(lines) != 1 || want != "" && (len(lines) != 2 || lines[1] != "  "+want) {
				t.Errorf("%v: %q, want the hint %q", d, said, want)
			}
		}
	})
}

// The hint fits what was asked for, too.
func TestHintsFitTheSituation(t *testing.T) {
	for _, test := range []struct {
		alert iana.AlertDescription
		flags []string
		hint  string
		says  string
	}{
		{iana.HandshakeFailure, nil, "offer", ""},
		{iana.HandshakeFailure, []string{"--cipher", "AES128-SHA", "--kx", "rsa"}, "offer_narrowed", "--kx, --cipher left"},
		{iana.HandshakeFailure, []string{"--psk", "0badcafe"}, "psk_refused", `"Client_identity"`},
		{iana.UnknownPSKIdentity, []string{"--psk", "0badcafe", "--psk-identity", "sensor"}, "psk_identity", `"sensor"`},
		{iana.DecryptError, []string{"--psk", "0badcafe"}, "psk_key", ""},
		{iana.UnrecognizedName, []string{"--servername", "www.lab.test"}, "name_unknown", `"www.lab.test"`},
		{iana.UnrecognizedName, nil, "name_wanted", ""},
		{iana.InternalError, []string{"--servername", "www.lab.test"}, "internal_named", `"www.lab.test"`},
		{iana.InternalError, nil, "internal_unnamed", ""},
		{iana.NoApplicationProtocol, []string{"--alpn", "h2,http/1.1"}, "protocols", "(h2, http/1.1)"},
		{iana.NoApplicationProtocol, nil, "protocol_wanted", ""},
		{iana.DecodeError, []string{"--grease", "--key-share", "none"}, "unusual", "With --grease, --key-share we say"},
		{iana.DecodeError, nil, "hello_unread", ""},
		{iana.ProtocolVersion, nil, "versions", ""},
		{iana.ProtocolVersion, []string{"--cipher", "TLS_AES_128_GCM_SHA256,ECDHE-RSA-AES128-GCM-SHA256"}, "versions", ""},
		{iana.ProtocolVersion, []string{"--cipher", "TLS_AES_128_GCM_SHA256"}, "versions_narrowed", ": --cipher left"},
		{iana.ProtocolVersion, []string{"--cipher", "ECDHE-RSA-AES128-GCM-SHA256", "--group", "x25519"}, "versions_narrowed", ": --cipher left"},
		{iana.ProtocolVersion, []string{"--tls", "1.3", "--group", "X25519"}, "versions_narrowed", "--tls left only"},
		{iana.InsufficientSecurity, []string{"--group", "ffdhe2048", "--tls", "1.3"}, "offer_narrowed", "--tls, --group"},
	} {
		said := called(t, answering(t, alertOf(iana.Fatal, test.alert)), append(test.flags, "--lang", "en")...)
		if !strings.Contains(said, "\n  "+hintText(narrate.En, test.hint)) || !strings.Contains(said, test.says) {
			t.Errorf("%v with %q: %q is not the hint %q", test.alert, test.flags, said, test.hint)
		}
	}
}

// A server that warns and then hangs up is told of as it was: with its warning, and the hint
// that this alert has. Without one, nothing is said of versions once they are settled.
func TestHungUp(t *testing.T) {
	warned := called(t, answering(t, alertOf(iana.Warning, iana.UnrecognizedName)), "--servername", "www.lab.test", "--lang", "en")
	if !strings.Contains(warned, "after the warning unrecognized_name") || strings.Contains(warned, "without an alert") || !strings.Contains(warned, hintText(narrate.En, "name_unknown")) {
		t.Errorf("after a warning: %q", warned)
	}
	mute := called(t, answering(t, nil), "--lang", "en")
	if !strings.Contains(mute, "without an alert; where this end stood: WAIT_SH, waits for ServerHello") || !strings.Contains(mute, hintText(narrate.En, "cut_at_hello")) {
		t.Errorf("without a word: %q", mute)
	}
	// A whole ServerHello first: our own server's.
	lab, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, asks := range []bool{false, true} {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				cfg := &handshake.Config{MinVersion: version, MaxVersion: version, Certificates: []handshake.Certificate{{Chain: lab.Chain, Key: lab.Key}}, Roots: lab.Roots}
				if asks {
					cfg.ClientAuth = handshake.RequireClientCert
				}
				e, err := handshake.NewServer(cfg)
				if err != nil {
					return
				}
				for e.State() == event.Start {
					buf := make([]byte, 1<<14)
					n, _ := c.Read(buf)
					e.Feed(buf[:n])
					for progress := true; progress; {
						progress, _ = e.Step()
					}
				}
				flight := e.Output()
				if version == iana.TLS13 && !asks { // ServerHello alone
					flight = flight[:5+int(flight[3])<<8+int(flight[4])]
				}
				_, _ = c.Write(flight)
				if version == iana.TLS13 && asks { // until the client has said its part
					_, _ = c.Read(make([]byte, 1<<14))
				}
				_ = c.(*net.TCPConn).SetLinger(0) // a reset
				_ = c.Close()
			}()
			said := called(t, l.Addr().String(), "--lang", "en")
			l.Close()
			want := "cut_midway"
			if asks {
				want = "cut_asked"
			}
			if !strings.Contains(said, hintText(narrate.En, want)) || strings.Contains(said, "neither TLS 1.3 nor") || strings.Contains(said, "read tcp") || !strings.Contains(said, "reset") {
				t.Errorf("%v, asks %v: %q is not the hint %q", version, asks, said, want)
			}
		}
	}
}

// Servers that others wrote refuse, each for a reason of its own.
func TestHintsOfCryptoTLS(t *testing.T) {
	lab, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	cert := stdtls.Certificate{Certificate: lab.Chain, PrivateKey: lab.Key}
	dir := t.TempDir()
	foreignCA := filepath.Join(dir, "other")
	for _, args := range [][]string{{"init", foreignCA}, {"issue", "alice", "--client", "--cadir", foreignCA, "--prefix", filepath.Join(dir, "alice"), "--quiet"}} {
		var stderr bytes.Buffer
		if status := command(t.Context(), strings.NewReader(""), io.Discard, &stderr, append([]string{"ca"}, args...)...); status != 0 {
			t.Fatalf("ca %q: %s", args, &stderr)
		}
	}
	alice := []string{"--cert", filepath.Join(dir, "alice.pem"), "--key", filepath.Join(dir, "alice-key.pem")}
	never := func([][]byte, [][]*x509.Certificate) error { return errors.New("nobody is believed") }
	pool := x509.NewCertPool()
	for _, c := range lab.Roots.All() {
		pool.AddCert(c)
	}
	for _, test := range []struct {
		name  string
		cfg   *stdtls.Config
		flags []string
		says  string // the alert
		want  string // the hint
	}{
		{"protocols", &stdtls.Config{NextProtos: []string{"h2"}}, []string{"--alpn", "imap"}, "no_application_protocol", hintText(narrate.En, "protocols")},
		{"name unknown", &stdtls.Config{GetCertificate: func(*stdtls.ClientHelloInfo) (*stdtls.Certificate, error) { return nil, errors.New("no such name") }},
			[]string{"--servername", "www.lab.test"}, "internal_error", hintText(narrate.En, "internal_named")},
		{"old", &stdtls.Config{MaxVersion: stdtls.VersionTLS11, MinVersion: stdtls.VersionTLS10}, nil, "protocol_version", hintText(narrate.En, "versions")},
		{"suites", &stdtls.Config{MaxVersion: stdtls.VersionTLS12}, []string{"--cipher", "DHE-RSA-AES128-GCM-SHA256"}, "handshake_failure", hintText(narrate.En, "offer_narrowed")[:20]},
		{"certificate, 1.3", &stdtls.Config{ClientAuth: stdtls.RequireAnyClientCert, MinVersion: stdtls.VersionTLS13}, nil, "certificate_required", "--cert and --key"},
		{"certificate, 1.2", &stdtls.Config{ClientAuth: stdtls.RequireAnyClientCert, MaxVersion: stdtls.VersionTLS12}, nil, "handshake_failure", "--cert and --key"},
		{"another CA, 1.3", &stdtls.Config{ClientAuth: stdtls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: stdtls.VersionTLS13}, alice, "certificate_required", hintText(narrate.En, "own_certificate_unfit")},
		{"another CA, 1.2", &stdtls.Config{ClientAuth: stdtls.RequireAndVerifyClientCert, ClientCAs: pool, MaxVersion: stdtls.VersionTLS12}, alice, "handshake_failure", hintText(narrate.En, "own_certificate_unfit")},
		{"not believed, 1.3", &stdtls.Config{ClientAuth: stdtls.RequireAnyClientCert, VerifyPeerCertificate: never, MinVersion: stdtls.VersionTLS13}, alice, "bad_certificate", hintText(narrate.En, "own_certificate_bad")},
		{"not believed, 1.2", &stdtls.Config{ClientAuth: stdtls.RequireAnyClientCert, VerifyPeerCertificate: never, MaxVersion: stdtls.VersionTLS12}, alice, "bad_certificate", hintText(narrate.En, "own_certificate_bad")},
	} {
		cfg := test.cfg.Clone()
		if cfg.GetCertificate == nil {
			cfg.Certificates = []stdtls.Certificate{cert}
		}
		l, err := stdtls.Listen("tcp", "127.0.0.1:0", cfg)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*stdtls.Conn).Handshake()
			_, _ = io.Copy(io.Discard, c.(*stdtls.Conn).NetConn())
			_ = c.Close()
		}()
		said := called(t, l.Addr().String(), append(test.flags, "--lang", "en")...)
		l.Close()
		if !strings.Contains(said, test.says) || !strings.Contains(said, test.want) {
			t.Errorf("%s: %q names not %q, or is not the hint %q", test.name, said, test.says, test.want)
		}
	}
}

// A client answers our certificate with each alert that there is: the server names it, and says
// the hint that the table has, or nothing.
func TestServerToldEachAlert(t *testing.T) {
	addr, end := serveCommand(t, "--quiet", "--tls", "1.2")
	var order []iana.AlertDescription
	eachAlert(func(d iana.AlertDescription) {
		order = append(order, d)
		raw, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		e, err := handshake.NewClient(&handshake.Config{ServerName: "localhost", MaxVersion: iana.TLS12, Weak: handshake.Weak{SkipVerify: true}})
		if err != nil {
			t.Fatal(err)
		}
		for e.State() < event.WaitServerHelloDone { // its flight has been seen
			for progress := true; progress && e.State() != event.SendClientKeyExchange; {
				if progress, err = e.Step(); err != nil {
					t.Fatal(err)
				}
			}
			if e.State() >= event.SendCertificate {
				break
			}
			if _, err := raw.Write(e.Output()); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 1<<14)
			n, err := raw.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			e.Feed(buf[:n])
		}
		if _, err := raw.Write(alertOf(iana.Fatal, d)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, raw) // the server hangs up once it has it
		raw.Close()
	})
	said := end()
	for i, d := range order {
		_, mine, ok := strings.Cut(said, "connection "+strconv.Itoa(i+1)+" from ")
		if !ok {
			t.Fatalf("nothing is said of %v:\n%s", d, said)
		}
		mine, _, _ = strings.Cut(mine, "\nconnection ")
		p := &plight{lang: narrate.En, role: event.Server, staple: "none", summary: handshake.Summary{FailedIn: event.WaitClientKeyExchange},
			flags: &LiveFlags{Offer: flags.Offer{TLS: "1.2"}}}
		want := p.hint(d)
		lines := strings.Split(strings.TrimSpace(mine), "\n")
		if !strings.Contains(lines[0], narrate.Fault(p.lang, reason.New(reason.PeerAlert, "", "", nil, d))) || want == "" && len(lines) != 1 || want != "" && (len(lines) != 2 || lines[1] != "  "+want) {
			t.Errorf("%v: %q, want the hint %q", d, mine, want)
		}
	}
}
