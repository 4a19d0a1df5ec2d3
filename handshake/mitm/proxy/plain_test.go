package proxy_test

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// TestPlain: http URLs, whole, as clients of a proxy write them.
func TestPlain(t *testing.T) {
	o := newPlain(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %q %q", r.Method, r.Host, r.RequestURI, b, r.Header["X-Forwarded-For"])
	}))
	u := start(t, o, func(p *proxy.Options) { p.Bodies = 100 })
	c := u.client(nil)
	_, body := get(t, c, "http://"+wwwName+"/a//b?x;y=%zz&q")
	if want := `GET www.lab.test /a//b?x;y=%zz&q "" []`; body != want {
		t.Errorf("%q, want %q", body, want)
	}
	req, err := http.NewRequest("POST", "http://"+wwwName+":8080/form", io.MultiReader(strings.NewReader("a="), strings.NewReader("b")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "192.0.2.9") // is the client's to say
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if want := `POST www.lab.test:8080 /form "a=b" ["192.0.2.9"]`; string(b) != want {
		t.Errorf("%q, want %q", b, want)
	}
	c.CloseIdleConnections()
	all := u.total(t, 2)
	for i, e := range all {
		sound(t, e)
		if e.Scheme != "http" || e.Status != 200 || len(e.Warnings) != 1 || e.Warnings[0] != proxy.WarnNoTLS || e.ToClient != nil || string(e.Body) != []string{body, string(b)}[i] {
			t.Errorf("%+v", e)
		}
	}
	if all[1].Sent != 3 || string(all[1].RequestBody) != "a=b" || all[1].Host != wwwName+":8080" {
		t.Errorf("%+v", all[1])
	}
}

// TestPlainFails: a server that is not there, and one that breaks off.
func TestPlainFails(t *testing.T) {
	o := newPlain(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	u := start(t, o, nil)
	resp, err := u.client(nil).Get("http://" + wwwName + "/")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("half a reply, %q, passed for a whole one", b)
	}
	resp.Body.Close()
	faulty(t, u.await(t, 1), proxy.Request, proxy.SideServer, proxy.SideServer, proxy.CauseLeft)
	o.Close()
	resp, body := get(t, u.client(nil), "http://"+wwwName+"/")
	if resp.StatusCode != 502 || !strings.Contains(body, "unreachable") {
		t.Errorf("%s: %s", resp.Status, body)
	}
	faulty(t, u.await(t, 2), proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
}

// TestPlainLeft: a client that leaves while the server thinks. The end of its stream alone does not
// say so (a program may close its half behind its request, and read): the server hears it, as it
// would without a proxy, and a server that then hangs up too was not the first to leave.
func TestPlainLeft(t *testing.T) {
	o := newScripted(t, func(*tls.Config) *tls.Config { return nil })
	u := start(t, o.origin, nil)
	c := u.raw(t)
	fmt.Fprintf(c, "GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n", wwwName, wwwName)
	s := o.next(t)
	if _, err := http.ReadRequest(bufio.NewReader(s)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	ended(t, s)
	s.Close() // it has heard that the client left, and gives up
	faulty(t, u.total(t, 1)[0], proxy.Request, proxy.SideClient, proxy.SideClient, proxy.CauseLeft)
}

// TestHalfCloseIsAnswered: a client that closes its half behind a whole request, in clear by a FIN
// and in TLS by close_notify, has a right to the reply.
func TestHalfCloseIsAnswered(t *testing.T) {
	const reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	for _, overTLS := range []bool{false, true} {
		o := newScripted(t, func(c *tls.Config) *tls.Config {
			if overTLS {
				return c
			}
			return nil
		})
		u := start(t, o.origin, nil)
		var c interface {
			net.Conn
			CloseWrite() error
		}
		request := "POST http://" + wwwName + "/ HTTP/1.1\r\nHost: " + wwwName + "\r\nContent-Length: 2\r\n\r\nhi"
		if overTLS {
			c, request = u.tunnel(t), strings.Replace(request, "http://"+wwwName, "", 1)
		} else {
			c = u.raw(t).(*net.TCPConn)
		}
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		s := o.next(t)
		if b, err := io.ReadAll(s); err != nil || !strings.HasSuffix(string(b), "\r\n\r\nhi") {
			t.Fatalf("%q, %v", b, err)
		}
		if _, err := io.WriteString(s, reply); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil || string(b) != reply {
			t.Errorf("TLS %t: the client heard %q, %v", overTLS, b, err)
		}
		sound(t, u.total(t, 1)[0])
	}
}

// TestPlainUpgrade: a WebSocket in clear.
func TestPlainUpgrade(t *testing.T) {
	o := newPlain(t, echoes(t))
	u := start(t, o, nil)
	c := u.raw(t)
	fmt.Fprintf(c, "GET http://%s/chat HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", wwwName, wwwName)
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
	e := u.total(t, 1)[0]
	sound(t, e)
	if e.Upgraded != "echo" || e.Status != 101 || e.Sent != 5 || e.Received != 10 {
		t.Errorf("%+v", e)
	}
}

// TestOwnPages: the proxy's own page and its root, for those who go through it and for
// those who come straight to it.
func TestOwnPages(t *testing.T) {
	u := start(t, nil, nil)
	straight := &http.Client{Transport: &http.Transport{}}
	for _, at := range []struct {
		c    *http.Client
		base string
	}{{u.client(nil), "http://" + proxy.Magic}, {straight, "http://" + u.addr}} {
		resp, body := get(t, at.c, at.base+"/")
		if resp.StatusCode != 200 || !strings.Contains(body, proxy.RootFile) {
			t.Errorf("%s: %s", resp.Status, body)
		}
		resp, body = get(t, at.c, at.base+proxy.RootFile)
		block, _ := pem.Decode([]byte(body))
		if block == nil || string(block.Bytes) != string(u.Root().Raw) || resp.Header.Get("Content-Type") != "application/x-x509-ca-cert" {
			t.Errorf("%v: %s", resp.Header, body)
		}
		if resp, _ := get(t, at.c, at.base+"/tlslab-ca-key.pem"); resp.StatusCode != 404 {
			t.Errorf("its key: %s", resp.Status)
		}
		at.c.CloseIdleConnections()
	}
	u.total(t, 0)
}

// TestOwnPageAsked: what Options say the page is.
func TestOwnPageAsked(t *testing.T) {
	u := start(t, nil, func(p *proxy.Options) {
		p.Landing = func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "welcome") }
	})
	if _, body := get(t, u.client(nil), "http://"+proxy.Magic+"/"); body != "welcome" {
		t.Error(body)
	}
}

