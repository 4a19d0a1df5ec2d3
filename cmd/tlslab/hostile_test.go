package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/foreign"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// What a peer writes never reaches a terminal raw: every field that one controls is filled
// with what would clear the screen, turn a line around or forge one of ours, and each verb
// that shows it is run, in both languages, as text and as JSON.

// poison has a line of its own behind its newline. Where that is shown, an escaped newline
// stands before it, wherever lines were wrapped.
const (
	poison     = "\x1b[2J\x1b[32mok\x1b[0m\u009b2J\u202egnp.exe\u200b\ufeff\x7f\x00\r\tx\nFORGED"
	poisonIA5  = "\x1b[2J\x1b[32mok\x1b[0m\x7f\x00\r\tx\nFORGED"    // in strings of ASCII
	poisonWord = "\x1b[2J\x1b[32mok\u009b2J\u202egnp.exe\u200b\x7f" // where a line or a word would end
)

// unharmed looks at what a verb printed.
func unharmed(t *testing.T, what, out string, isJSON bool) {
	t.Helper()
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		for i, r := range line {
			if r == utf8.RuneError && line[i] != 0xef || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector) {
				t.Errorf("%s: %U in %q", what, r, line)
				break
			}
		}
	}
	joined := strings.Join(strings.Fields(out), "")
	for i := 0; ; {
		n := strings.Index(joined[i:], "FORGED")
		if n < 0 {
			break
		}
		if i += n; !strings.HasSuffix(joined[:i], `\n`) && !strings.HasSuffix(joined[:i], "%0A") {
			t.Errorf("%s: a line of the peer's: …%q", what, joined[max(0, i-60):i+6])
		}
		i++
	}
	if !isJSON && strings.Contains(t.Name(), "/zh/") && !strings.HasSuffix(t.Name(), "/json") { // and an error is told in Chinese
		for _, english := range []string{" expected ", ", got ", ": got ", " at byte "} {
			if i := strings.Index(strings.Join(strings.Fields(out), " "), english); i >= 0 {
				t.Errorf("%s: %q in %q", what, english, out)
			}
		}
	}
	if isJSON {
		d := json.NewDecoder(strings.NewReader(out))
		for n := 0; ; n++ {
			var doc any
			if err := d.Decode(&doc); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: document %d: %v in %.300q", what, n, err, out)
				break
			}
		}
	}
}

// locked is a buffer that a verb writes to while a test reads it.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// run runs the command in this process, without the net below its output: what was not
// quoted where it became text shows.
func run(ctx context.Context, stdin io.Reader, args ...string) (stdout, stderr string, status int) {
	var out, log locked
	status = runTo(ctx, &out, &log, stdin, args...)
	return out.String(), log.String(), status
}

func runTo(ctx context.Context, out, log io.Writer, stdin io.Reader, args ...string) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(log)
	cmd, err := root.ExecuteContextC(ctx)
	return cli.Explain(log, cmd, err)
}

// eachWay runs f with the flags of each language, form and level.
func eachWay(t *testing.T, formats bool, f func(t *testing.T, isJSON bool, flags ...string)) {
	for _, lang := range []string{"en", "zh"} {
		ways := map[string][]string{"text": {"--lang", lang}, "bytes": {"--lang", lang, "--bytes"}, "brief": {"--lang", lang, "--brief"}}
		if formats {
			ways["json"] = []string{"--lang", lang, "--format", "json"}
		}
		for name, flags := range ways {
			t.Run(lang+"/"+name, func(t *testing.T) { f(t, name == "json", flags...) })
		}
	}
}

// poisonedChain is a chain whose certificates say poison wherever they can.
type poisonedChain struct {
	root  *x509.Certificate
	leaf  stdtls.Certificate
	files map[string]string // by what is in them
}

func newPoisoned(t testing.TB) *poisonedChain {
	return poisonedBy(t, poison, poisonIA5, poisonWord)
}

