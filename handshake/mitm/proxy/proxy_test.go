package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
)

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %q", r.Proto, r.Method, r.URL, b)
})

func TestGet(t *testing.T) {
	for _, proto := range []string{"h2", "http/1.1"} {
		t.Run(proto, func(t *testing.T) {
			o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = []string{proto} })
			u := start(t, o, nil)
			c := u.client(nil)
			resp, body := get(t, c, "https://"+wwwName+"/page?q=1")
			want := map[string]string{"h2": "HTTP/2.0", "http/1.1": "HTTP/1.1"}[proto] + ` GET /page?q=1 ""`
			if body != want {
				t.Errorf("the page says %q, not %q", body, want)
			}
			if issuer := resp.TLS.PeerCertificates[0].Issuer.CommonName; issuer != u.Root().Subject.CommonName {
				t.Errorf("the client saw a certificate of %s", issuer)
			}
			e := u.await(t, 1)
			if e.Kind != proxy.Request || e.Method != "GET" || e.Path != "/page?q=1" || e.Status != 200 || e.Host != wwwName || e.Received != int64(len(body)) || e.Fault != nil {
				t.Errorf("the entry is %+v, fault %v", e, e.Fault)
			}
			for _, leg := range []*proxy.Leg{e.ToClient, e.ToServer} {
				if leg.Version.String() != "TLS 1.3" || leg.Group.String() != "X25519MLKEM768" || leg.Protocol != proto {
					t.Errorf("a leg is %v %v %q", leg.Version, leg.Group, leg.Protocol)
				}
			}
			post, err := c.Post("https://"+wwwName+"/form", "text/plain", io.MultiReader(strings.NewReader("a="), strings.NewReader("b")))
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(post.Body)
			post.Body.Close()
			if !strings.HasSuffix(string(b), `POST /form "a=b"`) {
				t.Errorf("the page says %q", b)
			}
			if e := u.await(t, 2); e.Sent != 3 || e.Conn != 1 || e.Fault != nil {
				t.Errorf("the entry is %+v, fault %v", e, e.Fault)
			}
			c.CloseIdleConnections()
		})
	}
}

// TestUntrusted: a client without the root refuses, and the entry says so.
func TestUntrusted(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	c := u.client(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = o.pool })
	if _, err := c.Get("https://" + wwwName + "/"); err == nil {
		t.Fatal("the client believed the forgery")
	}
	e := u.await(t, 1)
	if e.Kind != proxy.Failure || e.Fault == nil || e.Fault.Side != proxy.SideClient || e.Fault.Cause != proxy.CauseCertificateRefused {
		t.Errorf("%+v, fault %v", e, e.Fault)
	}
}

// TestServerUnbelieved: the proxy checks the server's certificate.
func TestServerUnbelieved(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, func(o *proxy.Options) { o.ToServer.Roots = pki.NewTrustStore() })
	if resp, body := get(t, u.client(nil), "https://"+wwwName+"/"); resp.StatusCode != 502 || strings.Contains(body, "GET /") {
		t.Fatalf("a server that the proxy does not believe was shown to the client: %d %q", resp.StatusCode, body)
	}
	e := u.await(t, 1)
	if e.Fault == nil || e.Fault.Side != proxy.SideServer || e.Fault.Cause != proxy.CauseUnbelieved {
		t.Errorf("%+v, fault %v", e, e.Fault)
	}
}

// TestUpgrade: a WebSocket, or whatever an Upgrade leads to, is relayed as bytes.
func TestUpgrade(t *testing.T) {
	o := newOrigin(t, echoes(t), func(c *tls.Config) { c.NextProtos = nil })
	u := start(t, o, nil)
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName})
	fmt.Fprint(c, "GET /chat HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatal(resp, err)
	}
	fmt.Fprint(c, "psst\n")
	if line, err := r.ReadString('\n'); line != "echo psst\n" {
		t.Fatal(line, err)
	}
	c.Close()
	if e := u.await(t, 1); e.Upgraded != "echo" || e.Status != 101 || e.Sent != 5 || e.Received != 10 || e.Fault != nil {
		t.Errorf("%+v, fault %v", e, e.Fault)
	}
}
