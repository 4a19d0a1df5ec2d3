package relay

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// listened is what a listener made of what two ends said: "c:" or "s:" and bytes.
func listened(extensions string, limit, pieces int, say ...string) []string {
	var out []string
	reply := &Head{}
	if extensions != "" {
		reply.Fields = []Field{{"sec-websocket-EXTENSIONS", extensions}}
	}
	w := NewWebSocket(reply, limit, func(m WebSocketMessage) {
		s := fmt.Sprintf("%.1s %d %.50q", m.From, m.Opcode, m.Data)
		for _, x := range []struct {
			is   bool
			what string
		}{{m.Compressed, fmt.Sprint(" compressed ", m.Wire)}, {m.Cut, " cut"}, {!m.Kept, fmt.Sprint(" of ", m.Wire)}} {
			if x.is {
				s += x.what
			}
		}
		out = append(out, s)
	})
	for _, line := range say {
		from, b := Client, []byte(line[2:])
		if line[0] == 's' {
			from = Server
		}
		for len(b) > 0 {
			n := len(b)
			if pieces > 0 {
				n = min(n, pieces)
			}
			w.Receive(from, b[:n:n])
			b = b[n:]
		}
	}
	w.End()
	if from, err := w.Err(); err != nil {
		out = append(out, string(from)+": "+err.Error())
	}
	return out
}

// masked are frames of a server as a client sends them.
func masked(frames string) string {
	var out []byte
	for b := []byte(frames); len(b) > 0; {
		head, n := 2, int(b[1])
		switch n {
		case 126:
			head, n = 4, int(binary.BigEndian.Uint16(b[2:]))
		case 127:
			head, n = 10, int(binary.BigEndian.Uint64(b[2:]))
		}
		mask := [4]byte{0x37, 0xfa, 0x21, byte(n)}
		out = append(append(out, b[:head]...), mask[:]...)
		out[len(out)-4-head+1] |= 0x80
		for i, c := range b[head : head+n] {
			out = append(out, c^mask[i&3])
		}
		b = b[head+n:]
	}
	return string(out)
}