// poisonedBy takes the text for names of UTF-8, for strings of ASCII, and for one word.
func poisonedBy(t testing.TB, poison, poisonIA5, poisonWord string) *poisonedChain {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	name := func(role string) pkix.Name {
		return pkix.Name{CommonName: poison + role, Organization: []string{poison}, Country: []string{poison}, Locality: []string{poison},
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 99}, Value: poison}}}
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		return k
	}
	sign := func(template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
		template.SerialNumber = big.NewInt(7)
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
		must(err)
		c, err := x509.ParseCertificate(der)
		must(err)
		return c
	}
	write := func(file string, blocks ...*pem.Block) string {
		var b []byte
		for _, x := range blocks {
			b = append(b, pem.EncodeToMemory(x)...)
		}
		file = filepath.Join(dir, file)
		must(os.WriteFile(file, b, 0o600))
		return file
	}
	block := func(c *x509.Certificate) *pem.Block { return &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw} }

	rootKey, midKey, leafKey := key(), key(), key()
	ca := func(role string) *x509.Certificate {
		return &x509.Certificate{Subject: name(role), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	root := ca("root")
	root = sign(root, root, rootKey.Public(), rootKey)
	mid := ca("mid")
	mid.PermittedDNSDomains = []string{"example.org"}
	mid = sign(mid, root, midKey.Public(), rootKey)
	// The names' bytes are our own, since crypto/x509 would not write them.
	names := func(tags map[int]string) pkix.Extension {
		var list []asn1.RawValue
		for _, tag := range []int{2, 1, 6} { // dNSName, rfc822Name, uniformResourceIdentifier
			list = append(list, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(tags[tag])})
		}
		der, err := asn1.Marshal(list)
		must(err)
		return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: der}
	}
	template := &x509.Certificate{Subject: name("leaf"), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		ExtraExtensions: []pkix.Extension{names(map[int]string{2: poisonIA5, 1: poisonIA5, 6: "https://" + "a"})},
		OCSPServer:      []string{poisonIA5}, IssuingCertificateURL: []string{poisonIA5}, CRLDistributionPoints: []string{poisonIA5},
		Policies: []x509.OID{}}
	leaf := sign(template, mid, leafKey.Public(), midKey)
	self := sign(template, template, leafKey.Public(), leafKey)
	// What does not even parse: names that are no ASCII, and a URI with a control in it.
	broken := &x509.Certificate{Subject: name("broken"), ExtraExtensions: []pkix.Extension{names(map[int]string{2: poison, 1: poison, 6: poison})}}
	broken.SerialNumber, broken.NotBefore, broken.NotAfter = big.NewInt(8), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	brokenDER, err := x509.CreateCertificate(rand.Reader, broken, broken, leafKey.Public(), leafKey)
	must(err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name("csr"), ExtraExtensions: []pkix.Extension{names(map[int]string{2: poisonIA5})}}, leafKey)
	must(err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(leafKey)
	must(err)

	p := &poisonedChain{root: root, leaf: stdtls.Certificate{Certificate: [][]byte{leaf.Raw, mid.Raw}, PrivateKey: leafKey}}
	p.files = map[string]string{
		"root":    write("root.pem", block(root)),
		"chain":   write("chain.pem", block(leaf), block(mid)),
		"self":    write("self.pem", block(self)),
		"broken":  write("broken.pem", &pem.Block{Type: "CERTIFICATE", Bytes: brokenDER}),
		"key":     write("key.pem", &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		"request": write("csr.pem", &pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}),
		"types":   write("types.pem", &pem.Block{Type: poisonWord, Headers: map[string]string{"Subject" + poisonWord: poisonWord}, Bytes: []byte(poison)}, block(leaf)),
		"other":   write("other.pem", &pem.Block{Type: poisonWord + " CERTIFICATE REQUEST", Bytes: []byte(poison)}),
		"garbage": filepath.Join(dir, "garbage.pem"),
		"cut":     filepath.Join(dir, "cut.pem"),
	}
	must(os.WriteFile(p.files["garbage"], []byte(poison+"\n"+poison), 0o600))
	must(os.WriteFile(p.files["cut"], append([]byte("-----BEGIN "+poisonWord+"-----\n"+poison+"\n"), pem.EncodeToMemory(block(leaf))[:200]...), 0o600))
	return p
}

