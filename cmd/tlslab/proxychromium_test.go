package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
)

// A browser that nobody tuned for us loads pages through the proxy from servers of
// crypto/tls, over HTTP/1.1 and HTTP/2, and talks to a WebSocket: because the proxy's root
// is among its own, as a person would put it there, and not because it was told to look
// away. Without the root it must not, and the list says why.
func TestProxyChromium(t *testing.T) {
	chromium := programOf(t, "chromium", "chromium-browser", "google-chrome")
	certutil := programOf(t, "certutil")
	o1 := startOrigin(t, "localhost", browsed(), "http/1.1")
	o2 := startOrigin(t, "localhost", browsed(), "h2", "http/1.1")
	trustBoth(t, o1, o2)
	p := startBrowsed(t, o1)

	home := t.TempDir()
	db := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		t.Fatal(err)
	}
	runs(t, certutil, "-N", "-d", "sql:"+db, "--empty-password")
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}

	if page := browse(t, chromium, home, p.addr, "https://"+o1.host+"/untrusting"); strings.Contains(page, "served over") {
		t.Errorf("a browser without the proxy's root loaded the page:\n%s", page)
	}
	if err := p.lists(func(e browsedEntry) bool {
		return e.Kind == proxy.Failure && e.Host == o1.host && e.Fault != nil && e.Fault.Leg == proxy.SideClient && e.Fault.By == proxy.SideClient &&
			e.Fault.Cause == proxy.CauseCertificateRefused && e.Fault.Alert == "certificate_unknown"
	}); err != nil {
		t.Errorf("no refusal is in the list: %v", err)
	}

	runs(t, certutil, "-A", "-d", "sql:"+db, "-n", p.root.Subject.CommonName, "-t", "C,,", "-i", root)
	for _, x := range []struct {
		o           *origin
		alpn, proto string
	}{{o1, "http/1.1", "HTTP/1.1"}, {o2, "h2", "HTTP/2.0"}} {
		page := browse(t, chromium, home, p.addr, "https://"+x.o.host+"/page")
		for _, want := range []string{"served over " + x.proto, "the socket says: echo"} {
			if !strings.Contains(page, want) {
				t.Errorf("over %s the page does not say %q:\n%s", x.alpn, want, page)
			}
		}
		leg := browsedLeg{"TLS 1.3", "X25519MLKEM768", x.alpn}
		if err := p.lists(func(e browsedEntry) bool {
			return e.Kind == proxy.Request && e.Host == x.o.host && e.Path == "/page" && e.Status == 200 && e.Protocol == x.proto && e.Received > 0 && e.Fault == nil &&
				*e.ToClient == leg && *e.ToServer == leg
		}); err != nil {
			t.Errorf("%s: the page is not in the list: %v", x.alpn, err)
		}
		if err := p.lists(func(e browsedEntry) bool {
			return e.Host == x.o.host && e.Path == "/socket" && e.Status == 101 && e.Upgraded == "websocket" && e.Sent > 0 && e.Received > 0 &&
				e.ToClient.Version == "TLS 1.3" && e.ToServer.Version == "TLS 1.3"
		}); err != nil {
			t.Errorf("%s: the WebSocket is not in the list: %v", x.alpn, err)
		}
	}
}

// A server that demands a certificate fails through the proxy: the browser reads why in
// place of the page, and the list says so.
func TestProxyChromiumMutualTLS(t *testing.T) {
	chromium := programOf(t, "chromium", "chromium-browser", "google-chrome")
	certutil := programOf(t, "certutil")
	o := startOrigin(t, "localhost", browsed(), "http/1.1") // lends its certificate
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	demanding := &http.Server{Handler: browsed(), ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &stdtls.Config{Certificates: []stdtls.Certificate{o.leaf}, ClientAuth: stdtls.RequireAnyClientCert}}
	done := make(chan error, 1)
	go func() { done <- demanding.ServeTLS(l, "", "") }()
	t.Cleanup(func() {
		_ = demanding.Close()
		<-done
	})
	_, number, _ := net.SplitHostPort(l.Addr().String())
	host := net.JoinHostPort("localhost", number)
	p := startBrowsed(t, o)
	home := t.TempDir()
	db := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		t.Fatal(err)
	}
	runs(t, certutil, "-N", "-d", "sql:"+db, "--empty-password")
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	runs(t, certutil, "-A", "-d", "sql:"+db, "-n", p.root.Subject.CommonName, "-t", "C,,", "-i", root)
	page := browse(t, chromium, home, p.addr, "https://"+host+"/page")
	if !strings.Contains(page, "it demands a client certificate") {
		t.Errorf("the page does not say why:\n%s", page)
	}
	if err := p.lists(func(e browsedEntry) bool {
		return e.Host == host && e.Fault != nil && e.Fault.Leg == proxy.SideServer && e.Fault.By == proxy.SideServer && e.Fault.Cause == proxy.CauseWantsCertificate
	}); err != nil {
		t.Error(err)
	}
}

