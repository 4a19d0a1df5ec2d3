package relay

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// TestHost: what becomes of Host where it is to be the server's, in HTTP/1.1.
func TestHost(t *testing.T) {
	const server = "server.test:8443"
	for name, c := range map[string]struct{ asks, goes, note string }{
		"another":              {"GET /a HTTP/1.1\r\nA: 1\r\nhOST:here\r\nB: 2\r\n\r\n", "GET /a HTTP/1.1\r\nA: 1\r\nhOST: " + server + "\r\nB: 2\r\n\r\n", "fixed_host"},
		"the same":             {"GET /a HTTP/1.1\r\nHost:  " + server + "\r\n\r\n", "GET /a HTTP/1.1\r\nHost:  " + server + "\r\n\r\n", ""},
		"absolute":             {"GET https://here/a?b HTTP/1.1\r\nHost: here\r\n\r\n", "GET /a?b HTTP/1.1\r\nHost: " + server + "\r\n\r\n", "fixed_host origin_form"},
		"absolute, Host right": {"GET https://here/a HTTP/1.1\r\nHost: " + server + "\r\n\r\n", "GET /a HTTP/1.1\r\nHost: " + server + "\r\n\r\n", "fixed_host origin_form"},
		"absolute, all right":  {"GET https://" + server + "/a HTTP/1.1\r\nHost: " + server + "\r\n\r\n", "GET https://" + server + "/a HTTP/1.1\r\nHost: " + server + "\r\n\r\n", ""},
		"HTTP/1.0 without":     {"GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0\r\nHost: " + server + "\r\n\r\n", "fixed_host"},
		"upgrade":              {"GET /a HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "GET /a HTTP/1.1\r\nHost: " + server + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "fixed_host"},
		"a tunnel":             {"CONNECT there:1 HTTP/1.1\r\nHost: there:1\r\n\r\n", "CONNECT there:1 HTTP/1.1\r\nHost: there:1\r\n\r\n", ""},
	} {
		var head *Head
		m := NewH1(Options{Change: func(*Exchange, Side) Changes { return Changes{Host: server} },
			Event: func(e Event) {
				if e.Kind == RequestHead {
					head = e.Exchange.Request
				}
			}})
		m.Receive(Client, []byte(c.asks))
		var notes []string
		if got := string(m.Output(Server)); got != c.goes {
			t.Errorf("%s: %q", name, got)
		}
		for _, n := range head.Notes {
			notes = append(notes, string(n))
		}
		if got := strings.Join(notes, " "); got != c.note {
			t.Errorf("%s: noted %q", name, got)
		}
	}
}

// TestHost2: the same in HTTP/2, where it is :authority.
func TestHost2(t *testing.T) {
	const server = "server.test:8443"
	for name, c := range map[string]struct{ asks, goes []hpack.HeaderField }{
		"a request":        {fieldList(":method", "GET", ":scheme", "https", ":path", "/", ":authority", "here", "a", "b"), fieldList(":method", "GET", ":scheme", "https", ":path", "/", ":authority", server, "a", "b")},
		"both":             {fieldList(":method", "GET", ":scheme", "https", ":path", "/", ":authority", "here", "host", "here"), fieldList(":method", "GET", ":scheme", "https", ":path", "/", ":authority", server, "host", server)},
		"extended CONNECT": {fieldList(":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":path", "/", ":authority", "here"), fieldList(":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":path", "/", ":authority", server)},
		"a tunnel":         {fieldList(":method", "CONNECT", ":authority", "there:1"), fieldList(":method", "CONNECT", ":authority", "there:1")},
	} {
		m := NewH2(Options{Change: func(*Exchange, Side) Changes { return Changes{Host: server} }})
		var in, block bytes.Buffer
		in.WriteString(http2.ClientPreface)
		e := hpack.NewEncoder(&block)
		for _, f := range c.asks {
			_ = e.WriteField(f) // to memory
		}
		fr := http2.NewFramer(&in, nil)
		if err := fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
			t.Fatal(err)
		}
		m.Receive(Server, frame(nil, http2.FrameSettings, 0, 0, []byte(setting(http2.SettingEnableConnectProtocol, 1))))
		m.Receive(Client, in.Bytes())
		out := bytes.NewReader(m.Output(Server)[len(http2.ClientPreface):])
		back := http2.NewFramer(nil, out)
		f, err := back.ReadFrame()
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := hpack.NewDecoder(4096, nil).DecodeFull(f.(*http2.HeadersFrame).HeaderBlockFragment())
		if err != nil {
			t.Fatal(name, err)
		}
		if len(got) != len(c.goes) {
			t.Fatalf("%s: %v", name, got)
		}
		for i := range got {
			if got[i].Name != c.goes[i].Name || got[i].Value != c.goes[i].Value {
				t.Errorf("%s: %v", name, got[i])
			}
		}
	}
}

func fieldList(s ...string) (list []hpack.HeaderField) {
	for i := 0; i < len(s); i += 2 {
		list = append(list, hpack.HeaderField{Name: s[i], Value: s[i+1]})
	}
	return list
}
