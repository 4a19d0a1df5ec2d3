package proxy_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tlslab/handshake/mitm/proxy"
)

// harOf is an entry as a HAR has it, and as a reader sees that.
func harOf(t *testing.T, e *proxy.Entry) map[string]any {
	t.Helper()
	b, err := json.Marshal(e.HAR())
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// messagesOf are a WebSocket's in the HAR: type, opcode, data and what stands beside.
func messagesOf(t *testing.T, entry map[string]any) string {
	t.Helper()
	list, ok := entry["_webSocketMessages"].([]any)
	if !ok || entry["_resourceType"] != "websocket" {
		t.Fatalf("it has no messages: %v", entry)
	}
	var out strings.Builder
	for _, x := range list {
		m := x.(map[string]any)
		if at, ok := m["time"].(float64); !ok || at < 1e9 {
			t.Errorf("at %v", m["time"])
		}
		fmt.Fprintln(&out, m["type"], m["opcode"], m["data"], m["_wireSize"], m["_compressed"], m["_cut"], m["_encoding"])
	}
	return out.String()
}

// The frames that are said in the tests: of the client masked with 0, as RFC 6455 does not forbid.
const (
	wsFromClient = "\x81\x82\x00\x00\x00\x00hi" + "\xc1\x87\x00\x00\x00\x00\xf2\x48\xcd\xc9\xc9\x07\x00" + "\x82\x81\x00\x00\x00\x00\xff" + "\x88\x82\x00\x00\x00\x00\x03\xe8"
	wsFromServer = "\x01\x02he\x89\x00\x80\x01y" + "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00" + "\x81\x01\xff" + "\x81\x03\xed\xa0\x80" + "\x88\x00"

	wsMessages = `receive 9  0 <nil> <nil> <nil>
receive 1 hey 3 <nil> <nil> <nil>
receive 1 Hello 7 true <nil> <nil>
receive 1 Hello 5 true <nil> <nil>
receive 1 /w== 1 <nil> <nil> base64
receive 1 7aCA 3 <nil> <nil> base64
receive 8  0 <nil> <nil> <nil>
send 1 hi 2 <nil> <nil> <nil>
send 1 Hello 7 true <nil> <nil>
send 2 /w== 1 <nil> <nil> <nil>
send 8 A+g= 2 <nil> <nil> <nil>
`
)

// frame2 is a frame of HTTP/2, of which relays pass the bytes.
func frame2(kind http2.FrameType, flags http2.Flags, id byte, payload string) string {
	n := len(payload)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), byte(kind), byte(flags), 0, 0, 0, id}) + payload
}

func block2(fields ...string) string {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		_ = enc.WriteField(hpack.HeaderField{Name: name, Value: value}) // into memory
	}
	return b.String()
}

// openingOf1 and openingOf2 make a WebSocket over HTTP/1.1 and over HTTP/2 (RFC 8441).
func openingOf1(extensions string) []line {
	return []line{
		{client, "GET /ws HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", ""},
		{server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" + extensions + "\r\n", ""},
	}
}

func openingOf2(id byte, extensions string) []line {
	fields := []string{":status=200"}
	if extensions != "" {
		fields = append(fields, strings.ToLower(strings.TrimSuffix(strings.Replace(extensions, ": ", "=", 1), "\r\n")))
	}
	return []line{
		{client, frame2(http2.FrameHeaders, http2.FlagHeadersEndHeaders, id, block2(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":path=/ws", ":authority=www.lab.test")), ""},
		{server, frame2(http2.FrameHeaders, http2.FlagHeadersEndHeaders, id, block2(fields...)), ""},
	}
}

// extendedConnect is SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3).
const extendedConnect = "\x00\x08\x00\x00\x00\x01"

const pmd = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"

// wsOver plays a WebSocket over one of the versions of HTTP, and returns its entry.
func wsOver(t *testing.T, proto, extensions string, change func(*proxy.Options), say ...line) *proxy.Entry {
	t.Helper()
	o := newScripted(t, func(c *tls.Config) *tls.Config { c.NextProtos = []string{proto}; return c })
	u := start(t, o.origin, func(o *proxy.Options) {
		o.Bodies = 1 << 12
		if change != nil {
			change(o)
		}
	})
	var c net.Conn = u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{proto}})
	s := o.next(t)
	lines := append(openingOf1(extensions), say...)
	if proto == "h2" {
		lines = append([]line{{client, http2.ClientPreface + frame2(http2.FrameSettings, 0, 0, ""), ""}, {server, frame2(http2.FrameSettings, 0, 0, extendedConnect), ""}}, openingOf2(1, extensions)...)
		for _, l := range say {
			if l.say != bye {
				l.say = frame2(http2.FrameData, 0, 1, l.say)
			}
			lines = append(lines, l)
		}
		lines = append(lines, line{client, frame2(http2.FrameData, http2.FlagDataEndStream, 1, ""), ""}, line{server, frame2(http2.FrameData, http2.FlagDataEndStream, 1, ""), ""})
	}
	play(t, c, s, append(lines, line{server, bye, ""}))
	c.Close()
	return u.total(t, 1)[0]
}

