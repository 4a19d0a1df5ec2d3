package http2

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	foreign "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// one is a listener for one connection.
type one struct {
	net.Conn
	given chan struct{} // taken by whoever accepts; closed with the listener
}

func (l one) Accept() (net.Conn, error) {
	if _, ok := <-l.given; !ok {
		return nil, net.ErrClosed
	}
	return l.Conn, nil
}

func (l one) Close() error   { close(l.given); return nil }
func (l one) Addr() net.Addr { return l.LocalAddr() }

// TestForeignServer has net/http's HTTP/2 server answer the lesson's request, and the Reader
// name what it says.
func TestForeignServer(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	asked := make(chan *http.Request, 1)
	srv := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		_, _ = io.WriteString(w, "a \x1bpage") // which nobody shall see as it is
	})}
	srv.Protocols.SetUnencryptedHTTP2(true)
	l := one{server, make(chan struct{}, 1)}
	l.given <- struct{}{}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	defer func() {
		_ = srv.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	}()
	go func() { _, _ = client.Write(append(Request("www.lab.test", "id=4711"), Farewell()...)) }()
	var r Reader
	var all []Frame
	buf := make([]byte, 7) // frames are cut where it likes
	for !slices.ContainsFunc(all, func(f Frame) bool { return f.Type == Data && f.Flags&EndStream != 0 }) {
		n, err := client.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		frames, _ := r.Feed(buf[:n])
		all = append(all, frames...)
	}
	q := <-asked
	if q.Method != "GET" || q.URL.Path != "/" || q.Host != "www.lab.test" || q.Header.Get("Cookie") != "id=4711" || q.ProtoMajor != 2 {
		t.Errorf("the server read %v %v %v %v %v", q.Proto, q.Method, q.URL, q.Host, q.Header)
	}
	said := lines(all)
	for _, want := range []string{"SETTINGS MAX_FRAME_SIZE=", "SETTINGS ACK", "HEADERS stream=1 END_HEADERS :status=200", `length=7 a \x1bpage`} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}

