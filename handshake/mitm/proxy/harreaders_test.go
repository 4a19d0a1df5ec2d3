package proxy_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tlslab/handshake/mitm/har"
	"tlslab/handshake/mitm/proxy"
)

// reader runs one of the scripts of har/testdata/readers, and returns what it prints.
func reader(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	const dir = "../har/testdata/readers"
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		const why = "no Node, or no programs for it: npm ci --prefix handshake/mitm/har/testdata/readers"
		if os.Getenv("CI") == "true" {
			t.Fatal(why, err)
		}
		t.Skip(why)
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{filepath.Join(dir, script)}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, errs.Bytes())
	}
	return out.Bytes()
}

// archive writes entries as a HAR.
func archive(t *testing.T, entries []*proxy.Entry) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.har")
	w, err := har.Create(name, har.Creator{Name: "tlslab", Version: "0"}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, e := range entries {
		h := e.HAR()
		if h == nil {
			continue
		}
		if err := w.Add(h); err != nil {
			t.Errorf("%v: %v", e, err)
		}
	}
	return name
}

// site is a page that fetches what shows whether an archive has it all: what came compressed, bytes
// that are no text, a redirection, and an answer to a body.
func site(t *testing.T) http.Handler {
	const page = `<!doctype html><meta charset="utf-8"><body><p id="said"></p><script>
const get = async (...a) => (await fetch(...a)).text();
(async () => {
  const bytes = new Uint8Array(await (await fetch("/bytes")).arrayBuffer());
  said.textContent = [await get("/zipped?a=b&c"), await get("/away"), await get("/form", {method: "POST", body: "a=b"}), bytes.join("."), (await fetch("/none")).status].join(" ");
  document.body.dataset.done = 1;
})();
</script>`
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Lab", "page")
		_, _ = io.WriteString(w, page)
	})
	mux.HandleFunc("/zipped", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "größer")
		_ = z.Close()
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write([]byte{0, 255, 128, 13, 10})
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) })
	mux.HandleFunc("/there", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "there") })
	mux.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	return mux
}

// TestHARIsRead: an archive of what passed is what har-validator takes for one, odd targets, hosts,
// failures and a WebSocket included; and a browser that has it and nothing else shows the page that
// was asked for, over HTTP/1.1 and HTTP/2.
func TestHARIsRead(t *testing.T) {
	for _, proto := range []string{"http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			o := newOrigin(t, site(t), func(c *tls.Config) { c.NextProtos = []string{proto} })
			u := start(t, o, func(o *proxy.Options) { o.Bodies = 1 << 16 })
			c := u.client(func(tr *http.Transport) { tr.DisableCompression = true })
			c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			n := 0
			for _, path := range []string{"/page", "/zipped?a=b&c", "/away", "/there", "/bytes", "/none"} {
				get(t, c, "https://"+wwwName+path)
				n++
			}
			form, err := c.Post("https://"+wwwName+"/form", "text/plain;charset=UTF-8", strings.NewReader("a=b"))
			if err != nil {
				t.Fatal(err)
			}
			_ = form.Body.Close()
			n++
			c.CloseIdleConnections()
			if proto == "http/1.1" {
				asks(t, u.tunnel(t), "GET /50%/\xe9\"<>\\^`{|}#x?a=%zz HTTP/1.1\r\nHost: [::1]:8443\r\nCookie: \xff=\x80; a=\"\r\nConnection: close\r\n\r\n")
				asks(t, u.tunnel(t), "OPTIONS * HTTP/1.1\r\nHost: a b@c/d\r\nConnection: close\r\n\r\n")
				asks(t, u.tunnel(t), "GET https://user:pw@WWW.other.example:443/x HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
				n += 3
			}
			if _, err := u.client(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = o.pool }).Get("https://" + wwwName + "/"); err == nil {
				t.Error("the client believed the forgery")
			}
			n++
			u.await(t, n)
			file := archive(t, u.total(t, n))
			if got := strings.TrimSpace(string(reader(t, "validate.js", file))); got != fmt.Sprint(n) {
				t.Errorf("of %d entries %s", n, got)
			}
			const want = `{"status":200,"header":"page","said":"größer there a=b 0.255.128.13.10 404"}`
			if got := strings.TrimSpace(string(reader(t, "replay.js", chromium(t), file, "https://"+wwwName+"/page"))); got != want {
				t.Errorf("the browser shows %s\nwant %s", got, want)
			}
		})
	}
}

// chromium is the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if file, err := exec.LookPath(name); err == nil {
			return file
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium")
	}
	t.Skip("no Chromium: apt-get install chromium")
	return ""
}

// TestWebSocketOfOthers: what the HAR has of a WebSocket whose two ends somebody else wrote is what
// each of them heard.
func TestWebSocketOfOthers(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		u := start(t, nil, func(o *proxy.Options) { o.Bodies = 1 << 16 })
		var heard map[string][][2]any
		if err := json.Unmarshal(reader(t, "chat.js", u.addr, fmt.Sprint(compressed)), &heard); err != nil {
			t.Fatal(err)
		}
		e := u.total(t, 1)[0]
		h := e.HAR()
		if h.WebSocketError != "" {
			t.Error(h.WebSocketError)
		}
		got := map[string][][2]any{}
		deflated := 0
		for _, m := range h.Messages {
			if m.Opcode == 8 {
				continue // of which ws has an event of its own
			}
			data := m.Data
			if m.Opcode == 1 {
				data = base64.StdEncoding.EncodeToString([]byte(data))
			}
			if m.Compressed {
				deflated++
			}
			got[m.Type] = append(got[m.Type], [2]any{float64(m.Opcode), data})
		}
		if len(heard["send"]) < 10 || !reflect.DeepEqual(got, heard) {
			t.Errorf("compressed %v: in the archive\n%v\nthe ends heard\n%v", compressed, got, heard)
		}
		if compressed != (deflated > 10) {
			t.Errorf("compressed %v: %d messages were", compressed, deflated)
		}
		var out bytes.Buffer
		out.Write(reader(t, "validate.js", archive(t, []*proxy.Entry{e})))
		if strings.TrimSpace(out.String()) != "1" {
			t.Error(out.String())
		}
	}
}