// TestBadRequests: what is no request to a proxy gets an answer that says so.
func TestBadRequests(t *testing.T) {
	for _, x := range []struct {
		say    string
		status int
	}{
		{"CONNECT www.lab.test HTTP/1.1\r\n\r\n", 400},
		{"CONNECT :443 HTTP/1.1\r\n\r\n", 400},
		{"CONNECT www.lab.test: HTTP/1.1\r\n\r\n", 400},
		{"CONNECT http://www.lab.test/ HTTP/1.1\r\n\r\n", 400},
		{"CONNECT www.lab.test:443\r\n\r\n", 400},
		{"\x05\x01\x00", 400},
		{"\x16\x03\x01\x00\x05hello", 400},
		{"CONNECT www.lab.test:443 HTTP/1.1\r\nX: " + strings.Repeat("x", 300<<10), 431},
	} {
		u := start(t, nil, nil)
		if status, body := asks(t, u.raw(t), x.say); status != x.status {
			t.Errorf("%.40q: %d, %s", x.say, status, body)
		}
		faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideClient, proxy.SideProxy, proxy.CauseBadRequest)
	}
}

// TestPlainToTLS: asked in clear, a server of TLS answers with an alert; one that says something
// else that is no reply does not speak TLS for that.
func TestPlainToTLS(t *testing.T) {
	for answer, cause := range map[string]proxy.Cause{
		"\x15\x03\x01\x00\x02\x02\x46":     proxy.CauseSpeaksTLS,
		"\x15\x03\x03\x00\x02\x02\x0a\r\n": proxy.CauseSpeaksTLS,
		"SSH-2.0-OpenSSH_9.2\r\n\r\n":      proxy.CauseBadReply,
	} {
		o := newPlain(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}))
		u := start(t, o, nil)
		get(t, u.client(nil), "http://"+wwwName+"/")
		faulty(t, u.await(t, 1), proxy.Request, proxy.SideServer, proxy.SideProxy, cause)
	}
}