// TestForeignClient has x/net's framer read both directions, each with one decoder.
func TestForeignClient(t *testing.T) {
	read := func(b []byte) (out []string) {
		f := foreign.NewFramer(nil, bytes.NewReader(b))
		f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		for {
			frame, err := f.ReadFrame()
			if err == io.EOF {
				return out
			}
			if err != nil {
				t.Fatal(err)
			}
			switch x := frame.(type) {
			case *foreign.MetaHeadersFrame:
				out = append(out, "HEADERS")
				for _, h := range x.Fields {
					out = append(out, h.Name+"="+h.Value)
				}
				if x.StreamEnded() {
					out = append(out, "END")
				}
			case *foreign.DataFrame:
				out = append(out, "DATA", string(x.Data()))
				if x.StreamEnded() {
					out = append(out, "END")
				}
			case *foreign.SettingsFrame:
				s := "SETTINGS"
				if x.IsAck() {
					s += " ACK"
				}
				_ = x.ForeachSetting(func(p foreign.Setting) error { s += " " + p.String(); return nil })
				out = append(out, s)
			case *foreign.GoAwayFrame:
				out = append(out, "GOAWAY", x.ErrCode.String())
			}
		}
	}
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{append(Request("例", "c")[len(Preface):], Farewell()...),
			"SETTINGS [ENABLE_PUSH = 0]|HEADERS|:method=GET|:scheme=https|:authority=例|:path=/|cookie=c|END|SETTINGS ACK|GOAWAY|NO_ERROR"},
		{Reply("page\n"), "SETTINGS|SETTINGS ACK|HEADERS|:status=200|content-type=text/plain|content-length=5|DATA|page\n|END"},
	} {
		if got := strings.Join(read(c.b), "|"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestReader cuts a conversation at every byte.
func TestReader(t *testing.T) {
	b := append(Request("www.lab.test", "id=4711"), Reply("hello, you.\n")...)
	whole, ok := Read(b)
	if !ok {
		t.Fatal("a whole conversation is no HTTP/2")
	}
	const want = `preface PRI * HTTP/2.0
SETTINGS ENABLE_PUSH=0
HEADERS stream=1 END_STREAM END_HEADERS :method=GET :scheme=https :authority=www.lab.test :path=/ cookie=id=4711
SETTINGS
SETTINGS ACK
HEADERS stream=1 END_HEADERS :status=200 content-type=text/plain content-length=12
DATA stream=1 END_STREAM length=12 hello, you.\n`
	if got := lines(whole); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for at := range b {
		var r Reader
		one, _ := r.Feed(b[:at])
		two, ok := r.Feed(b[at:])
		if !ok || lines(append(one, two...)) != want {
			t.Fatalf("cut at %d: %v\n%s", at, ok, lines(append(one, two...)))
		}
		if _, ok := Read(b[:at]); ok && len(one) == 0 {
			t.Errorf("%d bytes without a frame pass for HTTP/2", at)
		}
	}
}

// TestBeginsAgain is a client whose early data was refused: it says all of it once more.
func TestBeginsAgain(t *testing.T) {
	once := Request("www.lab.test", "id=4711")
	one, _ := Read(once)
	twice, ok := Read(append(bytes.Clone(once), once...))
	if !ok || lines(twice) != lines(one)+"\n"+lines(one) {
		t.Errorf("%v\n%s", ok, lines(twice))
	}
}

// TestNotHTTP2 is told nothing of what is something else.
func TestNotHTTP2(t *testing.T) {
	padded := appendFrame([]byte(Preface), Data, Padded, 1, []byte{9, 1})
	for name, b := range map[string][]byte{
		"nothing":                 nil,
		"HTTP/1.1":                []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"a reply":                 []byte("HTTP/1.1 200 OK\r\n\r\n"),
		"P":                       []byte("PUT / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		"a few bytes":             []byte("PRI"),
		"zeros":                   make([]byte, 64), // DATA, which nobody begins with
		"SETTINGS of five bytes":  appendFrame(nil, Settings, 0, 0, make([]byte, 5)),
		"SETTINGS on a stream":    appendFrame(nil, Settings, 0, 1, nil),
		"another's flag":          appendFrame(nil, Settings, EndHeaders, 0, nil),
		"more padding than there": padded,
	} {
		if frames, ok := Read(b); ok {
			t.Errorf("%s passes for HTTP/2: %v", name, frames)
		}
	}
}

// TestBounds holds that a peer cannot make a Reader unpack without end: 16 KiB of references
// to one long field of HPACK's table would be 60 MB.
func TestBounds(t *testing.T) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	if err := e.WriteField(hpack.HeaderField{Name: "a", Value: strings.Repeat("~", 4000)}); err != nil {
		t.Fatal(err)
	}
	for block.Len() < maxFrame {
		block.WriteByte(0x80 | 62)
	}
	b := appendFrame([]byte(Preface), Headers, EndHeaders, 1, block.Bytes()[:maxFrame])
	frames, ok := Read(appendFrame(b, Headers, EndHeaders, 3, []byte{0x88}))
	if !ok || len(frames) != 3 {
		t.Fatal(ok, len(frames))
	}
	n := 0
	for _, x := range frames[1].Fields {
		n += len(x.Name) + len(x.Value)
	}
	if n > maxFields || !frames[1].Part {
		t.Errorf("%d bytes of fields, part %v", n, frames[1].Part)
	}
	if got := frames[2].String(); got != "HEADERS stream=3 END_HEADERS :status=200" {
		t.Errorf("behind it: %s", got)
	}

	big := appendFrame([]byte(Preface), Headers, EndHeaders, 1, make([]byte, maxFrame+1)) // held by nobody, and HPACK is lost
	frames, ok = Read(appendFrame(big, Data, EndStream, 1, []byte("x")))
	if !ok || lines(frames[1:]) != "HEADERS stream=1 END_HEADERS …\nDATA stream=1 END_STREAM length=1 x" {
		t.Errorf("%v %s", ok, lines(frames))
	}
}

func lines(frames []Frame) string {
	var out []string
	for _, f := range frames {
		out = append(out, f.String())
	}
	return strings.Join(out, "\n")
}

// FuzzReader holds that how bytes are cut changes nothing.
func FuzzReader(f *testing.F) {
	f.Add(append(Request("a", "b"), Farewell()...), 30)
	f.Add(Reply("page"), 3)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		whole, ok := new(Reader).Feed(b)
		if at < 0 || at > len(b) {
			return
		}
		var r Reader
		one, _ := r.Feed(b[:at])
		two, also := r.Feed(b[at:])
		if got := lines(append(one, two...)); got != lines(whole) || also != ok {
			t.Errorf("cut at %d: %v %s\nwhole: %v %s", at, also, got, ok, lines(whole))
		}
	})
}

// TestAnyFrame: whatever bytes a frame's type and flags are, a frame is not taken for the
// preface, and no flag has a name that RFC 9113 §6 does not give it there.
func TestAnyFrame(t *testing.T) {
	padded := map[Type]bool{Data: true, Headers: true, PushPromise: true} // §6.1, §6.2, §6.6
	for typ := range 256 {
		frames, ok := Read(append([]byte(Preface), 0, 0, 9, byte(typ), Padded, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
		if !ok || len(frames) != 2 {
			continue // of a length that its type may not have
		}
		if s := frames[1].String(); frames[1].Type == Connection || strings.Contains(s, "preface") || strings.Contains(s, "PADDED") != padded[Type(typ)] {
			t.Errorf("type %#02x: %s", typ, s)
		}
	}
}