func TestHostileCertificates(t *testing.T) {
	p := newPoisoned(t)
	eachWay(t, false, func(t *testing.T, _ bool, flags ...string) {
		for what, file := range p.files {
			for _, roots := range []string{"root", "self", "garbage"} {
				out, log, _ := run(t.Context(), strings.NewReader(""), append([]string{"verify", "--CAfile", p.files[roots], "--servername", "a.test", file}, flags...)...)
				unharmed(t, "verify "+what+" by "+roots, out+log, false)
				if what == "chain" && roots == "root" && !strings.Contains(out+log, "FORGED") {
					t.Error("the poison is nowhere in the report: nothing was tested")
				}
			}
			for _, more := range [][]string{{"--untrusted", file}, {"--client"}, {"--staple", file}} {
				out, log, _ := run(t.Context(), strings.NewReader(""), append(append([]string{"verify", "--CAfile", p.files["root"], "--servername", "a.test", p.files["chain"]}, more...), flags...)...)
				unharmed(t, fmt.Sprint("verify ", more), out+log, false)
			}
		}
	})
	for _, lang := range []string{"en", "zh"} {
		for what, file := range p.files {
			out, log, _ := run(t.Context(), strings.NewReader(""), "ca", "show", "--lang", lang, file)
			unharmed(t, "ca show "+what, out+log, false)
			if (what == "chain" || what == "request") && !strings.Contains(out, "FORGED") {
				t.Errorf("ca show %s does not show the poison: nothing was tested", what)
			}
		}
	}
}

// serveRaw runs f for each connection until the test ends, and returns the address.
func serveRaw(t testing.TB, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { defer c.Close(); f(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	return l.Addr().String()
}

// prefixed puts lengths of n bytes before b.
func prefixed(n int, b ...byte) []byte {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(b)))
	return append(size[8-n:], b...)
}

func extension(kind uint16, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, kind), prefixed(2, body...)...)
}

func handshakeRecord(kind byte, body []byte) []byte {
	message := append([]byte{kind}, prefixed(3, body...)...)
	return append([]byte{22, 3, 3}, prefixed(2, message...)...)
}

// hostileServers speak to a client before it could have believed anything.
func hostileServers(t *testing.T, p *poisonedChain) map[string]string {
	after := func(reply []byte) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write(reply)
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}
	}
	hello := append([]byte{3, 3}, bytes.Repeat([]byte{7}, 32)...)
	hello = append(hello, 0, 0xc0, 0x2b, 0) // no session, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, no compression
	alpn := extension(16, prefixed(2, prefixed(1, []byte(poison)...)...))
	certificates := prefixed(3, prefixed(3, p.leaf.Certificate[0]...)...)
	servers := map[string]string{
		"a protocol":          serveRaw(t, after(handshakeRecord(2, append(hello, prefixed(2, append(extension(0xff01, []byte{0}), alpn...)...)...)))),
		"HTTP":                serveRaw(t, after([]byte("HTTP/1.1 400 "+poison+"\r\nServer: "+poison+"\r\n\r\n"+poison))),
		"poison":              serveRaw(t, after([]byte(poison))),
		"a random":            serveRaw(t, after(handshakeRecord(2, append(append([]byte{3, 3}, []byte((poison + poison)[:32])...), append([]byte{32}, []byte(poison + poison)[:32]...)...)))),
		"an unknown":          serveRaw(t, after(handshakeRecord(2, append(hello, prefixed(2, extension(0x4444, []byte(poison))...)...)))),
		"no such certificate": serveRaw(t, after(append(handshakeRecord(2, append(hello, prefixed(2, extension(0xff01, []byte{0})...)...)), handshakeRecord(11, certificates)...))),
	}
	for _, v := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
		staple := p.leaf
		staple.OCSPStaple = []byte(poison)
		for kind, cfg := range map[string]*stdtls.Config{
			"a chain":  {Certificates: []stdtls.Certificate{p.leaf}},
			"a staple": {Certificates: []stdtls.Certificate{staple}},
			"authorities": {Certificates: []stdtls.Certificate{p.leaf}, ClientAuth: stdtls.RequireAndVerifyClientCert,
				ClientCAs: func() *x509.CertPool { pool := x509.NewCertPool(); pool.AddCert(p.root); return pool }()},
		} {
			cfg.MinVersion, cfg.MaxVersion = v, v
			servers[kind+" in "+stdtls.VersionName(v)] = serveRaw(t, func(c net.Conn) {
				s := stdtls.Server(c, cfg)
				if s.Handshake() == nil {
					_, _ = io.Copy(io.Discard, s)
				}
			})
		}
	}
	return servers
}

