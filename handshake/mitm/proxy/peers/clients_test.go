package peers_test

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// client is one that others wrote.
type client struct {
	name     string
	programs [][]string // what has to be installed: of each one of these names
	versions []string   // of HTTP that it speaks
	// ask makes its requests and returns what it got, as text; err if it could not.
	ask func(t *testing.T, q question) (got string, err error)
	// refuses is what the list says of it where it does not trust the proxy's root.
	refuses []proxy.Cause
}

// question is what a client is asked to ask.
type question struct {
	base    string // https://localhost:PORT
	roots   string // a file with what it trusts
	proxy   string // HOST:PORT; "" for none
	version string // "h2", "http/1.1"
	program string
}

// proxyArgs are the proxy as two arguments, or none.
func (q question) proxyArgs() []string {
	if q.proxy == "" {
		return nil
	}
	host, port, _ := net.SplitHostPort(q.proxy)
	return []string{host, port}
}

var clients = []client{
	{"curl", [][]string{{"curl"}}, []string{"http/1.1", "h2"}, askCurl, []proxy.Cause{proxy.CauseUntrustedRoot}},
	{"Python", [][]string{{"python3"}}, []string{"http/1.1"}, askPython, []proxy.Cause{proxy.CauseUntrustedRoot}},
	{"Node", [][]string{{"node"}}, []string{"http/1.1", "h2"}, askNode, []proxy.Cause{proxy.CauseLeftAtCertificate}},
	{"Java", [][]string{{"javac"}, {"java"}}, []string{"http/1.1", "h2"}, askJava, []proxy.Cause{proxy.CauseLeftAtCertificate, proxy.CauseCertificateRefused}},
}

func failure(what, stderr string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w\n%s", what, err, stderr)
}

// askCurl has one curl make all its requests, so that it keeps its connection.
func askCurl(t *testing.T, q question) (string, error) {
	dir := t.TempDir()
	upload := filepath.Join(dir, "upload")
	write(t, upload, []byte(strings.Repeat("what is uploaded\n", 12_000)))
	proxied := []string{"--noproxy", "*"}
	if q.proxy != "" {
		proxied = []string{"--noproxy", "", "--proxy", "http://" + q.proxy, "--suppress-connect-headers"}
	}
	var args []string
	for i, a := range [][]string{
		{"/hello"}, {"/echo", "--data-binary", "@" + upload}, {"/echo", "--upload-file", upload}, {"/echo", "-H", "Transfer-Encoding: chunked", "--data-binary", "@" + upload},
		{"/pieces"}, {"/pieces", "--head"}, {"/moved", "--location"}, {"/50%25/x?a=%2F&b=;"}, {"/../up/./dot", "--path-as-is"}, {"/missing"}, {"/hello?last", "-H", "X-Twice: 1", "-H", "X-Twice: 2"},
	} {
		if q.version == "h2" && slices.Contains(a, "Transfer-Encoding: chunked") {
			continue // HTTP/2 knows none
		}
		if i > 0 {
			args = append(args, "--next")
		}
		version := map[string]string{"h2": "--http2", "http/1.1": "--http1.1"}[q.version]
		args = append(append(args, version, "--cacert", q.roots, "--silent", "--show-error", "--include", "--max-time", "30",
			"--write-out", "\n-- HTTP/%{http_version} %{http_code} %{num_redirects} redirects, %{size_upload} up, %{size_download} down\n"), proxied...)
		args = append(append(args, a[1:]...), q.base+a[0])
	}
	out, stderr, err := runs(t, unproxied(t), q.program, args...)
	return out, failure("curl", stderr, err)
}

func askPython(t *testing.T, q question) (string, error) {
	return askScript(t, q, "testdata/client.py", q.base, q.roots)
}

func askNode(t *testing.T, q question) (string, error) {
	return askScript(t, q, "testdata/client.js", q.version, q.base, q.roots)
}