// TestWebSocketMessages: the HAR has what was said on a WebSocket, over HTTP/1.1 and over HTTP/2,
// and what passes is not changed by it.
func TestWebSocketMessages(t *testing.T) {
	for _, proto := range []string{"http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			e := wsOver(t, proto, pmd, nil, line{server, wsFromServer, ""}, line{client, wsFromClient[:11], ""}, line{client, wsFromClient[11:], ""})
			sound(t, e)
			h := harOf(t, e)
			if got := messagesOf(t, h); got != wsMessages {
				t.Errorf("%s\nwant\n%s", got, wsMessages)
			}
			for _, name := range []string{"_webSocketError", "_webSocketMessagesLeftOut"} {
				if h[name] != nil {
					t.Errorf("%s: %v", name, h[name])
				}
			}
			if post := h["request"].(map[string]any)["postData"]; post != nil {
				t.Errorf("frames for a body: %v", post)
			}
			if e.Sent != int64(len(wsFromClient)) || e.Received != int64(len(wsFromServer)) {
				t.Errorf("%d sent, %d received", e.Sent, e.Received)
			}
		})
	}
}

// TestWebSocketBounds: what is left out is counted, what is no WebSocket passes and is said, and
// where nothing is kept of bodies messages are counted.
func TestWebSocketBounds(t *testing.T) {
	for _, proto := range []string{"http/1.1", "h2"} {
		e := wsOver(t, proto, "", func(o *proxy.Options) { o.Bodies = 7 }, line{server, "\x81\x05Hello\x81\x05Hello\x81\x05Hello\x89\x00", ""})
		h := harOf(t, e)
		if got, want := messagesOf(t, h), "receive 1 Hello 5 <nil> <nil> <nil>\nreceive 1 He 5 <nil> true <nil>\n"; got != want || h["_webSocketMessagesLeftOut"] != 2.0 {
			t.Errorf("%s: %s left out %v", proto, got, h["_webSocketMessagesLeftOut"])
		}
		e = wsOver(t, proto, "", nil, line{server, strings.Repeat("\x89\x00", 2003), ""})
		if h = harOf(t, e); strings.Count(messagesOf(t, h), "\n") != 2000 || h["_webSocketMessagesLeftOut"] != 3.0 {
			t.Errorf("%s: left out %v", proto, h["_webSocketMessagesLeftOut"])
		}
		e = wsOver(t, proto, "", nil, line{server, "\x81\x01x\x83\x01x no WebSocket", ""}, line{client, "nor this", ""})
		sound(t, e)
		if h = harOf(t, e); messagesOf(t, h) != "receive 1 x 1 <nil> <nil> <nil>\n" || !strings.HasPrefix(fmt.Sprint(h["_webSocketError"]), "server: an opcode") {
			t.Errorf("%s: %v", proto, h["_webSocketError"])
		}
		if e = wsOver(t, proto, "", func(o *proxy.Options) { o.Bodies = 0 }, line{server, "\x81\x01x\x89\x00\x01\x01x\x80\x00", ""}); e.WebSocket == nil || e.WebSocket.Received != 2 || e.WebSocket.Sent != 0 || len(e.WebSocket.Messages) != 0 || e.WebSocket.LeftOut != 3 {
			t.Errorf("%s: %+v", proto, e.WebSocket)
		}
	}
}

// TestWebSocketsOfOneConnection: so many are listened to at a time; a later one may be again.
func TestWebSocketsOfOneConnection(t *testing.T) {
	o := newScripted(t, func(c *tls.Config) *tls.Config { c.NextProtos = []string{"h2"}; return c })
	u := start(t, o.origin, func(o *proxy.Options) { o.Bodies = 1 << 12 })
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"h2"}})
	lines := []line{{client, http2.ClientPreface + frame2(http2.FrameSettings, 0, 0, ""), ""}, {server, frame2(http2.FrameSettings, 0, 0, extendedConnect), ""}}
	const most = 16
	over := func(id byte) {
		lines = append(lines, line{client, frame2(http2.FrameData, http2.FlagDataEndStream, id, ""), ""}, line{server, frame2(http2.FrameData, http2.FlagDataEndStream, id, "\x81\x01x"), ""})
	}
	for i := range byte(most + 1) {
		lines = append(lines, openingOf2(2*i+1, "")...)
	}
	for i := range byte(most + 1) {
		over(2*i + 1)
	}
	lines = append(lines, openingOf2(101, "")...)
	over(101)
	play(t, c, o.next(t), append(lines, line{server, bye, ""}))
	heard := 0
	for i, e := range u.total(t, most+2) {
		if e.WebSocket != nil && len(e.WebSocket.Messages) == 1 {
			heard++
		} else if i != most || e.WebSocket == nil || e.WebSocket.Err == nil || e.WebSocket.Side != proxy.SideProxy {
			t.Errorf("%d: %+v", i, e.WebSocket)
		}
	}
	if heard != most+1 {
		t.Errorf("%d were listened to", heard)
	}
}

// TestWebSocketStopped: one that is open when the proxy is stopped has its entry, with what was said
// until then, a message that is not over included.
func TestWebSocketStopped(t *testing.T) {
	o := newScripted(t, nil)
	u := start(t, o.origin, func(o *proxy.Options) { o.Bodies = 1 << 12 })
	play(t, u.tunnel(t), o.next(t), append(openingOf1(""), line{server, "\x81\x02hi\x01\x05hel", ""}))
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	e := u.total(t, 1)[0]
	if got, want := messagesOf(t, harOf(t, e)), "receive 1 hi 2 <nil> <nil> <nil>\nreceive 1 hel 3 <nil> true <nil>\n"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if e.Fault == nil || e.Fault.Cause != proxy.CauseShutdown {
		t.Error(e.Fault)
	}
	if e.WebSocket.Received != 2 {
		t.Errorf("%d messages are counted", e.WebSocket.Received)
	}
}
