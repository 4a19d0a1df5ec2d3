package har_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tlslab/handshake/mitm/har"
)

// schema is that of HAR 1.2, with its formats asserted.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	files, err := filepath.Glob("testdata/har-schema/*.json")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no schema: %w", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		// Its files know each other by their $id, which is relative.
		if err := c.AddResource("https://har.test/"+filepath.Base(name), doc); err != nil {
			return nil, err
		}
	}
	return c.Compile("https://har.test/har.json")
})

// invalid is what is wrong with a file; nil if nothing is.
func invalid(t testing.TB, b []byte) error {
	t.Helper()
	s, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// load reads a file, which must be valid.
func load(t testing.TB, name string) *har.Log {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := invalid(t, b); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	var d har.Document
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return &d.Log
}

var started = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)

// full is an entry with all that an entry can have.
func full(t testing.TB) *har.Entry {
	t.Helper()
	u, err := url.Parse("https://www.lab.test/a%20b?q=1&empty&x=%C3%A4&q=2#fragment")
	if err != nil {
		t.Fatal(err)
	}
	reqHead := http.Header{"Cookie": {"a=1; b=2"}, "Accept": {"*/*"}, "Content-Type": {"text/plain"}}
	respHead := http.Header{"Content-Type": {"application/octet-stream"}, "Location": {"/elsewhere"},
		"Set-Cookie": {"s=3; Path=/; Domain=lab.test; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; HttpOnly", "t=4"}}
	e := &har.Entry{Started: started, Request: har.RequestOf("POST", u, "HTTP/1.1", reqHead),
		Response: har.ResponseOf(302, "", "HTTP/1.1", respHead), ServerIP: netip.MustParseAddr("fe80::1%eth0"), Connection: "7",
		Timings: har.NewTimings(har.Phases{Blocked: har.NotApplicable, DNS: 100 * time.Microsecond, Connect: 200 * time.Microsecond,
			SSL: 300 * time.Microsecond, Send: 1, Wait: 700 * time.Microsecond, Receive: -5}),
		TLS:   &har.TLS{Client: &har.Leg{Version: "TLS 1.3", Group: "X25519MLKEM768", ALPN: "h2"}, Server: &har.Leg{Version: "TLS 1.2"}},
		Error: "cut off"}
	sent, got := har.NewBody(100), har.NewBody(100)
	io.WriteString(sent, "hällo")
	got.Write([]byte{0, 0xFF, 0x80})
	e.Request.PostData, e.Request.BodySize = sent.PostData(reqHead), sent.Size()
	e.Response.Content, e.Response.BodySize = got.Content(respHead), got.Size()
	return e
}

func create(t testing.TB) (*har.Writer, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "c.har")
	w, err := har.Create(name, har.Creator{Name: "tlslab", Version: "0"}, "a comment")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w, name
}

