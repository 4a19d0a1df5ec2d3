package record

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/suite"
)

// In these tests others speak TLS to each other and we listen, with the key log:
// every record must open, and sealed again must be the same bytes. Neither peer
// runs any code of ours, so an error that our Writer and Reader share shows here.

// stream is what one peer sent.
type stream struct {
	mu   sync.Mutex
	wire []byte
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wire = append(s.wire, p...)
	return len(p), nil
}

// checkConnection opens both directions of a recorded connection and seals them
// again. sent and answered are the application data that must come out.
func checkConnection(t *testing.T, s *suite.Suite, client, server *stream, keylog, sent, answered string) {
	t.Helper()
	inClear := func(wire []byte) (messages, rest []byte) { // handshake messages up to ChangeCipherSpec
		var r Reader
		for {
			rec, n, err := r.Next(wire, nil, false)
			if err != nil || n == 0 {
				t.Fatalf("in clear: n %d, %v", n, err)
			}
			if wire = wire[n:]; rec.Type == iana.ChangeCipherSpec {
				return messages, wire
			}
			messages = append(messages, rec.Payload...)
		}
	}
	fromClient, clientSealed := inClear(client.wire)
	fromServer, serverSealed := inClear(server.wire)
	clientRandom, serverRandom := fromClient[6:38], fromServer[6:38]
	chosen, etm := serverHello(t, fromServer)
	if chosen != s.ID {
		t.Fatalf("the peers settled on %v", chosen)
	}

	var master keyschedule.MasterSecret
	m := regexp.MustCompile(`CLIENT_RANDOM ` + hex.EncodeToString(clientRandom) + ` ([0-9a-f]{96})`).FindStringSubmatch(keylog)
	if m == nil {
		t.Fatal("the connection is not in the key log")
	}
	if _, err := hex.Decode(master[:], []byte(m[1])); err != nil {
		t.Fatal(err)
	}
	c := s.Cipher
	k := master.KeyBlock(s.Hash, clientRandom, serverRandom, c.MACLen, c.KeyLen, c.FixedIVLen)
	finished, got := openAndReseal(t, c, suite.Keys{MAC: k.ClientMAC, Key: k.ClientKey, IV: k.ClientIV}, etm, clientSealed)
	if got != sent {
		t.Errorf("the client sent %q, want %q", got, sent)
	}
	if _, got := openAndReseal(t, c, suite.Keys{MAC: k.ServerMAC, Key: k.ServerKey, IV: k.ServerIV}, etm, serverSealed); got != answered {
		t.Errorf("the server sent %q, want %q", got, answered)
	}

	// The first protected message is Finished, over ClientHello, what the
	// server said up to ServerHelloDone, and the client's second flight.
	hello := 4 + uint24(fromClient[1:])
	transcript := s.Hash.New()
	transcript.Write(fromClient[:hello])
	transcript.Write(throughHelloDone(t, fromServer))
	transcript.Write(fromClient[hello:])
	want := master.ClientFinished(s.Hash, transcript.Sum(nil))
	if !bytes.Equal(finished, append([]byte{byte(iana.Finished), 0, 0, 12}, want[:]...)) {
		t.Errorf("the client's Finished is %x, verify_data should be %x", finished, want)
	}
}

// openAndReseal opens every record of one direction, and seals each again from
// the explicit IV or nonce it had. It returns the first handshake message and
// the application data.
func openAndReseal(t *testing.T, c *suite.Cipher, k suite.Keys, etm bool, wire []byte) (handshake []byte, data string) {
	t.Helper()
	var r Reader
	p, err := c.Protect(k, suite.Options{EncryptThenMAC: etm})
	if err != nil {
		t.Fatal(err)
	}
	r.Change(p, nil)
	r.SetVersion(iana.TLS12)
	for len(wire) > 0 {
		rec, n, err := r.Next(wire, nil, true)
		if err != nil || n == 0 {
			t.Fatalf("record %d: n %d, %v", r.seq, n, err)
		}
		wire = wire[n:]
		switch rec.Type {
		case iana.Handshake:
			handshake = append(handshake, rec.Payload...)
		case iana.ApplicationData:
			data += string(rec.Payload)
		}

		explicit := rec.Wire[HeaderLen:][:c.ExplicitLen]
		if c.Kind == suite.AEAD && c.ExplicitLen > 0 && binary.BigEndian.Uint64(explicit) != rec.Seq {
			continue // OpenSSL counts on from a random number: it cannot be sealed alike
		}
		p, err := c.Protect(k, suite.Options{EncryptThenMAC: etm, Rand: bytes.NewReader(explicit)})
		if err != nil {
			t.Fatal(err)
		}
		w := Writer{protection: p, seq: rec.Seq, version: rec.Version}
		again, err := w.Append(nil, rec.Type, rec.Payload, nil)
		if err != nil || !bytes.Equal(again, rec.Wire) {
			t.Errorf("record %d: sealed again it is %x, %v; was %x", rec.Seq, again, err, rec.Wire)
		}
	}
	return handshake, data
}

// serverHello reads the suite, and whether encrypt_then_mac is there.
func serverHello(t *testing.T, b []byte) (id iana.CipherSuite, etm bool) {
	t.Helper()
	end := 4 + uint24(b[1:])
	at := 4 + 2 + 32
	at += 1 + int(b[at]) // session_id
	id = iana.CipherSuite(binary.BigEndian.Uint16(b[at:]))
	for at += 2 + 1 + 2; at < end; { // suite, compression method, length of extensions
		etm = etm || iana.ExtensionType(binary.BigEndian.Uint16(b[at:])) == iana.ExtEncryptThenMAC
		at += 4 + int(binary.BigEndian.Uint16(b[at+2:]))
	}
	return id, etm
}

