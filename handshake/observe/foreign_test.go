package observe_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/pki/lesson"
)

// Connections in which no end is ours: crypto/tls with itself, and openssl with
// itself. The observer has the recording and the client's key log.

// tap carries bytes between two connections until both have ended, and records them. A
// segment is recorded before it is passed on, so what answers it comes after it.
func (r *recording) tap(client, server net.Conn) (done <-chan struct{}) {
	var mu sync.Mutex
	var both sync.WaitGroup
	carry := func(from, to net.Conn, fromServer bool) {
		defer to.Close()
		buf := make([]byte, 1<<15)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				mu.Lock()
				r.segments = append(r.segments, segment{fromServer, bytes.Clone(buf[:n])})
				mu.Unlock()
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	both.Go(func() { carry(client, server, false) })
	both.Go(func() { carry(server, client, true) })
	over := make(chan struct{})
	go func() { both.Wait(); close(over) }()
	return over
}

// mustSee demands that the observer reads what the ends said, and finds nothing wrong.
func (r *recording) mustSee(t *testing.T, log []byte, fromClient, fromServer string) (kinds map[message.Kind]int, rep observe.Report) {
	t.Helper()
	seen, rep := r.events(t, observe.Options{KeyLog: bytes.NewReader(log)})
	if rep.Err != nil || rep.Sealed != 0 || rep.Version != iana.TLS13 || !rep.ReadHandshake || !rep.Traffic.Complete() ||
		string(rep.FromClient) != fromClient || string(rep.FromServer) != fromServer {
		t.Errorf("%q, %q: %+v", rep.FromClient, rep.FromServer, rep)
	}
	kinds = map[message.Kind]int{}
	right := 0
	for _, e := range seen {
		switch e := e.(type) {
		case *event.Message:
			kinds[e.Kind]++
		case *event.Check:
			if e.OK {
				right++
			}
		}
	}
	if right != 2 {
		t.Errorf("%d Finished were found right", right)
	}
	return kinds, rep
}

func TestCryptoTLS(t *testing.T) {
	for _, c := range []struct {
		name    string
		groups  []tls.CurveID // the server's
		request tls.ClientAuthType
		kind    message.Kind // that must be there, twice
	}{
		{"plain", nil, tls.NoClientCert, message.KindFinished},
		{"retry", []tls.CurveID{tls.CurveP384}, tls.NoClientCert, message.KindClientHello},
		{"client certificate", nil, tls.RequireAnyClientCert, message.KindCertificateVerify},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa", Time: clock()})
			if err != nil {
				t.Fatal(err)
			}
			cert := []tls.Certificate{{Certificate: l.Chain, PrivateKey: l.Key}}
			var log bytes.Buffer
			cc := &tls.Config{Time: clock, InsecureSkipVerify: true, ServerName: l.Name, KeyLogWriter: &log, Certificates: cert, MinVersion: tls.VersionTLS13}
			sc := &tls.Config{Time: clock, Certificates: cert, CurvePreferences: c.groups, ClientAuth: c.request}
			r := &recording{}
			a, b := net.Pipe()
			x, y := net.Pipe()
			over := r.tap(b, x)
			server := tls.Server(y, sc)
			said := make(chan error, 1)
			go func() {
				got := make([]byte, len(request))
				_, err := io.ReadFull(server, got)
				if err == nil {
					_, err = server.Write([]byte(reply))
				}
				said <- err
				_ = server.Close() // the client may have gone first
			}()
			client := tls.Client(a, cc)
			if _, err := client.Write([]byte(request)); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(client); err != nil || string(got) != reply {
				t.Fatalf("%q, %v", got, err)
			}
			if err := <-said; err != nil {
				t.Fatal(err)
			}
			_ = client.Close() // the server may have gone first
			<-over
			kinds, _ := r.mustSee(t, log.Bytes(), request, reply)
			if kinds[c.kind] != 2 {
				t.Errorf("%v", kinds)
			}
			if rep := r.show(t, 1<<20, observe.Options{}); rep.ReadData || rep.ReadHandshake || rep.Err != nil || rep.Sealed < 5 || rep.Closed != observe.NoKeys {
				t.Errorf("with nothing: %+v", rep)
			}
		})
	}
}

// patience is how long openssl may take for anything.
const patience = time.Minute

// program is an openssl that runs until the test ends.
type program struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

func openssl(t *testing.T, args ...string) *program {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("openssl is not installed: its connections are not read here")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := exec.CommandContext(ctx, path, args...)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	cmd.Stderr = cmd.Stdout
	for _, err := range []error{err, inErr, outErr, cmd.Start()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed, as like as not
	})
	return &program{t, in, bufio.NewReader(out)}
}

// await returns the first line that holds text.
func (p *program) await(text string) string {
	p.t.Helper()
	for {
		line, err := p.out.ReadString('\n')
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
		if err != nil {
			p.t.Fatalf("openssl never said %q: %v", text, err)
		}
	}
}

func (p *program) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// TestOpenSSL: openssl s_client with s_server, which sends lines back reversed.
func TestOpenSSL(t *testing.T) {
	l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(l.Key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, b := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: l.Chain[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	show := []string{"-cert", certFile, "-key", keyFile}
	for _, c := range []struct {
		name           string
		client, server []string
		kind           message.Kind // that must be there,
		n              int          // so many times
		update         string       // what makes s_client send a KeyUpdate; it takes a second over it
		updates        int          // from both ends
	}{
		{"AES-128-GCM", []string{"-ciphersuites", "TLS_AES_128_GCM_SHA256"}, nil, message.KindNewSessionTicket, 2, "K", 2},
		{"AES-256-GCM, no middlebox", []string{"-ciphersuites", "TLS_AES_256_GCM_SHA384", "-no_middlebox"}, []string{"-no_middlebox"}, message.KindChangeCipherSpec, 0, "", 0},
		{"ChaCha20, padded", []string{"-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256", "-record_padding", "256"}, []string{"-record_padding", "100"}, message.KindChangeCipherSpec, 2, "k", 1},
		{"CCM, retry", []string{"-ciphersuites", "TLS_AES_128_CCM_SHA256", "-groups", "X25519:P-256"}, []string{"-ciphersuites", "TLS_AES_128_CCM_SHA256", "-groups", "P-256"}, message.KindHelloRetryRequest, 1, "", 0},
		{"CCM-8, client certificate", append([]string{"-ciphersuites", "TLS_AES_128_CCM_8_SHA256"}, show...), []string{"-ciphersuites", "TLS_AES_128_CCM_8_SHA256", "-Verify", "1"}, message.KindCertificate, 2, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := openssl(t, append(append([]string{"s_server", "-accept", "127.0.0.1:0", "-rev", "-tls1_3"}, show...), c.server...)...)
			addr := strings.TrimPrefix(s.await("ACCEPT "), "ACCEPT ")
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			log := filepath.Join(t.TempDir(), "keys")
			p := openssl(t, append([]string{"s_client", "-connect", listener.Addr().String(), "-keylogfile", log, "-tls1_3"}, c.client...)...)
			fromClient, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			toServer, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			r := &recording{}
			over := r.tap(fromClient, toServer)
			p.say("hello")
			p.await("olleh")
			if c.update != "" {
				p.say(c.update)
				p.await("KEYUPDATE")
			}
			p.say("again")
			p.await("niaga")
			p.say("Q")
			<-over
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			kinds, _ := r.mustSee(t, b, "hello\nagain\n", "olleh\nniaga\n")
			if kinds[c.kind] != c.n || kinds[message.KindKeyUpdate] != c.updates {
				t.Errorf("%v", kinds)
			}
		})
	}
}
