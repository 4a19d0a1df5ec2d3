package proxy_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tlslab/handshake/mitm/har"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// TestHARIsJSON: whatever bytes the peers say, and wherever, the archive is JSON in UTF-8 that has
// every entry.
func TestHARIsJSON(t *testing.T) {
	odd := []string{"", "\x00", "\xff", "\xed\xa0\x80", "\xe2\x82", `"`, `\`, `\ud800`, "</script>", "\u2028", "\x1b[2J", "\x7f", "é", "%", "%zz", "?", "&=", "://", "@", "[::1", ":", "#", " ", ";", "a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT"}
	r := rand.New(rand.NewPCG(1, 2))
	say := func() string {
		var b strings.Builder
		for range r.IntN(4) {
			b.WriteString(odd[r.IntN(len(odd))])
		}
		for range r.IntN(3) {
			b.WriteByte(byte(r.Uint32()))
		}
		return b.String()
	}
	fields := func() (f []relay.Field) {
		for _, name := range []string{"Cookie", "Set-Cookie", "Location", "Content-Type", "Content-Encoding", "Host", say()} {
			v := say()
			f = append(f, relay.Field{Name: name, Value: v})
		}
		return f
	}
	name := filepath.Join(t.TempDir(), "x.har")
	w, err := har.Create(name, har.Creator{Name: "test", Version: "1"}, "")
	if err != nil {
		t.Fatal(err)
	}
	const n = 2000
	for i := range n {
		e := &proxy.Entry{Conn: i, Kind: proxy.Request, Began: time.Now(), Scheme: "https", Host: say(), Path: say(), Method: say(), Proto: "HTTP/1.1",
			Status: 200, Reason: say(), ReplyProto: say(), Upgraded: say(), RequestBody: []byte(say()), Body: []byte(say())}
		e.RequestFields, e.Fields, e.Trailers = fields(), fields(), fields()
		if i == 0 {
			e.RequestFields = append(e.RequestFields, relay.Field{Name: "Cookie", Value: "a=" + strings.Repeat("\xff", 1<<20)})
		}
		e.Sent, e.Received = int64(len(e.RequestBody)), int64(len(e.Body))
		e.Fault = &proxy.Fault{Side: proxy.SideServer, By: proxy.SideServer, Cause: proxy.CauseLeft, Err: errors.Join(io.EOF, errors.New(say()))}
		e.ToClient = new(proxy.Leg)
		e.ToClient.Version, e.ToClient.ServerName, e.ToClient.Protocol = 0x0304, say(), say()
		e.WebSocket = &proxy.WebSocket{Side: proxy.SideClient, Err: errors.New(say())}
		for _, op := range []int{1, 2, 8} {
			e.WebSocket.Messages = append(e.WebSocket.Messages, proxy.WebSocketMessage{WebSocketMessage: relay.WebSocketMessage{From: relay.Client, Opcode: op, Data: []byte(say()), Cut: i%2 == 0}, At: e.Began})
		}
		if err := w.Add(e.HAR()); err != nil {
			t.Fatalf("%v: %q", err, e)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var doc har.Document
	if err := json.Unmarshal(b, &doc); err != nil || !utf8.Valid(b) || len(doc.Log.Entries) != n {
		t.Fatalf("%v, UTF-8 %v, %d entries", err, utf8.Valid(b), len(doc.Log.Entries))
	}
	if strings.ContainsRune(string(b), utf8.RuneError) || strings.Contains(string(b), `\ufffd`) {
		t.Error("bytes of a peer's were lost")
	}
}