func TestHostileServers(t *testing.T) {
	p := newPoisoned(t)
	servers := hostileServers(t, p)
	session := filepath.Join(t.TempDir(), "hostile.sess")
	if err := os.WriteFile(session, []byte("-----BEGIN TLSLAB SESSION-----\nServer: "+poison+"\n\n"+poison+"\n-----END TLSLAB SESSION-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	eachWay(t, true, func(t *testing.T, isJSON bool, flags ...string) {
		for what, address := range servers {
			for _, trust := range [][]string{{"--CAfile", p.files["root"]}, {"--insecure"}, {"--CAfile", p.files["self"]}} {
				args := append([]string{"client", "--connect", address, "--servername", "www.example.org", "--alpn", "h2", "--close-write"}, trust...)
				_, log, status := run(t.Context(), strings.NewReader(""), append(args, flags...)...)
				unharmed(t, "client, "+what+", "+trust[0], log, isJSON && status == 0)
			}
		}
		_, log, _ := run(t.Context(), strings.NewReader(""), append([]string{"client", "--connect", servers["HTTP"], "--sess-in", session}, flags...)...)
		unharmed(t, "client --sess-in", log, false)
	})
}

// background runs a verb that listens, and returns its address and a way to end it, which
// returns what it printed.
func background(t *testing.T, args ...string) (address string, end func() (out, log string)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "port")
	ctx, stop := context.WithCancel(context.Background())
	var out, log locked
	ended := make(chan int, 1)
	in, hold := io.Pipe()
	go func() { ended <- runTo(ctx, &out, &log, in, append(args, "--port-file", file)...) }()
	t.Cleanup(stop)
	for {
		if port, err := os.ReadFile(file); err == nil && len(port) > 0 {
			address = "127.0.0.1:" + strings.TrimSpace(string(port))
			break
		}
		select {
		case status := <-ended:
			t.Fatalf("ended with %d: %s", status, log.String())
		case <-time.After(time.Millisecond):
		}
	}
	return address, func() (string, string) {
		stop()
		<-ended
		_ = hold.Close()
		return out.String(), log.String()
	}
}

// talk writes to an address, and reads until the other end has said all.
func talk(address string, said []byte) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = c.Write(said)
	_ = c.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c)
}

func hostileHello() []byte {
	hello := append([]byte{3, 3}, []byte((poison + poison)[:32])...)
	hello = append(hello, prefixed(1, []byte(poison + poison)[:32]...)...)
	hello = append(hello, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0)
	name := extension(0, prefixed(2, append([]byte{0}, prefixed(2, []byte(poison)...)...)...))
	alpn := extension(16, prefixed(2, prefixed(1, []byte(poison)...)...))
	return append(hello, prefixed(2, append(append(append(alpn, extension(0x4444, []byte(poison))...), extension(35, []byte(poison))...), name...)...)...)
}