// TestEveryAddIsADocument: the file validates at the start and after each entry.
func TestEveryAddIsADocument(t *testing.T) {
	w, name := create(t)
	if l := load(t, name); len(l.Entries) != 0 || l.Version != "1.2" || l.Creator.Name != "tlslab" || l.Comment != "a comment" {
		t.Errorf("%+v", l)
	}
	for n := 1; n <= 5; n++ {
		e := full(t)
		e.Comment = strings.Repeat("x", 10000/n) + fmt.Sprint(n)
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
		l := load(t, name)
		if len(l.Entries) != n {
			t.Fatalf("%d entries after %d", len(l.Entries), n)
		}
		for i, e := range l.Entries {
			if !strings.HasSuffix(e.Comment, "x"+fmt.Sprint(i+1)) {
				t.Errorf("entry %d is %q", i, e.Comment)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if l := load(t, name); len(l.Entries) != 5 {
		t.Errorf("%d entries after Close", len(l.Entries))
	}
	left, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(left) != 1 {
		t.Errorf("Close left %v, %v", left, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := w.Add(full(t)); err == nil {
		t.Error("an entry was added after Close")
	}
}

// TestEntry looks at what became of each part of an entry.
func TestEntry(t *testing.T) {
	w, name := create(t)
	if err := w.Add(full(t)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Log struct{ Entries []json.RawMessage }
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	got := string(d.Log.Entries[0])
	const want = `{"startedDateTime":"2026-01-02T03:04:05.678901234Z","time":1,` +
		`"request":{"method":"POST","url":"https://www.lab.test/a%20b?q=1\u0026empty\u0026x=%C3%A4\u0026q=2","httpVersion":"HTTP/1.1",` +
		`"cookies":[{"name":"a","value":"1"},{"name":"b","value":"2"}],` +
		`"headers":[{"name":"Host","value":"www.lab.test"},{"name":"Accept","value":"*/*"},{"name":"Content-Type","value":"text/plain"},{"name":"Cookie","value":"a=1; b=2"}],` +
		`"queryString":[{"name":"q","value":"1"},{"name":"empty","value":""},{"name":"x","value":"ä"},{"name":"q","value":"2"}],` +
		`"postData":{"mimeType":"text/plain","text":"hällo"},"headersSize":124,"bodySize":6},` +
		`"response":{"status":302,"statusText":"Found","httpVersion":"HTTP/1.1",` +
		`"cookies":[{"name":"s","value":"3","path":"/","domain":"lab.test","expires":"2026-10-21T07:28:00Z","httpOnly":true,"secure":true},{"name":"t","value":"4"}],` +
		`"headers":[{"name":"Content-Type","value":"application/octet-stream"},{"name":"Location","value":"/elsewhere"},` +
		`{"name":"Set-Cookie","value":"s=3; Path=/; Domain=lab.test; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; HttpOnly"},{"name":"Set-Cookie","value":"t=4"}],` +
		`"content":{"size":3,"mimeType":"application/octet-stream","text":"AP+A","encoding":"base64"},"redirectURL":"/elsewhere","headersSize":200,"bodySize":3},` +
		`"cache":{},"timings":{"blocked":-1,"dns":0.1,"connect":0.2,"ssl":0.2,"send":0,"wait":0.7,"receive":0},"serverIPAddress":"fe80::1","connection":"7",` +
		`"_tls":{"client":{"version":"TLS 1.3","group":"X25519MLKEM768","alpn":"h2"},"server":{"version":"TLS 1.2"}},"_error":"cut off"}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// The two sizes, counted another way.
	req := "POST /a%20b?q=1&empty&x=%C3%A4&q=2 HTTP/1.1\r\nHost: www.lab.test\r\nAccept: */*\r\nContent-Type: text/plain\r\nCookie: a=1; b=2\r\n\r\n"
	resp := "HTTP/1.1 302 Found\r\nContent-Type: application/octet-stream\r\nLocation: /elsewhere\r\n" +
		"Set-Cookie: s=3; Path=/; Domain=lab.test; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; HttpOnly\r\nSet-Cookie: t=4\r\n\r\n"
	if len(req) != 124 || len(resp) != 200 {
		t.Errorf("headersSize should be %d and %d", len(req), len(resp))
	}
}

// TestSchemaRefuses: the validator is awake.
func TestSchemaRefuses(t *testing.T) {
	w, name := create(t)
	if err := w.Add(full(t)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{{`"version":"1.2",`, ``}, {`"time":1,`, ``}, {`"status":302`, `"status":"302"`},
		{`"2026-01-02T03:04:05.678901234Z"`, `"yesterday"`}, {`"fe80::1"`, `"host"`}, {`"send":0,`, ``},
		{`"https://www.lab.test/a%20b`, `"/a b`}, {"}}\n", "}\n"}} {
		bad := bytes.Replace(b, []byte(edit[0]), []byte(edit[1]), 1)
		if bytes.Equal(bad, b) {
			t.Fatalf("nothing to edit: %s", edit[0])
		}
		if invalid(t, bad) == nil {
			t.Errorf("%s → %s is valid", edit[0], edit[1])
		}
	}
}

// TestTimings: a reader who adds up finds the time, to the last bit; ssl is within connect.
func TestTimings(t *testing.T) {
	w, name := create(t)
	us := func(n int) time.Duration { return time.Duration(n) * time.Microsecond }
	for i := range 200 {
		e := &har.Entry{Started: started, Response: har.NoResponse(), Timings: har.NewTimings(har.Phases{Blocked: us(i*7 - 100),
			DNS: us(i*13 - 300), Connect: us(i*101 - 500), SSL: us(i*103 - 500), Send: us(i), Wait: us(i*i + 1), Receive: us(i * 3)})}
		e.Request.URL = "https://www.lab.test/"
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range load(t, name).Entries {
		sum := 0.0
		for _, x := range []float64{e.Timings.Blocked, e.Timings.DNS, e.Timings.Connect, e.Timings.Send, e.Timings.Wait, e.Timings.Receive} {
			if x != -1 {
				sum += x
			}
		}
		if e.Time != sum {
			t.Errorf("entry %d: time %v, sum %v", i, e.Time, sum)
		}
		if e.Timings.SSL > e.Timings.Connect {
			t.Errorf("entry %d: ssl %v, connect %v", i, e.Timings.SSL, e.Timings.Connect)
		}
	}
	for _, bad := range []har.Timings{{SSL: 2, Connect: 1}, {Send: -1}, {Wait: -1}, {Receive: -1}} {
		if w.Add(&har.Entry{Started: started, Timings: bad}) == nil {
			t.Errorf("%+v was added", bad)
		}
	}
	if n := len(load(t, name).Entries); n != 200 {
		t.Errorf("%d entries", n)
	}
}

func TestBody(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(bytes.Repeat([]byte("lab "), 20))
	z.Close()
	gz := http.Header{"Content-Type": {"text/plain"}, "Content-Encoding": {"gzip"}}
	plain := http.Header{"Content-Type": {"text/plain"}}
	for _, c := range []struct {
		name  string
		limit int
		body  string
		head  http.Header
		want  har.Content
	}{
		{"empty", 10, "", plain, har.Content{MimeType: "text/plain"}},
		{"whole", 5, "hello", plain, har.Content{Size: 5, MimeType: "text/plain", Text: "hello"}},
		{"cut", 4, "hello", plain, har.Content{Size: 5, MimeType: "text/plain", Text: "hell", Comment: "the first 4 of 5 bytes"}},
		{"cut in a character", 3, "aä😀", plain, har.Content{Size: 7, MimeType: "text/plain", Text: "aä", Comment: "the first 3 of 7 bytes"}},
		{"cut inside a character", 5, "aä😀", plain, har.Content{Size: 7, MimeType: "text/plain", Text: "aä", Comment: "the first 5 of 7 bytes"}},
		{"none kept", 0, "hello", plain, har.Content{Size: 5, MimeType: "text/plain", Comment: "the first 0 of 5 bytes"}},
		{"binary", 9, "\xff\x00", plain, har.Content{Size: 2, MimeType: "text/plain", Text: "/wA=", Encoding: "base64"}},
		{"gzip", 100, zipped.String(), gz, har.Content{Size: 80, Compression: 80 - int64(zipped.Len()), MimeType: "text/plain", Text: strings.Repeat("lab ", 20)}},
		{"gzip that grows too large", 50, zipped.String(), gz, har.Content{Size: int64(zipped.Len()), MimeType: "text/plain",
			Text: base64Of(zipped.Bytes()), Encoding: "base64", Comment: "as it came, Content-Encoding: gzip"}},
		{"no gzip at all", 50, "hello", gz, har.Content{Size: 5, MimeType: "text/plain", Text: "aGVsbG8=", Encoding: "base64", Comment: "as it came, Content-Encoding: gzip"}},
		{"cut brotli", 3, "hello", http.Header{"Content-Encoding": {"br"}}, har.Content{Size: 5, Text: "aGVs", Encoding: "base64",
			Comment: "the first 3 of 5 bytes; as it came, Content-Encoding: br"}},
	} {
		b := har.NewBody(c.limit)
		for i := range len(c.body) { // byte by byte, as it may come
			io.WriteString(b, c.body[i:i+1])
		}
		if got := b.Content(c.head); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if har.NewBody(3).PostData(plain) != nil {
		t.Error("a body where there was none")
	}
	b := har.NewBody(3)
	b.Write([]byte{0xFF, 1, 2, 3})
	if got, want := *b.PostData(plain), (har.PostData{MimeType: "text/plain", Text: "/wEC", Encoding: "base64", Comment: "the first 3 of 4 bytes"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// BenchmarkAdd is what an entry costs, its two writes and a rename included.
func BenchmarkAdd(b *testing.B) {
	w, _ := create(b)
	e := full(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Add(e); err != nil {
			b.Fatal(err)
		}
	}
}