func unhex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestWebSocketFrames: the examples of RFC 6455 §5.7 and RFC 7692 §7.2.3, the lengths at their
// limits, and each way in which bytes are no WebSocket. In whatever pieces it comes, the same is
// heard.
func TestWebSocketFrames(t *testing.T) {
	const pmd = "permessage-deflate"
	longer := "\x82\x7e\x01\x00" + strings.Repeat("x", 256)
	longest := "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", 1<<16)
	for _, x := range []struct {
		name, extensions string
		limit            int
		say, want        []string
	}{
		{name: "text", say: []string{"s:" + unhex("8105 48656c6c6f"), "c:" + unhex("8185 37fa213d 7f9f4d5158")}, want: []string{`s 1 "Hello"`, `c 1 "Hello"`}},
		{name: "fragments", say: []string{"s:" + unhex("0103 48656c 8002 6c6f")}, want: []string{`s 1 "Hello"`}},
		{name: "ping amid fragments", say: []string{"s:" + unhex("0103 48656c 8905 48656c6c6f 8002 6c6f"), "c:" + unhex("8a85 37fa213d 7f9f4d5158")}, want: []string{`s 9 "Hello"`, `s 1 "Hello"`, `c 10 "Hello"`}},
		{name: "ping amid masked fragments", say: []string{"c:" + masked(unhex("0103 48656c 8903 616263 8002 6c6f"))}, want: []string{`c 9 "abc"`, `c 1 "Hello"`}},
		{name: "empty", say: []string{"s:\x81\x00\x82\x00\x89\x00", "c:" + masked("\x81\x00\x01\x00\x80\x00")}, want: []string{`s 1 ""`, `s 2 ""`, `s 9 ""`, `c 1 ""`, `c 1 ""`}},
		{name: "16 bits of length", say: []string{"s:" + longer, "c:" + masked(longer)}, want: []string{fmt.Sprintf("s 2 %.50q", longer[4:]), fmt.Sprintf("c 2 %.50q", longer[4:])}},
		{name: "64 bits of length", limit: 1 << 20, say: []string{"s:" + longest, "c:" + masked(longest)}, want: []string{fmt.Sprintf("s 2 %.50q", longest[10:]), fmt.Sprintf("c 2 %.50q", longest[10:])}},
		{name: "close", say: []string{"s:\x88\x02\x03\xe8", "c:" + masked("\x88\x00")}, want: []string{`s 8 "\x03\xe8"`, `c 8 ""`}},
		{name: "no end", say: []string{"s:\x81\x05Hel", "c:" + masked("\x01\x02He")}, want: []string{`c 1 "He" cut`, `s 1 "Hel" cut`}},

		{name: "compressed", extensions: pmd, say: []string{"s:" + unhex("c107 f248cdc9c90700")}, want: []string{`s 1 "Hello" compressed 7`}},
		{name: "compressed, in fragments", extensions: pmd, say: []string{"s:" + unhex("4103 f248cd 8004 c9c90700")}, want: []string{`s 1 "Hello" compressed 7`}},
		{name: "context takeover", extensions: pmd + "; client_max_window_bits=15", say: []string{"s:" + unhex("c107 f248cdc9c90700 c105 f200110000"), "c:" + masked(unhex("c107 f248cdc9c90700 8105 48656c6c6f c105 f200110000"))},
			want: []string{`s 1 "Hello" compressed 7`, `s 1 "Hello" compressed 5`, `c 1 "Hello" compressed 7`, `c 1 "Hello"`, `c 1 "Hello" compressed 5`}},
		{name: "no context takeover", extensions: pmd + "; server_no_context_takeover", say: []string{"s:" + unhex("c107 f248cdc9c90700 c105 f200110000")},
			want: []string{`s 1 "Hello" compressed 7`, `s 1 "H" compressed 5 cut`, "server: " + errWSInflate.Error()}},
		{name: "a stored block", extensions: pmd + `; server_max_window_bits="10"`, say: []string{"s:" + unhex("c10b 000500faff48656c6c6f00")}, want: []string{`s 1 "Hello" compressed 11`}},
		{name: "a last block", extensions: pmd, say: []string{"s:" + unhex("c108 f348cdc9c9070000")}, want: []string{`s 1 "Hello" compressed 8`}},
		{name: "a last block amid it", extensions: pmd, say: []string{"s:" + unhex("c10e f348cdc9c90700 f248cdc9c90700 c105 f200110000")}, want: []string{`s 1 "HelloHello" compressed 14`, `s 1 "Hello" compressed 5`}},
		{name: "last blocks without end", extensions: pmd, say: []string{"s:\xc1\x7e\x01\x00" + strings.Repeat("\x03\x00", 128)}, want: []string{`s 1 "" compressed 256 cut`, "server: " + errWSInflate.Error()}},
		{name: "two blocks", extensions: pmd, say: []string{"s:" + unhex("c10d f24805000000ffffcac9c90700")}, want: []string{`s 1 "Hello" compressed 13`}},
		{name: "compressed, and nothing", extensions: pmd, say: []string{"s:\xc1\x01\x00\xc1\x00"}, want: []string{`s 1 "" compressed 1`, `s 1 "" compressed 0`}},
		{name: "compressed, no end", extensions: pmd, say: []string{"s:" + unhex("4107 f248cdc9c90700")}, want: []string{`s 1 "Hello" compressed 7 cut`}},
		{name: "compressed wrongly", extensions: pmd, say: []string{"s:\xc1\x03\xff\xff\xff\x81\x01x", "c:" + masked("\x81\x01x")}, want: []string{`s 1 "" compressed 3 cut`, "server: " + errWSInflate.Error()}},
		{name: "not agreed", say: []string{"s:" + unhex("c107 f248cdc9c90700")}, want: []string{"server: " + errWSReserved.Error()}},
		{name: "of another extension", extensions: "x-webkit-deflate-frame", say: []string{"s:\x81\x01x"}, want: []string{"server: " + errWSExtension.Error()}},
		{name: "twice", extensions: pmd + ", " + pmd, want: []string{"server: " + errWSExtension.Error()}},
		{name: "of another parameter", extensions: pmd + "; level=9", want: []string{"server: " + errWSParameter.Error()}},
		{name: "of too small a window", extensions: pmd + "; server_max_window_bits=7", want: []string{"server: " + errWSParameter.Error()}},
		{name: "of no window", extensions: pmd + "; server_max_window_bits", want: []string{"server: " + errWSParameter.Error()}},
		{name: "a parameter twice", extensions: pmd + "; server_no_context_takeover; server_no_context_takeover", want: []string{"server: " + errWSParameter.Error()}},

		{name: "more than is kept", limit: 8, say: []string{"s:\x81\x05Hello\x81\x05Hello\x81\x05Hello\x81\x00", "c:" + masked("\x82\x03abc")},
			want: []string{`s 1 "Hello"`, `s 1 "Hel" cut`, `s 1 "" of 5`, `s 1 "" of 0`, `c 2 "abc"`}},
		{name: "more than is kept, compressed", extensions: pmd, limit: 8, say: []string{"s:" + unhex("c107 f248cdc9c90700 c105 f200110000 c105 f200110000")},
			want: []string{`s 1 "Hello" compressed 7`, `s 1 "Hel" compressed 5 cut`, `s 1 "" compressed 5 of 5`}},
		{name: "just what is kept", limit: 5, say: []string{"s:\x81\x05Hello\x81\x05Hello"}, want: []string{`s 1 "Hello"`, `s 1 "" of 5`}},

		{name: "RSV2", say: []string{"s:\xa1\x01x\x81\x01x", "c:" + masked("\x81\x01x")}, want: []string{"server: " + errWSReserved.Error()}},
		{name: "RSV1 on a continuation", extensions: pmd, say: []string{"s:\x01\x01x\xc0\x01x"}, want: []string{"server: " + errWSReserved.Error()}},
		{name: "RSV1 on a ping", extensions: pmd, say: []string{"s:\xc9\x01x"}, want: []string{"server: " + errWSReserved.Error()}},
		{name: "a reserved opcode", say: []string{"s:\x83\x01x"}, want: []string{"server: " + errWSOpcode.Error()}},
		{name: "a reserved opcode for control", say: []string{"s:\x8b\x01x"}, want: []string{"server: " + errWSOpcode.Error()}},
		{name: "a ping in fragments", say: []string{"s:\x09\x01x"}, want: []string{"server: " + errWSControl.Error()}},
		{name: "a long ping", say: []string{"s:\x89\x7e\x00\x7e" + strings.Repeat("x", 126)}, want: []string{"server: " + errWSControl.Error()}},
		{name: "a continuation of nothing", say: []string{"s:\x80\x01x"}, want: []string{"server: " + errWSContinuation.Error()}},
		{name: "a message amid another", say: []string{"s:\x01\x01x\x81\x01x"}, want: []string{"server: " + errWSInterrupted.Error()}},
		{name: "masked by the server", say: []string{"s:" + masked("\x81\x01x")}, want: []string{"server: " + errWSMask.Error()}},
		{name: "not masked by the client", say: []string{"c:\x81\x01x"}, want: []string{"client: " + errWSMask.Error()}},
		{name: "16 bits for 125", say: []string{"s:\x81\x7e\x00\x7d" + strings.Repeat("x", 125)}, want: []string{"server: " + errWSLength.Error()}},
		{name: "64 bits for 65535", say: []string{"s:\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"}, want: []string{"server: " + errWSLength.Error()}},
		{name: "64 bits", say: []string{"s:\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00"}, want: []string{"server: " + errWSLength.Error()}},
		{name: "63 bits", say: []string{"s:\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xffabc"}, want: []string{`s 1 "abc" cut`}},
		{name: "bytes behind the close", say: []string{"s:\x88\x00\x81"}, want: []string{`s 8 ""`, "server: " + errWSClosed.Error()}},
		{name: "a close of one byte", say: []string{"s:\x88\x01x"}, want: []string{`s 8 "x"`, "server: " + errWSClose.Error()}},
		{name: "no WebSocket", say: []string{"s:HTTP/1.1 200 OK"}, want: []string{"server: " + errWSReserved.Error()}},
	} {
		if x.limit == 0 {
			x.limit = 1 << 12
		}
		for _, pieces := range []int{0, 1, 3} {
			if got := listened(x.extensions, x.limit, pieces, x.say...); !reflect.DeepEqual(got, x.want) {
				t.Errorf("%s, in pieces of %d:\n%q\nwant\n%q", x.name, pieces, got, x.want)
			}
		}
	}
}