// Where there is no server, or none that the proxy believes, a browser that trusts the proxy's root
// shows the proxy's own page: with its style, under its policy, and without a script.
func TestProxyChromiumNoServer(t *testing.T) {
	chromium := programOf(t, "chromium", "chromium-browser", "google-chrome")
	certutil := programOf(t, "certutil")
	o := startOrigin(t, "localhost", browsed(), "http/1.1") // is believed
	other := startOrigin(t, "localhost", browsed(), "h2", "http/1.1")
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port where most likely nobody listens in a moment
	if err != nil {
		t.Fatal(err)
	}
	_, number, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	p := startBrowsed(t, o)
	home := t.TempDir()
	db := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		t.Fatal(err)
	}
	runs(t, certutil, "-N", "-d", "sql:"+db, "--empty-password")
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	runs(t, certutil, "-A", "-d", "sql:"+db, "-n", p.root.Subject.CommonName, "-t", "C,,", "-i", root)
	for _, x := range []struct {
		host, says string
		cause      proxy.Cause
	}{{net.JoinHostPort("localhost", number), "Connection refused: the machine is there", proxy.CauseUnreachable}, {other.host, "another CA of the same name issued it", proxy.CauseUnbelieved}} {
		page := browse(t, chromium, home, p.addr, "https://"+x.host+"/page?q=1")
		for _, want := range []string{"This page is from the capture proxy", x.says, x.host} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page does not say %q:\n%s", x.cause, want, page)
			}
		}
		if strings.Contains(page, "served over") {
			t.Errorf("%s: the server's own page:\n%s", x.cause, page)
		}
		if err := p.lists(func(e browsedEntry) bool {
			return e.Kind == proxy.Failure && e.Host == x.host && e.Path == "/page?q=1" && e.Status == 502 && e.Fault != nil && e.Fault.Leg == proxy.SideServer && e.Fault.Cause == x.cause
		}); err != nil {
			t.Errorf("%s: %v", x.cause, err)
		}
	}
}

// browse has a browser with this home load a page through the proxy at addr, and returns
// what it made of it. Loopback addresses would go past a proxy.
func browse(t *testing.T, chromium, home, addr, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := []string{"--headless", "--disable-gpu", "--user-data-dir=" + t.TempDir(), "--proxy-server=http://" + addr, "--proxy-bypass-list=<-loopback>",
		"--disable-background-networking", "--disable-component-update", "--no-first-run", // what it says to others is no part of this
	}
	args = append(args, "--disable-dev-shm-usage") // which is small in a container, and shared with every other browser
	if os.Getuid() == 0 {
		args = append(args, "--no-sandbox") // its sandbox does not start as root
	}
	cmd := exec.CommandContext(ctx, chromium, append(args, "--dump-dom", url)...)
	cmd.Env = append(os.Environ(), "HOME="+home)
	page, err := cmd.Output()
	// A page that did not load is told by its status in some versions: no page is what counts.
	failed := new(exec.ExitError)
	if err != nil && !errors.As(err, &failed) || ctx.Err() != nil {
		t.Fatal(errors.Join(err, ctx.Err()))
	}
	if len(page) == 0 && err != nil { // whether the browser itself broke down is worth knowing
		t.Logf("the browser shows nothing, and ends with %v:\n%s", err, failed.Stderr)
	}
	return string(page)
}