func TestHostileClients(t *testing.T) {
	p := newPoisoned(t)
	eachWay(t, true, func(t *testing.T, isJSON bool, flags ...string) {
		for _, mode := range [][]string{{}, {"--www", "--alpn", "http/1.1,h2"}, {"--cadir", t.TempDir(), "--Verify"}} {
			if len(mode) == 3 && mode[0] == "--cadir" {
				if _, log, status := run(t.Context(), strings.NewReader(""), "ca", "init", mode[1]); status != 0 {
					t.Fatal(log)
				}
			}
			address, end := background(t, append(append([]string{"server", "--accept", "127.0.0.1:0"}, mode...), flags...)...)
			talk(address, handshakeRecord(1, hostileHello()))
			talk(address, []byte("GET /"+poison+" HTTP/1.1\r\nHost: "+poison+"\r\n\r\n"))
			talk(address, []byte(poison))
			for _, v := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
				for _, name := range []string{"localhost", poisonIA5} {
					cfg := &stdtls.Config{ServerName: name, InsecureSkipVerify: true, MinVersion: v, MaxVersion: v, Certificates: []stdtls.Certificate{p.leaf}, NextProtos: []string{poison, "http/1.1"},
						GetClientCertificate: func(*stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) { return &p.leaf, nil }}
					c, err := stdtls.Dial("tcp", address, cfg)
					if err != nil {
						continue
					}
					_ = c.SetDeadline(time.Now().Add(20 * time.Second))
					_, _ = io.WriteString(c, "GET /"+url.PathEscape(poison)+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
					_ = c.CloseWrite()
					if len(mode) > 0 { // without --www it waits for us to type
						_, _ = io.Copy(io.Discard, c)
					}
					_ = c.Close()
				}
			}
			if len(mode) == 3 && mode[0] == "--www" {
				poisonedHTTP2(t, address)
			}
			// Application data goes to standard output as it came, and is not looked at.
			_, log := end()
			unharmed(t, fmt.Sprint("server ", mode), log, false)
			if !strings.Contains(log, "FORGED") && !slices.Contains(flags, "--brief") && !isJSON {
				t.Errorf("server %v does not show the poison: nothing was tested", mode)
			}
		}
	})
}

// poisonedHTTP2 asks for a page in HTTP/2, with a path and a field that no client of good will sends.
func poisonedHTTP2(t *testing.T, address string) {
	c, err := stdtls.Dial("tcp", address, &stdtls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	var head bytes.Buffer
	fields := hpack.NewEncoder(&head)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/" + poison}, {"x-" + poison, poison}} {
		_ = fields.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	frames := http2.NewFramer(c, c)
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(frames.WriteSettings(), frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: true}),
		frames.WriteGoAway(0, 0, []byte(poison))); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := frames.ReadFrame()
		if err != nil || f.Header().StreamID == 1 {
			return // it is answered, or refused
		}
	}
}

