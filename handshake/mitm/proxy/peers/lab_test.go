package peers_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// patience is how long anything may take before it counts as never.
const patience = time.Minute

// tool finds the first of names that is installed; without any the test is skipped, and where
// CI=true it fails.
func tool(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI=true", names[0])
	}
	t.Skipf("%s is not installed: what the proxy does to it is not tested here", names[0])
	return ""
}

// unproxied is this process's environment without what would tell a program of a proxy, or of
// hosts that need none, and with a home of its own.
func unproxied(t testing.TB, more ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch strings.ToLower(name) {
		case "http_proxy", "https_proxy", "all_proxy", "no_proxy", "grpc_proxy", "no_grpc_proxy", "java_tool_options", "node_options", "node_extra_ca_certs", "ssl_cert_file", "curl_ca_bundle", "home",
			"git_ssl_cainfo", "git_ssl_capath", "ssl_cert_dir", "git_proxy_ssl_cainfo":
			continue
		}
		env = append(env, e)
	}
	return append(append(env, "LC_ALL=C", "HOME="+t.TempDir()), more...)
}

// runs runs a program to its end and returns what it wrote. err is how it ended.
func runs(t testing.TB, env []string, program string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, bad bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &bad
	if err = cmd.Run(); ctx.Err() != nil {
		t.Fatalf("%s %q does not end:\n%s%s", program, args, &out, &bad)
	}
	return out.String(), bad.String(), err
}

// serves runs a server until the test ends. It says ready once it listens, a regular expression
// whose first group is returned; with "" it is asked for a connection at addr.
func serves(t testing.TB, env []string, ready, addr, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	said := &transcript{ready: regexp.MustCompile(ready), heard: make(chan string, 1)}
	cmd.Env, cmd.Stdout, cmd.Stderr = env, said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s %q said:\n%s", program, args, said)
		}
	})
	late := time.After(patience)
	for ready == "" {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			return ""
		}
		select {
		case <-ended:
			t.Fatalf("%s %q ended:\n%s", program, args, said)
		case <-late:
			t.Fatalf("%s %q does not listen: %v", program, args, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	select {
	case m := <-said.heard:
		return m
	case <-ended:
		t.Fatalf("%s %q ended:\n%s", program, args, said)
	case <-late:
		t.Fatalf("%s %q never said %q:\n%s", program, args, ready, said)
	}
	return ""
}

// transcript is what a program says, while others read it.
type transcript struct {
	ready *regexp.Regexp
	heard chan string // its group, once

	mu   sync.Mutex
	b    []byte
	done bool
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, p...)
	if m := s.ready.FindSubmatch(s.b); !s.done && len(m) > 1 {
		s.done = true
		s.heard <- string(m[1])
	}
	return len(p), nil
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.b)
}

// freePort is one that nobody has at the moment, for programs that cannot be told to take any.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// papers is a server's identity: for localhost and 127.0.0.1, from a root of its own.
type papers struct {
	ca               *authority.CA
	cert             tls.Certificate
	chain, key, root string // files

}

func newPapers(t testing.TB) *papers {
	t.Helper()
	ca, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &papers{ca: ca, chain: filepath.Join(dir, "chain.pem"), key: filepath.Join(dir, "key.pem"), root: filepath.Join(dir, "root.pem")}
	key, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := authority.NewRequest(key, authority.Request{CommonName: "localhost", DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	is, err := ca.Sign(csr, authority.LeafOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.cert = tls.Certificate{Certificate: is.Chain, PrivateKey: key.(*ecdsa.PrivateKey)}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.chain, blocks("CERTIFICATE", is.Chain...))
	write(t, p.key, blocks("PRIVATE KEY", der))
	write(t, p.root, blocks("CERTIFICATE", ca.Cert.Raw))
	return p
}

func blocks(kind string, ders ...[]byte) (out []byte) {
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return out
}

func write(t testing.TB, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o644); err != nil { // nginx's workers are another user
		t.Fatal(err)
	}
}

// station is a proxy at work, and what it has told of.
type station struct {
	*proxy.Proxy
	addr string
	url  string // http://addr
	root string // a file with its root
	both string // … and with the server's

	mu   sync.Mutex
	more chan struct{} // closed, and another one made, at each entry
	list []*proxy.Entry
}

// stand starts a proxy that believes servers with papers, until the test ends.
func stand(t testing.TB, p *papers, change func(*proxy.Options)) *station {
	t.Helper()
	ca, made, err := proxy.LoadCA(t.TempDir())
	if err != nil || !made {
		t.Fatal(made, err)
	}
	forger, err := proxy.NewForger(ca)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &station{root: filepath.Join(dir, "proxy.pem"), both: filepath.Join(dir, "both.pem"), more: make(chan struct{})}
	mine := blocks("CERTIFICATE", ca.Cert.Raw)
	write(t, s.root, mine)
	write(t, s.both, append(mine, blocks("CERTIFICATE", p.ca.Cert.Raw)...))
	o := proxy.Options{Forger: forger, ToServer: handshake.Config{Roots: pki.NewTrustStore(p.ca.Cert)}, Seen: s.seen}
	if change != nil {
		change(&o)
	}
	if s.Proxy, err = proxy.New(o); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.url = "http://" + s.addr
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if t.Failed() {
			for _, e := range s.entries() {
				if e.Fault == nil && len(e.Warnings) == 0 {
					continue // thousands, in some
				}
				t.Logf("the list: %s %v, %v and %v", e, e.Warnings, e.ToClient, e.ToServer)
			}
		}
	})
	return s
}

func (s *station) seen(e *proxy.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, e)
	close(s.more)
	s.more = make(chan struct{})
}

func (s *station) entries() []*proxy.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// await waits for n entries, and returns all there are.
func (s *station) await(t testing.TB, n int) []*proxy.Entry {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		list, more := s.list, s.more
		s.mu.Unlock()
		if len(list) >= n {
			return list
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%d entries, waiting for %d", len(list), n)
		}
	}
}

// pause calls do again and again, after pauses around a tenth of a second. Whichever of them
// meets what is to happen then, none may fail.
func pause(do func()) {
	for i := range 16 {
		do()
		time.Sleep(time.Duration(92+i) * time.Millisecond)
	}
	do()
}
