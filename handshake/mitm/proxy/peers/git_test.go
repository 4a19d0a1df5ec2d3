package peers_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// TestGit: a repository is cloned through the proxy, pushed to and fetched from, over HTTP/1.1 and
// HTTP/2; the server is git's own, as a CGI.
func TestGit(t *testing.T) {
	t.Parallel()
	git := tool(t, "git")
	for _, version := range []string{"http/1.1", "h2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			env := unproxied(t, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@lab.test", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@lab.test")
			do := func(where string, args ...string) string {
				t.Helper()
				out, stderr, err := runs(t, env, git, append([]string{"-C", where}, args...)...)
				if err != nil {
					t.Fatalf("git %q: %v\n%s%s", args, err, out, stderr)
				}
				return strings.TrimSpace(out)
			}
			served := filepath.Join(dir, "served.git")
			do(dir, "init", "--quiet", "--bare", "--initial-branch=main", served)
			do(served, "config", "http.receivepack", "true")
			s := open(t, version)
			backend := &cgi.Handler{Path: filepath.Join(do(dir, "--exec-path"), "git-http-backend"),
				Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"}, InheritEnv: []string{"PATH"}, Stderr: io.Discard}
			s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err == nil { // a CGI knows no chunks
					r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
					backend.ServeHTTP(w, r)
				}
			})
			p := stand(t, s.papers, nil)
			net := []string{"-c", "http.proxy=" + p.url, "-c", "http.sslCAInfo=" + p.root, "-c", "http.version=" + map[string]string{"http/1.1": "HTTP/1.1", "h2": "HTTP/2"}[version]}
			url := s.base + "/served.git"

			one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
			do(dir, append(net, "clone", "--quiet", url, one)...)
			do(one, "checkout", "--quiet", "-B", "main")
			var seed [32]byte
			for i, size := range []int{0, 1000, 3_000_000} { // more than a buffer of git's: it goes in chunks
				b := make([]byte, size)
				seed[0] = byte(i)
				_, _ = rand.NewChaCha8(seed).Read(b)
				write(t, filepath.Join(one, "file"), append(b, '\n'))
				do(one, "add", "file")
				do(one, "commit", "--quiet", "-m", "one more")
				do(one, append(net, "push", "--quiet", "origin", "main")...)
			}
			do(dir, append(net, "clone", "--quiet", url, two)...)
			write(t, filepath.Join(one, "other"), []byte("other\n"))
			do(one, "add", "other")
			do(one, "commit", "--quiet", "-m", "and another")
			do(one, append(net, "push", "--quiet", "origin", "main")...)
			do(two, append(net, "pull", "--quiet", "--ff-only")...)
			do(two, "fsck", "--strict")
			if a, b, c := do(one, "rev-parse", "HEAD"), do(two, "rev-parse", "HEAD"), do(served, "rev-parse", "main"); a != b || a != c {
				t.Errorf("%s was pushed, %s is there, %s was pulled", a, c, b)
			}
			if _, err := os.Stat(filepath.Join(two, "other")); err != nil {
				t.Error(err)
			}
			list := p.entries()
			most := int64(0)
			for _, e := range list {
				if e.Kind != proxy.Request || e.Fault != nil || e.Status != 200 && e.Status != 401 {
					t.Errorf("entry %v", e)
				}
				most = max(most, e.Sent, e.Received)
			}
			if len(list) < 10 || most < 3_000_000 {
				t.Errorf("%d entries, the greatest body has %d bytes", len(list), most)
			}

			// Without the root it gets nothing.
			_, stderr, err := runs(t, env, git, "-c", "http.proxy="+p.url, "-c", "http.sslCAInfo="+s.root, "clone", "--quiet", url, filepath.Join(dir, "three"))
			if err == nil {
				t.Error("it believed whom it does not know")
			}
			f := p.await(t, len(list)+1)[len(list)].Fault
			if f == nil || f.Side != proxy.SideClient || f.By != proxy.SideClient || f.Cause != proxy.CauseUntrustedRoot && f.Cause != proxy.CausePin {
				t.Errorf("the fault is %v; git said %s", f, stderr)
			} else {
				t.Log(f)
			}
		})
	}
}