func TestHostileTraffic(t *testing.T) {
	p := newPoisoned(t)
	servers := hostileServers(t, p)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, poison) })}
	clear, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = web.Serve(clear) }()
	t.Cleanup(func() { _ = web.Close() })
	for _, lang := range []string{"en", "zh"} {
		for _, format := range []string{"text", "json"} {
			t.Run(lang+"/"+format, func(t *testing.T) {
				har := filepath.Join(t.TempDir(), "x.har")
				address, end := background(t, "proxy", "--listen", "127.0.0.1:0", "--confdir", filepath.Join(t.TempDir(), "ca"), "--upstream-CAfile", p.files["root"],
					"--lang", lang, "--format", format, "--hardump", har, "--show", "1", "--show", "2", "--show", "3")
				for what, server := range servers {
					_, port, _ := net.SplitHostPort(server)
					if c, err := stdtls.Dial("tcp", hostileTunnel(t, address, "127.0.0.1:"+port), &stdtls.Config{InsecureSkipVerify: true, ServerName: "a.test", NextProtos: []string{poison}}); err == nil {
						_, _ = io.WriteString(c, "GET /"+poison+" HTTP/1.1\r\nHost: "+poison+"\r\n\r\n")
						_ = c.Close()
					} else if what == "" {
						t.Fatal(err)
					}
				}
				for _, host := range []string{poison, url.QueryEscape(poison), clear.Addr().String()} {
					for _, said := range []string{
						"CONNECT " + host + ":443 HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
						"GET http://" + host + "/" + poison + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n",
						"GET http://" + host + "/" + poisonWord + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: " + poison + "\r\nConnection: close\r\n\r\n",
						poisonWord + " http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
						"GET http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: " + poisonWord + "\r\nConnection: upgrade\r\n\r\n",
						poison,
					} {
						talk(address, []byte(said))
					}
				}
				out, log := end()
				unharmed(t, "the proxy's list", out, format == "json" && !strings.Contains(out, "=="))
				unharmed(t, "proxy", log, false)
				if !strings.Contains(out, "gnp.exe") {
					t.Error("the poison is nowhere in the list: nothing was tested")
				}
				if b, err := os.ReadFile(har); err != nil {
					t.Error(err)
				} else {
					unharmed(t, "the HAR", string(b), true)
				}
			})
		}
	}
}

// tunnel listens for one client, whose bytes it sends through the proxy's CONNECT.
func hostileTunnel(t *testing.T, proxy, to string) string {
	return serveRaw(t, func(c net.Conn) {
		up, err := net.Dial("tcp", proxy)
		if err != nil {
			return
		}
		defer up.Close()
		_, _ = io.WriteString(up, "CONNECT "+to+" HTTP/1.1\r\nHost: "+to+"\r\n\r\n")
		reply := make([]byte, 4096)
		if n, err := up.Read(reply); err != nil || !bytes.Contains(reply[:n], []byte(" 200 ")) {
			return
		}
		go func() { _, _ = io.Copy(up, c); _ = up.(*net.TCPConn).CloseWrite() }()
		_, _ = io.Copy(c, up)
	})
}

// A lesson may be about anything that a course puts into it, and a student's own verifier
// says what it likes.
func TestHostileLessons(t *testing.T) {
	verify := func(handshake.ChainInput) (*pki.Report, error) {
		return nil, errors.Join(errors.New(poison), errors.New(poison))
	}
	for _, o := range []scenario.Options{
		{Request: poison, Reply: poison},
		{Request: poison, Reply: poison, MITM: true, TrustMITM: true},
		{VerifyChain: verify},
	} {
		shown := false
		for _, terminal := range []render.TerminalOptions{{Lang: "en"}, {Lang: "zh", Level: render.Bytes}, {Lang: "en", Level: render.Brief}, {Lang: "zh", Worksheet: true}} {
			var out bytes.Buffer
			page := lesson.NewTerminal(&out, terminal)
			transcript, err := scenario.Run(t.Context(), o, page)
			if err := errors.Join(err, page.Close()); err != nil {
				t.Fatal(err)
			}
			unharmed(t, "a transcript", out.String(), false)
			shown = shown || strings.Contains(strings.Join(strings.Fields(out.String()), ""), "gnp.exe")
			for name, f := range map[string]func(io.Writer) error{
				"mermaid":      func(w io.Writer) error { return lesson.WriteMermaid(w, transcript, "en") },
				"json":         func(w io.Writer) error { return lesson.WriteJSON(w, transcript) },
				"first screen": func(w io.Writer) error { return lesson.FirstScreen(w, transcript, render.TerminalOptions{}) },
			} {
				out.Reset()
				if err := f(&out); err != nil {
					t.Fatal(err)
				}
				unharmed(t, name, out.String(), name == "json")
			}
		}
		if !shown {
			t.Errorf("the poison is nowhere in the transcripts of %+v: nothing was tested", o)
		}
	}
}