// compress is a message of a side that compresses with package flate, whose writer remembers what
// it wrote before.
func compress(t *testing.T, w *flate.Writer, to *bytes.Buffer, p []byte) string {
	t.Helper()
	to.Reset()
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	payload := strings.TrimSuffix(to.String(), "\x00\x00\xff\xff")
	b := binary.BigEndian.AppendUint64([]byte{0xc2, 127}, uint64(len(payload)))
	switch n := len(payload); {
	case n < 126:
		b = []byte{0xc2, byte(n)}
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16([]byte{0xc2, 126}, uint16(n))
	}
	return string(b) + payload
}

// TestWebSocketTakeover: messages that refer back to others, over more than a window, are what was
// compressed; and a bomb is inflated to what is kept, and no further.
func TestWebSocketTakeover(t *testing.T) {
	var wire bytes.Buffer
	z, err := flate.NewWriter(&wire, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	var got, want [][]byte
	w := NewWebSocket(&Head{Fields: []Field{{"Sec-WebSocket-Extensions", "permessage-deflate"}}}, 1<<20, func(m WebSocketMessage) {
		if m.Cut {
			t.Errorf("message %d was cut", len(got))
		}
		got = append(got, m.Data)
	})
	seed := uint32(1)
	for i := range 60 {
		p := make([]byte, 0, 2000)
		for len(p) < 1000 { // half of it nobody has said before
			seed = seed*1664525 + 1013904223
			p = append(p, byte(seed>>24))
		}
		if i > 0 {
			p = append(p, want[max(0, i-15)]...)
		}
		want = append(want, p[:min(len(p), 2000)])
		w.Receive(Server, []byte(compress(t, z, &wire, want[i])))
	}
	if _, err := w.Err(); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	bomb := listened("permessage-deflate", 100, 0, "s:"+compress(t, z, &wire, make([]byte, 1<<24)))
	if len(bomb) != 1 || !strings.HasSuffix(bomb[0], " cut") {
		t.Errorf("%q", bomb)
	}
}

// FuzzWebSocket: a listener holds no more than it may, and hears the same in whatever pieces.
func FuzzWebSocket(f *testing.F) {
	f.Add("permessage-deflate", []byte(unhex("c107 f248cdc9c90700 c105 f200110000")), []byte(masked("\x01\x01x\x89\x01y\x80\x01z")), byte(1))
	f.Add("", []byte("\x81\x7e\x00\x80"+strings.Repeat("x", 128)+"\x88\x02\x03\xe8"), []byte(masked("\x88\x00")), byte(7))
	f.Add(`permessage-deflate; server_max_window_bits="9"; client_no_context_takeover`, []byte("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"), []byte(masked(unhex("c10b 000500faff48656c6c6f00"))), byte(2))
	f.Fuzz(func(t *testing.T, extensions string, server, client []byte, pieces byte) {
		const limit = 300
		var kept [2]int
		w := NewWebSocket(&Head{Fields: []Field{{"Sec-WebSocket-Extensions", extensions}}}, limit, func(m WebSocketMessage) {
			i := 0
			if m.From == Server {
				i = 1
			}
			if kept[i] += len(m.Data); kept[i] > limit || cap(m.Data) > limit {
				t.Fatalf("%d bytes are kept of %s", kept[i], m.From)
			}
		})
		was := bytes.Clone(server)
		w.Receive(Server, server)
		w.Receive(Client, client)
		for _, f := range w.flows {
			if n := cap(f.m.Data) + cap(f.deflate.window) + cap(f.control); n > 2*(2*limit+1024)+2*deflateWindow+256 {
				t.Fatalf("%d bytes are held", n)
			}
		}
		w.End()
		if !bytes.Equal(was, server) {
			t.Fatal("what passes was changed")
		}
		whole := listened(extensions, limit, 0, "s:"+string(server), "c:"+string(client))
		if parts := listened(extensions, limit, int(pieces), "s:"+string(server), "c:"+string(client)); !reflect.DeepEqual(whole, parts) {
			t.Fatalf("in one piece\n%q\nin pieces of %d\n%q", whole, pieces, parts)
		}
	})
}