func askJava(t *testing.T, q question) (string, error) {
	return askScript(t, q, "-XX:TieredStopAtLevel=1", "testdata/Client.java", q.version, q.base, q.roots)
}

// askScript runs a program of ours in a language of others. It says so when it is through: a script
// that waits for what never comes may just end.
func askScript(t *testing.T, q question, args ...string) (string, error) {
	out, stderr, err := runs(t, unproxied(t), q.program, append(args, q.proxyArgs()...)...)
	if err == nil && !strings.HasSuffix(out, "that was all\n") {
		err = errors.New("it ended before its end")
	}
	return out, failure(out, stderr, err)
}

// TestClients: what each client gets through the proxy is what it gets without, to the last field,
// over as many connections; and the list has each of its requests, once, without fault.
func TestClients(t *testing.T) {
	for _, c := range clients {
		for _, version := range c.versions {
			t.Run(c.name+" "+version, func(t *testing.T) {
				t.Parallel()
				q := question{version: version}
				for _, names := range c.programs {
					q.program = tool(t, names...)
				}
				s := open(t, version)
				p := stand(t, s.papers, nil)
				q.base, q.roots = s.base, s.root
				want, err := c.ask(t, q)
				if err != nil {
					t.Fatal("without a proxy: ", err)
				}
				asked, conns := slices.Clone(s.log()), s.conns
				s.begin()
				q.proxy, q.roots = p.addr, p.root
				got, err := c.ask(t, q)
				if err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("it got other things than without the proxy: %s", difference(want, got))
				}
				if s.conns != conns {
					t.Errorf("the server saw %d connections, and %d without the proxy", s.conns, conns)
				}
				list := p.await(t, len(asked))
				listed := map[string]int{}
				for _, e := range list {
					listed[e.Method+" "+e.Path]++
					if e.Kind != proxy.Request || e.Fault != nil || e.ToClient.Version == 0 || e.ToClient.Protocol != e.ToServer.Protocol {
						t.Errorf("entry %v", e)
					}
				}
				for _, a := range asked {
					if listed[a]--; listed[a] < 0 {
						t.Errorf("%s is not in the list", a)
					}
				}
				if len(list) != len(asked) {
					t.Errorf("%d entries of %d requests", len(list), len(asked))
				}
				t.Logf("%d requests, %d connections, %d bytes of what it got are equal", len(asked), conns, len(got))
			})
		}
	}
}

// difference is the first line that differs.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			x, y := "(nothing)", "(nothing)"
			if i < len(a) {
				x = a[i]
			}
			if i < len(b) {
				y = b[i]
			}
			return fmt.Sprintf("in line %d\n%s\nwithout it\n%s", i+1, y, x)
		}
	}
	return "in nothing"
}

// TestUntrusting: a client that does not trust the proxy's root gets nothing through it, and the
// list says that it was the client who refused.
func TestUntrusting(t *testing.T) {
	for _, c := range clients {
		for _, version := range c.versions {
			t.Run(c.name+" "+version, func(t *testing.T) {
				t.Parallel()
				q := question{version: version}
				for _, names := range c.programs {
					q.program = tool(t, names...)
				}
				s := open(t, version)
				p := stand(t, s.papers, nil)
				q.base, q.roots, q.proxy = s.base, s.root, p.addr
				if got, err := c.ask(t, q); err == nil {
					t.Errorf("it believed whom it does not know, and got\n%s", got)
				}
				e := p.await(t, 1)[0]
				if f := e.Fault; e.Kind != proxy.Failure || f == nil || f.Side != proxy.SideClient || f.By != proxy.SideClient || !slices.Contains(c.refuses, f.Cause) {
					t.Errorf("entry %v; want one of %v", e, c.refuses)
				} else {
					t.Log(f)
				}
				if len(s.log()) > 0 {
					t.Errorf("the server was asked %q", s.log())
				}
			})
		}
	}
}