// The command's own writers have the net below them.
func TestNetBelowEveryVerb(t *testing.T) {
	root := newRoot()
	for _, cmd := range append(root.Commands(), root) {
		// Whose Write is the net's: TestResultsUnwritten has each verb print through it.
		if r, ok := cmd.OutOrStdout().(*cli.Results); !ok || r.Writer == nil || r.Unwrap() != io.Writer(os.Stdout) {
			t.Errorf("%s prints past the net", cmd.Name())
		}
		if n, ok := cmd.ErrOrStderr().(*cli.Notes); !ok || n.Writer == nil { // which is a foreign.Writer
			t.Errorf("%s says what went wrong past the net", cmd.Name())
		}
	}
	o, err := (&cli.View{Color: "auto"}).Open(os.Stdout, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Writer.(*foreign.Writer); !ok {
		t.Error("a transcript is printed past the net")
	}
}

// FuzzHostile fills what a peer controls with any bytes, and looks at what the verbs print.
func FuzzHostile(f *testing.F) {
	for _, s := range []string{poison, poisonIA5, poisonWord, "\xff\xfe", "{chosen}", "'$(touch x)'", "%!s(EXTRA)", "\\x1b", "a\u0301\u3164", "例子.\u200b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		valid := strings.ToValidUTF8(s, "?")
		ia5 := strings.Map(func(r rune) rune {
			if r > 0x7f {
				return -1
			}
			return r
		}, valid)
		word := strings.NewReplacer("FORGED", "", "\n", "", "\r", "", ":", "", "-", "").Replace(valid)
		p := poisonedBy(t, valid, ia5, word)
		for _, lang := range []string{"en", "zh"} {
			for _, args := range [][]string{
				{"verify", "--CAfile", p.files["root"], "--servername", "a.test", "--bytes", "--lang", lang, p.files["chain"]},
				{"verify", "--CAfile", p.files["self"], "--client", "--lang", lang, p.files["broken"]},
				{"verify", "--CAfile", p.files["cut"], "--servername", "a.test", "--lang", lang, p.files["types"]},
				{"ca", "show", "--bytes", "--lang", lang, p.files["chain"]}, {"ca", "show", "--bytes", "--lang", lang, p.files["request"]},
				{"ca", "show", "--lang", lang, p.files["chain"]}, {"ca", "show", "--lang", lang, p.files["request"]}, {"ca", "show", "--lang", lang, p.files["types"]},
			} {
				out, log, _ := run(t.Context(), strings.NewReader(""), args...)
				unharmed(t, fmt.Sprint(args), out+log, false)
			}
		}
		hello := append([]byte{3, 3}, make([]byte, 32)...)
		hello = append(hello, 0, 0xc0, 0x2b, 0)
		for _, reply := range [][]byte{
			handshakeRecord(2, append(hello, prefixed(2, append(extension(0xff01, []byte{0}), extension(16, prefixed(2, prefixed(1, []byte(s[:min(len(s), 255)])...)...))...)...)...)),
			[]byte("HTTP/1.1 400 " + s + "\r\n\r\n"), []byte(s),
		} {
			address := serveRaw(t, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write(reply)
				_ = c.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, c)
			})
			for _, form := range []string{"text", "json"} {
				_, log, status := run(t.Context(), strings.NewReader(""), "client", "--connect", address, "--servername", "www.example.org", "--alpn", "h2", "--close-write", "--format", form)
				unharmed(t, "client "+form, log, form == "json" && status == 0)
			}
		}
		transcript, err := scenario.Run(t.Context(), scenario.Options{Request: s, Reply: s}, nil)
		if err != nil {
			return // a request or a reply that no lesson takes
		}
		var diagram, doc bytes.Buffer
		if err := errors.Join(lesson.WriteMermaid(&diagram, transcript, "en"), lesson.WriteJSON(&doc, transcript)); err != nil {
			t.Fatal(err)
		}
		unharmed(t, "mermaid", diagram.String(), false)
		unharmed(t, "json", doc.String(), true)
	})
}