// browsed is a site: a page whose script talks to a WebSocket and writes down the answer. It
// is loaded when its picture is, and that comes when the script has closed the socket.
func browsed() http.Handler {
	mux := http.NewServeMux()
	closed := make(chan bool, 16)
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>page</title><p>served over %s<p id="said">nothing<script>
const s = new WebSocket("wss://" + location.host + "/socket");
s.onopen = () => s.send("echo");
s.onmessage = e => { document.getElementById("said").textContent = "the socket says: " + e.data; s.close(); };
s.onerror = () => { document.getElementById("said").textContent = "the socket failed"; };
</script><img src="/picture">`, r.Proto)
	})
	mux.HandleFunc("/picture", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-closed:
		case <-r.Context().Done():
		case <-time.After(clitest.Patience): // the page says what is missing
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("/untrusting", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served over ", r.Proto) })
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		if echoSocket(w, r) {
			closed <- true
		}
	})
	return mux
}

// echoSocket is RFC 6455 as far as an echo of short texts needs it: frames of up to 125
// bytes, masked, answered unmasked, until the close frame, which is answered too; then it
// reports true.
func echoSocket(w http.ResponseWriter, r *http.Request) bool {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotImplemented) // over HTTP/2
		return false
	}
	defer conn.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	for rw.Flush() == nil {
		var head [6]byte // final bit and opcode, mask bit and length, mask
		if _, err := io.ReadFull(rw, head[:]); err != nil {
			return false
		}
		n := head[1] & 0x7f
		text := make([]byte, n)
		if _, err := io.ReadFull(rw, text); err != nil || n > 125 {
			return false
		}
		for i := range text {
			text[i] ^= head[2+i%4]
		}
		if _, err := rw.Write(append([]byte{head[0], n}, text...)); err != nil {
			return false
		}
		if head[0]&0xf == 8 {
			return rw.Flush() == nil
		}
	}
	return false
}

// browsedEntry is an entry of the list, as --format json has it.
type browsedEntry struct {
	Kind                           proxy.Kind
	Host, Path, Protocol, Upgraded string
	Status                         int
	Sent, Received                 int64
	ToClient                       *browsedLeg `json:"to_client"`
	ToServer                       *browsedLeg `json:"to_server"`
	Fault                          *struct {
		Leg, By proxy.Side
		Cause   proxy.Cause
		Alert   string
	}
}

// browsedLeg is what is asserted of a leg.
type browsedLeg struct{ Version, Group, ALPN string }

// browsedProxy is tlslab proxy in this process, and its list.
type browsedProxy struct {
	addr string
	root *x509.Certificate

	mu   sync.Mutex
	more *sync.Cond
	list []browsedEntry
	text []string
	over bool
}

// lists waits for an entry that is as wanted. The error has the list as it was when time was up.
func (p *browsedProxy) lists(wanted func(browsedEntry) bool) error {
	stop := time.AfterFunc(clitest.Patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.over = true
		p.more.Broadcast()
	})
	defer stop.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for seen := 0; ; {
		for ; seen < len(p.list); seen++ {
			if wanted(p.list[seen]) {
				return nil
			}
		}
		if p.over {
			return errors.New(strings.Join(p.text, "\n"))
		}
		p.more.Wait()
	}
}

func startBrowsed(t *testing.T, o *origin) *browsedProxy {
	t.Helper()
	dir := t.TempDir()
	p := new(browsedProxy)
	p.more = sync.NewCond(&p.mu)
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	read, ended := make(chan bool), make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			var e browsedEntry
			err := json.Unmarshal(lines.Bytes(), &e)
			p.mu.Lock()
			p.list, p.text = append(p.list, e), append(p.text, lines.Text())
			if err != nil {
				p.text = append(p.text, err.Error())
			}
			p.more.Broadcast()
			p.mu.Unlock()
		}
	}()
	var said printed
	port := filepath.Join(dir, "port")
	go func() {
		defer close(ended)
		if s := command(ctx, strings.NewReader(""), w, &said, "proxy", "--listen", "127.0.0.1:0", "--port-file", port, "--confdir", dir,
			"--upstream-CAfile", o.roots, "--format", "json"); s != 0 {
			t.Errorf("tlslab proxy ended with status %d\n%s", s, &said)
		}
		_ = w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		<-read
	})
	if err := awaitProxy(ended, port, filepath.Join(dir, proxy.CAFile), &p.addr, &p.root); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	return p
}