func throughHelloDone(t *testing.T, b []byte) []byte {
	t.Helper()
	for at := 0; at < len(b); {
		typ := iana.HandshakeType(b[at])
		at += 4 + uint24(b[at+1:])
		if typ == iana.ServerHelloDone {
			return b[:at]
		}
	}
	t.Fatal("no ServerHelloDone")
	return nil
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// certificates are an RSA and an ECDSA key with a certificate each, in PEM.
var certificates = sync.OnceValues(func() (map[iana.Auth]tls.Certificate, error) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	out := map[iana.Auth]tls.Certificate{}
	for auth, key := range map[iana.Auth]crypto.Signer{iana.AuthRSA: rsaKey, iana.AuthECDSA: ecKey} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"lab"}, NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return nil, err
		}
		out[auth] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return out, nil
})

// recorded copies what is written to a connection.
type recorded struct {
	net.Conn
	to *stream
}

func (r recorded) Write(p []byte) (int, error) {
	r.to.Write(p)
	return r.Conn.Write(p)
}

func TestListeningToCryptoTLS(t *testing.T) {
	certs, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	known := map[uint16]bool{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		known[s.ID] = true
	}
	tried := 0
	for _, s := range suite.Of(iana.TLS12) {
		if !known[uint16(s.ID)] || s.Kx == iana.KxDHE {
			continue
		}
		tried++
		t.Run(s.String(), func(t *testing.T) {
			var client, server stream
			var keylog bytes.Buffer
			a, b := net.Pipe()
			config := &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{uint16(s.ID)}, InsecureSkipVerify: true,
				Certificates: []tls.Certificate{certs[s.Auth]}}
			clientConfig := config.Clone()
			clientConfig.KeyLogWriter = &keylog
			c := tls.Client(recorded{a, &client}, clientConfig)
			done := make(chan error, 1)
			go func() { // answers with what it got, and ends first
				srv := tls.Server(recorded{b, &server}, config)
				got := make([]byte, 40000)
				if _, err := io.ReadFull(srv, got); err != nil {
					done <- err
					return
				}
				_, err := srv.Write(got)
				done <- err
			}()
			text := strings.Repeat("0123456789", 4000)
			if _, err := c.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, len(text))); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			checkConnection(t, s, &client, &server, keylog.String(), text, text)
		})
	}
	if tried < 15 {
		t.Errorf("crypto/tls shares only %d suites with us", tried)
	}
}

func TestListeningToOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed; crypto/tls is listened to in any case")
	}
	address := opensslServer(t, openssl, "-tls1_2")
	for _, s := range suite.Of(iana.TLS12) {
		options := map[string][]string{s.String(): nil}
		if s.Cipher.Kind == suite.CBC {
			options[s.String()+" MAC-then-encrypt"] = []string{"-no_etm"}
		}
		for name, extra := range options {
			t.Run(name, func(t *testing.T) {
				client, server, keys := askOpenSSL(t, openssl, address,
					append([]string{"-tls1_2", "-cipher", s.ID.OpenSSL() + ":@SECLEVEL=0"}, extra...)...)
				checkConnection(t, s, client, server, keys, "a plain text\n", "txet nialp a\n")
			})
		}
	}
}

// askOpenSSL has s_client send a line and read the answer, and returns what both sent,
// and the key log.
func askOpenSSL(t *testing.T, openssl, address string, options ...string) (client, server *stream, keys string) {
	t.Helper()
	client, server = new(stream), new(stream)
	keylog := filepath.Join(t.TempDir(), "keys")
	tap, wait := tapped(t, address, client, server)
	cmd := exec.Command(openssl, append([]string{"s_client", "-connect", tap, "-quiet", "-no_ign_eof", "-keylogfile", keylog}, options...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in, "a plain text")
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "txet nialp a\n" {
		t.Errorf("s_client printed %q, %v", line, err)
	}
	in.Close() // it says close_notify and leaves
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	wait()
	b, err := os.ReadFile(keylog)
	if err != nil {
		t.Fatal(err)
	}
	return client, server, string(b)
}

// opensslServer starts a server that sends each line back reversed, and returns
// its address.
func opensslServer(t *testing.T, openssl string, options ...string) string {
	t.Helper()
	certs, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := append([]string{"s_server", "-accept", "127.0.0.1:0", "-rev", "-cipher", "ALL:NULL:@SECLEVEL=0"}, options...)
	for auth, flags := range map[iana.Auth][2]string{iana.AuthRSA: {"-cert", "-key"}, iana.AuthECDSA: {"-dcert", "-dkey"}} {
		key, err := x509.MarshalPKCS8PrivateKey(certs[auth].PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: certs[auth].Certificate[0]}, {Type: "PRIVATE KEY", Bytes: key}} {
			name := filepath.Join(dir, auth.String()+flags[i])
			if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, flags[i], name)
		}
	}
	cmd := exec.Command(openssl, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
			go io.Copy(io.Discard, out) // it must not block on what it prints
			return address
		}
	}
	t.Fatal("s_server did not say where it listens")
	return ""
}

// tapped listens for one connection, passes it on to address, and records both
// directions. wait returns when both have ended.
func tapped(t *testing.T, address string, client, server *stream) (listens string, wait func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan struct{})
	go func() {
		defer close(done)
		a, err := l.Accept()
		if err != nil {
			return
		}
		defer a.Close()
		b, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		defer b.Close()
		var both sync.WaitGroup
		both.Go(func() { io.Copy(io.MultiWriter(client, b), a); b.(*net.TCPConn).CloseWrite() })
		both.Go(func() { io.Copy(io.MultiWriter(server, a), b); a.(*net.TCPConn).CloseWrite() })
		both.Wait()
	}()
	return l.Addr().String(), func() { <-done }
}
